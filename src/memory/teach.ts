/**
 * What a lesson, mail of ours or the operator's word changes, as rows to be merged (design: compauth.md "Sender history"). Tier 1 and
 * tier 2 counts never mix; only authenticated mail makes a contact familiar, so that spoofs cannot. Addresses and Message-IDs are
 * kept as fingerprints only, which the store makes with a key of its own.
 */
import { limits } from "../base/limits.ts";
import { domainToAscii } from "../mail/domain.ts";
import { readMessageId } from "../mail/message-ids.ts";
import type { HistoryQuestion, Lesson, Sent, Token, Word } from "../verdict/history.ts";
import { organizationOf } from "../verdict/organization.ts";
import { type Decay, weightOf } from "./decay.ts";
import {
  type Ledger,
  type OrganizationBook,
  organizationBook,
  postContact,
  postJournal,
  postOrganization,
  postPair,
  postToken,
  type TenantBook,
  tenantBook,
} from "./ledger.ts";
import { dayBit, noFirstDay, noLastDay, type OrganizationRow, type PairRow, recipientBit, unionOf } from "./rows.ts";
import type { Sources } from "./sources.ts";

/** Text to a keyed fingerprint of fixed length. */
export type Fingerprint = (text: string) => string;

export type Teaching = {
  readonly decay: Decay;
  readonly fingerprint: Fingerprint;
  readonly sources: Sources;
  /** Local suffixes of the policy, as alignment uses them. */
  readonly localSuffixes?: readonly string[] | undefined;
};

/** Posts what one finished inspection teaches. */
export function teachLesson(ledger: Ledger, lesson: Lesson, { decay, fingerprint, sources }: Teaching): void {
  const { tenant, organization, kind, day } = lesson;
  if (!fits(organization)) return;
  const weight = weightOf(day, decay);
  const opens = sources.mayOpen(lesson);
  const book = tenantBook(ledger, tenant);
  const own = organizationBook(book, organization);
  book.messages += weight;
  if (kind !== "seen") postOrganization(own, { ledger, row: organizationRow(lesson, weight), opens });
  const recipients = fingerprintsOf(lesson.recipients, fingerprint);
  const learnt = pairRow(lesson, weight, kind === "unauthenticated" ? recipientBits(recipients) : 0);
  const carried = { ...unlearnt, relayed: weight, messages: weight };
  for (const token of distinct(lesson.tokens)) postMark(ledger, { book, own, token, row: learnt, opens });
  for (const token of distinct(lesson.carriers)) postMark(ledger, { book, own, token, row: carried, opens });
  const heard = { ledger, row: { wroteTo: 0, heardFrom: weight, firstDay: day }, opens };
  if (kind === "authenticated") for (const recipient of recipients) postContact(own, recipient, heard);
  if (lesson.carrier === null || !fits(lesson.carrier)) return;
  const carrier = organizationBook(book, lesson.carrier);
  for (const recipient of [anyoneFingerprint(fingerprint), ...recipients]) postContact(carrier, recipient, heard);
}

type Mark = {
  readonly book: TenantBook;
  readonly own: OrganizationBook;
  readonly token: Token;
  readonly row: PairRow;
  readonly opens: boolean;
};

/** To the token, whoever it spoke for, and to the pair. */
function postMark(ledger: Ledger, { book, own, token, row, opens }: Mark): void {
  const of = postToken(book, token, { ledger, row, opens });
  if (of !== null) postPair(own, of, { ledger, row, opens });
}

function organizationRow({ kind, signed, day }: Lesson, weight: number): OrganizationRow {
  const authenticated = kind === "authenticated";
  return {
    authenticated: authenticated ? weight : 0,
    signed: authenticated && signed ? weight : 0,
    unauthenticated: authenticated ? 0 : weight,
    days: authenticated ? dayBit(day) : 0,
    firstDay: day,
    lastDay: day,
  };
}

/** A pair that was seen and of which nothing was learnt. */
const unlearnt: PairRow = {
  ...{ authenticated: 0, signed: 0, unauthenticated: 0, complaints: 0, failures: 0, relayed: 0, messages: 0 },
  ...{ days: 0, recipients: 0, answered: 0, firstDay: noFirstDay, lastDay: noLastDay },
};

function pairRow({ kind, signed, failed, answered, day }: Lesson, weight: number, recipients: number): PairRow {
  const seen = { ...unlearnt, failures: failed ? weight : 0, messages: weight };
  const days = { firstDay: day, lastDay: day };
  switch (kind) {
    case "seen":
      return seen;
    case "authenticated":
      return { ...seen, ...days, authenticated: weight, signed: signed ? weight : 0 };
    case "unauthenticated":
      return { ...seen, ...days, unauthenticated: weight, days: dayBit(day), recipients, answered: answered ? 1 : 0 };
    default:
      return kind satisfies never;
  }
}

/** Posts the operator's word, which counts as one authenticated message, or a recipient's complaint. */
export function teachWord(ledger: Ledger, { tenant, day, organization, token, word }: Word, { decay }: Teaching): void {
  if (!fits(organization) || !fits(token.value)) return;
  const weight = weightOf(day, decay);
  const confirmed = word === "confirmed";
  const lesson: Lesson = {
    ...{ tenant, day, organization, kind: confirmed ? "authenticated" : "seen" },
    ...{ signed: false, failed: false, answered: false, tokens: [token], carriers: [], carrier: null, recipients: [] },
  };
  const book = tenantBook(ledger, tenant);
  const own = organizationBook(book, organization);
  // A word is no message: the token has carried none.
  const row = { ...pairRow(lesson, weight, 0), messages: 0, complaints: confirmed ? 0 : weight };
  postMark(ledger, { book, own, token, row, opens: true });
  if (confirmed) postOrganization(own, { ledger, row: organizationRow(lesson, weight), opens: true });
}

/** Posts mail of ours: the journal for bounces and answers, and whom the sender is in contact with. */
export function teachSent(ledger: Ledger, sent: Sent, { decay, fingerprint, localSuffixes }: Teaching): void {
  const { tenant, day } = sent;
  const [sender] = fingerprintsOf([sent.sender], fingerprint);
  if (sender === undefined) return;
  const messageId = sent.messageId === null ? null : messageIdFingerprint(sent.messageId, fingerprint);
  const organizations = new Set<string>();
  for (const address of sent.recipients.slice(0, limits.historyRecipientsMax)) {
    const organization = correspondentOf(address, localSuffixes);
    if (organization !== null && fits(organization)) organizations.add(organization);
  }
  const parties = [sender, ...Array.from(organizations, (organization) => organizationFingerprint(organization, fingerprint))];
  const book = tenantBook(ledger, tenant);
  if (messageId !== null) for (const party of parties) postJournal(book, messageId, { party, day });
  const weight = weightOf(day, decay);
  for (const organization of organizations) {
    const row = { wroteTo: weight, heardFrom: 0, firstDay: day };
    postContact(organizationBook(book, organization), sender, { ledger, row, opens: true });
  }
}

function recipientBits(fingerprints: readonly string[]): number {
  return fingerprints.reduce((bits, each) => unionOf(bits, recipientBit(each)), 0);
}

/** Each address once, in lower case, as its fingerprint; the null path and what is too long are left out. */
export function fingerprintsOf(addresses: readonly string[], fingerprint: Fingerprint): readonly string[] {
  const seen = new Set<string>();
  for (const address of addresses) {
    if (seen.size >= limits.historyRecipientsMax) break;
    const name = address.trim().toLowerCase();
    if (name !== "" && name.length <= limits.reversePathCharactersMax) seen.add(name);
  }
  return Array.from(seen, (name) => fingerprint(`address ${name}`));
}

/** Stands for all recipients of the tenant together: since when a carrier has handed mail to any of them. */
export function anyoneFingerprint(fingerprint: Fingerprint): string {
  return fingerprint("anyone");
}

/** A party to mail of ours: the organization of a recipient. */
export function organizationFingerprint(organization: string, fingerprint: Fingerprint): string {
  return fingerprint(`organization ${organization}`);
}

/** The Message-IDs that a question names, as fingerprints. */
export function messageIdsOf(
  { returned, references }: Pick<HistoryQuestion, "returned" | "references">,
  fingerprint: Fingerprint,
): { readonly returned: string | null; readonly references: readonly string[] } {
  return {
    returned: returned === null ? null : messageIdFingerprint(returned, fingerprint),
    references: references
      .slice(-limits.referencesMax)
      .map((messageId) => messageIdFingerprint(messageId, fingerprint))
      .filter((messageId) => messageId !== null),
  };
}

/** With or without angle brackets; null for what is no Message-ID at all. */
function messageIdFingerprint(messageId: string, fingerprint: Fingerprint): string | null {
  const bare = readMessageId(messageId);
  return bare === null ? null : fingerprint(`message-id ${bare}`);
}

/** Each token once, at most limits.historyTokensMax, none that a key has no room for. */
export function distinct(tokens: readonly Token[]): readonly Token[] {
  const kept: Token[] = [];
  for (const token of tokens) {
    if (kept.length >= limits.historyTokensMax) break;
    if (fits(token.value) && !kept.some(({ kind, value }) => kind === token.kind && value === token.value)) kept.push(token);
  }
  return kept;
}

function fits(text: string): boolean {
  return text !== "" && text.length <= limits.historyKeyCharactersMax && !text.includes("\0");
}

function correspondentOf(address: string, localSuffixes: readonly string[] = []): string | null {
  const at = address.lastIndexOf("@");
  const domain = at === -1 ? null : domainToAscii(address.slice(at + 1).trim());
  return domain === null ? null : organizationOf(domain, { localSuffixes });
}

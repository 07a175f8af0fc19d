/**
 * The store in this process's memory: the same arithmetic as the embedded store's, for the simulator and for tests. Nothing is written
 * anywhere, addresses are kept as they are, and it is gone with the process.
 */
import { limits } from "../base/limits.ts";
import type { HistoryQuestion, KnownHistory } from "../verdict/history.ts";
import { listKeyOf } from "../verdict/overrides/list-keys.ts";
import { pairKeyOf } from "../verdict/overrides/pair-keys.ts";
import { answer, type Found } from "./answer.ts";
import { type Decay, decayOfNewStores } from "./decay.ts";
import type { EntriesQuestion, Entry, FoundEntries } from "./entries.ts";
import { forget } from "./forget.ts";
import { type Ledger, markOf, openLedger } from "./ledger.ts";
import type { Memory } from "./memory.ts";
import type { ContactRow } from "./rows.ts";
import { countSources } from "./sources.ts";
import {
  anyoneFingerprint,
  type Fingerprint,
  fingerprintsOf,
  messageIdsOf,
  organizationFingerprint,
  type Teaching,
  teachLesson,
  teachSent,
  teachWord,
} from "./teach.ts";

export type InCoreMemory = Memory & {
  /** `history` without a promise. */
  recall(question: HistoryQuestion): KnownHistory;
  /** The rows themselves. */
  readonly ledger: Ledger;
};

export type InCoreOptions = {
  readonly decay?: Decay | undefined;
  readonly localSuffixes?: readonly string[] | undefined;
  /** How addresses are kept; default: as they are. Which of a few recipients are told apart depends on it. */
  readonly fingerprint?: Fingerprint | undefined;
  /** The operator's, of every tenant. */
  readonly entries?: readonly Entry[] | undefined;
};

export function inCoreMemory(options: InCoreOptions = {}): InCoreMemory {
  const { decay = decayOfNewStores, localSuffixes, entries = [], fingerprint = (text) => text } = options;
  const ledger = openLedger("store");
  const teaching: Teaching = { decay, fingerprint, sources: countSources(), localSuffixes };
  const tidyDays = 7;
  let tidied = 0;
  const tidy = (day: number): void => {
    if (day < tidied + tidyDays) return;
    if (tidied > 0) forget(ledger, day, decay);
    tidied = day;
  };
  const recall = (question: HistoryQuestion): KnownHistory => answer(question, find(ledger, question, teaching), decay);
  return {
    ledger,
    recall,
    history: (question) => Promise.resolve(recall(question)),
    record: (lesson) => {
      tidy(lesson.day);
      teachLesson(ledger, lesson, teaching);
    },
    entries: (question) => Promise.resolve(findEntries(entries, question)),
    // Nobody reads them again: there is no view on a store that is gone with the process.
    recordDecision: () => {},
    recordSighting: () => {},
    recordMatched: () => {},
    recordSent: (sent) => teachSent(ledger, sent, teaching),
    recordWord: (word) => teachWord(ledger, word, teaching),
    flush: () => Promise.resolve(),
    health: () => ({ status: "ok", why: null, waiting: 0, dropped: 0 }),
    close: () => Promise.resolve(),
  };
}

function findEntries(entries: readonly Entry[], { pairKeys, listKeys }: EntriesQuestion): FoundEntries {
  const pairs = entries.flatMap(({ shape, entry }) => (shape === "pair" && pairKeys.includes(pairKeyOf(entry)) ? entry : []));
  const lists = entries.flatMap(({ shape, entry }) => (shape === "list" && listKeys.includes(listKeyOf(entry)) ? entry : []));
  return { status: "known", pairs, lists, staleSince: null };
}

function find(ledger: Ledger, question: HistoryQuestion, { fingerprint }: Teaching): Found {
  const { tenant, organization, carrier, day } = question;
  const book = ledger.tenants.get(tenant);
  const own = organization === null ? undefined : book?.organizations.get(organization);
  const recipients = fingerprintsOf(question.recipients, fingerprint);
  const contactsWith = (from: string | null, parties: readonly string[]): readonly ContactRow[] => {
    const contacts = from === null ? undefined : book?.organizations.get(from)?.contacts;
    return contacts === undefined ? [] : parties.flatMap((party) => contacts.get(party)?.row ?? []);
  };
  const isPartyTo = (messageId: string, party: string): boolean =>
    (book?.journal.get(messageId)?.get(party) ?? -1) >= day - limits.journalDays;
  const { returned, references } = messageIdsOf(question, fingerprint);
  const party = organization === null ? null : organizationFingerprint(organization, fingerprint);
  return {
    messages: book?.messages ?? 0,
    organization: own?.whole?.row ?? null,
    tokens: question.tokens.map((asked) => {
      const token = book?.tokens.get(markOf(asked));
      return { pair: own?.pairs.get(markOf(asked))?.row ?? null, token: token === undefined ? null : { ...token.row, ...token.counts } };
    }),
    contacts: contactsWith(organization, recipients),
    carried: contactsWith(carrier, [anyoneFingerprint(fingerprint), ...recipients]),
    returnsOurs: returned !== null && recipients.some((recipient) => isPartyTo(returned, recipient)),
    answersOurs: party !== null && references.some((messageId) => isPartyTo(messageId, party)),
  };
}

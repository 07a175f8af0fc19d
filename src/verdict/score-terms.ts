/**
 * The terms of the score: what each group of marks says ({DKIM d=}, {SPF domain}, {names, addresses}), what a profile of signed mail
 * says about an unsigned message, and what DNS, contacts and reputation add. The strongest mark of a group counts, once.
 */
import { confirmedNames } from "./facts.ts";
import type { KnownHistory, TokenHistory } from "./history.ts";
import { organizationOf } from "./organization.ts";
import { type SenderHistoryPolicy, senderHistoryOf } from "./policy.ts";
import { isEstablished } from "./profile.ts";
import { authorDomain, type RowContext } from "./row.ts";
import { isShared, isSharedPrefix } from "./shared.ts";
import { carrierOf, isOwnMark, verifiedEnvelope } from "./tokens.ts";
import type { Fact } from "./verdict.ts";

/** `ownMark`: the highest weight among marks that no stranger can show. */
export type Terms = { readonly terms: readonly Fact[]; readonly ownMark: number };

export function termsOf(context: RowContext): Terms {
  const parts = partsOf(context);
  if (parts === null) return { terms: [], ownMark: 0 };
  const host = strongest(parts, hostKinds);
  const marks = [strongest(parts, ["dkim"]), strongest(parts, ["spf"]), host].filter((mark) => mark !== null);
  const around = [...objections(parts), ...contacts(parts), ...reputation(parts)];
  const against = host === null ? [...strangeHost(parts), ...around] : around;
  const account = otherAccount(parts, host);
  const unexplained = host === null && account.length === 0;
  const signed = signatures(parts);
  const terms = [
    ...marks.map(markFact),
    ...against,
    ...account,
    ...(unexplained ? carriage(parts, against) : []),
    ...(host === null ? likeness(parts) : []),
    ...signed,
    ...(unexplained ? recurring(parts, [...against, ...signed]) : []),
    ...nearness(parts),
  ];
  return { terms, ownMark: marks.reduce((most, { weight }) => Math.max(most, weight), 0) };
}

const hostKinds: readonly TokenHistory["kind"][] = ["ptr", "prefix"];

/** Null where there is nothing to score by. */
function partsOf(context: RowContext): Parts | null {
  const { history, policy, input } = context;
  if (history === null || history.organization === null) return null;
  const numbers = senderHistoryOf(policy);
  return { ...context, history, numbers, hosts: confirmedNames(input), known: isEstablished(history.from, numbers, history.day) };
}

/** Did none of the organization's authenticated mail come from this client? */
export function hasStrangeHost(context: RowContext): boolean {
  const parts = partsOf(context);
  return parts !== null && parts.history.from.authenticated > 0 && strongest(parts, hostKinds) === null;
}

/** What is known of the client as a list or forwarder, as a weight; 0 where nothing is. */
export function carriedWeight(context: RowContext): number {
  const parts = partsOf(context);
  return parts === null ? 0 : carried(parts);
}

type Parts = RowContext & {
  readonly history: KnownHistory;
  readonly numbers: SenderHistoryPolicy;
  /** Confirmed names of the client. */
  readonly hosts: readonly string[];
  readonly known: boolean;
};
type Mark = { readonly token: TokenHistory; readonly weight: number };

/** Of the organization's own marks in a group, the one that speaks for it most. */
function strongest(parts: Parts, kinds: readonly TokenHistory["kind"][]): Mark | null {
  let best: Mark | null = null;
  for (const token of parts.history.tokens) {
    if (!kinds.includes(token.kind) || token.authenticated <= 0 || !isOwnMark(token, parts.hosts)) continue;
    const weight = weightOf(token, parts);
    if (best === null || weight > best.weight) best = { token, weight };
  }
  return best;
}

/**
 * ln(how much of the organization's authenticated mail bears the mark / how much of anyone's does), in full only after several
 * messages. "Anyone" is a fixed number: mail sent elsewhere, however much, changes nothing; mail of others under the same mark
 * lowers the weight. A shared mark gives at most likeness.
 */
function weightOf(token: TokenHistory, parts: Parts): number {
  const { numbers, history } = parts;
  const own = token.authenticated / (history.from.authenticated + 1);
  const others = Math.max(0, token.messages - token.authenticated);
  const anyone = Math.min(1, (others + 1) / numbers.background);
  const sure = token.authenticated / (token.authenticated + numbers.confidence);
  const weight = Math.max(0, Math.log(own / anyone)) * sure;
  return rounded(isShared(token, parts) ? Math.min(weight, numbers.weakMax / 2) : weight);
}

function markFact({ token, weight }: Mark): Fact {
  const fact = `${token.kind} ${token.value} is a mark of this domain's authenticated mail`;
  return { id: `score-${token.kind}`, fact, value: token.authenticated, weight, source: "history.tokens" };
}

/** An organization that authenticates from hosts we know, and one that we do not; less so if it is known to carry others' mail. */
function strangeHost({ history, numbers, known, input }: Parts): readonly Fact[] {
  if (!known || input.transaction.ip === null) return [];
  const { authenticated } = history.from;
  // One more than other terms may: a recipient's contact with the domain must not outweigh it.
  const against = Math.max(-numbers.againstMax - 1, Math.log(0.5 / (authenticated + 0.5) / numbers.novelty));
  const fact = "none of this domain's authenticated mail came from this host";
  return [term("score-strange-host", { fact, value: authenticated, weight: against })];
}

/**
 * At a host that the domain's own mail may pass SPF from, and that others use too, its own senders would have passed. Who shows the
 * verified envelope of another organization there is another customer of the same provider.
 */
function otherAccount({ history, numbers, known, input }: Parts, host: Mark | null): readonly Fact[] {
  const { fromSpf } = input.evidence.infrastructure;
  const sharedHost = host !== null && host.token.organizations >= numbers.sharedMxOrganizations;
  if (!known || (fromSpf !== "pass" && !sharedHost)) return [];
  const envelope = verifiedEnvelope(input.transaction, input.evidence);
  const token = history.tokens.find(({ kind, value }) => kind === "spf" && value === envelope);
  if (envelope === null || token === undefined || token.authenticated > 0) return [];
  const fact = "at a host where this domain's mail passes SPF, this message is verified as another organization's";
  // It takes back what the SPF record seemed to say, and weighs as a strange host does.
  const weight = -numbers.againstMax - 1 - numbers.bestGuess;
  return [term("score-other-account", { fact, value: envelope, weight })];
}

/** A carrier explains a strange host, its absence from the SPF record and an unfamiliar recipient; it never speaks for a domain. */
function carriage(parts: Parts, strangeness: readonly Fact[]): readonly Fact[] {
  const relay = relayWeight(parts);
  // A relay, which others' mail has shown to be one, leaves the contact its weight; a carrier known to the recipient alone does not.
  const against = strangeness.reduce((sum, { weight }) => sum + (relay > 0 ? Math.min(0, weight ?? 0) : (weight ?? 0)), 0);
  const weight = Math.min(-against, carried(parts));
  if (weight <= 0) return [];
  return [term("score-carrier", { fact: "the host is known to pass on the mail of others", value: true, weight })];
}

/**
 * What is known of the host as one that passes on others' mail: established organizations whose verified mail it carried; or a list or
 * service, itself verified, that has handed mail to people here for long. Neither can be had by volume: the one takes other
 * organizations' signed mail, the other weeks under one name.
 */
function carried(parts: Parts): number {
  const { history, numbers } = parts;
  const { firstDay, heardFrom } = history.carrier;
  const familiar = firstDay !== null && history.day - firstDay >= numbers.carrierDays && heardFrom >= numbers.carrierMessages;
  return Math.max(relayWeight(parts), familiar ? numbers.carrierMax : 0);
}

/**
 * By this host, or by others that bear its provider's name: a name that was chosen (facts.ts), as a provider gives its relays. Whoever
 * rents a machine gets a generic one, or brings his own. A message with the verified envelope of neither author nor provider is another
 * customer's, for whom the provider's name says nothing.
 */
function relayWeight({ history, hosts, input }: Parts): number {
  const envelope = verifiedEnvelope(input.transaction, input.evidence);
  const sender = envelope === null ? null : organizationOf(envelope, {});
  const relays = history.tokens.filter(
    (token) =>
      hostKinds.includes(token.kind) && (isOwnMark(token, hosts) || (token.kind === "ptr" && (sender ?? token.value) === token.value)),
  );
  return 2.5 * Math.log(1 + relays.reduce((most, token) => Math.max(most, token.relayed), 0));
}

/**
 * A host that the domain's records forgot, such as its web server: it goes on writing to people who know the domain, for weeks, and
 * nobody complains. That explains what speaks against it, for recipients who know the domain; it never speaks for it.
 */
function recurring(parts: Parts, against: readonly Fact[]): readonly Fact[] {
  const { history, numbers, hosts } = parts;
  if (history.contact.wroteTo <= 0 && history.contact.heardFrom <= 0) return [];
  const own = history.tokens.filter((token) => hostKinds.includes(token.kind) && isOwnMark(token, hosts));
  if (own.some((token) => token.complaints >= 0.5 || isShared(token, parts))) return [];
  const host = own.find(({ days, firstDay, lastDay }) => days >= recurringDays && (lastDay ?? 0) - (firstDay ?? 0) >= recurringSpanDays);
  const weight = Math.min(2 * numbers.againstMax, -against.reduce((sum, term) => sum + (term.weight ?? 0), 0));
  if (host === undefined || weight <= 0) return [];
  return [term("score-recurring", { fact: "for weeks this host has written to people who know the domain", value: host.days, weight })];
}

const recurringDays = 4;
const recurringSpanDays = 14;

/** Marks that strangers can have too: the provider's name, a neighbour's address, HELO and certificate. */
function likeness(parts: Parts): readonly Fact[] {
  const { history, numbers, hosts } = parts;
  let best: Mark | null = null;
  for (const token of history.tokens) {
    if (token.authenticated <= 0 || token.kind === "mx" || isOwnMark(token, hosts)) continue;
    const weight = rounded(Math.min(numbers.weakMax / 4, weightOf(token, parts)));
    if (best === null || weight > best.weight) best = { token, weight };
  }
  return best === null
    ? []
    : [{ ...markFact(best), fact: `${best.token.kind} ${best.token.value} is near this domain's authenticated mail` }];
}

/**
 * Where nearly all that was learnt was signed and aligned, a message without the author's signature counts against. A signature that
 * was broken on the way proves nothing, and is not held against the message either.
 */
function signatures({ history, numbers, input }: Parts): readonly Fact[] {
  const aligned = input.evidence.dkim.filter(({ alignedBestGuess }) => alignedBestGuess);
  const intact = aligned.some(({ headerResult, bodyResult }) => headerResult === "pass" && bodyResult === "fail");
  if (intact) {
    const fact = "the author's signature verifies over the header; the body was changed on the way";
    return [term("score-signed-header", { fact, value: true, weight: 2 * numbers.againstMax })];
  }
  if (aligned.some(({ reason }) => reason === "signature")) return [];
  const onToken = history.tokens.find(({ kind, authenticated }) => kind !== "mx" && authenticated >= numbers.establishedMessages);
  const { authenticated, signed } = onToken ?? history.from;
  if (authenticated < numbers.establishedMessages) return [];
  const unsigned = Math.log((authenticated - signed + 0.5) / (authenticated + 1) / 0.5);
  const fact = "the domain's authenticated mail is signed, and this message is not";
  return unsigned >= -1 ? [] : [term("score-unsigned", { fact, value: signed, weight: Math.max(-numbers.againstMax, unsigned) })];
}

/** What the From domain's own SPF record says of the client. */
function objections({ input, history, numbers, known }: Parts): readonly Fact[] {
  const { fromSpf } = input.evidence.infrastructure;
  const envelope = input.evidence.spf.find(({ identity, alignedBestGuess }) => identity === "mailfrom" && alignedBestGuess)?.result;
  const spf = fromSpf ?? envelope ?? null;
  if (spf === "fail" || spf === "softfail") {
    const weight = spf === "fail" ? -1 : -0.5;
    return [term("score-spf", { fact: "the From domain's SPF record does not list the client", value: spf, weight })];
  }
  if (spf === "pass") {
    const fact = "the From domain's SPF record lists the client";
    return [term("score-spf", { fact, value: spf, weight: numbers.bestGuess })];
  }
  // A domain that authenticated by SPF and publishes none today has changed; its old profile binds nobody.
  if (spf === "none" && known && history.from.signed < history.from.authenticated / 2) {
    const fact = "the From domain has withdrawn the SPF record that its mail used to pass";
    return [term("score-spf", { fact, value: spf, weight: numbers.againstMax / 2 })];
  }
  return [];
}

/** Best-guess SPF (`a/24 mx/24 ptr`): weak, and alone no more than a soft pass (row 17). */
function nearness(parts: Parts): readonly Fact[] {
  const organization = authorDomain(parts)?.organization;
  const { numbers, hosts, policy, input } = parts;
  if (organization !== undefined && hosts.some((name) => organizationOf(name, policy) === organization)) {
    return [
      term("score-best-guess", {
        fact: "the client's confirmed name is of the From organization",
        value: true,
        weight: 2 * numbers.againstMax,
      }),
    ];
  }
  const { fromMxHosts, fromNeighbours } = input.evidence.infrastructure;
  const near = (fromMxHosts?.length ?? 0) + (fromNeighbours?.length ?? 0);
  if (near === 0 || isSharedPrefix(parts)) return [];
  return [term("score-best-guess", { fact: "the client stands near the From domain's hosts", value: near, weight: numbers.bestGuess })];
}

/** Between recipients and domain. A spoofer can find out who knows whom, so this never weighs much. */
function contacts({ history: { contact }, numbers, known }: Parts): readonly Fact[] {
  if (contact.wroteTo <= 0 && contact.heardFrom <= 0) {
    if (!known) return [];
    return [term("score-contact", { fact: "no recipient knows this domain", value: 0, weight: -1 })];
  }
  const weight = Math.min(numbers.contactMax, (contact.wroteTo > 0 ? 1 : 0) + 5 * contact.heardFrom);
  return [term("score-contact", { fact: "a recipient is in contact with this domain", value: contact.heardFrom, weight })];
}

function reputation({ history: { tokens }, numbers, input }: Parts): readonly Fact[] {
  const complaints = tokens.reduce((most, token) => Math.max(most, token.complaints), 0);
  const failed = tokens.reduce((most, token) => Math.max(most, badOrganizations(token)), 0);
  const facts: Fact[] = [];
  if (complaints > 0) {
    const weight = Math.max(-numbers.againstMax, -complaints);
    facts.push(term("score-complaints", { fact: "recipients complained about this domain's mail from here", value: complaints, weight }));
  }
  if (failed > 0 && carrierOf(input.transaction, input.from, input.evidence) === null) {
    const weight = Math.max(-numbers.againstMax, -Math.log(1 + failed));
    facts.push(term("score-failures", { fact: "mail from here contradicted the profiles of other domains", value: failed, weight }));
  }
  return facts;
}

/** Organizations that an infrastructure failed for, less those that it did not fail for, or whose mail it is known to carry. */
export function badOrganizations({ kind, organizations, failedOrganizations, relayed }: TokenHistory): number {
  if (kind === "mx") return 0;
  // The organization in question may be one of those that failed.
  return Math.max(0, failedOrganizations - 1 - Math.max(organizations - failedOrganizations, 2 * relayed));
}

function term(
  id: string,
  { fact, value, weight }: { readonly fact: string; readonly value: Fact["value"]; readonly weight: number },
): Fact {
  return { id, fact, value, weight: rounded(weight), source: id === "score-best-guess" ? "evidence.infrastructure" : "history" };
}

function rounded(weight: number): number {
  return Math.round(weight * 100) / 100;
}

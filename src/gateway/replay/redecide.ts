/**
 * Decides a recorded message again, under another policy or by another version: the same `judge` as for a message that arrives, over the
 * recorded facts. What would need the message itself (its header, another client, a DNS answer that nobody asked for) is told as not
 * replayable, with why; nothing is guessed.
 */
import { authorOf } from "../../evidence/from/author.ts";
import { domainToAscii } from "../../mail/domain.ts";
import type { Decision, Gathering } from "../../memory/journal.ts";
import { matchingNetworks } from "../../verdict/network-match.ts";
import { organizationOf } from "../../verdict/organization.ts";
import { testsOf } from "../../verdict/overrides/rule.ts";
import type { HeaderAnswers } from "../../verdict/overrides/rule-evaluate.ts";
import { formatTest } from "../../verdict/overrides/rule-format.ts";
import type { Policy } from "../../verdict/policy.ts";
import { type DecidedInspection, decidedInspection } from "../decided.ts";
import { type JudgedFacts, type JudgePolicy, judge } from "../judge.ts";
import { version } from "../version.ts";
import { filterMark, filtersReading } from "./decision-of.ts";
import { type Regathered, regather } from "./regather.ts";

export type Redecided =
  | { readonly status: "decided"; readonly inspection: DecidedInspection }
  | { readonly status: "not-replayable"; readonly why: NotReplayable };

/** In words: notReplayableWords. */
export type NotReplayable = keyof typeof notReplayableWords;

export const notReplayableWords = {
  "header-test": "a rule asks for a header field that was not looked at then, and it matters",
  filter: "a filter's field was not read then, or was read in another way",
  client: "trust.hops makes another address the client",
  "dmarc-answers": "DMARC would ask DNS what was not asked then",
  "from-profile": "From would be read by other rules",
  organization: "history was asked for another organization, by other local suffixes",
  "from-hosts": "the hosts of the From domain were not asked for then",
  "null-mx": "the sender's null MX was not asked for then",
} as const;

export function redecide(decision: Decision, policy: JudgePolicy): Redecided | Promise<Redecided> {
  const obstacle = obstacleOf(decision, policy);
  if (obstacle !== null) return { status: "not-replayable", why: obstacle };
  const evidence = regather(decision, policy);
  return evidence instanceof Promise ? evidence.then((found) => decided(decision, found, policy)) : decided(decision, evidence, policy);
}

function decided(decision: Decision, regathered: Regathered, policy: JudgePolicy): Redecided {
  if (regathered.status === "unknown") return { status: "not-replayable", why: regathered.why };
  const { inspection, matched } = decision;
  const { transaction, from, history } = inspection;
  const facts: JudgedFacts & { readonly from: typeof from } = {
    transaction,
    from,
    evidence: regathered.evidence,
    history,
    overrides: matched,
    nullMx: matched?.nullMx ?? null,
  };
  const { id, at, policyVersion, removals } = inspection;
  const identity = { id, at, version, policyVersion, removals };
  const under = ofMessage(decision, policy);
  const ruled = (known: JudgedFacts & { readonly from: typeof from }): DecidedInspection =>
    decidedInspection(identity, { ...known, judgement: judge(known, under) }, policy);
  const unknown = newHeaderTests(policy, matched?.answers ?? noAnswers);
  if (unknown.length === 0) return { status: "decided", inspection: ruled(facts) };
  if (unknown.length > unknownTestsMax) return { status: "not-replayable", why: "header-test" };
  // Whatever the header said: where it comes to the same, it did not matter.
  const found = assignments(unknown).map((answers) => ruled(withAnswers(facts, answers)));
  const [first] = found;
  const text = JSON.stringify(first);
  if (first === undefined || found.some((one) => JSON.stringify(one) !== text)) return { status: "not-replayable", why: "header-test" };
  return { status: "decided", inspection: first };
}

/** Each doubles the work. */
const unknownTestsMax = 4;

function assignments(tests: readonly string[]): readonly HeaderAnswers[] {
  return Array.from({ length: 2 ** tests.length }, (_, bits) =>
    Object.fromEntries(tests.map((test, i) => [test, ((bits >> i) & 1) === 1])),
  );
}

function withAnswers<F extends JudgedFacts>(facts: F, answers: HeaderAnswers): F {
  const overrides = facts.overrides ?? { lists: none, filters: none, answers: noAnswers };
  return { ...facts, overrides: { ...overrides, answers: { ...overrides.answers, ...answers } } };
}

/** The policy with what belongs to the message, and was said by the door or the store then. */
function ofMessage({ inspection, gathered }: Decision, policy: JudgePolicy): JudgePolicy {
  const { gatewayResult, submittedBy, lastTry = false } = inspection.policy;
  const contactDomains = gathered?.contactDomains;
  const asWas = gatewayResult === null && submittedBy === null && !lastTry && contactDomains === undefined;
  if (asWas) return policy;
  return { ...policy, gatewayResult, submittedBy, lastTry, ...(contactDomains === undefined ? {} : { contactDomains }) };
}

function obstacleOf(decision: Decision, policy: JudgePolicy): NotReplayable | null {
  const { inspection, gathered } = decision;
  const { transaction } = inspection;
  if ((gathered?.fromProfile ?? "eop") !== (policy.fromProfile ?? "eop")) return "from-profile";
  if (hasOtherClient(inspection, policy)) return "client";
  const read = gathered?.filtersRead ?? none;
  if (filtersReading(transaction, policy.filters ?? none).some((filter) => !read.includes(filterMark(filter)))) return "filter";
  if (hasOtherOrganization(decision, policy)) return "organization";
  return asksNullMx(decision, policy) ? "null-mx" : null;
}

const none: readonly never[] = [];
const noAnswers: HeaderAnswers = {};

/** The message's client was found by the hops of that time: would those of this policy find the same? */
function hasOtherClient({ transaction, policy: then }: Decision["inspection"], policy: JudgePolicy): boolean {
  const { ip, trustedHop, direction } = transaction;
  if (direction === "outbound") return false;
  const hops = policy.profile === "consumer" ? none : (policy.trustedHops ?? none);
  if (trustedHop !== null) return matchingNetworks(trustedHop, hops).length === 0;
  const cameThroughHop = then.profile !== "consumer" && then.trustedHops.length > 0;
  return matchingNetworks(ip, hops).length > 0 !== cameThroughHop;
}

/** Tests of the header that the rules make, and that nobody made then. */
function newHeaderTests({ rules = none }: JudgePolicy, answers: HeaderAnswers): readonly string[] {
  const tests = rules.flatMap(({ rule }) => testsOf(rule.condition)).filter(({ kind }) => kind === "header");
  return [...new Set(tests.map(formatTest))].filter((test) => answers[test] === undefined);
}

function hasOtherOrganization({ inspection: { from, history }, gathered }: Decision, policy: JudgePolicy): boolean {
  if (history?.status !== "known" || history.organization === null || sameSuffixes(gathered, policy)) return false;
  const [domain] = authorOf(from).domains;
  return domain !== undefined && organizationOf(domain, policy) !== history.organization;
}

export function sameSuffixes(gathered: Gathering | undefined, { localSuffixes = none }: Pick<Policy, "localSuffixes">): boolean {
  const then = gathered?.localSuffixes ?? none;
  return then.length === localSuffixes.length && then.every((suffix, i) => suffix === localSuffixes[i]);
}

/** Where nobody asked: would this policy have? */
function asksNullMx({ inspection: { transaction, from }, matched }: Decision, { gates }: JudgePolicy): boolean {
  const inbound = gates?.nullMx.inbound ?? "off";
  if (inbound === "off" || transaction.direction === "outbound") return false;
  const asked = matched?.nullMx ?? null;
  const sender =
    transaction.mailFrom === null ? null : domainToAscii(transaction.mailFrom.slice(transaction.mailFrom.lastIndexOf("@") + 1));
  const [author = null] = inbound === "mail-from-and-from" ? authorOf(from).domains : [];
  return (sender !== null && sender !== "" && asked?.mailFrom == null) || (author !== null && asked?.from == null);
}

/**
 * What is weighed with p=reject (RFC 9989 §7.4): signs that a message was passed on by an honest hand, and facts that speak against it
 * besides the policy. Only signs that cost a stranger something are signs of forwarding; that a header says so is none.
 */
import { authorOf } from "../evidence/from/author.ts";
import type { History } from "./history.ts";
import type { Policy } from "./policy.ts";
import { contextOf } from "./row.ts";
import { authorSpf } from "./rows-implicit.ts";
import { badOrganizations, carriedWeight } from "./score-terms.ts";
import type { DecisionInput, Fact } from "./verdict.ts";

/** Design: "Looks forwarded". A known list or forwarder is known by the store, by its seal, or by the operator's word. */
export function forwardedFacts(input: DecisionInput, history: History | null, policy: Policy): readonly Fact[] {
  const { dkim, arc } = input.evidence;
  const facts: Fact[] = [];
  const intact = dkim.some((one) => one.alignedBestGuess && one.headerResult === "pass" && one.bodyResult === "fail");
  if (intact) facts.push(fact("forwarded-body", "the author's signature verifies over the header; the body was changed", "evidence.dkim"));
  if (arc.trusted) facts.push(fact("forwarded-sealed", "a trusted sealer passed it on", "evidence.arc"));
  if (input.transaction.trustedHop !== null) facts.push(fact("forwarded-hop", "it came through a hop of ours", "transaction.trustedHop"));
  if (carriedWeight(contextOf(input, history, policy)) >= knownCarrier) {
    facts.push(fact("forwarded-known", "it came from a list or forwarder that is known here", "history"));
  }
  return facts;
}

/** Of the weight in score-terms.ts: mail of three organizations carried, or a recipient's list. */
const knownCarrier = 2;

/** One of these is enough to refuse what its owner wants refused. */
export function adverseFacts(input: DecisionInput, history: History | null): readonly Fact[] {
  const { evidence } = input;
  const facts: Fact[] = [];
  const [domain] = authorOf(input.from).domains;
  const envelope = evidence.spf.find(({ identity, alignedBestGuess }) => identity === "mailfrom" && alignedBestGuess)?.result;
  const spf = domain === undefined ? null : (authorSpf(input, domain) ?? envelope ?? null);
  if (spf === "fail" || spf === "softfail")
    facts.push(fact("adverse-spf", "the author's SPF record does not list the client", "evidence.spf"));
  if (!evidence.dkim.some(({ alignedBestGuess }) => alignedBestGuess)) {
    facts.push(fact("adverse-unsigned", "the message bears no signature of the author's", "evidence.dkim"));
  }
  if (evidence.dkim.some(({ alignedBestGuess, reason }) => alignedBestGuess && (reason === "no-key" || reason === "revoked"))) {
    facts.push(fact("adverse-key", "it bears a signature of a key that the author does not publish", "evidence.dkim"));
  }
  const { result, generic } = evidence.iprev;
  if (result === "permerror" || result === "fail") facts.push(fact("adverse-iprev", "the client has no confirmed name", "evidence.iprev"));
  else if (generic) facts.push(fact("adverse-generic", "the client's name is generic", "evidence.iprev"));
  if (history?.status === "known" && history.tokens.some((token) => badOrganizations(token) > 0 || token.complaints >= 1)) {
    facts.push(fact("adverse-history", "mail from here was complained about, or contradicted the profiles of others", "history"));
  }
  return facts;
}

function fact(id: string, words: string, source: string): Fact {
  return { id, fact: words, value: true, weight: null, source };
}

/**
 * May this rule exist (design: compauth.md "Overrides")? A rule that lets mail past authentication or spoof protection must rest, on
 * every way in which it can hold, on an anchor that strangers cannot forge: a DMARC or composite pass, a client network or confirmed
 * name that few share, a signer of one organization, or one mailbox of ours. From, MAIL FROM, header fields, and results that anybody
 * gets for his own domain (spf, dkim, arc, iprev) are no anchors. Refused with the safe form; sound, not clever: it proves, it never guesses.
 */
import { unreachable } from "../../base/assert.ts";
import { parseIpNetwork } from "../../mail/ip-address.ts";
import { reasons } from "../reasons.ts";
import type { Refusal } from "./refusal.ts";
import { type Condition, isDecisive, type Rule, type Test, testsOf, type WordField, wordsOf } from "./rule.ts";
import { formatRule, formatTest } from "./rule-format.ts";
import { type AnchorContext, networkFault, ptrFault, signerFault } from "./trust-anchor.ts";

export type RuleContext = AnchorContext & { readonly profile?: "organization" | "consumer" | undefined };

/** Everything that is wrong with it, the gravest first; empty: it may exist. */
export function ruleRefusals(rule: Rule, context: RuleContext): readonly Refusal[] {
  const bypassed = rule.actions.flatMap((action) => (action.kind === "bypass" ? action.scope : []));
  const restricting = rule.actions.filter((action) => isDecisive(action) && action.kind !== "bypass");
  const refusals: Refusal[] = [];
  if (bypassed.includes("ipv6-gate")) refusals.push({ code: "ipv6-gate", why: "nothing waives the rules for anonymous IPv6", offer: null });
  if (bypassed.length > 0 && context.profile === "consumer")
    refusals.push({ code: "consumer", why: "profile consumer has no rule that would accept", offer: null });
  if (restricting.length > 1) refusals.push({ code: "syntax", why: "one of junk, quarantine and reject", offer: null });
  if (restricting.length > 0 && bypassed.length > 0)
    refusals.push({ code: "syntax", why: "a rule that bypasses cannot also set mail aside", offer: null });
  const accepts = bypassed.includes("authentication") || bypassed.includes("spoof");
  if (accepts && !isAnchored({ condition: rule.condition, negated: "no" }, context)) refusals.push(unanchored(rule, context));
  return refusals;
}

/** The whole rule with the anchor that fits every sender; it passes this check. */
function unanchored(rule: Rule, context: RuleContext): Refusal {
  const { condition } = rule;
  const parts = condition.kind === "and" ? [...condition.parts, authenticated] : [condition, authenticated];
  const offer = formatRule({ ...rule, condition: { kind: "and", parts } });
  const faults = testsOf(condition).flatMap((test) =>
    anchorFaults(test, context).map(({ code, why }) => ({ code, why: `${formatTest(test)}: ${why}` })),
  );
  const [fault] = faults;
  if (fault !== undefined) return { ...fault, offer };
  return { code: "from-alone", why: "what it asks for anybody can write or get: it would let unauthenticated mail through", offer };
}

const authenticated: Test = { kind: "word", field: "dmarc", words: ["pass", "bestguesspass"] };

type Signed = { readonly condition: Condition; readonly negated: "yes" | "no" };

/** Does the condition, or its negation, imply an anchor however it comes to hold? */
function isAnchored({ condition, negated }: Signed, context: RuleContext): boolean {
  switch (condition.kind) {
    case "not":
      return isAnchored({ condition: condition.part, negated: negated === "yes" ? "no" : "yes" }, context);
    case "and":
    case "or": {
      const sides = condition.parts.map((part) => isAnchored({ condition: part, negated }, context));
      // De Morgan: the negation of `and` holds as soon as one part does not.
      const needsAll = (condition.kind === "or") === (negated === "no");
      return needsAll ? sides.every((side) => side) : sides.some((side) => side);
    }
    default:
      return negated === "yes" ? isAnchor(complement(condition), context) : isAnchor(condition, context);
  }
}

/** `not dmarc is fail` asks for all other words; of other tests the negation proves nothing. */
function complement(test: Test): Test | null {
  if (test.kind !== "word" || test.field === "dkim") return null;
  const all: readonly string[] = wordsOf[test.field];
  return { ...test, words: all.filter((word) => !test.words.includes(word)) };
}

function isAnchor(test: Test | null, context: RuleContext): boolean {
  if (test === null) return false;
  switch (test.kind) {
    case "client":
      return test.networks.every((network) => rangeFault(network) === null && networkFault(network, context) === null);
    case "name":
      return anchorFaults(test, context).length === 0;
    case "address":
      // One mailbox that is to get everything harms nobody else; a domain of recipients is protection switched off.
      return test.field === "recipient" && test.forms.every(({ kind }) => kind === "address");
    case "word":
      return test.words.every((word) => vouches(test.field, word));
    case "header":
      return false;
    default:
      return unreachable(test);
  }
}

function vouches(field: WordField, word: string): boolean {
  switch (field) {
    case "dmarc":
      return word === "pass" || word === "bestguesspass";
    case "compauth":
      return word === "pass";
    case "reason":
      return Object.entries(reasons).some(([code, { compauth }]) => code === word && compauth === "pass");
    case "standing":
      return word === "allowed";
    case "spf":
    case "dkim":
    case "arc":
    case "iprev":
      return false;
    default:
      return field satisfies never;
  }
}

type Fault = Pick<Refusal, "code" | "why">;

/** Why a test that could be an anchor is none. */
function anchorFaults(test: Test, context: RuleContext): readonly Fault[] {
  if (test.kind === "client") return test.networks.flatMap((network) => rangeFault(network) ?? networkFault(network, context) ?? []);
  if (test.kind !== "name") return [];
  return test.domains.flatMap((domain) => (test.field === "ptr" ? ptrFault(domain, context) : signerFault(domain, context)) ?? []);
}

/** A range this large is nobody's alone. */
function rangeFault(text: string): Fault | null {
  const network = parseIpNetwork(text);
  if (network === null) return { code: "range", why: `${text} is no network` };
  const least = network.address.family === 4 ? anchorBits.v4 : anchorBits.v6;
  return network.bits >= least ? null : { code: "range", why: `a network of an anchor is a /${least} or smaller` };
}

/** Sizes that registries give to one organization; ours. */
const anchorBits = { v4: 16, v6: 32 } as const;

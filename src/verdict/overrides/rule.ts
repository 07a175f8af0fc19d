/**
 * Mail flow rules as values: a condition over addresses, client, header, evidence and verdict, and what is to be done. The text form
 * (docs/policy.md) and this value are each other's inverse (rule-parser.ts, rule-format.ts); whether a rule may exist is rule-check.ts'
 * to say, whether it holds rule-evaluate.ts'. Types and the closed lists of their words only.
 */
import { reasons } from "../reasons.ts";
import type { AddressForm } from "./address-form.ts";
import type { Scope } from "./scope.ts";

export type Rule = { readonly condition: Condition; readonly actions: readonly RuleAction[] };

export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | Test;

export type Test =
  | { readonly kind: "address"; readonly field: AddressField; readonly forms: readonly (AddressForm | NullPath)[] }
  | { readonly kind: "client"; readonly networks: readonly string[] }
  | { readonly kind: "name"; readonly field: NameField; readonly domains: readonly string[] }
  | HeaderTest
  | { readonly kind: "word"; readonly field: WordField; readonly words: readonly string[] };

export type HeaderTest = {
  readonly kind: "header";
  /** Lower case. */
  readonly name: string;
  readonly operator: "exists" | "contains" | "matches";
  /** "" for exists. */
  readonly text: string;
};

/** `<>`, of mail_from alone. */
export type NullPath = { readonly kind: "null-path" };

export const addressFields = ["from", "mail_from", "recipient"] as const;
export type AddressField = (typeof addressFields)[number];
export const nameFields = ["ptr", "signed_by"] as const;
export type NameField = (typeof nameFields)[number];

/** What a test of words can ask for: the result words of the Inspection. */
export const wordsOf = {
  spf: ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"],
  dkim: ["pass", "fail", "policy", "neutral", "none", "temperror", "permerror"],
  dmarc: ["pass", "bestguesspass", "fail", "none", "temperror", "permerror"],
  arc: ["pass", "fail", "none", "temperror"],
  iprev: ["pass", "fail", "none", "temperror", "permerror"],
  compauth: ["pass", "softpass", "fail", "none"],
  reason: Object.keys(reasons).toSorted(),
  standing: ["allowed", "good", "unknown", "suspicious", "blocked"],
} as const satisfies Record<string, readonly string[]>;
export type WordField = keyof typeof wordsOf;
export const wordFields: readonly WordField[] = ["spf", "dkim", "dmarc", "arc", "iprev", "compauth", "reason", "standing"];

export type RuleAction =
  | { readonly kind: "stamp"; readonly name: string; readonly value: string }
  | { readonly kind: "junk" }
  | { readonly kind: "quarantine" }
  /** The reply's text without codes; null: ours. */
  | { readonly kind: "reject"; readonly text: string | null }
  | { readonly kind: "bypass"; readonly scope: Scope };

export const actionWords = ["stamp", "junk", "quarantine", "reject", "bypass"] as const;

export const conditionWords: readonly string[] = ["not", ...addressFields, "client", ...nameFields, "header", ...wordFields];

/** Words that begin or join something: a value that is one of them, and that a reader might take for it, is written in quotes. */
export const keywords: readonly string[] = [
  ...conditionWords,
  ...actionWords,
  "when",
  "then",
  "and",
  "or",
  "is",
  "in",
  "contains",
  "matches",
  "exists",
];

/** A rule of the operator's, in its order. `observe`: it is evaluated and told of, and does nothing. */
export type NamedRule = { readonly id: string; readonly by: string; readonly mode: "observe" | "enforce"; readonly rule: Rule };

/** Can it be evaluated before the decision: does it ask for client, envelope and recipient alone? */
export function isEarly({ condition }: Rule): boolean {
  return testsOf(condition).every((test) => {
    return test.kind === "address" ? test.field !== "from" : test.kind === "client";
  });
}

/** The tests of a condition, left to right. */
export function testsOf(condition: Condition): readonly Test[] {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.parts.flatMap(testsOf);
    case "not":
      return testsOf(condition.part);
    default:
      return [condition];
  }
}

/** What ends the search for a rule: all but a stamp. */
export function isDecisive({ kind }: RuleAction): boolean {
  return kind !== "stamp";
}

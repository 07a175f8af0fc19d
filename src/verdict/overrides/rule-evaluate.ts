/**
 * Does the condition of a rule hold for one message and one recipient? Total and bounded: each test is looked at once, and what a test
 * asks of the header is answered beforehand (headerAnswers), so that a decision can be evaluated again from its record alone. A test of
 * the verdict is false before there is one (rule.ts isEarly).
 */

import { authorOf } from "../../evidence/from/author.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import { decodeEncodedWords } from "../../mail/encoded-word.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { decodeUtf8 } from "../../mail/utf8-text.ts";
import { confirmedNames } from "../facts.ts";
import { verifiedSigners } from "../tokens.ts";
import type { DecisionInput, Standing, Verdict } from "../verdict.ts";
import { canonicalAddress, domainOfAddress, meets } from "./address-form.ts";
import { globMatches } from "./glob.ts";
import { isInOneOf } from "./network-text.ts";
import { type Condition, type HeaderTest, type NamedRule, type Test, testsOf, type WordField } from "./rule.ts";
import { formatTest } from "./rule-format.ts";

/** By the text of the test. A test that is not in it is false. */
export type HeaderAnswers = Readonly<Record<string, boolean>>;

export type RuleSubject = {
  readonly transaction: Transaction;
  /** Null: none is known. */
  readonly recipient: string | null;
  /** Null before the decision. */
  readonly decided: Decided | null;
};

export type Decided = {
  readonly input: DecisionInput;
  readonly verdict: Verdict;
  readonly standing: Standing;
  readonly answers: HeaderAnswers;
};

export function holds(condition: Condition, subject: RuleSubject): boolean {
  switch (condition.kind) {
    case "and":
      return condition.parts.every((part) => holds(part, subject));
    case "or":
      return condition.parts.some((part) => holds(part, subject));
    case "not":
      return !holds(condition.part, subject);
    default:
      return passes(condition, subject);
  }
}

/** What the rules ask of this header. */
export function headerAnswers(rules: readonly NamedRule[], header: Header): HeaderAnswers {
  const answers: Record<string, boolean> = {};
  const values = new Map<string, readonly string[]>();
  for (const { rule } of rules) {
    for (const test of testsOf(rule.condition)) {
      if (test.kind !== "header") continue;
      const found = values.get(test.name) ?? fieldsNamed(header, test.name).map((field) => shownValue(unfoldedValue(header, field)));
      values.set(test.name, found);
      answers[formatTest(test)] ??= found.some((value) => answersTo(test, value));
    }
  }
  return answers;
}

/** As a reader is shown it: UTF-8, encoded words decoded. */
function shownValue(octets: string): string {
  return decodeEncodedWords(decodeUtf8(octets).text);
}

function answersTo({ operator, text }: HeaderTest, value: string): boolean {
  switch (operator) {
    case "exists":
      return true;
    case "contains":
      return value.toLowerCase().includes(text.toLowerCase());
    case "matches":
      return globMatches(text, value);
    default:
      return operator satisfies never;
  }
}

function passes(test: Test, subject: RuleSubject): boolean {
  const { transaction, decided } = subject;
  switch (test.kind) {
    case "client":
      return isInOneOf(transaction.ip, test.networks);
    case "address":
      return isAddressed(test, subject);
    case "header":
      return decided?.answers[formatTest(test)] ?? false;
    case "name": {
      if (decided === null) return false;
      const { field, domains } = test;
      if (field === "signed_by") return verifiedSigners(decided.input.evidence).some((signer) => domains.includes(signer));
      return confirmedNames(decided.input).some((name) => domains.some((domain) => isAtOrBelow(name, domain)));
    }
    case "word":
      return decided !== null && resultsOf(test.field, decided).some((word) => test.words.includes(word));
    default:
      return test satisfies never;
  }
}

function isAddressed({ field, forms }: Extract<Test, { kind: "address" }>, { transaction, recipient, decided }: RuleSubject): boolean {
  if (field === "from") {
    if (decided === null) return false;
    const { from } = decided.input;
    const address = from.address === null ? null : canonicalAddress(from.address);
    const { domains } = authorOf(from);
    return forms.some((form) => form.kind !== "null-path" && [null, ...domains].some((domain) => meets(form, address, domain)));
  }
  const path = field === "recipient" ? recipient : transaction.mailFrom;
  if (path === null) return false;
  const address = canonicalAddress(path);
  return forms.some((form) => (form.kind === "null-path" ? path === "" : meets(form, address, domainOfAddress(path))));
}

/** The words that a field has for this message; of signatures each one's. */
function resultsOf(field: WordField, { input, verdict, standing }: Decided): readonly string[] {
  const { spf, dkim, dmarc, arc, iprev } = input.evidence;
  switch (field) {
    case "spf":
      return [spf.find(({ identity }) => identity === "mailfrom")?.result ?? "none"];
    case "dkim":
      return dkim.length === 0 ? ["none"] : dkim.map(({ result }) => result);
    case "dmarc":
      return [dmarc.result];
    case "arc":
      return [arc.result];
    case "iprev":
      return [iprev.result];
    case "compauth":
      return [verdict.compauth];
    case "reason":
      return [verdict.reason];
    case "standing":
      return [standing];
    default:
      return field satisfies never;
  }
}

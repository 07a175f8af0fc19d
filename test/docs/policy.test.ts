/** docs/policy.md: every pair, rule and refusal on it is what the code says, and the order is the code's (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatPair, parsePair } from "../../src/verdict/overrides/entry.ts";
import { entryRefusal } from "../../src/verdict/overrides/entry-check.ts";
import { printOverrideOrder } from "../../src/verdict/overrides/order.ts";
import { conditionWords, type Rule } from "../../src/verdict/overrides/rule.ts";
import { ruleRefusals } from "../../src/verdict/overrides/rule-check.ts";
import { formatRule } from "../../src/verdict/overrides/rule-format.ts";
import { faultText, parseRule } from "../../src/verdict/overrides/rule-parser.ts";

const page = readFileSync(new URL("../../docs/policy.md", import.meta.url), "utf8");

function samples(kind: string): readonly string[] {
  const found = [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)\\n\`\`\`$`, "gm"))].map(([, sample = ""]) => sample);
  assert.ok(found.length > 0, `no sample of ${kind}`);
  return found;
}

const lines = (kind: string): readonly string[] => samples(kind).flatMap((sample) => sample.split("\n"));

function rule(text: string): Rule {
  const parsed = parseRule(text);
  return parsed.status === "read" ? parsed.rule : assert.fail(`${text}: ${faultText(parsed.fault)}`);
}

test("every pair of the page is read, may be allowed, and is written as it is kept", () => {
  for (const text of lines("pair")) {
    const parsed = parsePair(text);
    assert.ok(parsed.status === "read", text);
    assert.equal(formatPair(parsed.value), text);
    assert.equal(entryRefusal(parsed.value, "allow", {}), null, text);
  }
});

test("every refused pair of the page is refused, with a form that is not", () => {
  for (const text of lines("refused-pair")) {
    const parsed = parsePair(text);
    assert.ok(parsed.status === "read", text);
    const offer = parsePair(entryRefusal(parsed.value, "allow", {})?.offer ?? assert.fail(text));
    assert.ok(offer.status === "read" && entryRefusal(offer.value, "allow", {}) === null, text);
  }
});

test("every rule of the page is read, may exist, and comes back from its own text", () => {
  for (const text of samples("rule")) {
    const read = rule(text);
    assert.deepEqual(ruleRefusals(read, {}), [], text);
    assert.deepEqual(rule(formatRule(read)), read);
  }
});

test("every refused rule of the page is refused, and the safe form on it is what is offered", () => {
  for (const text of lines("refused-rule")) assert.notDeepEqual(ruleRefusals(rule(text), {}), [], text);
  const offer = ruleRefusals(rule(lines("refused-rule")[0] ?? ""), {})[0]?.offer ?? assert.fail();
  assert.ok(page.includes(`\`${offer}\``), offer);
});

test("the grammar on the page has every word of conditions, and the order is the code's", () => {
  for (const word of conditionWords) assert.ok(page.includes(`"${word}"`), word);
  const order = /<!-- order -->\n([\s\S]*?)\n<!-- \/order -->/.exec(page)?.[1];
  assert.equal(order, printOverrideOrder());
});

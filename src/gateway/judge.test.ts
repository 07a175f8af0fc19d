/** The decision as a whole: what the stages give one after the other, with and without overrides. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Case, dmarcFail, entryOf, historyOf, inputOf, signatureOf } from "../../test/decision-case.ts";
import { actionOf } from "../verdict/action.ts";
import { decide } from "../verdict/decide.ts";
import { decisivePolicy } from "../verdict/decisive-policy.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import type { NamedRule } from "../verdict/overrides/rule.ts";
import { parseRule } from "../verdict/overrides/rule-parser.ts";
import { senderMarks } from "../verdict/sender-marks.ts";
import { standingOf } from "../verdict/standing.ts";
import { suspicionOf } from "../verdict/suspicion.ts";
import { type JudgePolicy, judge, type OverrideFacts } from "./judge.ts";

function judged(one: Case, overrides: OverrideFacts | null = null, policy: JudgePolicy = {}) {
  return judge({ ...inputOf(one), history: one.history === undefined ? historyOf() : one.history, overrides }, policy);
}

const allowed: ListEntry = {
  id: "41",
  kind: "ip-allow",
  action: "allow",
  subject: { kind: "network", network: "198.51.100.0/24" },
  recipient: null,
  scopes: ["authentication"],
  needsAuthentication: false,
  note: null,
  by: "ada",
  madeDay: 20_000,
  matchedDay: null,
  expiry: { kind: "never" },
};

function ruleOf(text: string): NamedRule {
  const parsed = parseRule(text);
  assert.equal(parsed.status, "read");
  return parsed.status === "read" ? { id: "invoices", by: "configuration", mode: "enforce", rule: parsed.rule } : assert.fail();
}

describe("without overrides the stages stand as they are", () => {
  const cases: Readonly<Record<string, Case>> = {
    "p=reject": { dmarc: dmarcFail("reject") },
    "a signature of another": { dkim: [signatureOf({})] },
    "no store": { history: null },
    outbound: { transaction: { direction: "outbound" } },
  };
  for (const [name, one] of Object.entries(cases)) {
    test(name, () => {
      const input = inputOf(one);
      const history = one.history === undefined ? historyOf() : one.history;
      const policy: JudgePolicy = { mode: "enforce" };
      const verdict = decide(input, history, policy);
      const { standing, facts } = standingOf({ ...input, verdict }, history, policy);
      const suspicion = suspicionOf(input, history, policy);
      const done = actionOf({ ...input, verdict, standing, suspicion, history }, policy);
      assert.deepEqual(judged(one, null, policy), {
        policy: decisivePolicy(policy, input),
        verdict,
        standing,
        suspicion,
        marks: senderMarks(input, { verdict, standing }, {}),
        overrides: [],
        action: done.action,
        reply: done.reply,
        stamps: [],
        from: null,
        facts: [...facts, ...suspicion, ...done.facts],
      });
    });
  }
});

describe("overrides", () => {
  const found = (lists: readonly ListEntry[], answers = {}): OverrideFacts => ({ lists, filters: [], answers });

  test("an entry on the client takes the place of the decision, and stands in the policy that is shown", () => {
    const { verdict, policy, overrides, action } = judged({ dmarc: dmarcFail("reject") }, found([allowed]), { mode: "enforce" });
    assert.equal(`${verdict.compauth} ${verdict.reason}`, "none 400");
    assert.deepEqual(policy.bypasses, [{ id: "41", kind: "ip-allow", client: ["198.51.100.0/24"], by: "ada" }]);
    assert.deepEqual(overrides, [{ kind: "ip-allow", scope: "authentication", entry: "41", by: "ada", applied: true }]);
    assert.equal(action.kind, "deliver");
  });

  test("the verdict comes again from what is shown of the policy", () => {
    const input = inputOf({ dmarc: dmarcFail("reject") });
    const { verdict, policy } = judged({ dmarc: dmarcFail("reject") }, found([allowed]));
    assert.deepEqual(decide(input, historyOf(), policy), verdict);
  });

  test("a rule reads the header by its recorded answers, and sets the action, never compauth", () => {
    const rules = [ruleOf('when header subject contains "invoice" and compauth is fail then reject "No invoices."')];
    const answers = { 'header subject contains "invoice"': true };
    const { verdict, action, reply, overrides, facts } = judged({}, found([], answers), { rules, mode: "enforce" });
    assert.equal(verdict.compauth, "fail");
    assert.equal(action.kind, "reject");
    assert.equal(action.withheld, false);
    assert.deepEqual(reply, { id: "rule-refuses", text: "No invoices." });
    assert.deepEqual(overrides, [{ kind: "rule", scope: "action", entry: "invoices", by: "configuration", applied: true }]);
    assert.equal(facts.at(-1)?.id, "override-rule");
    assert.equal(judged({}, found([]), { rules, mode: "enforce" }).action.kind, "deliver");
  });

  test("a pair is told as an override although no list was found", () => {
    const history = historyOf({ entries: [entryOf("block")] });
    const { overrides, standing, verdict } = judged({ history }, null, { mode: "enforce" });
    assert.equal(verdict.reason, "002");
    assert.equal(standing, "blocked");
    assert.deepEqual(overrides, [{ kind: "pair", scope: "spoof", entry: "17", by: "ada", applied: true }]);
  });

  test("a forwarder of the configuration counts as one of the store", () => {
    const forwarder: ListEntry = { ...allowed, id: "alumni", kind: "forwarder", scopes: ["spoof"], by: "configuration" };
    const dkim = [signatureOf({ domain: "contoso.com", alignedBestGuess: true, result: "fail", headerResult: "pass", bodyResult: "fail" })];
    const { overrides, action } = judged({ dmarc: dmarcFail("reject"), dkim }, null, { forwarders: [forwarder], mode: "enforce" });
    assert.deepEqual(overrides, [{ kind: "forwarder", scope: "spoof", entry: "alumni", by: "configuration", applied: true }]);
    assert.equal(action.kind, "deliver");
  });

  test("profile consumer: an entry that would accept does nothing", () => {
    const { verdict, overrides } = judged({ dmarc: dmarcFail("reject") }, found([allowed]), { profile: "consumer", mode: "enforce" });
    assert.equal(verdict.reason, "000");
    assert.deepEqual(
      overrides.map(({ applied }) => applied),
      [false],
    );
  });
});

/** Readiness: each rule by itself, whom it would hit, who of them looks legitimate, and what to do first. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Case, changedBody, dmarcFail, entryOf, established, historyOf, signatureOf } from "../../../test/decision-case.ts";
import { judgedDecision } from "../../../test/decisions.ts";
import { loadConfig } from "../../config/load.ts";
import type { JudgePolicy } from "../judge.ts";
import { judgePolicyOf } from "../judge-policy.ts";
import { actingRules, onlyRule, type RuleName, ruleNames } from "./only-rule.ts";
import { countReadiness, type RuleHits } from "./readiness.ts";
import { looksOf, stateOf } from "./readiness-state.ts";

function policyOfText(text: string): JudgePolicy {
  const loaded = loadConfig(Buffer.from(text));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return judgePolicyOf(loaded.config);
}

const empty = policyOfText("");

async function hitsOf(cases: readonly Case[], policy: JudgePolicy = empty): Promise<Readonly<Record<RuleName, RuleHits>>> {
  const counted = countReadiness(() => policy);
  for (const [n, one] of cases.entries()) await counted.add(judgedDecision(n, one, { policy }));
  return Object.fromEntries(counted.report().rules.map((hits) => [hits.rule, hits])) as Readonly<Record<RuleName, RuleHits>>; // each rule has one
}

function only(hits: RuleHits) {
  const [sender] = hits.senders.sorted();
  assert.ok(sender !== undefined && hits.senders.sorted().length === 1);
  return sender;
}

const knowing = historyOf({ from: established(), contact: { wroteTo: 3, heardFrom: 0, firstDay: 20_000 } });

describe("which rule would have done it", () => {
  const cases: readonly (readonly [RuleName, Case, JudgePolicy?])[] = [
    ["dmarc_reject", { dmarc: dmarcFail("reject"), history: historyOf() }, { ...empty, honorReject: "always" }],
    ["dmarc_quarantine", { dmarc: dmarcFail("quarantine"), history: historyOf() }],
    ["blocks", { history: historyOf({ entries: [entryOf("block")] }) }],
    ["from", { from: { reason: "no-angle-brackets", result: "invalid" }, history: historyOf() }],
    ["ipv6", { transaction: { ip: "2001:db8::7" }, history: historyOf() }],
    ["rules", { history: historyOf() }, policyOfText("[[rules]]\nname = 'r'\ntext = 'when compauth is fail then junk'")],
  ];
  for (const [rule, one, policy] of cases) {
    test(rule, async () => {
      const hits = await hitsOf([one], policy ?? empty);
      assert.deepEqual(
        ruleNames.filter((name) => hits[name].messages > 0),
        [rule],
      );
      assert.deepEqual([...hits[rule].recipients], ["ben@fabrikam.com"]);
    });
  }

  test("a message that several rules would hit counts with each, and one that an allow lifts with none", async () => {
    const both: Case = { dmarc: dmarcFail("quarantine"), from: { reason: "no-angle-brackets", result: "invalid" }, history: historyOf() };
    const hits = await hitsOf([both, { dmarc: dmarcFail("quarantine"), history: historyOf({ entries: [entryOf("allow")] }) }]);
    assert.equal(hits.dmarc_quarantine.messages, 1);
    assert.equal(hits.from.messages, 1);
  });
});

describe("who looks legitimate", () => {
  test("correspondence and a signature broken on the way speak for a sender", async () => {
    const { dmarc_quarantine: hits } = await hitsOf([{ dmarc: dmarcFail("quarantine"), dkim: [changedBody], history: knowing }]);
    const sender = only(hits);
    assert.deepEqual([...sender.signs].sort(), ["correspondence", "forwarded"]);
    assert.equal(looksOf(sender), "legitimate");
    assert.equal(stateOf(hits, { acting: false, early: false }), "fix");
    assert.equal(stateOf(hits, { acting: true, early: false }), "acts");
  });

  test("nothing is concluded from silence; a domain of ours in a stranger's mouth is hostile", async () => {
    const unknown = await hitsOf([{ dmarc: dmarcFail("quarantine"), history: historyOf() }]);
    assert.equal(stateOf(unknown.dmarc_quarantine, { acting: false, early: false }), "look");
    assert.equal(stateOf(unknown.dmarc_quarantine, { acting: false, early: true }), "early");
    const own = await hitsOf(
      [{ dmarc: dmarcFail("quarantine"), history: historyOf() }],
      policyOfText('domains = [{ name = "contoso.com" }]'),
    );
    assert.equal(looksOf(only(own.dmarc_quarantine)), "hostile");
    assert.equal(stateOf(own.dmarc_quarantine, { acting: false, early: false }), "ready");
    assert.equal(stateOf(own.spoof, { acting: false, early: false }), "ready");
  });
});

describe("what to do first", () => {
  const adviceOf = async (rule: RuleName, one: Case, policy: JudgePolicy = empty) =>
    only((await hitsOf([one], policy))[rule]).latest.advice;

  test("the pair that can be allowed, and the record that the sender should publish", async () => {
    assert.deepEqual(await adviceOf("dmarc_quarantine", { dmarc: dmarcFail("quarantine"), dkim: [signatureOf({})], history: knowing }), {
      command: ["allow", "contoso.com", "dkim:service.example"],
      fix: "contoso.com should sign with DKIM (d=contoso.com), or use a MAIL FROM of its own with ip4:198.51.100.7 in its SPF record",
    });
    const broken = { ...changedBody, reason: "expired" as const, bodyResult: "pass" as const };
    const { fix } = await adviceOf("dmarc_quarantine", { dmarc: dmarcFail("quarantine"), dkim: [broken], history: knowing });
    assert.equal(fix, "contoso.com should mend its DKIM signature (expired, selector s1)");
  });

  test("a cosmetic fault in From can be forgiven by client; several From fields by nobody", async () => {
    const cosmetic = await adviceOf("from", { from: { reason: "no-angle-brackets", result: "invalid" }, history: knowing });
    assert.deepEqual(cosmetic.command, ["allow", "--ip", "198.51.100.7", "--scope", "from-validation"]);
    assert.equal((await adviceOf("from", { from: { reason: "several-fields", result: "invalid" }, history: knowing })).command, null);
  });

  test("over IPv6: the reverse name, the records, or the domain that has not opted in", async () => {
    const ip = "2001:db8::7";
    assert.equal((await adviceOf("ipv6", { transaction: { ip }, history: knowing })).fix, `${ip} needs a reverse name`);
    const named = await adviceOf("ipv6", { transaction: { ip }, ptr: "mail.contoso.com", history: knowing });
    assert.equal(named.fix, `the sender should publish SPF for ${ip}, or sign with DKIM`);
    const shut = policyOfText('domains = [{ name = "fabrikam.com" }]');
    const { fix } = await adviceOf(
      "ipv6",
      { transaction: { ip }, dkim: [signatureOf({})], ptr: "mail.contoso.com", history: knowing },
      shut,
    );
    assert.equal(fix, "a recipient's domain has not opted in: ipv6 = true in its [[domains]]");
  });
});

test("which rules act already", () => {
  assert.deepEqual([...actingRules(empty)], []);
  assert.deepEqual([...actingRules(policyOfText('[policy]\nmode = "enforce"\nenforce = { spoof = false }'))].includes("spoof"), false);
  for (const rule of ruleNames) {
    const policy = onlyRule(policyOfText("[[rules]]\nname = 'r'\ntext = 'when compauth is fail then junk'"), rule);
    assert.deepEqual([...actingRules(policy)], [rule]);
  }
});

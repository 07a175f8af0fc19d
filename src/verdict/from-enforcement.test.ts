import assert from "node:assert/strict";
import { test } from "node:test";
import { authorOf } from "../evidence/from/author.ts";
import { type FromReason, fromReasons } from "../evidence/from/result.ts";
import { parseFrom } from "../evidence/from/validate.ts";
import { enforceFrom, type FromPolicy, type FromQuestion } from "./from-enforcement.ts";
import type { Account, ClaimedFrom } from "./from-ownership.ts";
import { fromRuleRows, fromRules } from "./from-rules.ts";

const field = (value: string) => parseFrom(Buffer.from(`From: ${value}\r\n`, "utf8"));
const ofReason = (reason: FromReason | null, changes: Partial<ClaimedFrom> = {}): ClaimedFrom => ({
  result: reason === null ? "valid" : "invalid",
  reason,
  address: "ada@contoso.com",
  domain: "contoso.com",
  displayName: null,
  advice: [],
  domains: ["contoso.com"],
  ...changes,
});
const inbound = { direction: "inbound", mailFrom: "ada@contoso.com" } as const;
const outbound = { ...inbound, direction: "outbound" } as const;
const enforce: FromPolicy = { mode: "enforce" };
const asked = (from: ClaimedFrom, changes: Partial<FromQuestion> = {}): FromQuestion => ({
  transaction: inbound,
  envelopeVerified: true,
  from,
  overrides: [],
  account: null,
  ...changes,
});
const outcome = (question: FromQuestion, policy: FromPolicy = enforce) => enforceFrom(question, policy).outcome;

// The whole table, written a second time: a change to it is a change to this list.
const never = [
  "header-too-large",
  "several-fields",
  "malformed-field",
  "field-too-long",
  "control-character",
  "comment-too-deep",
  "too-many-addresses",
  "group",
  "several-domains",
  "encoded-word-in-address",
  "unterminated",
  "source-route",
  "syntax",
];
const authorless = ["missing", "empty", "domain", "address-literal"];

test("from-rules: what is forgiven, what misleads readers, what is cosmetic, for every reason", () => {
  for (const reason of fromReasons) {
    const rule = fromRules[reason];
    assert.equal(rule.forgiven, never.includes(reason) ? "never" : "by-override", reason);
    assert.equal(rule.readers, never.includes(reason) || reason === "all-quoted" ? "disagree" : "agree", reason);
    assert.equal(rule.form === "cosmetic", ![...never, ...authorless, "all-quoted"].includes(reason), reason);
  }
});

test("from-rules: cosmetic is what leaves DMARC its one author, and nothing else (compauth.md row 5)", () => {
  for (const reason of fromReasons) assert.equal(fromRules[reason].form === "cosmetic", authorOf(ofReason(reason)).single, reason);
});

test("from-rules: the printed table has every reason once", () => {
  const rows = fromRuleRows();
  assert.deepEqual(
    rows.map(({ reason }) => reason),
    [...fromReasons],
  );
  const row = (wanted: FromReason) => rows.find(({ reason }) => reason === wanted);
  assert.deepEqual(row("several-fields"), {
    reason: "several-fields",
    readers: "disagree",
    forgiven: "never",
    form: "grave",
    eop: "refused",
    ambiguous: "refused",
    bounce: "as other mail",
  });
  assert.equal(row("text-after-address")?.ambiguous, "stamped");
});

test("eop: every reason refuses with 550 5.7.512 and names itself; valid is accepted; off refuses nothing", () => {
  assert.equal(outcome(asked(ofReason(null))), "accept");
  for (const reason of fromReasons) {
    const decision = enforceFrom(asked(ofReason(reason)), enforce);
    assert.deepEqual([decision.outcome, decision.reply], ["refuse", { id: "from-invalid", reason }]);
    assert.equal(outcome(asked(ofReason(reason)), { ...enforce, from: "off" }), "stamp");
  }
});

test("ambiguous: refuses what readers disagree on, stamps the rest", () => {
  for (const reason of fromReasons) {
    const wanted = never.includes(reason) || reason === "all-quoted" ? "refuse" : "stamp";
    assert.equal(outcome(asked(ofReason(reason)), { ...enforce, from: "ambiguous" }), wanted, reason);
  }
});

// The article's invalid examples (reference eop.md §6), then forms that only look harmless.
const samples: readonly (readonly [string, ambiguous: "refuse" | "stamp", forgiven: "refuse" | "stamp"])[] = [
  ["<>", "stamp", "stamp"],
  ["<firstname lastname@contoso.com>", "stamp", "stamp"],
  ["Microsoft 365 sender@contoso.com", "stamp", "stamp"],
  ['"Microsoft 365" <sender@contoso.com> (Sent by a process)', "stamp", "stamp"],
  ["Sender, Example <sender.example@contoso.com>", "stamp", "stamp"],
  ['"Microsoft 365 <sender@contoso.com>"', "refuse", "stamp"],
  ['"Microsoft 365 <sender@contoso.com>" sender@contoso.com', "stamp", "stamp"],
  ["Microsoft 365<sender@contoso.com>", "stamp", "stamp"],
  ['"Microsoft 365"<sender@contoso.com>', "stamp", "stamp"],
  ["root@localhost", "stamp", "stamp"],
  ["printer@[192.0.2.1]", "stamp", "stamp"],
  ["a@contoso.com, b@fabrikam.com", "refuse", "refuse"],
  ["ceo@contoso.com <a@evil.test>", "refuse", "refuse"],
  ["<a@evil.test> ceo@contoso.com", "refuse", "refuse"],
  ["<@contoso.com:a@evil.test>", "refuse", "refuse"],
  ["a@contoso.com\0@evil.test", "refuse", "refuse"],
  ["=?utf-8?q?ceo=40contoso.com?=@evil.test", "refuse", "refuse"],
  ["a@contoso\u200b.com", "refuse", "refuse"],
  ["Sales: a@contoso.com;", "refuse", "refuse"],
  ["a@contoso.com\r\nFrom: a@contoso.com", "refuse", "refuse"],
];
for (const [value, ambiguous, forgiven] of samples) {
  test(`eop.md §6: From: ${JSON.stringify(value)}`, () => {
    const from = field(value);
    assert.equal(outcome(asked(from)), "refuse");
    assert.equal(outcome(asked(from), { ...enforce, from: "ambiguous" }), ambiguous);
    assert.equal(outcome(asked(from, { overrides: [entryOf("ip-allow", "from-validation")] })), forgiven);
  });
}

test("eop.md §6: a display name that shows another address is honest mailing-list mail too: advice refuses nothing", () => {
  assert.equal(outcome(asked(field('"ceo@contoso.com via list" <list@fabrikam.com>')), { ...enforce, from: "ambiguous" }), "accept");
});

function entryOf(kind: string, scope: string) {
  return { kind, scope, entry: "e1", by: "ada" };
}

test("eop.md §5: kind × scope × reason × direction × profile: only IP allow and rule of scope from-validation, inbound, organization", () => {
  const kinds = ["pair", "sender", "recipient", "rule", "safe-sender", "ip-allow", "ip-block", "domain", "filter", "forwarder"];
  for (const kind of kinds) {
    for (const scope of ["from-validation", "authentication", "spoof", "ipv6-gate"]) {
      for (const reason of fromReasons) {
        for (const transaction of [inbound, outbound]) {
          for (const profile of ["organization", "consumer"] as const) {
            const question = asked(ofReason(reason), { transaction, overrides: [entryOf(kind, scope)] });
            const { outcome: found, overrides, reply } = enforceFrom(question, { ...enforce, profile });
            const forgives =
              ["ip-allow", "rule"].includes(kind) &&
              scope === "from-validation" &&
              transaction.direction === "inbound" &&
              profile === "organization" &&
              !never.includes(reason);
            const what = `${kind} ${scope} ${reason} ${transaction.direction} ${profile}`;
            assert.equal(found, forgives ? "stamp" : "refuse", what);
            assert.equal(reply === null, forgives, what);
            assert.deepEqual(overrides, scope === "from-validation" ? [{ ...entryOf(kind, scope), applied: forgives }] : [], what);
          }
        }
      }
    }
  }
});

test("of several entries the IP allow is the one that forgave; an entry forgives nothing where nothing is wrong", () => {
  const overrides = [entryOf("rule", "from-validation"), { ...entryOf("ip-allow", "from-validation"), entry: "e2" }];
  const applied = (reason: FromReason | null) =>
    enforceFrom(asked(ofReason(reason), { overrides }), enforce).overrides.filter((entry) => entry.applied);
  assert.deepEqual(
    applied("text-after-address").map(({ entry }) => entry),
    ["e2"],
  );
  assert.deepEqual(applied(null), []);
});

test("RFC 5321 §4.5.5: a bounce with a cosmetic fault is stamped, never refused; with a grave one it is as other mail", () => {
  for (const direction of ["inbound", "outbound"] as const) {
    for (const mode of ["eop", "ambiguous"] as const) {
      for (const reason of fromReasons) {
        const found = outcome(asked(ofReason(reason), { transaction: { direction, mailFrom: "" } }), { ...enforce, from: mode });
        if (fromRules[reason].form === "cosmetic") assert.equal(found, "stamp", reason);
        else assert.equal(found, outcome(asked(ofReason(reason)), { ...enforce, from: mode }), reason);
      }
    }
  }
  // Attack: a bounce that offers two authors is not cosmetic.
  assert.equal(outcome(asked(field("ceo@contoso.com <a@evil.test>"), { transaction: { ...inbound, mailFrom: "" } })), "refuse");
  assert.equal(outcome(asked(ofReason("text-after-address"), { transaction: { ...inbound, mailFrom: null } })), "refuse");
});

test("observe mode, the default: the same outcome, withheld", () => {
  for (const mode of [undefined, "observe", "enforce"] as const) {
    const decision = enforceFrom(asked(ofReason("missing")), mode === undefined ? {} : { mode });
    assert.deepEqual([decision.outcome, decision.withheld], ["refuse", mode !== "enforce"]);
  }
  assert.equal(enforceFrom(asked(ofReason(null)), {}).withheld, false);
});

test("from_empty: assign-mail-from puts the sender of the envelope into an empty From, and only there", () => {
  const policy: FromPolicy = { ...enforce, fromEmpty: "assign-mail-from" };
  const empty = (value: string, mailFrom: string | null) =>
    enforceFrom(asked(field(value), { transaction: { ...inbound, mailFrom } }), policy);
  for (const value of ["", "<>", "Ada"]) {
    const { outcome: found, assigned, reply } = empty(value, "ada@Contoso.com");
    assert.deepEqual([found, assigned, reply], ["assign", "ada@contoso.com", null]);
  }
  const missing = enforceFrom(asked(parseFrom(Buffer.from("Subject: x\r\n"))), policy);
  assert.deepEqual([missing.outcome, missing.assigned], ["assign", "ada@contoso.com"]);
  for (const mailFrom of ["", null, "nobody", "<(any@victim.example>", "a@[192.0.2.1]", "a@b.test\r\nBcc: x@y.test"]) {
    assert.equal(empty("<>", mailFrom).outcome, "refuse", String(mailFrom));
  }
  assert.equal(outcome(asked(ofReason("several-fields")), policy), "refuse");
  assert.equal(outcome(asked(field("<>")), { ...policy, from: "ambiguous" }), "assign");
  assert.equal(outcome(asked(field("<>")), { ...policy, from: "off" }), "stamp");
  assert.equal(outcome(asked(field("<>")), { ...enforce, fromEmpty: "refuse" }), "refuse");
});

const account: Account = { name: "ada", addresses: ["Ada@Contoso.com"], domains: ["fabrikam.com", "*.fabrikam.com", "bücher.example"] };
const ownership: readonly (readonly [string, "accept" | "stamp" | "refuse"])[] = [
  ["ada@contoso.com", "accept"],
  ['"Ada" <ADA@contoso.COM>', "accept"],
  ['"ada"@contoso.com', "accept"],
  ["eve@contoso.com", "refuse"],
  ["ada+x@contoso.com", "refuse"],
  ["anyone@fabrikam.com", "accept"],
  ["anyone@mail.fabrikam.com", "accept"],
  ["anyone@xfabrikam.com", "refuse"],
  ["anyone@xn--bcher-kva.example", "accept"],
  ["anyone@sub.bücher.example", "refuse"],
];
for (const [value, wanted] of ownership) {
  test(`outbound: From must belong to the account: ${value}`, () => {
    const decision = enforceFrom(asked(field(value), { transaction: outbound, account }), enforce);
    assert.equal(decision.outcome, wanted);
    assert.deepEqual(decision.reply, wanted === "refuse" ? { id: "from-not-owned" } : null);
    assert.equal(enforceFrom(asked(field(value), { account }), enforce).outcome, "accept", "inbound nobody has an account");
  });
}

test("outbound: no entry lets an account write a stranger's From, and enforcement of form being off does not either", () => {
  const overrides = [entryOf("ip-allow", "from-validation"), entryOf("rule", "from-validation")];
  for (const from of ["eop", "ambiguous", "off"] as const) {
    const question = asked(field("eve@contoso.com"), { transaction: outbound, account, overrides });
    assert.deepEqual(enforceFrom(question, { ...enforce, from }).reply, { id: "from-not-owned" });
  }
});

test("attack, outbound: an author in doubt belongs to nobody, whatever is among the addresses", () => {
  const policy: FromPolicy = { ...enforce, from: "off" };
  for (const value of [
    "ada@contoso.com, eve@contoso.com",
    "ada@contoso.com <eve@evil.test>",
    "<@fabrikam.com:eve@evil.test>",
    "x@fabrikam.com\r\nFrom: eve@evil.test",
    "root@localhost",
    "ada@[192.0.2.1]",
  ]) {
    assert.equal(outcome(asked(field(value), { transaction: outbound, account }), policy), "refuse", value);
  }
  assert.equal(outcome(asked(field("ada@contoso.com, ada@contoso.com"), { transaction: outbound, account }), policy), "stamp");
  const { mailboxes: _, ...unknown } = field("ada@contoso.com, ada@contoso.com");
  assert.equal(outcome(asked(unknown, { transaction: outbound, account }), policy), "refuse", "addresses that were not kept");
  assert.equal(outcome(asked(field("a@fabrikam.com, b@fabrikam.com"), { transaction: outbound, account }), policy), "stamp");
});

test("outbound: an assigned From must belong to the account too; one that names nobody claims nothing", () => {
  const policy: FromPolicy = { ...enforce, fromEmpty: "assign-mail-from" };
  const assign = (mailFrom: string) => enforceFrom(asked(field("<>"), { transaction: { ...outbound, mailFrom }, account }), policy);
  assert.deepEqual([assign("ada@contoso.com").outcome, assign("ada@contoso.com").assigned], ["assign", "ada@contoso.com"]);
  assert.deepEqual([assign("eve@contoso.com").outcome, assign("eve@contoso.com").assigned], ["refuse", null]);
  assert.equal(outcome(asked(field("<>"), { transaction: outbound, account }), { ...enforce, from: "off" }), "stamp");
});

test("outbound: without a rule for the account ownership is not checked, and the facts say so; `*` is any", () => {
  const unchecked = enforceFrom(asked(field("eve@contoso.com"), { transaction: outbound }), enforce);
  assert.equal(unchecked.outcome, "accept");
  assert.match(unchecked.facts[1]?.fact ?? "", /nothing is laid down/);
  assert.equal(
    outcome(asked(field("a@b.test"), { transaction: outbound, account: { name: "list", addresses: [], domains: ["*"] } })),
    "accept",
  );
});

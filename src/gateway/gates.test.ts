/** From enforcement, anonymous IPv6 and null MX beside the table of actions: what acts, what is only told, and for whom. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Case, dmarcFail, historyOf, inputOf, spfOf } from "../../test/decision-case.ts";
import type { SenderNullMx } from "../verdict/null-mx.ts";
import type { GatePolicy } from "./gates.ts";
import { type JudgePolicy, judge } from "./judge.ts";

const observed: GatePolicy = {
  from: { mode: "observe" },
  ipv6: { enforced: false },
  nullMx: { inbound: "mail-from", enforced: false },
  accepted: [
    { domain: "fabrikam.com", ipv6: true },
    { domain: "litware.example", ipv6: false },
  ],
  accounts: [],
};

function done(one: Case, gates: Partial<GatePolicy>, more: JudgePolicy & { readonly asked?: SenderNullMx } = {}) {
  const { asked = null, ...policy } = more;
  const facts = { ...inputOf(one), history: historyOf(), overrides: null, nullMx: asked };
  const { action, reply, from, facts: told } = judge(facts, { ...policy, gates: { ...observed, ...gates } });
  const each = action.perRecipient.map(({ recipient, kind }) => `${recipient.split("@")[0]} ${kind}`).join(", ");
  return {
    what: `${action.kind}${action.withheld ? " (withheld)" : ""}: ${each}`,
    reply: reply?.id ?? null,
    from,
    told: told.map(({ id }) => id),
  };
}

const broken: Case = { from: { result: "invalid", reason: "several-fields" } };
const anonymous: Case = {
  transaction: { ip: "2001:db8::7", tls: null, rcptTo: ["ben@fabrikam.com", "lea@litware.example"] },
  ptr: "mail.contoso.com",
};

describe("From enforcement", () => {
  test("observed it is told as what would happen; enforced it refuses", () => {
    assert.deepEqual(pick(done(broken, {})), ["reject (withheld): ben reject", "from-invalid"]);
    assert.deepEqual(pick(done(broken, { from: { mode: "enforce" } })), ["reject: ben reject", "from-invalid"]);
    assert.equal(done(broken, {}).from?.outcome, "refuse");
  });

  test("a From that keeps the rules leaves no trace", () => {
    const { what, told } = done({}, { from: { mode: "enforce" } });
    assert.equal(what, "deliver (withheld): ben deliver");
    assert.ok(!told.includes("from-enforcement"));
  });

  test("where something else acts, what is observed does nothing", () => {
    const reject = { ...broken, dmarc: dmarcFail("quarantine") };
    assert.deepEqual(pick(done(reject, {}, { mode: "enforce" })), ["junk: ben junk", null]);
  });

  test("as hard as the table: the rule that is met first answers", () => {
    const reject: Case = { ...broken, dmarc: dmarcFail("reject") };
    assert.deepEqual(pick(done(reject, { from: { mode: "enforce" } }, { mode: "enforce", honorReject: "always" })), [
      "reject: ben reject",
      "from-invalid",
    ]);
  });
});

describe("anonymous IPv6", () => {
  test("a recipient whose domain has not opted in, alone", () => {
    const passing: Case = { ...anonymous, spf: [spfOf({})] };
    const { what, reply } = done(passing, { ipv6: { enforced: true } });
    assert.deepEqual([what, reply], ["deliver: ben deliver, lea reject", null]);
  });

  test("neither SPF nor DKIM: deferred for all; the refusal of one is harder", () => {
    assert.deepEqual(pick(done(anonymous, { ipv6: { enforced: true } })), ["tempfail: ben tempfail, lea reject", "ipv6-unauthenticated"]);
  });

  test("no override of it, and nothing of it over IPv4 or TLS", () => {
    assert.equal(done({}, { ipv6: { enforced: true } }).reply, null);
    const tls: Case = { transaction: { ...anonymous.transaction, tls: { version: "TLSv1.3", cipher: null, subject: null } } };
    assert.equal(done(tls, { ipv6: { enforced: true } }).reply, null);
  });
});

test("outbound: null MX of a recipient (RFC 7505 §4.1) refuses that recipient, and the message where it is the only one", () => {
  const to = (...rcptTo: readonly string[]): Case => ({ transaction: { direction: "outbound", authenticatedAs: "ann", rcptTo } });
  const asked: SenderNullMx = {
    mailFrom: null,
    from: null,
    recipients: [
      { domain: "noreply.example", answer: "null-mx" },
      { domain: "good.example", answer: "other" },
      { domain: "lost.example", answer: "unknown" },
    ],
  };
  const enforced = { nullMx: { inbound: "off", enforced: true } } as const;
  assert.deepEqual(pick(done(to("x@NoReply.example"), enforced, { asked })), ["reject: x reject", "recipient-null-mx"]);
  assert.deepEqual(pick(done(to("x@noreply.example"), {}, { asked })), ["reject (withheld): x reject", "recipient-null-mx"]);
  assert.deepEqual(pick(done(to("x@noreply.example", "y@good.example"), enforced, { asked })), ["deliver: x reject, y deliver", null]);
  assert.equal(done(to("z@lost.example"), enforced, { asked }).reply, null);
});

test("null MX counts where it was asked", () => {
  const asked: SenderNullMx = { mailFrom: "null-mx", from: null };
  assert.deepEqual(pick(done({}, { nullMx: { inbound: "mail-from", enforced: true } }, { asked })), [
    "reject: ben reject",
    "sender-null-mx",
  ]);
  assert.deepEqual(pick(done({}, { nullMx: { inbound: "mail-from", enforced: true } })), ["deliver (withheld): ben deliver", null]);
});

test("outbound: From must belong to the account, by login or by the relay's address", () => {
  const ada = { name: "ada", login: "ada", networks: [], addresses: ["ada@fabrikam.com"], domains: [] };
  const relay = { name: "relay", login: null, networks: ["198.51.100.0/24"], addresses: [], domains: ["contoso.com"] };
  const sent: Case = { transaction: { direction: "outbound", authenticatedAs: "ada" } };
  assert.equal(done(sent, { from: { mode: "enforce" }, accounts: [ada] }).reply, "from-not-owned");
  const relayed: Case = { transaction: { direction: "outbound", authenticatedAs: null } };
  assert.equal(done(relayed, { from: { mode: "enforce" }, accounts: [relay] }).reply, null);
});

function pick({ what, reply }: { readonly what: string; readonly reply: string | null }): readonly [string, string | null] {
  return [what, reply];
}

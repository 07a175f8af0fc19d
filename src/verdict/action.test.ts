import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, changedBody, dmarcFail, established, historyOf, inputOf, spfOf, tokenOf, verdictOf } from "../../test/decision-case.ts";
import { actionLines, actionOf, type DecidedAction } from "./action.ts";
import type { Policy } from "./policy.ts";
import { suspicionOf } from "./suspicion.ts";
import type { Standing } from "./verdict.ts";

const standings: readonly Standing[] = ["allowed", "good", "unknown", "suspicious", "blocked"];

function decided(one: Case, standing: Standing): DecidedAction {
  const input = inputOf(one);
  const policy = one.policy ?? {};
  const history = one.history === undefined ? historyOf() : one.history;
  return actionOf({ ...input, verdict: verdictOf(one), standing, history, suspicion: suspicionOf(input, history, policy) }, policy);
}
const kinds = (one: Case): string => standings.map((standing) => decided(one, standing).action.kind).join(" ");

// allowed, good, unknown, suspicious, blocked
const strict: Policy = { preset: "strict" };
const named = { ptr: "out.service.example", dkim: [{ ...changedBody, headerResult: "fail", reason: "signature" } as const] };
const softpass: Case = { ptr: "mail.contoso.com", infrastructure: { fromSpf: "fail" } };
const table: readonly (readonly [string, Case, string])[] = [
  ["fail 001", {}, "deliver deliver deliver junk quarantine"],
  ["fail 001, strict", { policy: strict }, "deliver deliver deliver quarantine quarantine"],
  ["fail 601", { policy: { acceptedDomains: ["contoso.com"] } }, "deliver deliver deliver junk quarantine"],
  ["fail 000, p=quarantine", { dmarc: dmarcFail("quarantine") }, "deliver junk junk junk quarantine"],
  [
    "… with quarantine held back",
    { dmarc: dmarcFail("quarantine"), policy: { quarantineAction: "quarantine" } },
    "deliver quarantine quarantine quarantine quarantine",
  ],
  ["fail 000, p=reject, and an adverse fact", { dmarc: dmarcFail("reject") }, "deliver reject reject reject reject"],
  ["fail 000, p=reject, nothing adverse", { dmarc: dmarcFail("reject"), ...named }, "deliver junk junk reject reject"],
  ["fail 000, p=reject, looks forwarded", { dmarc: dmarcFail("reject"), dkim: [changedBody] }, "deliver junk junk reject reject"],
  [
    "fail 000, p=reject is final by the operator's will",
    { dmarc: dmarcFail("reject"), dkim: [changedBody], policy: { honorReject: "always" } },
    "deliver reject reject reject reject",
  ],
  ["fail 010", { dmarc: dmarcFail("reject"), policy: { acceptedDomains: ["contoso.com"] } }, "deliver reject reject reject reject"],
  [
    "several authors: the strictest failing policy",
    { from: { domains: ["contoso.com", "b.example"] }, dmarc: { ...dmarcFail("reject"), result: "permerror", reason: "author" } },
    "deliver reject reject reject reject",
  ],
  ["softpass", softpass, "deliver deliver deliver junk quarantine"],
  ["softpass, strict: as 001", { ...softpass, policy: strict }, "deliver deliver deliver quarantine quarantine"],
  ["pass", { dmarc: { result: "pass", reason: "aligned" } }, "deliver deliver deliver deliver deliver"],
  [
    "undecided, p=reject: come again",
    { dmarc: { ...dmarcFail("reject"), result: "temperror", reason: "identifier-dns", action: "none" } },
    "deliver tempfail tempfail tempfail quarantine",
  ],
  [
    "unanswered: whether anything is published is not known; come again, but for a suspicious pair",
    { dmarc: { result: "temperror", reason: "record-dns" } },
    "deliver tempfail tempfail junk quarantine",
  ],
  [
    "unanswered: p=none, and an identifier that may align is temperror",
    { dmarc: { ...dmarcFail("none"), result: "temperror", reason: "identifier-dns", action: "none" } },
    "deliver tempfail tempfail junk quarantine",
  ],
  [
    "unanswered, strict",
    { dmarc: { result: "temperror", reason: "record-dns" }, policy: strict },
    "deliver tempfail tempfail quarantine quarantine",
  ],
  [
    "without spoof intelligence implicit failures are not acted on",
    { policy: { spoofIntelligence: false } },
    "deliver deliver deliver deliver quarantine",
  ],
  [
    "… and p=reject leads to the quarantine action",
    { dmarc: dmarcFail("reject"), policy: { spoofIntelligence: false } },
    "deliver junk junk junk reject",
  ],
  ["mail of our own users", { transaction: { authenticatedAs: "me", direction: "outbound" } }, "deliver deliver deliver deliver deliver"],
];
for (const [name, one, expected] of table) test(`compauth.md "After the verdict": ${name}`, () => assert.equal(kinds(one), expected));

test("RFC 9989 §7.4: p=reject alone does not reject; each adverse fact by itself does", () => {
  const bare: Case = { dmarc: dmarcFail("reject"), ...named };
  const adverse: readonly Case[] = [
    { ...bare, dkim: [] },
    { ...bare, ptr: undefined as never },
    { ...bare, iprev: { generic: true } },
    { ...bare, spf: [spfOf({ result: "softfail" })] },
    { ...bare, infrastructure: { fromSpf: "fail" } },
    {
      ...bare,
      dkim: [...(bare.dkim ?? []), { ...changedBody, result: "permerror", reason: "no-key", headerResult: "none", bodyResult: "none" }],
    },
    { ...bare, history: historyOf({ tokens: [tokenOf({ kind: "ptr", value: "out.service.example" }, { complaints: 1 })] }) },
  ];
  assert.equal(decided(bare, "unknown").action.kind, "junk");
  for (const one of adverse) assert.equal(decided(one, "unknown").action.kind, "reject");
});

test("looks forwarded: each sign by itself, and none that a header can claim", () => {
  const forwarded: readonly Case[] = [
    { dkim: [changedBody] },
    { transaction: { trustedHop: "192.0.2.1" } },
    { arc: { result: "pass", reason: null, oldestPass: 0, sets: [], trusted: true } },
    { history: historyOf({ tokens: [tokenOf({ kind: "prefix", value: "198.51.100.7/32" }, { relayed: 3 })] }) },
    { history: historyOf({ carrier: { wroteTo: 0, heardFrom: 3, firstDay: 20_000 } }) },
  ];
  for (const one of forwarded) assert.equal(decided({ dmarc: dmarcFail("reject"), ...one }, "unknown").action.kind, "junk");
  const untrusted: Case = { dmarc: dmarcFail("reject"), arc: { result: "pass", reason: null, oldestPass: 0, sets: [], trusted: false } };
  assert.equal(decided(untrusted, "unknown").action.kind, "reject");
});

test("suspicion moves authenticated mail to junk, and never what the operator allows", () => {
  const played: Case = {
    dmarc: { result: "pass", reason: "aligned" },
    from: { domain: "fabr1kam.com", domains: ["fabr1kam.com"] },
    policy: { acceptedDomains: ["fabrikam.com"], mode: "enforce", enforce: { suspicion: false } },
  };
  assert.equal(kinds(played), "deliver junk junk junk junk");
  assert.ok(decided(played, "unknown").action.withheld, "the rule of suspicion holds back");
});

test("observe withholds; a single rule acts, or holds back, by itself", () => {
  const withheld = (policy: Policy, standing: Standing = "suspicious"): boolean => decided({ policy }, standing).action.withheld;
  assert.ok(withheld({}));
  assert.ok(!withheld({ mode: "enforce" }));
  assert.ok(!withheld({ enforce: { spoof: true } }));
  assert.ok(withheld({ enforce: { dmarcReject: true } }));
  assert.ok(withheld({ mode: "enforce", enforce: { spoof: false } }));
  assert.ok(!withheld({ enforce: { blocks: true } }, "blocked"));
  assert.ok(!decided({ dmarc: dmarcFail("reject"), policy: { enforce: { dmarcReject: true } } }, "unknown").action.withheld);
  assert.ok(!decided({ dmarc: dmarcFail("quarantine"), policy: { enforce: { dmarcQuarantine: true } } }, "unknown").action.withheld);
});

test("a rejection says whose DMARC it is, and each recipient has his action", () => {
  const { action, reply, facts } = decided({ dmarc: dmarcFail("reject") }, "unknown");
  assert.deepEqual(reply, { id: "dmarc-reject", domain: "contoso.com" });
  assert.deepEqual(action.perRecipient, [{ recipient: "ben@fabrikam.com", kind: "reject" }]);
  assert.deepEqual(facts[0]?.value, "weighed-reject");
  const later = decided({ dmarc: { ...dmarcFail("reject"), result: "temperror", reason: "identifier-dns" } }, "unknown");
  assert.equal(later.reply?.id, "authentication-temporary", "the record is known: an identifier's answer is what is missing");
  const unknown = decided({ dmarc: { ...dmarcFail("reject"), result: "temperror", reason: "record-dns" } }, "unknown");
  assert.equal(unknown.reply?.id, "dmarc-temporary");
});

test("in week one nothing of a domain without records is acted on, whatever it is", () => {
  const ways: readonly Case[] = [
    {},
    { ptr: "out.service.example" },
    { infrastructure: { fromSpf: "fail" } },
    { history: historyOf({ from: established({ authenticated: 0, unauthenticated: 900 }) }) },
  ];
  for (const one of ways) assert.equal(decided(one, "unknown").action.kind, "deliver");
});

test("the table prints: two presets, every verdict, every standing", () => {
  const lines = actionLines();
  assert.equal(lines.length, 14);
  assert.ok(lines.every((line) => standings.every((standing) => typeof line[standing] === "string")));
  assert.equal(lines.find(({ preset, verdict }) => preset === "strict" && verdict === "softpass")?.suspicious, "quarantine");
});

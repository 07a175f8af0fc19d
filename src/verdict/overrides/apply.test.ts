/**
 * Every override kind × scope × verdict × direction against reference/eop.md §5. The expectations are data of this file, made from the
 * documents and from docs/decisions/0013-override-order.md, not from order.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf, type Said, signature } from "../../../test/override-message.ts";
import { decide } from "../decide.ts";
import { enforceFrom } from "../from-enforcement.ts";
import type { KnownHistory, PairEntry } from "../history.ts";
import type { Policy } from "../policy.ts";
import { reasons } from "../reasons.ts";
import type { Action, DecisionInput, Standing, Verdict } from "../verdict.ts";
import { type Applied, applyOverrides } from "./apply.ts";
import { beforeDecision, fromOverrides, type Matched } from "./before.ts";
import type { FilterWord } from "./filters.ts";
import { defaultScopes, type ListEntry, type ListKind, needsAuthenticationByDefault, parseSubject } from "./list-entry.ts";
import { neverLifted, overrideOrder } from "./order.ts";
import type { NamedRule } from "./rule.ts";
import { parseRule } from "./rule-parser.ts";
import type { Scope } from "./scope.ts";

type Code = keyof typeof reasons;
/** What stands against the message, as the documents call it. */
type Situation = {
  readonly said?: Said;
  readonly code: Code;
  readonly standing?: Standing;
  /** What the table of actions says. */
  readonly base: Action["kind"];
  readonly pairs?: readonly PairEntry[];
  readonly lists?: readonly ListEntry[];
  readonly rules?: readonly NamedRule[];
  readonly filter?: FilterWord;
  /** What is done without any further override; default the base. */
  readonly done?: Action["kind"];
};

const unauthenticated: Said = { dmarc: { result: "fail", reason: "not-aligned", policy: "reject" } };
const authenticated: Said = { dmarc: { result: "pass", reason: "aligned", alignedBy: "dkim" } };
const block: PairEntry = { id: "b1", action: "block", user: "contoso.com", infrastructure: "*", evenIfAuthenticated: false, by: "eve" };

const situations = {
  "dmarc reject": { said: unauthenticated, code: "000", base: "reject" },
  "dmarc quarantine": { said: unauthenticated, code: "000", base: "quarantine" },
  "own dmarc": { said: { ...unauthenticated, from: "ann@fabrikam.com" }, code: "010", base: "reject" },
  spoof: { code: "001", standing: "suspicious", base: "junk" },
  "own spoof": { said: { from: "ann@fabrikam.com" }, code: "601", standing: "suspicious", base: "junk" },
  softpass: { code: "200", base: "junk" },
  undecided: { said: { dmarc: { result: "temperror", reason: "record-dns" } }, code: "001", base: "tempfail" },
  impersonation: { said: authenticated, code: "100", base: "junk" },
  "several authors": { said: { authors: ["contoso.com", "evil.example"] }, code: "001", base: "junk" },
  "pair block": { code: "002", standing: "blocked", pairs: [block], base: "quarantine" },
  malware: { said: authenticated, code: "100", filter: "malware", base: "deliver", done: "quarantine" },
  "hc phish": { said: authenticated, code: "100", filter: "high-confidence-phish", base: "deliver", done: "quarantine" },
  phish: { said: authenticated, code: "100", filter: "phish", base: "deliver", done: "quarantine" },
  spam: { said: authenticated, code: "100", filter: "spam", base: "deliver", done: "junk" },
  "ip block": { said: authenticated, code: "100", lists: [list("ip-block", "block", "198.51.100.0/24")], base: "deliver", done: "reject" },
  "sender block": {
    said: authenticated,
    code: "100",
    lists: [list("sender", "block", "contoso.com")],
    base: "deliver",
    done: "quarantine",
  },
  "domain block": { said: authenticated, code: "100", lists: [list("domain", "block", "contoso.com")], base: "deliver", done: "junk" },
  "rule junk": {
    said: authenticated,
    code: "100",
    rules: [named("r0", "when header x-never exists or from is contoso.com then junk")],
    base: "deliver",
    done: "junk",
  },
  "rule quarantine": {
    said: authenticated,
    code: "100",
    rules: [named("r0", "when from is contoso.com then quarantine")],
    base: "deliver",
    done: "quarantine",
  },
  "rule reject": {
    said: authenticated,
    code: "100",
    rules: [named("r0", "when from is contoso.com then reject")],
    base: "deliver",
    done: "reject",
  },
} as const satisfies Record<string, Situation>;
type SituationName = keyof typeof situations;

function list(kind: ListKind, action: "allow" | "block", subjectText: string, more: Partial<ListEntry> = {}): ListEntry {
  const subject = parseSubject(subjectText) ?? assert.fail(subjectText);
  const scopes = defaultScopes(kind, action);
  const needsAuthentication = action === "allow" && needsAuthenticationByDefault(kind, subject);
  const told = { note: null, by: "ann", madeDay: 0, matchedDay: null, expiry: { kind: "never" }, recipient: null } as const;
  return { id: `${kind}-${action}`, kind, action, subject, scopes, needsAuthentication, ...told, ...more };
}

function named(id: string, text: string, mode: "observe" | "enforce" = "enforce"): NamedRule {
  const parsed = parseRule(text);
  return parsed.status === "read" ? { id, by: "ann", mode, rule: parsed.rule } : assert.fail(text);
}

type Override = {
  readonly pairs?: readonly PairEntry[];
  readonly lists?: readonly ListEntry[];
  readonly rules?: readonly NamedRule[];
  /** What it lifts, by the documents. Everything else stands. */
  readonly lifts: readonly SituationName[];
};

// SAFE24: spam, spoof, phish but not malware or high-confidence phish. Spam filtering takes impersonation and domain lists in.
const filtering: readonly SituationName[] = ["impersonation", "phish", "spam", "domain block"];
const judgement: readonly SituationName[] = [
  "dmarc reject",
  "dmarc quarantine",
  "own dmarc",
  "spoof",
  "own spoof",
  "softpass",
  "undecided",
];
const foreign = judgement.filter((name) => !name.startsWith("own"));
const bob = { kind: "address", address: "bob@fabrikam.com" } as const;
const allowed: PairEntry = { id: "p1", action: "allow", user: "*", infrastructure: "evil.example", evenIfAuthenticated: false, by: "ann" };

const overrides: Readonly<Record<string, Override>> = {
  // TABL26: covers intra-org, cross-org and DMARC spoofing; nothing else of what filters say.
  "pair allow": { pairs: [allowed], lifts: judgement },
  // Tied to authentication: what fails stays failed.
  "sender allow": { lists: [list("sender", "allow", "contoso.com")], lifts: ["impersonation", "phish", "spam", "domain block"] },
  "domain allow": { lists: [list("domain", "allow", "contoso.com")], lifts: filtering },
  // One mailbox that gets everything past authentication; filters are another matter.
  "recipient allow": { lists: [list("recipient", "allow", "bob@fabrikam.com")], lifts: judgement },
  // SAFE24, PREC26: wins over Honor DMARC, rule blocks and anti-spam blocks; loses to blocks of the tenant's list. A rule that rejects ends
  // the dialogue before any mailbox. Decision 0013: never for the organization's own domains without authentication.
  "safe sender address": {
    lists: [list("safe-sender", "allow", "ann@contoso.com", { recipient: bob })],
    lifts: [...foreign, ...filtering, "rule junk", "rule quarantine"],
  },
  "safe sender own address": { lists: [list("safe-sender", "allow", "ann@fabrikam.com", { recipient: bob })], lifts: [] },
  "safe sender domain": {
    lists: [list("safe-sender", "allow", "contoso.com", { recipient: bob })],
    lifts: [...filtering, "rule junk", "rule quarantine"],
  },
  "safe sender of another mailbox": {
    lists: [list("safe-sender", "allow", "ann@contoso.com", { recipient: { kind: "address", address: "eve@fabrikam.com" } })],
    lifts: [],
  },
  // CF26: spam filtering and SPF, DKIM, DMARC; beats the IP block list.
  "ip allow": { lists: [list("ip-allow", "allow", "198.51.100.0/24")], lifts: [...judgement, ...filtering, "ip block"] },
  "ip allow for From alone": {
    lists: [list("ip-allow", "allow", "198.51.100.0/24", { scopes: ["from-validation"] })],
    lifts: ["ip block"],
  },
  // SAFE24: all spam filtering. Each scope lifts its own: none implies another.
  "rule bypass spoof": { rules: [named("r1", "when client is 198.51.100.7 then bypass spoof")], lifts: [...judgement, ...filtering] },
  "rule bypass authentication, early": {
    rules: [named("r1", "when client is 198.51.100.7 then bypass authentication")],
    lifts: [...judgement, ...filtering],
  },
  "rule bypass authentication, late": {
    rules: [named("r1", "when client is 198.51.100.7 and not from is never.example then bypass authentication")],
    lifts: ["dmarc reject", "dmarc quarantine", "own dmarc", ...filtering],
  },
  "rule bypass from-validation": { rules: [named("r1", "when client is 198.51.100.7 then bypass from-validation")], lifts: [] },
  "observed rule": { rules: [named("r1", "when client is 198.51.100.7 then bypass spoof", "observe")], lifts: [] },
};

function run(
  situation: Situation,
  override: Override,
  how: { readonly direction: "inbound" | "outbound"; readonly profile: "organization" | "consumer" },
): Applied {
  const input = messageOf({ ...situation.said, direction: how.direction });
  const matched: Matched = {
    lists: [...(situation.lists ?? []), ...(override.lists ?? [])],
    // The operator's own order: what the situation says comes first.
    rules: [...(situation.rules ?? []), ...(override.rules ?? [])],
    filters: situation.filter === undefined ? [] : [{ filter: "gate", verdict: situation.filter, seen: "" }],
  };
  const pairs = [...(situation.pairs ?? []), ...(override.pairs ?? [])];
  const verdict: Verdict = { compauth: reasons[situation.code].compauth, reason: situation.code, explanation: "", facts: [] };
  const action: Action = { kind: situation.base, smtp: null, withheld: false, perRecipient: [] };
  const standing = situation.standing ?? "unknown";
  return applyOverrides({ input, verdict, standing, pairs, answers: {}, action, reply: null }, matched, {
    profile: how.profile,
    acceptedDomains: ["fabrikam.com"],
    mode: "enforce",
  });
}

const none: Override = { lifts: [] };
for (const [name, override] of Object.entries(overrides)) {
  for (const [against, situation] of Object.entries(situations) as [SituationName, Situation][]) {
    const stands = situation.done ?? situation.base;
    const lifted = override.lifts.includes(against);
    test(`${name} × ${against} (eop.md §5): ${lifted ? "delivered" : stands}`, () => {
      const inbound = run(situation, override, { direction: "inbound", profile: "organization" });
      assert.equal(inbound.action.kind, lifted ? "deliver" : stands);
      const entry = [...(override.pairs ?? []), ...(override.lists ?? []), ...(override.rules ?? [])][0]?.id;
      const mine = inbound.overrides.filter(({ entry: id }) => id === entry);
      assert.equal(
        mine.some(({ applied }) => applied),
        lifted,
        "applied says whether it changed the outcome",
      );
      assert.equal(
        run(situation, override, { direction: "inbound", profile: "consumer" }).action.kind,
        stands,
        "consumer: nothing accepts",
      );
      const outbound = run(situation, override, { direction: "outbound", profile: "organization" });
      const dangerous = against === "malware" || against === "hc phish";
      assert.equal(outbound.action.kind, dangerous ? "quarantine" : situation.base, "outbound: not judged, but malware stays here");
      assert.ok(outbound.overrides.every((one) => !one.applied || dangerous));
    });
  }
}

for (const [against, situation] of Object.entries(situations) as [SituationName, Situation][]) {
  test(`without an accepting entry: ${against}`, () => {
    const applied = run(situation, none, { direction: "inbound", profile: "organization" });
    assert.equal(applied.action.kind, situation.done ?? situation.base);
    assert.ok(
      applied.overrides.every((one) => one.applied),
      "what is done says by whom",
    );
  });
}

test("the printed order covers every kind, each scope that it names, and lifts nothing that is never lifted", () => {
  assert.deepEqual(
    overrideOrder.map(({ place }) => place),
    overrideOrder.map((_, i) => i + 1),
  );
  for (const row of overrideOrder)
    for (const objection of row.lifts) assert.ok(!neverLifted.includes(objection), `${row.kind} ${objection}`);
  assert.ok(
    overrideOrder.every(({ scopes }) => !scopes.includes("ipv6-gate")),
    "no override waives the IPv6 rules",
  );
});

// ---- several recipients

test("several recipients: each has his own action, the mildest is answered, nobody borrows another's entry", () => {
  const input = messageOf({ ...unauthenticated, rcptTo: ["bob@fabrikam.com", "eve@fabrikam.com"] });
  const verdict: Verdict = { compauth: "fail", reason: "000", explanation: "", facts: [] };
  const action: Action = { kind: "reject", smtp: null, withheld: true, perRecipient: [] };
  const safe = list("safe-sender", "allow", "ann@contoso.com", { recipient: bob });
  const matched: Matched = { lists: [safe], rules: [], filters: [] };
  const decided = {
    input,
    verdict,
    standing: "unknown",
    pairs: [],
    answers: {},
    action,
    reply: { id: "dmarc-reject", domain: "contoso.com" },
  } as const;
  const applied = applyOverrides(decided, matched, {});
  assert.deepEqual(applied.action, {
    kind: "deliver",
    smtp: null,
    withheld: true,
    perRecipient: [
      { recipient: "bob@fabrikam.com", kind: "deliver" },
      { recipient: "eve@fabrikam.com", kind: "reject" },
    ],
  });
  assert.deepEqual(applied.overrides, [{ kind: "safe-sender", scope: "spoof", entry: "safe-sender-allow", by: "ann", applied: true }]);
  assert.equal(applied.reply, null);
  assert.deepEqual(applyOverrides(decided, { ...matched, lists: [] }, {}).reply, decided.reply, "the table's own reply stays");
});

test("replies: of a rule its text, of the IP block list the client and the recipient's domain", () => {
  const reply = (situation: Situation) => run(situation, none, { direction: "inbound", profile: "organization" }).reply;
  assert.deepEqual(reply(situations["rule reject"]), { id: "rule-refuses", text: null });
  assert.deepEqual(reply(situations["ip block"]), { id: "ip-blocked", ip: "198.51.100.7", domain: "fabrikam.com" });
  assert.equal(reply(situations["dmarc reject"]), null);
});

test("rules: the first that decides ends the search, stamps add up, an observed rule only tells", () => {
  const rules = [
    named("o", "when from is contoso.com then reject", "observe"),
    named("s", 'when from is contoso.com then stamp X-One "1"'),
    named("d", 'when client is 198.51.100.7 then stamp X-Two "2", bypass spoof'),
    named("l", 'when from is contoso.com then stamp X-Three "3", reject'),
  ];
  const applied = run({ ...situations.spoof, rules }, none, { direction: "inbound", profile: "organization" });
  assert.deepEqual([applied.action.kind, applied.action.withheld], ["reject", true], "nothing acts; the observed rule would reject");
  assert.deepEqual(applied.stamps, [
    { name: "X-One", value: "1" },
    { name: "X-Two", value: "2" },
  ]);
  assert.deepEqual(applied.overrides.map(({ entry, applied: did }) => [entry, did]).toSorted(), [
    ["d", true],
    ["o", true],
  ]);
  assert.match(
    applied.facts.map(({ fact }) => fact).join("; "),
    /rule entry o by ann \(action\) would apply: it is observed, not enforced; rule entry d by ann \(spoof\) applied/,
  );
});

test("safe senders only where authenticated, if the operator says so", () => {
  const input = messageOf(unauthenticated);
  const verdict: Verdict = { compauth: "fail", reason: "000", explanation: "", facts: [] };
  const action: Action = { kind: "reject", smtp: null, withheld: false, perRecipient: [] };
  const matched: Matched = { lists: [list("safe-sender", "allow", "ann@contoso.com", { recipient: bob })], rules: [], filters: [] };
  const decided = {
    input,
    verdict,
    standing: "unknown",
    pairs: [],
    answers: {},
    action,
    reply: { id: "dmarc-reject", domain: "contoso.com" },
  } as const;
  assert.equal(applyOverrides(decided, matched, { safeSenders: "authenticated" }).action.kind, "reject");
});

// ---- observe first: rules graduate one by one

test("observe: where nothing acts the action is what would be done, withheld; what is enforced acts all the same", () => {
  const input = messageOf(unauthenticated);
  const verdict: Verdict = { compauth: "fail", reason: "000", explanation: "", facts: [] };
  const would: Action = { kind: "reject", smtp: null, withheld: true, perRecipient: [] };
  const outcome = (rules: readonly NamedRule[], policy: Parameters<typeof applyOverrides>[2], action = would) => {
    const matched: Matched = { lists: [list("domain", "block", "contoso.com")], rules, filters: [] };
    const applied = applyOverrides({ input, verdict, standing: "unknown", pairs: [], answers: {}, action, reply: null }, matched, policy);
    return [applied.action.kind, applied.action.withheld, applied.overrides.filter((one) => one.applied).map(({ entry }) => entry)];
  };
  const quarantine = "when from is contoso.com then quarantine";
  const bypass = "when client is 198.51.100.7 then bypass spoof";
  assert.deepEqual(outcome([], {}), ["reject", true, []]);
  assert.deepEqual(
    outcome([], { mode: "observe", enforce: { blocks: true } }),
    ["junk", false, ["domain-block"]],
    "the block acts, the rejection is withheld",
  );
  assert.deepEqual(outcome([named("q", quarantine)], {}), ["quarantine", false, ["q"]], "a rule that graduated");
  assert.deepEqual(outcome([named("q", quarantine, "observe")], {}), ["reject", true, []]);
  assert.deepEqual(outcome([named("b", bypass, "observe")], {}), ["deliver", true, ["b"]], "what would be done with it");
  assert.deepEqual(
    outcome([named("b", bypass, "observe")], {}, { ...would, withheld: false }),
    ["reject", false, []],
    "it lifts nothing that acts",
  );
});

// ---- forwarders

const kept: Said = {
  ...unauthenticated,
  mailFrom: "ann@contoso.com",
  spf: { domain: "contoso.com", result: "fail", alignedBestGuess: true },
};
const changed: Said = {
  ...unauthenticated,
  dkim: [{ ...signature("contoso.com"), result: "fail", reason: "body-hash", bodyResult: "fail", alignedBestGuess: true }],
};
const srs: Said = { ...unauthenticated, mailFrom: "SRS0=ab1c=xy=contoso.com=ann@forwarder.example" };
const forwarders: readonly (readonly [string, string, Said, Code, boolean])[] = [
  ["by CIDR, the envelope kept", "198.51.100.0/24", kept, "000", true],
  ["by CIDR, an SRS envelope made from the author's", "198.51.100.0/24", srs, "000", true],
  ["by confirmed PTR suffix, the body changed", "ptr:forwarder.example", { ...changed, names: ["out.forwarder.example"] }, "000", true],
  ["an unconfirmed PTR is nobody's", "ptr:forwarder.example", { ...changed, unconfirmed: ["out.forwarder.example"] }, "000", false],
  ["by DKIM d=", "dkim:forwarder.example", { ...kept, signers: ["forwarder.example"] }, "000", true],
  ["a failure that does not look like forwarding", "198.51.100.0/24", unauthenticated, "000", false],
  ["an implicit failure that does not look like forwarding", "198.51.100.0/24", {}, "001", false],
  [
    "a domain of our own wants proof",
    "198.51.100.0/24",
    {
      ...kept,
      from: "ann@fabrikam.com",
      mailFrom: "ann@fabrikam.com",
      spf: { domain: "fabrikam.com", result: "fail", alignedBestGuess: true },
    },
    "010",
    false,
  ],
  ["a domain of our own, its signature over the header whole", "198.51.100.0/24", { ...changed, from: "ann@fabrikam.com" }, "010", true],
];
for (const [name, subject, said, code, lifted] of forwarders) {
  test(`trusted forwarder: ${name}`, () => {
    const situation: Situation = { said, code, standing: "suspicious", base: "reject" };
    const forwarder = list("forwarder", "allow", subject, { recipient: { kind: "domain", domain: "fabrikam.com" } });
    const kinds = (entry: ListEntry) =>
      run(situation, { lists: [entry], lifts: [] }, { direction: "inbound", profile: "organization" }).action.kind;
    assert.equal(kinds(forwarder), lifted ? "deliver" : "reject");
    assert.equal(
      kinds({ ...forwarder, recipient: { kind: "domain", domain: "other.example" } }),
      "reject",
      "for the recipient's domain alone",
    );
    assert.equal(
      run({ ...situation, filter: "malware" }, { lists: [forwarder], lifts: [] }, { direction: "inbound", profile: "organization" }).action
        .kind,
      lifted ? "quarantine" : "reject",
    );
  });
}

// ---- before the decision

const history: KnownHistory = {
  status: "known",
  day: 0,
  organization: "contoso.com",
  from: { authenticated: 0, signed: 0, unauthenticated: 0, days: 0, firstDay: null, lastDay: null },
  carrier: { wroteTo: 0, heardFrom: 0, firstDay: null },
  tokens: [],
  messages: 0,
  contact: { wroteTo: 0, heardFrom: 0, firstDay: null },
  returnsOurs: false,
  answersOurs: false,
  entries: [],
};

type Early = { readonly lists?: readonly ListEntry[]; readonly rules?: readonly NamedRule[]; readonly entries?: readonly PairEntry[] };
function decided(input: DecisionInput, early: Early, policy: Policy = {}): string {
  const matched: Matched = { lists: early.lists ?? [], rules: early.rules ?? [], filters: [] };
  const bypasses = beforeDecision(input, matched, policy);
  return decide(input, { ...history, entries: early.entries ?? [] }, { ...policy, bypasses }).reason;
}

const early: readonly (readonly [string, Said, Early, string])[] = [
  ["IP allow: none 400", unauthenticated, { lists: [list("ip-allow", "allow", "198.51.100.7")] }, "400"],
  ["IP allow of IPv6", { ...unauthenticated, ip: "2001:db8::7" }, { lists: [list("ip-allow", "allow", "2001:db8::/64")] }, "400"],
  ["IP allow of another network", unauthenticated, { lists: [list("ip-allow", "allow", "192.0.2.0/24")] }, "000"],
  [
    "IP allow without the scope",
    unauthenticated,
    { lists: [list("ip-allow", "allow", "198.51.100.7", { scopes: ["from-validation"] })] },
    "000",
  ],
  ["a pair block beats an IP allow", unauthenticated, { lists: [list("ip-allow", "allow", "198.51.100.7")], entries: [block] }, "002"],
  [
    "a rule on the client: none 401",
    unauthenticated,
    { rules: [named("r", "when client is 198.51.100.7 then bypass authentication")] },
    "401",
  ],
  ["a rule without the scope", unauthenticated, { rules: [named("r", "when client is 198.51.100.7 then bypass spoof")] }, "000"],
  [
    "an observed rule",
    unauthenticated,
    { rules: [named("r", "when client is 198.51.100.7 then bypass authentication", "observe")] },
    "000",
  ],
  [
    "a rule on evidence never changes compauth",
    unauthenticated,
    { rules: [named("r", "when client is 198.51.100.7 and spf is none then bypass authentication")] },
    "000",
  ],
  ["a recipient: none 401", unauthenticated, { lists: [list("recipient", "allow", "bob@fabrikam.com")] }, "401"],
  [
    "two recipients, one entry",
    { ...unauthenticated, rcptTo: ["bob@fabrikam.com", "eve@fabrikam.com"] },
    { lists: [list("recipient", "allow", "bob@fabrikam.com")] },
    "000",
  ],
  [
    "a safe sender never changes compauth",
    unauthenticated,
    { lists: [list("safe-sender", "allow", "ann@contoso.com", { recipient: bob })] },
    "000",
  ],
  [
    "a rule for one of two recipients",
    { ...unauthenticated, rcptTo: ["bob@fabrikam.com", "eve@fabrikam.com"] },
    { rules: [named("r", "when recipient is bob@fabrikam.com then bypass authentication")] },
    "000",
  ],
];
for (const [name, said, entries, code] of early) {
  test(`before the decision: ${name}`, () => {
    const input = messageOf(said);
    assert.equal(decided(input, entries), code);
    const consumers = entries.entries === undefined ? "000" : "002";
    assert.equal(decided(input, entries, { profile: "consumer" }), consumers, "consumer: nothing is bypassed");
    assert.deepEqual(
      beforeDecision(
        messageOf({ ...said, direction: "outbound" }),
        { lists: entries.lists ?? [], rules: entries.rules ?? [], filters: [] },
        {},
      ),
      [],
    );
  });
}

test("an entry that the decision rests on has applied", () => {
  for (const [code, lists, rules] of [
    ["400", [list("ip-allow", "allow", "198.51.100.7")], []],
    ["401", [list("recipient", "allow", "bob@fabrikam.com")], []],
    ["401", [], [named("r", "when client is 198.51.100.7 then bypass authentication")]],
  ] as const) {
    const applied = run({ said: unauthenticated, code, base: "deliver", lists, rules }, none, {
      direction: "inbound",
      profile: "organization",
    });
    assert.deepEqual(
      applied.overrides.map(({ scope, applied: did }) => [scope, did]),
      [["authentication", true]],
    );
  }
  const pair = run({ code: "001", standing: "allowed", base: "deliver", pairs: [allowed] }, none, {
    direction: "inbound",
    profile: "organization",
  });
  assert.deepEqual(pair.overrides, [{ kind: "pair", scope: "spoof", entry: "p1", by: "ann", applied: true }]);
});

// ---- From validation (FROM24): IP allow and rules alone, inbound alone, the article's syntactic rules alone

const scopesOf = (...scopes: Scope[]): Partial<ListEntry> => ({ scopes });
const forgiving: readonly (readonly [string, Early, boolean])[] = [
  ["IP allow", { lists: [list("ip-allow", "allow", "198.51.100.7")] }, true],
  ["IP allow of authentication alone", { lists: [list("ip-allow", "allow", "198.51.100.7", scopesOf("authentication"))] }, false],
  ["rule", { rules: [named("r", "when client is 198.51.100.7 then bypass from-validation")] }, true],
  ["rule of another scope", { rules: [named("r", "when client is 198.51.100.7 then bypass spoof, bypass authentication")] }, false],
  ["observed rule", { rules: [named("r", "when client is 198.51.100.7 then bypass from-validation", "observe")] }, false],
  ["safe sender", { lists: [list("safe-sender", "allow", "ann@contoso.com", { recipient: bob })] }, false],
  ["recipient", { lists: [list("recipient", "allow", "bob@fabrikam.com")] }, false],
  ["domain", { lists: [list("domain", "allow", "contoso.com")] }, false],
  ["forwarder", { lists: [list("forwarder", "allow", "198.51.100.0/24")] }, false],
];
for (const [name, entries, forgives] of forgiving) {
  test(`From validation: ${name} ${forgives ? "forgives a broken form" : "forgives nothing"}`, () => {
    const outcome = (
      reason: "no-space-before-bracket" | "several-fields",
      direction: "inbound" | "outbound",
      profile?: "consumer",
    ): string => {
      const message = messageOf({ direction });
      const input = { ...message, from: { ...message.from, domains: message.from.domains ?? [], result: "invalid" as const, reason } };
      const matched: Matched = { lists: entries.lists ?? [], rules: entries.rules ?? [], filters: [] };
      const verdict: Verdict = { compauth: "fail", reason: "001", explanation: "", facts: [] };
      const found = fromOverrides(input, matched, { input, verdict, standing: "unknown", answers: {} });
      const policy = profile === undefined ? { mode: "enforce" as const } : { mode: "enforce" as const, profile };
      return enforceFrom(
        { transaction: input.transaction, from: input.from, overrides: found, envelopeVerified: false, account: null },
        policy,
      ).outcome;
    };
    assert.equal(outcome("no-space-before-bracket", "inbound"), forgives ? "stamp" : "refuse");
    assert.equal(outcome("several-fields", "inbound"), "refuse", "forgiven by nothing");
    assert.equal(outcome("no-space-before-bracket", "outbound"), "refuse", "never for outbound");
    assert.equal(outcome("no-space-before-bracket", "inbound", "consumer"), "refuse");
  });
}

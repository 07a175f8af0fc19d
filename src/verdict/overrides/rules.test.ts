import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { messageOf, type Said, signature } from "../../../test/override-message.ts";
import { scanHeader } from "../../mail/header.ts";
import type { Standing, Verdict } from "../verdict.ts";
import { globMatches } from "./glob.ts";
import { type Condition, isEarly, type NamedRule, type Rule, type RuleAction, type Test } from "./rule.ts";
import { ruleRefusals } from "./rule-check.ts";
import { headerAnswers, holds } from "./rule-evaluate.ts";
import { formatRule } from "./rule-format.ts";
import { faultText, parseRule } from "./rule-parser.ts";

function rule(text: string): Rule {
  const parsed = parseRule(text);
  return parsed.status === "read" ? parsed.rule : assert.fail(`${text}: ${faultText(parsed.fault)}`);
}

const normal: readonly (readonly [string, string])[] = [
  ["when from is Contoso.com then junk", "when from is contoso.com then junk"],
  ["WHEN from IN (contoso.com) AND not (dmarc is PASS) THEN quarantine", "when from is contoso.com and not dmarc is pass then quarantine"],
  ["when client in 192.0.2.77/24 then bypass spoof", "when client is 192.0.2.0/24 then bypass spoof"],
  ["when client in (::ffff:192.0.2.1, 2001:DB8::1/32) then junk", "when client in (192.0.2.1, 2001:db8::/32) then junk"],
  [
    "when (from is a.example or from is b.example) and spf is fail then reject",
    "when (from is a.example or from is b.example) and spf is fail then reject",
  ],
  [
    "when from is a.example or (from is b.example and spf is fail) then junk",
    "when from is a.example or from is b.example and spf is fail then junk",
  ],
  [
    "when (from is a.example and spf is pass) and dkim is pass then junk",
    "when from is a.example and spf is pass and dkim is pass then junk",
  ],
  ["when not not iprev is fail then junk", "when not not iprev is fail then junk"],
  ["when not (spf is fail or spf is softfail) then junk", "when not (spf is fail or spf is softfail) then junk"],
  [
    'when header Subject contains "a \\"b\\" \\\\" then stamp X-Seen "yes", junk',
    'when header subject contains "a \\"b\\" \\\\" then stamp X-Seen "yes", junk',
  ],
  ['when header x-list matches "*@lists.*" then reject "Not here"', 'when header x-list matches "*@lists.*" then reject "Not here"'],
  ["when header list-id exists then junk", "when header list-id exists then junk"],
  [
    "when mail_from in (<>, *.contoso.com) and recipient is ann@fabrikam.com then junk",
    "when mail_from in (<>, *.contoso.com) and recipient is ann@fabrikam.com then junk",
  ],
  [
    "when reason in (001, 601, 001) and standing is suspicious then quarantine",
    "when reason in (001, 601) and standing is suspicious then quarantine",
  ],
  ['when from is "\\"a b\\"@contoso.com" then junk', 'when from is "\\"a b\\"@contoso.com" then junk'],
  [
    "# a comment\nwhen ptr is fabrikam.com # another\n and signed_by is x.example\nthen bypass authentication, bypass spoof",
    "when ptr is fabrikam.com and signed_by is x.example then bypass authentication, bypass spoof",
  ],
];
for (const [text, expected] of normal) {
  test(`rule: ${text}`, () => {
    assert.equal(formatRule(rule(text)), expected);
    assert.deepEqual(rule(expected), rule(text));
  });
}

const faults: readonly (readonly [string, string])[] = [
  ["", "line 1, column 1: wanted when, found the end of the rule"],
  ["whn from is a.example then junk", 'line 1, column 1: wanted when, found "whn"; did you mean when?'],
  [
    "when form is a.example then junk",
    'line 1, column 6: wanted not, from, mail_from, recipient, client, ptr, signed_by, header, spf, dkim, dmarc, arc, iprev, compauth, reason, standing, found "form"; did you mean from?',
  ],
  ["when from a.example then junk", 'line 1, column 11: wanted is or in, found "a.example"'],
  [
    "when dmarc is passed\nthen junk",
    'line 1, column 15: wanted pass, bestguesspass, fail, none, temperror, permerror, found "passed"; did you mean pass?',
  ],
  ["when from is a.example\nthem junk", 'line 2, column 1: wanted and, or, then, found "them"; did you mean then?'],
  ["when from is a.example then delete", 'line 1, column 29: wanted stamp, junk, quarantine, reject, bypass, found "delete"'],
  [
    "when from is a.example then bypass spoofing",
    'line 1, column 36: wanted from-validation, authentication, spoof, ipv6-gate, found "spoofing"',
  ],
  ["when (from is a.example then junk", 'line 1, column 25: wanted and, or, ), found "then"'],
  ["when from in (a.example then junk", 'line 1, column 25: wanted a comma or ), found "then"'],
  [
    "when client is 192.0.2.300 then junk",
    'line 1, column 16: wanted an address or a network, such as 192.0.2.0/24 or 2001:db8::/32, found "192.0.2.300"',
  ],
  ["when from is <> then junk", 'line 1, column 14: wanted an address, a domain or *.DOMAIN, found "<>"'],
  ['when header subject contains "" then junk', "line 1, column 30: wanted a text in quotes, found an empty text"],
  ['when header subject contains "x then junk', "line 1, column 30: the quote does not close"],
  [
    'when spf is fail then stamp Authentication-Results "x"',
    'line 1, column 29: wanted a field name that begins with X-, and not with X-Assay-, found "Authentication-Results"',
  ],
  [
    'when spf is fail then stamp X-Assay-Report "x"',
    'line 1, column 29: wanted a field name that begins with X-, and not with X-Assay-, found "X-Assay-Report"',
  ],
  ["when reason is 999 then junk", 'line 1, column 16: wanted a reason code such as 001, found "999"'],
  ["when spf is fail then junk junk", 'line 1, column 28: wanted a comma and another action, or the end of the rule, found "junk"'],
  ['when spf is fail then stamp X-A "a\nb"', "line 1, column 33: a quoted text stands on one line, without control characters"],
];
for (const [text, expected] of faults) {
  test(`rule fault: ${JSON.stringify(text)}`, () => {
    const parsed = parseRule(text);
    assert.ok(parsed.status === "fault");
    assert.ok(faultText(parsed.fault).startsWith(expected), faultText(parsed.fault));
  });
}

test("limits of a rule: depth, tests, values, length", () => {
  const at = (text: string): string => {
    const parsed = parseRule(text);
    return parsed.status === "read" ? "read" : parsed.fault.wanted;
  };
  const nested = (depth: number): string => `when ${"not ".repeat(depth)}spf is fail then junk`;
  assert.deepEqual([at(nested(15)), at(nested(16))], ["read", "at most 16 levels of not and parentheses"]);
  const tests = (count: number): string => `when ${Array.from({ length: count }, () => "spf is fail").join(" or ")} then junk`;
  assert.deepEqual([at(tests(64)), at(tests(65))], ["read", "at most 64 tests in one rule"]);
  const values = (count: number): string =>
    `when from in (${Array.from({ length: count }, (_, i) => `a${i}.example`).join(", ")}) then junk`;
  assert.deepEqual([at(values(64)), at(values(65))], ["read", "at most 64 values"]);
  assert.equal(at(`when spf is fail then junk ${" ".repeat(4096)}`), "a rule is at most 4096 characters long");
});

const domain = fc.constantFrom("contoso.com", "mail.fabrikam.com", "xn--bcher-kva.example");
const form = fc.oneof(
  domain.map((name) => ({ kind: "domain", domain: name }) as const),
  domain.map((name) => ({ kind: "below", domain: name }) as const),
  fc.tuple(fc.stringMatching(/^[a-z#]{1,5}$/), domain).map(([local, name]) => ({ kind: "address", address: `${local}@${name}` }) as const),
);
const several = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.uniqueArray(value, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) });
const text = fc.stringMatching(/^[ -~]{0,11}[!-~]$/);
const aTest: fc.Arbitrary<Test> = fc.oneof(
  fc.record({ kind: fc.constant("address" as const), field: fc.constantFrom("from" as const, "recipient" as const), forms: several(form) }),
  fc.record({ kind: fc.constant("client" as const), networks: several(fc.constantFrom("192.0.2.0/24", "2001:db8::/32", "192.0.2.9")) }),
  fc.record({ kind: fc.constant("name" as const), field: fc.constantFrom("ptr" as const, "signed_by" as const), domains: several(domain) }),
  fc.record({
    kind: fc.constant("header" as const),
    name: fc.constantFrom("subject", "x-a"),
    operator: fc.constantFrom("contains" as const, "matches" as const),
    text,
  }),
  fc.record({
    kind: fc.constant("word" as const),
    field: fc.constant("dmarc" as const),
    words: several(fc.constantFrom("pass", "fail", "bestguesspass")),
  }),
);
const condition = (depth: number): fc.Arbitrary<Condition> => {
  if (depth === 0) return aTest;
  const inner = condition(depth - 1);
  // A list within a list of the same word is one list to the parser.
  const parts = (word: "and" | "or") =>
    fc
      .array(
        inner.filter((one) => one.kind !== word),
        { minLength: 2, maxLength: 3 },
      )
      .map((list) => ({ kind: word, parts: list }) as const);
  return fc.oneof(
    inner,
    parts("and"),
    parts("or"),
    inner.map((part) => ({ kind: "not", part }) as const),
  );
};
const action: fc.Arbitrary<RuleAction> = fc.oneof(
  fc.record({ kind: fc.constant("stamp" as const), name: fc.constantFrom("X-Etr", "X-a"), value: text }),
  fc.constantFrom<RuleAction>({ kind: "junk" }, { kind: "quarantine" }, { kind: "reject", text: null }, { kind: "bypass", scope: "spoof" }),
  text.map((reply) => ({ kind: "reject", text: reply }) as const),
);

test("parseRule and formatRule are each other's inverse", () => {
  const rules = fc.record({ condition: condition(3), actions: fc.array(action, { minLength: 1, maxLength: 4 }) });
  fc.assert(
    fc.property(rules, (value) => assert.deepEqual(rule(formatRule(value)), JSON.parse(JSON.stringify(value)))),
    { numRuns: 500 },
  );
});

test("parseRule is total", () => {
  const words = fc.constantFrom("when", "from", "is", "in", "(", ")", ",", "and", "not", "then", "junk", '"x"', "a.example", "\\", '"');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((list) => list.join(" ")),
      ),
      (source) => assert.match(parseRule(source).status, /read|fault/),
    ),
  );
});

/** condition, code of the refusal or null */
const safety: readonly (readonly [string, string | null])[] = [
  ["from is contoso.com", "from-alone"],
  ["from is ceo@contoso.com", "from-alone"],
  ["mail_from is contoso.com", "from-alone"],
  ['header authentication-results contains "dmarc=pass"', "from-alone"],
  ["from is contoso.com and spf is pass", "from-alone"],
  ["from is contoso.com and dkim is pass", "from-alone"],
  ["from is contoso.com and arc is pass", "from-alone"],
  ["from is contoso.com and iprev is pass", "from-alone"],
  ["from is contoso.com and standing is unknown", "from-alone"],
  ["from is contoso.com and compauth in (pass, softpass)", "from-alone"],
  ["from is contoso.com and not dmarc is fail", "from-alone"],
  ["from is contoso.com and not client is 192.0.2.0/24", "from-alone"],
  ["from is contoso.com or dmarc is pass", "from-alone"],
  ["not (dmarc is pass and from is contoso.com)", "from-alone"],
  ["recipient is fabrikam.com and from is contoso.com", "from-alone"],
  ["from is contoso.com and client is 40.107.0.0/16", "shared"],
  ["from is contoso.com and ptr is outlook.com", "shared"],
  ["from is contoso.com and signed_by is sendgrid.net", "shared"],
  ["from is contoso.com and ptr is co.uk", "public-suffix"],
  ["client is 0.0.0.0/0", "range"],
  ["client is 10.0.0.0/8", "range"],
  ["from is contoso.com and dmarc in (pass, bestguesspass)", null],
  ["from is contoso.com and not dmarc in (fail, none, temperror, permerror)", null],
  ["from is contoso.com and compauth is pass", null],
  ["from is contoso.com and reason in (100, 109)", null],
  ["from is contoso.com and standing is allowed", null],
  ["from is contoso.com and client is 192.0.2.0/24", null],
  ["from is contoso.com and ptr is mail.contoso.example", null],
  ["from is contoso.com and signed_by is contoso.onmicrosoft.com", null],
  ["client is 192.0.2.0/24 or client is 2001:db8::/48", null],
  ["recipient is abuse@fabrikam.com", null],
  ["not (not dmarc is pass or not from is contoso.com)", null],
];
for (const [when, code] of safety) {
  for (const scope of ["spoof", "authentication"]) {
    test(`bypass ${scope} when ${when}: ${code ?? "may exist"}`, () => {
      const refusal = ruleRefusals(rule(`when ${when} then bypass ${scope}`), {})[0];
      assert.equal(refusal?.code ?? null, code);
      if (refusal?.offer == null) return;
      assert.match(refusal.offer, / and dmarc in \(pass, bestguesspass\) then bypass /);
      assert.deepEqual(ruleRefusals(rule(refusal.offer), {}), [], "what is offered may exist");
    });
  }
}

test("what bypasses nothing needs no anchor; nothing waives the IPv6 rules; a consumer's rules do not accept", () => {
  const codes = (source: string, profile?: "consumer") => ruleRefusals(rule(source), { profile }).map(({ code }) => code);
  assert.deepEqual(codes("when from is contoso.com then reject", "consumer"), []);
  assert.deepEqual(codes("when client is 192.0.2.1 then bypass ipv6-gate"), ["ipv6-gate"]);
  assert.deepEqual(codes("when client is 192.0.2.1 then bypass spoof", "consumer"), ["consumer"]);
  assert.deepEqual(codes("when from is contoso.com then bypass from-validation"), []);
  assert.deepEqual(codes("when client is 192.0.2.1 then junk, reject"), ["syntax"]);
  assert.deepEqual(codes("when client is 192.0.2.1 then junk, bypass spoof"), ["syntax"]);
});

test("the refusal of `from alone` offers the rule with an anchor, parentheses where they are needed", () => {
  const refusals = ruleRefusals(rule("when from is contoso.com or from is fabrikam.com then bypass spoof"), {});
  const offer = "when (from is contoso.com or from is fabrikam.com) and dmarc in (pass, bestguesspass) then bypass spoof";
  assert.deepEqual(
    refusals.map((refusal) => refusal.offer),
    [offer],
  );
});

const verdict: Verdict = { compauth: "fail", reason: "001", explanation: "", facts: [] };
const header = scanHeader(
  Buffer.from("Subject: =?utf-8?q?Ihre_Rechnung_=C3=BC?=\r\n =?utf-8?q?ber?= 5\r\nX-Kind: Newsletter 7\r\nX-Kind: other\r\n"),
  "crlf",
);

function holdsFor(when: string, said: Said & { readonly recipient?: string; readonly standing?: Standing }): boolean {
  const parsed = rule(`when ${when} then junk`);
  const input = messageOf(said);
  const named: NamedRule = { id: "r", by: "ann", mode: "enforce", rule: parsed };
  const decided = { input, verdict, standing: said.standing ?? "unknown", answers: headerAnswers([named], header) };
  return holds(parsed.condition, { transaction: input.transaction, recipient: said.recipient ?? "bob@fabrikam.com", decided });
}

const evaluated: readonly (readonly [string, Said & { readonly recipient?: string; readonly standing?: Standing }, boolean])[] = [
  ["from is contoso.com", {}, true],
  ["from is contoso.com", { from: "ann@mail.contoso.com" }, false],
  ["from is *.contoso.com", { from: "ann@mail.contoso.com" }, true],
  ["from is *.contoso.com", {}, false],
  ["from is ANN@contoso.com", { from: "Ann@Contoso.com" }, true],
  ["from is contoso.com", { authors: ["evil.example", "contoso.com"] }, true],
  ["mail_from is <>", { mailFrom: "" }, true],
  ["mail_from is <>", { mailFrom: null }, false],
  ["mail_from is evil.example", {}, true],
  ["recipient is fabrikam.com", {}, true],
  ["recipient is bob@fabrikam.com", { recipient: "eve@fabrikam.com" }, false],
  ["client is 198.51.100.0/24", {}, true],
  ["client in (192.0.2.0/24, 2001:db8::/32)", { ip: "2001:db8::1" }, true],
  ["client is 198.51.100.7", { ip: null }, false],
  ["ptr is evil.example", { names: ["mail.evil.example"] }, true],
  ["ptr is evil.example", { unconfirmed: ["mail.evil.example"] }, false],
  ["signed_by is news.example", { signers: ["news.example"] }, true],
  ["signed_by is news.example", { signers: ["x.news.example"] }, false],
  ["spf is none", {}, true],
  ["spf is softfail", { spf: { result: "softfail" } }, true],
  ["dkim is none", {}, true],
  ["dkim is none", { dkim: [signature("a.example")] }, false],
  ["dmarc in (pass, bestguesspass)", { dmarc: { result: "bestguesspass" } }, true],
  ["compauth is fail and reason is 001 and standing is good", { standing: "good" }, true],
  ["iprev is permerror and arc is none", {}, true],
  ['header subject contains "rechnung über"', {}, true],
  ['header x-kind matches "newsletter*"', {}, true],
  ['header x-kind matches "newsletter"', {}, false],
  ["header x-kind exists and not header list-id exists", {}, true],
  ["not from is contoso.com", {}, false],
  ["spf is pass or (dkim is none and not dmarc is pass)", {}, true],
];
for (const [when, said, expected] of evaluated) {
  test(`holds: ${when} for ${JSON.stringify(said)}: ${expected}`, () => assert.equal(holdsFor(when, said), expected));
}

test("only client, envelope and recipient make a rule that runs before the decision", () => {
  const early = (when: string): boolean => isEarly(rule(`when ${when} then junk`));
  assert.ok(early("client is 192.0.2.1 and not (recipient is a.example or mail_from is <>)"));
  for (const when of ["from is a.example", "spf is pass", "ptr is a.example", "header x exists", "client is 192.0.2.1 and dmarc is pass"])
    assert.ok(!early(when), when);
});

test("patterns: a star is any run, everything else itself, in any case", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*", "", true],
    ["a*c", "ABC", true],
    ["a*b*c", "a--b--c", true],
    ["a*b*c", "a--c--b", false],
    ["ab*ba", "aba", false],
    ["*x*", "axb", true],
    ["a.c", "abc", false],
    ["**", "any", true],
  ];
  for (const [pattern, value, expected] of cases) assert.equal(globMatches(pattern, value), expected, `${pattern} ${value}`);
});

test("a hostile header costs little: 256 KB against patterns full of stars, 200 rules", () => {
  const body = scanHeader(Buffer.from(`X-A: ${"a".repeat(60_000)}\r\n`.repeat(4)), "crlf");
  const parsed = rule(`when header x-a matches "${"a*".repeat(120)}b" or header x-a contains "${"a".repeat(100)}b" then junk`);
  const rules = Array.from({ length: 200 }, (_, i): NamedRule => ({ id: String(i), by: "ann", mode: "enforce", rule: parsed }));
  const start = performance.now();
  assert.ok(Object.values(headerAnswers(rules, body)).every((answer) => !answer));
  assert.ok(performance.now() - start < 2000, `${performance.now() - start} ms`);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { type AuthenticationResults, type MethodResult, parseAuthenticationResults } from "../mail/authentication-results.ts";
import { formatAuthenticationResults } from "./authentication-results.ts";

const method = (more: Partial<MethodResult>): MethodResult => ({
  method: "spf",
  version: null,
  result: "pass",
  reason: null,
  properties: [],
  comments: [],
  ...more,
});
const stamp = (...results: readonly MethodResult[]): AuthenticationResults => ({ authservId: "mx.example", version: null, results });
const property = (value: string): AuthenticationResults => stamp(method({ properties: [{ ptype: "smtp", property: "mailfrom", value }] }));

describe("RFC 8601 §2.2: what is written", () => {
  const cases: readonly [string, AuthenticationResults, string][] = [
    ["nothing was done", stamp(), "mx.example; none"],
    ["a version", { ...stamp(), version: 1 }, "mx.example 1; none"],
    ["one result", property("example.net"), "mx.example;\r\n spf=pass smtp.mailfrom=example.net"],
    [
      "method version, comment, reason, property in this order",
      stamp(method({ version: 1, comments: ["a (b)"], reason: "because", properties: [{ ptype: "policy", property: "x.y", value: "z" }] })),
      "mx.example;\r\n spf/1=pass (a (b)) reason=because policy.x.y=z",
    ],
    [
      "a property without ptype",
      stamp(method({ properties: [{ ptype: "", property: "action", value: "none" }] })),
      "mx.example;\r\n spf=pass action=none",
    ],
    ["Microsoft's form has no authserv-id", { ...property("a.example"), authservId: null }, "spf=pass smtp.mailfrom=a.example"],
    ["an address is no string", property("a+b=c@example.net"), "mx.example;\r\n spf=pass smtp.mailfrom=a+b=c@example.net"],
    ["a domain after @", property("@example.net"), "mx.example;\r\n spf=pass smtp.mailfrom=@example.net"],
    ["a quoted local part", property('"a b"@example.net'), 'mx.example;\r\n spf=pass smtp.mailfrom="a b"@example.net'],
    ["tspecials need quotes", property("2001:db8::1"), 'mx.example;\r\n spf=pass smtp.mailfrom="2001:db8::1"'],
    ["so does nothing", property(""), 'mx.example;\r\n spf=pass smtp.mailfrom=""'],
    ["a strange authserv-id", { ...stamp(), authservId: "mx; dmarc=pass" }, '"mx; dmarc=pass"; none'],
    [
      "names that are no keywords are left out",
      stamp(method({ method: "a b" }), method({ properties: [{ ptype: "x;y", property: "z", value: "1" }] })),
      "mx.example;\r\n spf=pass",
    ],
  ];
  for (const [title, value, text] of cases) test(title, () => assert.equal(formatAuthenticationResults(value), text));

  test("RFC 5322 §2.1.1: folded at 78 columns, the field's name counted", () => {
    const long = stamp(
      method({
        comments: ["one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"],
        reason: "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h",
      }),
    );
    const lines = `Authentication-Results: ${formatAuthenticationResults(long)}`.split("\r\n");
    assert.ok(lines.length > 3);
    for (const [i, line] of lines.entries()) {
      assert.ok(line.length <= 78, line);
      assert.ok(i === 0 || /^ \S/.test(line), line);
    }
    assert.deepEqual(parseAuthenticationResults(lines.join("\r\n")), long);
  });
  test("no line is white space alone, whatever runs of it a value has", () => {
    const value = property(`a${" ".repeat(300)}b${" ".repeat(100)}`);
    const text = formatAuthenticationResults(value);
    for (const line of text.split("\r\n")) assert.match(line, /\S/);
    assert.deepEqual(parseAuthenticationResults(text), value);
  });
});

describe("standards §4.7: injection", () => {
  const hostile = [
    "x\r\nAuthentication-Results: mx.example; dmarc=pass",
    "x\r\n\r\nbody",
    "x\n y",
    'x"; dmarc=pass header.from=victim.example; y="',
    "x; dmarc=pass",
    "x\\",
    'x\\"; dmarc=pass',
    "x (y",
    "x) ; dmarc=pass (",
    "x\0y",
    "x\u2028y\u202ey\u0085z",
    "\ud800",
    "(".repeat(100),
  ];
  for (const text of hostile) {
    test(`stays in its place: ${JSON.stringify(text).slice(0, 60)}`, () => {
      const value = stamp(
        method({ reason: text, comments: [text], properties: [{ ptype: "smtp", property: "helo", value: text }] }),
        method({ method: "dkim", result: "none" }),
      );
      const written = formatAuthenticationResults(value);
      assert.doesNotMatch(written.replaceAll("\r\n ", ""), /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
      const read = parseAuthenticationResults(written);
      assert.deepEqual(
        read?.results.map((one) => `${one.method}=${one.result}`),
        ["spf=pass", "dkim=none"],
      );
      const harmless = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]/g, "?");
      assert.deepEqual(
        [read?.results[0]?.reason, read?.results[0]?.comments, read?.results[0]?.properties[0]?.value],
        [harmless, [harmless], harmless],
      );
    });
  }
  test("lengths are capped, counted as written", () => {
    for (const character of ["a", '"', "\\", "é", "😀"]) {
      const written = formatAuthenticationResults(property(character.repeat(5000)));
      const longest = Math.max(...written.split("\r\n").map((line) => Buffer.byteLength(line)));
      assert.ok(longest <= limits.authenticationResultsValueBytesMax + 64, `${character}: ${longest}`);
      assert.notEqual(parseAuthenticationResults(written), null);
    }
    const atLimit = "a".repeat(limits.authenticationResultsValueBytesMax);
    assert.deepEqual(parseAuthenticationResults(formatAuthenticationResults(property(atLimit))), property(atLimit));
  });
  test("the whole is capped: results at the end are left out", () => {
    const many = stamp(...Array.from({ length: 1000 }, (_, i) => method({ reason: `number ${i} ${"x".repeat(200)}` })));
    const written = formatAuthenticationResults(many);
    assert.ok(written.length <= limits.authenticationResultsBytesMax);
    const read = parseAuthenticationResults(written);
    assert.deepEqual(read?.results, many.results.slice(0, read?.results.length));
  });
});

const keyword = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,12}[a-z0-9])?$/);
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'ab "\\()=;@.,é€😀'), maxLength: 40 }),
  fc.constantFrom(
    "example.com",
    "a@example.com",
    '"a b"@example.com',
    '"a\\"b"@x',
    "",
    "none",
    "@x",
    " ",
    "  a  ",
    '"a"',
    "smtp.mailfrom=x",
  ),
);
// fast-check's plain strings are printable ASCII; control characters are the subject of the tests above.
const version = fc.option(fc.integer({ min: 0, max: 999_999_999 }));
const dotted = fc.array(keyword, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
const properties = fc.array(
  fc.oneof(
    fc.record({ ptype: keyword, property: dotted, value: text }),
    fc.record({ ptype: fc.constant(""), property: keyword.filter((name) => name !== "reason"), value: text }),
  ),
  { maxLength: 5 },
);
const results = fc.array(
  fc.record({ method: keyword, version, result: keyword, reason: fc.option(text), properties, comments: fc.array(text, { maxLength: 3 }) }),
  { maxLength: 6 },
);
const records: fc.Arbitrary<AuthenticationResults> = fc.oneof(
  fc.record({ authservId: text, version: fc.constantFrom(null, 1), results }),
  // RFC 8617 §4.1.1: at the very front, `i=1` is ARC's instance and no method.
  fc.record({
    authservId: fc.constant(null),
    version: fc.constant(null),
    results: results.filter(([first]) => first !== undefined && first.method !== "i"),
  }),
);

// fast-check's records have no prototype; ours are plain objects.
const anyValue = records.map((value) => structuredClone(value));

describe("parse and format are each other's inverse", () => {
  test("value → text → value", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assert.deepEqual(parseAuthenticationResults(formatAuthenticationResults(value)), value);
        assert.deepEqual(parseAuthenticationResults(`Authentication-Results: ${formatAuthenticationResults(value)}\r\n`), value);
      }),
      { numRuns: 3000 },
    );
  });
  test("text → value → text → value, for whatever text can be read", () => {
    const token = fc.constantFrom(
      "mx.example",
      "spf",
      "=",
      "pass",
      ";",
      "(c)",
      " ",
      '"q"',
      "smtp.helo",
      "/1",
      "reason",
      "\r\n ",
      "none",
      "@",
      "é",
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 25 }), (tokens) => {
        const read = parseAuthenticationResults(tokens.join(""));
        if (read !== null) assert.deepEqual(parseAuthenticationResults(formatAuthenticationResults(read)), read);
      }),
      { numRuns: 5000 },
    );
  });
  test("lines never pass 998 octets, and 78 only where a word is too long", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        for (const line of `Authentication-Results: ${formatAuthenticationResults(value)}`.split("\r\n")) {
          assert.ok(Buffer.byteLength(line) <= 998);
          assert.ok(
            line.length <= 78 ||
              !line.trimStart().slice(0, 77).includes(" ") ||
              /\s\s/.test(line) ||
              line.startsWith("Authentication-Results:"),
            line,
          );
        }
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { loneDomains, type MethodResult, parseArcAuthenticationResults, parseAuthenticationResults } from "./authentication-results.ts";

type Short = readonly [text: string, properties?: Readonly<Record<string, string>>, more?: Partial<MethodResult>];

/** `method=result`, properties as `ptype.property`, and whatever else differs from nothing. */
function short([text, properties = {}, more = {}]: Short): MethodResult {
  const [method = "", result = ""] = text.split("=");
  const all = Object.entries(properties).map(([name, value]) => {
    const dot = name.indexOf(".");
    return { ptype: dot === -1 ? "" : name.slice(0, dot), property: name.slice(dot + 1), value };
  });
  return { method, version: null, result, reason: null, properties: all, comments: [], ...more };
}

type Row = readonly [title: string, text: string, authservId: string | null, version: number | null, ...results: readonly Short[]];

function rows(cases: readonly Row[]): void {
  for (const [title, text, authservId, version, ...results] of cases) {
    test(title, () => assert.deepEqual(parseAuthenticationResults(text), { authservId, version, results: results.map(short) }));
  }
}

describe("RFC 8601 §B: the examples", () => {
  rows([
    ["B.2: nothing was done", "example.org 1; none", "example.org", 1],
    [
      "B.3: one result",
      "example.com;\r\n          spf=pass smtp.mailfrom=example.net",
      "example.com",
      null,
      ["spf=pass", { "smtp.mailfrom": "example.net" }],
    ],
    [
      "B.4: several results",
      "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net",
      "example.com",
      null,
      ["auth=pass", { "smtp.auth": "sender@example.net" }, { comments: ["cram-md5"] }],
      ["spf=pass", { "smtp.mailfrom": "example.net" }],
    ],
    [
      "B.6: reasons",
      'example.com;\r\n dkim=pass reason="good signature"\r\n  header.i=@mail-router.example.net;\r\n dkim=fail reason="bad signature"\r\n  header.i=@newyork.example.com',
      "example.com",
      null,
      ["dkim=pass", { "header.i": "@mail-router.example.net" }, { reason: "good signature" }],
      ["dkim=fail", { "header.i": "@newyork.example.com" }, { reason: "bad signature" }],
    ],
    [
      "B.7: comments at every joint",
      "foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't expecting it) 1362471462",
      "foo.example.net",
      1,
      [
        "dkim=fail",
        { "policy.expired": "1362471462" },
        {
          version: 1,
          comments: [
            "Because I like it",
            "One yay",
            "wait for it",
            "A dot can go here",
            "like that",
            "this surprised me",
            "as I wasn't expecting it",
          ],
        },
      ],
    ],
  ]);
});

describe("RFC 8601 §2.2: the grammar", () => {
  rows([
    ["the whole field", "Authentication-Results: mx.example; spf=none", "mx.example", null, ["spf=none"]],
    [
      "the whole field in any case, with space before the colon",
      "AUTHENTICATION-RESULTS : mx.example; spf=none\r\n",
      "mx.example",
      null,
      ["spf=none"],
    ],
    [
      "no white space at all",
      "mx.example;spf=pass(ok)smtp.mailfrom=a;dkim=none",
      "mx.example",
      null,
      ["spf=pass", { "smtp.mailfrom": "a" }, { comments: ["ok"] }],
      ["dkim=none"],
    ],
    ["a quoted authserv-id", '"mx example; x" 1; none', "mx example; x", 1],
    [
      "keywords in any case",
      "mx.example; SPF=Pass SMTP.MailFrom=Example.NET",
      "mx.example",
      null,
      ["spf=pass", { "smtp.mailfrom": "Example.NET" }],
    ],
    [
      "a quoted value, quoted pairs resolved",
      'mx.example; x=y policy.z="a \\"b\\" \\\\ ; (c)"',
      "mx.example",
      null,
      ["x=y", { "policy.z": 'a "b" \\ ; (c)' }],
    ],
    [
      "a quoted local part keeps its quotes",
      'mx.example; spf=pass smtp.mailfrom="a b"@example.net smtp.helo=h',
      "mx.example",
      null,
      ["spf=pass", { "smtp.mailfrom": '"a b"@example.net', "smtp.helo": "h" }],
    ],
    ["a folded quoted value", 'mx.example; x=y reason="one\r\n two"', "mx.example", null, ["x=y", {}, { reason: "one two" }]],
    [
      "nested comments and quoted pairs in them",
      'mx.example; x=y (a (b (c)) \\( d \\) "; z)',
      "mx.example",
      null,
      ["x=y", {}, { comments: ['a (b (c)) ( d ) "; z'] }],
    ],
    ["a token as reason", "mx.example; compauth=fail reason=001", "mx.example", null, ["compauth=fail", {}, { reason: "001" }]],
    [
      "properties with dots and hyphens (RFC 8617, RFC 8904)",
      "mx.example; arc=pass smtp.remote-ip=192.0.2.1 header.oldest-pass=0 dns.a.b=c",
      "mx.example",
      null,
      ["arc=pass", { "smtp.remote-ip": "192.0.2.1", "header.oldest-pass": "0", "dns.a.b": "c" }],
    ],
    [
      "unknown ptypes and methods are kept",
      "mx.example; x-y_z/2=w foo.bar=baz",
      "mx.example",
      null,
      ["x-y_z=w", { "foo.bar": "baz" }, { version: 2 }],
    ],
    ["the same property twice stays twice", "mx.example; spf=pass smtp.helo=a", "mx.example", null, ["spf=pass", { "smtp.helo": "a" }]],
    [
      "RFC 8616 §5: characters beyond ASCII",
      "bücher.example; spf=pass smtp.mailfrom=jürgen@bücher.example",
      "bücher.example",
      null,
      ["spf=pass", { "smtp.mailfrom": "jürgen@bücher.example" }],
    ],
    ["comments before everything", "(c1) (c2) mx.example; spf=none", "mx.example", null, ["spf=none"]],
  ]);
  test("the same property twice stays twice", () => {
    const parsed = parseAuthenticationResults("mx.example; x=y a.b=1 a.b=2 reason=r reason=s");
    assert.deepEqual(
      parsed?.results[0]?.properties.map((one) => one.value),
      ["1", "2", "s"],
    );
    assert.equal(parsed?.results[0]?.reason, "r");
  });
});

describe("what large senders write", () => {
  const google =
    'mx.google.com;\r\n       dkim=pass header.i=@example.com header.s=s1 header.b=Ab/+12xY;\r\n       spf=pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom="a=b@example.com";\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com';
  rows([
    [
      "Google: base64 without quotes",
      google,
      "mx.google.com",
      null,
      ["dkim=pass", { "header.i": "@example.com", "header.s": "s1", "header.b": "Ab/+12xY" }],
      [
        "spf=pass",
        { "smtp.mailfrom": "a=b@example.com" },
        { comments: ["google.com: domain of a@example.com designates 192.0.2.1 as permitted sender"] },
      ],
      ["dmarc=pass", { "header.from": "example.com" }, { comments: ["p=REJECT sp=REJECT dis=NONE"] }],
    ],
    [
      "Microsoft before 2021-12: recipient domains between the results",
      "spf=none (sender IP is 10.2.3.4)\r\n smtp.mailfrom=fabrikam.com; contoso.com; dkim=none (message not\r\n signed) header.d=none;contoso.com; dmarc=bestguesspass action=none\r\n header.from=fabrikam.com;compauth=pass reason=109",
      null,
      null,
      ["spf=none", { "smtp.mailfrom": "fabrikam.com" }, { comments: ["sender IP is 10.2.3.4"] }],
      ["dkim=none", { "header.d": "none" }, { comments: ["message not signed"] }],
      ["dmarc=bestguesspass", { action: "none", "header.from": "fabrikam.com" }],
      ["compauth=pass", {}, { reason: "109" }],
    ],
    [
      "Microsoft since: a result beyond its grammar, several signatures",
      "spf=neutral (sender IP is\r\n 2001:1458:d00:65::100:ac) smtp.mailfrom=;dkim=timeout (key query timeout) header.d=HCL.COM;dkim=pass (signature was verified)\r\n header.d=b.example;dmarc=fail action=oreject header.from=c.example;",
      null,
      null,
      ["spf=neutral", { "smtp.mailfrom": "" }, { comments: ["sender IP is 2001:1458:d00:65::100:ac"] }],
      ["dkim=timeout", { "header.d": "HCL.COM" }, { comments: ["key query timeout"] }],
      ["dkim=pass", { "header.d": "b.example" }, { comments: ["signature was verified"] }],
      ["dmarc=fail", { action: "oreject", "header.from": "c.example" }],
    ],
    ["an authserv-id with a substructure", "example.com/mx1; spf=none", "example.com/mx1", null, ["spf=none"]],
    [
      "an empty value before another property",
      "mx.example; auth=pass smtp.auth= smtp.mailfrom=a@b.example",
      "mx.example",
      null,
      ["auth=pass", { "smtp.auth": "", "smtp.mailfrom": "a@b.example" }],
    ],
    ["a null path in brackets", "mx.example; spf=none smtp.mailfrom=<>", "mx.example", null, ["spf=none", { "smtp.mailfrom": "<>" }]],
    [
      "an IPv6 address without quotes",
      "mx.example; iprev=pass policy.iprev=2001:db8::1",
      "mx.example",
      null,
      ["iprev=pass", { "policy.iprev": "2001:db8::1" }],
    ],
    [
      "Microsoft with the recipient's domain in front",
      "vger.kernel.org; dkim=none (message not signed)\r\n header.d=none;vger.kernel.org; dmarc=none action=none header.from=;",
      "vger.kernel.org",
      null,
      ["dkim=none", { "header.d": "none" }, { comments: ["message not signed"] }],
      ["dmarc=none", { action: "none", "header.from": "" }],
    ],
    ["semicolons without content", "mx.example;; spf=none; ;", "mx.example", null, ["spf=none"]],
    ["ARC's form", "i=1; mx.example 1; spf=none", "mx.example", 1, ["spf=none"]],
  ]);
  test("the names between Microsoft's results", () => {
    assert.deepEqual(loneDomains("spf=none smtp.mailfrom=a.example; contoso.com; dkim=none; contoso.com"), ["contoso.com", "contoso.com"]);
    assert.deepEqual(loneDomains("mx.example; none"), []);
    assert.equal(loneDomains("mx.example; ="), null);
  });
});

describe("RFC 8617 §4.1.1: ARC-Authentication-Results", () => {
  test("Microsoft's, with its version", () => {
    const text =
      "ARC-Authentication-Results: i=2; mx.microsoft.com 1; spf=pass (sender ip is\r\n 172.17.17.17) smtp.rcpttodomain=microsoft.com; arc=pass (0 oda=1 ltdi=1\r\n spf=[1,1,smtp.mailfrom=a.example])";
    assert.deepEqual(parseArcAuthenticationResults(text), {
      instance: 2,
      results: {
        authservId: "mx.microsoft.com",
        version: 1,
        results: [
          short(["spf=pass", { "smtp.rcpttodomain": "microsoft.com" }, { comments: ["sender ip is 172.17.17.17"] }]),
          short(["arc=pass", {}, { comments: ["0 oda=1 ltdi=1 spf=[1,1,smtp.mailfrom=a.example]"] }]),
        ],
      },
    });
  });
  test("white space and comments around the instance", () => {
    assert.equal(parseArcAuthenticationResults(" (x) I (y) = 12 (z) ; mx.example; none")?.instance, 12);
  });
  for (const text of ["mx.example; none", "i=; mx.example; none", "i=1 mx.example; none", "i=1; ", "i=x; mx.example; none", ""]) {
    test(`no instance or no results: ${JSON.stringify(text)}`, () => assert.equal(parseArcAuthenticationResults(text), null));
  }
});

describe("what cannot be read is null", () => {
  const cases: readonly [string, string][] = [
    ["nothing", ""],
    ["white space", " \t\r\n "],
    ["an authserv-id alone", "mx.example"],
    ["an authserv-id and no result", "mx.example;"],
    ["a version without id", "1"],
    ["a version that does not exist (§2.6)", "mx.example 2; none"],
    ["no authserv-id before the semicolon", "; none"],
    ["`none` and more", "mx.example; none; spf=pass"],
    ["more and `none`", "mx.example; spf=pass; none"],
    ["a word alone", "mx.example; abc"],
    ["a dot for a method", "mx.example; .=pass"],
    ["a dot for a result", "mx.example; spf=."],
    ["a method version with a dot", "mx.example; spf/1.0=pass"],
    ["an empty reason", "mx.example; spf=pass reason=; dkim=none"],
    ["a result without a method after a word", "x=5; authserv-id"],
    ["an instance alone", "i=5;"],
    ["no semicolon before the results", "mx.example spf=pass"],
    ["a comma in the place of the semicolon", "evil.example, mx.example; dmarc=pass"],
    ["a comment without end", "mx.example; spf=pass (smtp.mailfrom=x"],
    ["a string without end", 'mx.example; spf=pass smtp.mailfrom="x'],
    ["a closing parenthesis alone", "mx.example; spf=pass ) x"],
    ["words behind a result", "mx.example; spf=pass because I say so"],
    ["a result without method", "mx.example; =pass"],
    ["a method without result", "mx.example; spf="],
    ["a property without name", "mx.example; spf=pass smtp.=x"],
    ["a property without value", "mx.example; spf=pass smtp.mailfrom"],
    ["a method version that is none", "mx.example; spf/x=pass"],
    ["a NUL", "mx.example; spf=pass\0"],
    ["another control character", "mx.example; spf=pass smtp.mailfrom=a\x01b"],
    ["an encoded word", "=?utf-8?q?mx.example?=; spf=pass"],
    ["comments too deep", `mx.example; spf=pass ${"(".repeat(limits.commentDepthMax + 1)}${")".repeat(limits.commentDepthMax + 1)}`],
  ];
  for (const [title, text] of cases) test(title, () => assert.equal(parseAuthenticationResults(text), null));
});

describe("limits", () => {
  test("authenticationResultsBytesMax", () => {
    const padded = (length: number): string => "mx.example; spf=pass smtp.helo=".padEnd(length, "x");
    assert.notEqual(parseAuthenticationResults(padded(limits.authenticationResultsBytesMax - 1)), null);
    assert.notEqual(parseAuthenticationResults(padded(limits.authenticationResultsBytesMax)), null);
    assert.equal(parseAuthenticationResults(padded(limits.authenticationResultsBytesMax + 1)), null);
  });
  test("authenticationResultsNameBytesMax", () => {
    const named = (length: number): string => `mx.example; ${"m".repeat(length)}=pass`;
    assert.notEqual(parseAuthenticationResults(named(limits.authenticationResultsNameBytesMax - 1)), null);
    assert.notEqual(parseAuthenticationResults(named(limits.authenticationResultsNameBytesMax)), null);
    assert.equal(parseAuthenticationResults(named(limits.authenticationResultsNameBytesMax + 1)), null);
  });
  test("commentDepthMax", () => {
    const deep = (depth: number): string => `mx.example; spf=pass ${"(".repeat(depth)}${")".repeat(depth)}`;
    assert.notEqual(parseAuthenticationResults(deep(limits.commentDepthMax - 1)), null);
    assert.notEqual(parseAuthenticationResults(deep(limits.commentDepthMax)), null);
    assert.equal(parseAuthenticationResults(deep(limits.commentDepthMax + 1)), null);
  });
  test("it never throws, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a.=;()"\\ \r\n\t/@1é\0-'), maxLength: 200 }), (text) => {
        parseAuthenticationResults(text);
        parseArcAuthenticationResults(text);
      }),
      { numRuns: 2000 },
    );
    for (const unit of ["(", '"', "\\", "a=b;", "; ", "a.b= ", "() ", "a", "a=b a.b=c ", "\r\n "]) {
      parseAuthenticationResults(unit.repeat(limits.authenticationResultsBytesMax / unit.length));
    }
  });
});

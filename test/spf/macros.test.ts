/** RFC 7208 §7 and §6.2, RFC 8616 §4: macros in names and explanations, on whole evaluations. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import type { Zone } from "../../src/system/zone-resolver.ts";
import { type Ask, ask, zoneWith } from "./ask.ts";

/** The explanation that this text comes out as. */
async function explained(text: string | readonly string[], query: Ask = {}, more: Zone = {}): Promise<string | null> {
  const zone: Zone = { "example.com": [{ TXT: "v=spf1 -all exp=exp.example.com" }], "exp.example.com": [{ TXT: text }], ...more };
  return (await ask(zone, query)).explanation;
}

const pointer: Zone = {
  "3.2.0.192.in-addr.arpa": [{ PTR: "mx.example.org" }],
  "mx.example.org": [{ A: "192.0.2.3" }],
};
const strongBad: Ask = { sender: "strong-bad@email.example.com", ip: "192.0.2.3" };
const expansions: readonly (readonly [string, string])[] = [
  ["%{s}", "strong-bad@email.example.com"],
  ["%{o}", "email.example.com"],
  ["%{d}", "email.example.com"],
  ["%{d4}", "email.example.com"],
  ["%{d3}", "email.example.com"],
  ["%{d2}", "example.com"],
  ["%{d1}", "com"],
  ["%{dr}", "com.example.email"],
  ["%{d2r}", "example.email"],
  ["%{l}", "strong-bad"],
  ["%{l-}", "strong.bad"],
  ["%{lr}", "strong-bad"],
  ["%{lr-}", "bad.strong"],
  ["%{l1r-}", "strong"],
  ["%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"],
  ["%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"],
  ["%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"],
  ["%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"],
  ["%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"],
  ["%{p}", "mx.example.org"],
  ["%{c} %{i}", "192.0.2.3 192.0.2.3"],
  ["%{h}", "mx.example.com"],
  ["%{r}", "receiver.example"],
  ["%{t}", "1700000000"],
  ["100%% %{D2}%_%-.", "100% example.com %20."],
  ["%{S}", "strong-bad%40email.example.com"],
  ["%{d127}", "email.example.com"],
  ["%{d128R}", "com.example.email"],
  ["%{d00001}", "com"],
  ["%{d99999999999999999999999999}", "email.example.com"],
];
for (const [macro, expected] of expansions) {
  test(`RFC 7208 §7.4: ${macro} is ${expected}`, async () => {
    const zone: Zone = {
      "email.example.com": [{ TXT: "v=spf1 -all exp=exp.example.com" }],
      "exp.example.com": [{ TXT: macro }],
      ...pointer,
    };
    assert.equal((await ask(zone, strongBad)).explanation, expected);
  });
}

test("RFC 7208 §7.4: %{ir}.%{v} of an IPv6 client, in a question and in text", async () => {
  const name = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com";
  const zone: Zone = { "email.example.com": [{ TXT: "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all" }], [name]: [{ A: "127.0.0.2" }] };
  const found = await ask(zone, { ...strongBad, ip: "2001:db8::cb01" });
  assert.deepEqual([found.result, found.questions[1]], ["pass", `A ${name}`]);
  assert.equal(await explained("%{c}", { ip: "2001:DB8:0::CB01" }), "2001:db8::cb01");
});

test("RFC 7208 §7.3: delimiters split, the parts are rejoined with dots, empty parts are kept", async () => {
  assert.equal(await explained("%{l-+}", { sender: "a-b+c.d@example.com" }), "a.b.c.d");
  assert.equal(await explained("%{l2-}", { sender: "a--b@example.com" }), ".b");
  assert.equal(await explained("%{lr-}", { sender: "-a@example.com" }), "a.");
  assert.equal(await explained("%{l+}", { sender: "a-b@example.com" }), "a-b");
  assert.equal(await explained("%{l.,/_=}", { sender: "a_b=c/d.e@example.com" }), "a.b.c.d.e");
});

test("RFC 7208 §7.3: upper case escapes all but RFC 3986's unreserved characters", async () => {
  assert.equal(
    await explained("%{L}", { sender: "a.b-c_d~e!#$%&'*+/=?^`{|}@example.com" }),
    "a.b-c_d~e%21%23%24%25%26%27%2A%2B%2F%3D%3F%5E%60%7B%7C%7D",
  );
});

test("attack: macros that a local part brings in are not expanded again", async () => {
  assert.equal(await explained("%{l} %{o}", { sender: "%{d}%%@example.com" }), "%{d}%% example.com");
  const found = await ask(zoneWith("v=spf1 exists:%{l}.x.example -all"), { sender: "%{i}@example.com" });
  assert.equal(found.questions[1], "A %{i}.x.example");
});

test("RFC 7208 §4.3: without a local part it is postmaster", async () => {
  assert.equal(await explained("%{l} %{s}", { sender: "@example.com" }), "postmaster postmaster@example.com");
  assert.equal(await explained("%{l} %{s}", { sender: "example.com" }), "postmaster postmaster@example.com");
  assert.equal(await explained("%{l} %{s}", { sender: "", helo: "example.com" }), "postmaster postmaster@example.com");
});

test("RFC 7208 §7.2: %{d} is the record's domain, %{o} and %{s} stay through include and redirect", async () => {
  const zone: Zone = {
    "example.com": [{ TXT: "v=spf1 include:i.example redirect=r.example" }],
    "i.example": [{ TXT: "v=spf1 exists:%{d}.%{o}.x.example" }],
    "r.example": [{ TXT: "v=spf1 -all exp=e.%{d}" }],
    "e.r.example": [{ TXT: "%{d} %{o} %{s}" }],
  };
  const found = await ask(zone);
  assert.equal(found.questions[2], "A i.example.example.com.x.example");
  assert.equal(found.explanation, "r.example example.com user@example.com");
});

test("RFC 7208 §7.3: %{p} is the domain itself, else a name below it, else any, else unknown; it must be validated", async () => {
  const names = (list: readonly string[]): Zone => ({
    "1.2.0.192.in-addr.arpa": list.map((PTR) => ({ PTR })),
    ...Object.fromEntries(list.filter((name) => !name.startsWith("false")).map((name) => [name, [{ A: "192.0.2.1" }]])),
  });
  const p = async (list: readonly string[]) => {
    const { "example.com": own = [], ...others } = names(list);
    const zone: Zone = {
      "example.com": [...own, { TXT: "v=spf1 -all exp=exp.example.com" }],
      "exp.example.com": [{ TXT: "%{p}" }],
      ...others,
    };
    return (await ask(zone)).explanation;
  };
  assert.equal(await p(["a.example.org", "mx.example.com", "example.com"]), "example.com");
  assert.equal(await p(["a.example.org", "mx.example.com"]), "mx.example.com");
  assert.equal(await p(["a.example.org", "false.example.com"]), "a.example.org");
  assert.equal(await p(["false.example.com", "false.example.org"]), "unknown");
  assert.equal(await explained("%{p}"), "unknown");
  assert.equal(await explained("%{p}", {}, { "1.2.0.192.in-addr.arpa": ["SERVFAIL"] }), "unknown");
});

const syntax = [
  "%",
  "%a",
  "%(d)",
  "%{",
  "%{}",
  "%{x}",
  "%{d",
  "%{d2",
  "%{d0}",
  "%{d00}",
  "%{dr2}",
  "%{d-r}",
  "%{2d}",
  "%{d*}",
  "%{dd}",
  "%{%{d}}",
];
for (const macro of syntax) {
  test(`RFC 7208 §7.1: ${JSON.stringify(macro)} is a syntax error, in names a permerror, in text no explanation`, async () => {
    const found = await ask(zoneWith(`v=spf1 exists:a${macro}.example.com -all`));
    assert.deepEqual([found.result, found.reason], ["permerror", "syntax"]);
    assert.equal(await explained(`x ${macro} y`), null);
  });
}
for (const macro of ["%{c}", "%{r}", "%{t}", "%{C}", "%{R}", "%{T}"]) {
  test(`RFC 7208 §7.2: ${macro} is allowed in explanations only`, async () => {
    assert.equal((await ask(zoneWith(`v=spf1 a:${macro}.example.com -all`))).reason, "syntax");
    assert.equal((await ask(zoneWith(`v=spf1 -all exp=${macro}.example.com`))).reason, "syntax");
    assert.notEqual(await explained(macro), null);
  });
}

const label = "a".repeat(63);
const lengths: readonly (readonly [string, string, string | null])[] = [
  ["253 characters stay", `${label}.${label}.${label}.${"b".repeat(61)}`, `${label}.${label}.${label}.${"b".repeat(61)}`],
  ["of 254 the first label goes", `${label}.${label}.${label}.${"b".repeat(62)}`, `${label}.${label}.${"b".repeat(62)}`],
  [
    "of many labels as many as needed",
    `${"x.".repeat(40)}${label}.${label}.${label}.${"b".repeat(31)}`,
    `${"x.".repeat(15)}${label}.${label}.${label}.${"b".repeat(31)}`,
  ],
  ["a label of 64 is no name", `${label}a.example`, null],
  ["an empty label is no name", "a..example", null],
];
for (const [name, text, asked] of lengths) {
  test(`RFC 7208 §7.3: an expanded name: ${name}`, async () => {
    const found = await ask(zoneWith("v=spf1 exists:%{h} -all"), { helo: text });
    assert.deepEqual(found.questions.slice(1), asked === null ? [] : [`A ${asked}`]);
    assert.equal(found.result, "fail");
  });
}

test("RFC 7208 §4.8: what DNS cannot carry matches nothing and is not asked for: 8-bit and control characters of HELO", async () => {
  for (const helo of ["mx\r\nquit.example", "mx\u0000.example", "m\u00ffx .example", "\ud800.example"]) {
    const found = await ask(zoneWith("v=spf1 a:%{h} -all"), { helo });
    assert.deepEqual([found.result, found.questions.length], ["fail", 1], JSON.stringify(helo));
  }
});

test("RFC 8616 §4: U-labels of MAIL FROM and HELO become A-labels before anything is asked or expanded", async () => {
  const zone: Zone = {
    "bücher.example": [{ TXT: "v=spf1 exists:%{d}.%{h}.x.example -all exp=e.example" }],
    "e.example": [{ TXT: "%{s} %{o} %{d} %{h}" }],
  };
  const found = await ask(zone, { sender: "user@Bücher.example", helo: "mx.bücher.example" });
  assert.equal(found.domain, "xn--bcher-kva.example");
  assert.deepEqual(found.questions, [
    "TXT xn--bcher-kva.example",
    "A xn--bcher-kva.example.mx.xn--bcher-kva.example.x.example",
    "TXT e.example",
  ]);
  assert.equal(found.explanation, "user@xn--bcher-kva.example xn--bcher-kva.example xn--bcher-kva.example mx.xn--bcher-kva.example");
});

test("RFC 8616 §4: with a non-ASCII local part, terms with %{s} or %{l} match nothing", async () => {
  const sender = "üser@example.com";
  for (const macro of ["%{l}", "%{s}", "%{L}", "%{S}", "%{l1r-}"]) {
    for (const term of [
      `exists:${macro}.x.example`,
      `a:${macro}.x.example`,
      `mx:${macro}.x.example`,
      `ptr:${macro}.x.example`,
      `include:${macro}.x.example`,
    ]) {
      const found = await ask(zoneWith(`v=spf1 ${term} ~all`), { sender });
      assert.deepEqual([found.result, found.questions], ["softfail", ["TXT example.com"]], term);
    }
    assert.equal((await ask(zoneWith(`v=spf1 redirect=${macro}.x.example`), { sender })).reason, "default");
    assert.equal((await ask(zoneWith(`v=spf1 -all exp=${macro}.x.example`), { sender })).explanation, null);
  }
  assert.equal(
    (await ask(zoneWith("v=spf1 exists:%{o}.x.example -all", { "example.com.x.example": [{ A: "127.0.0.2" }] }), { sender })).result,
    "pass",
  );
});

// Explanations: RFC 7208 §6.2
test("RFC 7208 §6.2: several strings are joined; the text keeps its final dot", async () => {
  assert.equal(await explained(["See ", "%{d}", "."]), "See example.com.");
});

const without: readonly (readonly [string, Zone])[] = [
  ["no exp", zoneWith("v=spf1 -all")],
  ["no such name", zoneWith("v=spf1 -all exp=e.example")],
  ["no TXT record", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ A: "192.0.2.1" }] })],
  ["two TXT records", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ TXT: "a" }, { TXT: "b" }] })],
  ["a DNS error", zoneWith("v=spf1 -all exp=e.example", { "e.example": ["TIMEOUT"] })],
  ["a name that DNS cannot carry", zoneWith("v=spf1 -all exp=e..example")],
  ["text that is not ASCII", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ TXT: "ï»¿x" }] })],
  ["a line end", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ TXT: "a\r\nb" }] })],
  ["a NUL", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ TXT: "a\u0000b" }] })],
  ["an empty text", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ TXT: "" }] })],
  ["an over-long text", zoneWith("v=spf1 -all exp=e.example", { "e.example": [{ TXT: "x".repeat(4097) }] })],
  [
    "the exp of an include",
    zoneWith("v=spf1 include:i.example -all", { "i.example": [{ TXT: "v=spf1 -all exp=e.example" }], "e.example": [{ TXT: "wrong" }] }),
  ],
  [
    "the exp of a redirecting record",
    zoneWith("v=spf1 redirect=i.example exp=e.example", { "i.example": [{ TXT: "v=spf1 -all" }], "e.example": [{ TXT: "wrong" }] }),
  ],
  ["softfail", zoneWith("v=spf1 ~all exp=e.example", { "e.example": [{ TXT: "wrong" }] })],
];
for (const [name, zone] of without) {
  test(`RFC 7208 §6.2: no explanation: ${name}`, async () => assert.equal((await ask(zone)).explanation, null));
}

test("RFC 7208 §6.2: -include that matches explains with the including record's exp", async () => {
  const zone = zoneWith("v=spf1 -include:i.example exp=own.example", {
    "i.example": [{ TXT: "v=spf1 +all exp=theirs.example" }],
    "own.example": [{ TXT: "own" }],
    "theirs.example": [{ TXT: "theirs" }],
  });
  assert.equal((await ask(zone)).explanation, "own");
});

test("RFC 7208 §6.2: the explanation is asked for only after a fail, and costs no lookup", async () => {
  const more: Zone = { "e.example": [{ TXT: "why" }] };
  assert.deepEqual((await ask(zoneWith("v=spf1 ip4:192.0.2.1 -all exp=e.example", more))).questions, ["TXT example.com"]);
  const failed = await ask(zoneWith("v=spf1 -all exp=e.example", more));
  assert.deepEqual([failed.explanation, failed.lookups, failed.questions], ["why", 0, ["TXT example.com", "TXT e.example"]]);
});

for (const length of [limits.spfExplanationBytesMax - 1, limits.spfExplanationBytesMax, limits.spfExplanationBytesMax + 1]) {
  test(`limit: an explanation of ${length} characters is cut at ${limits.spfExplanationBytesMax}`, async () => {
    assert.equal((await explained("x".repeat(length)))?.length, Math.min(length, limits.spfExplanationBytesMax));
  });
}

test("attack: a local part or HELO with a line end or 8-bit text never reaches an explanation", async () => {
  assert.equal(await explained("%{h}", { helo: "a\r\n250 ok" }), null);
  assert.equal(await explained("%{l}", { sender: "ü@example.com" }), null);
  assert.equal(await explained("%{H}", { helo: "a\r\n" }), "a%0D%0A");
});

test("CVE-2021-20314, CVE-2021-33912, CVE-2021-33913: long, escaped and reversed expansions stay within their limits", async () => {
  const sender = `${"a.".repeat(100)}%ff\u007e@example.com`;
  for (const macro of ["%{L}", "%{l127r-}", "%{S}", "%{s128r.-+,/_=}", "%{D1234567890r}"]) {
    const text = (await explained(macro.repeat(200), { sender })) ?? "";
    assert.ok(text.length <= limits.spfExplanationBytesMax);
    const found = await ask(zoneWith(`v=spf1 exists:${macro.repeat(100)}.example.com -all`), { sender });
    for (const question of found.questions) assert.ok(question.length <= 4 + limits.domainBytesMax);
  }
});

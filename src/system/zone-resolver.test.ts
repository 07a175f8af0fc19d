import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecordType } from "../dns/answer.ts";
import { describeFault, parseZone, type Zone, ZoneError, type ZoneQuestion, zoneResolver } from "./zone-resolver.ts";

const text = (bytes: unknown) => (bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes);
async function ask(zone: Zone | string, name: string, type: RecordType): Promise<unknown> {
  const answer = await zoneResolver(zone).query(name, type);
  return answer.status === "found" ? answer.records.map(text) : answer.status;
}

const everything: Zone = {
  "example.com": [
    { A: "192.0.2.1" },
    { A: "192.0.2.2" },
    { AAAA: "2001:DB8::1" },
    { MX: [10, "mx.example.com"] },
    { NS: "ns.example.com." },
    { SOA: "ns.example.com. root.example.com. 1 2 3 4 5" },
    { TXT: "one" },
    { TXT: ["two", " joined"] },
  ],
  "2.2.0.192.in-addr.arpa": [{ PTR: "mx.example.com." }],
  "www.example.com": [{ CNAME: "example.com." }],
};

test("zone file: every type, in the zone's order, names without final dot", async () => {
  assert.deepEqual(await ask(everything, "example.com", "A"), ["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(await ask(everything, "example.com", "AAAA"), ["2001:db8::1"]);
  assert.deepEqual(await ask(everything, "example.com", "MX"), [{ preference: 10, exchange: "mx.example.com" }]);
  assert.deepEqual(await ask(everything, "example.com", "NS"), ["ns.example.com"]);
  assert.deepEqual(await ask(everything, "example.com", "TXT"), ["one", "two joined"]);
  assert.deepEqual(await ask(everything, "2.2.0.192.in-addr.arpa", "PTR"), ["mx.example.com"]);
  assert.deepEqual(await ask(everything, "www.example.com", "CNAME"), ["example.com"]);
  assert.equal(((await ask(everything, "example.com", "SOA")) as string[]).length, 1);
});

test("zone file: an answer carries a TTL and is never authenticated", async () => {
  const answer = await zoneResolver(everything).query("example.com", "A");
  assert.deepEqual(answer, { status: "found", records: ["192.0.2.1", "192.0.2.2"], ttlSeconds: 300, authenticated: false });
});

test("zone file: names are compared without case, final dot and U-label form, in the zone and in the question", async () => {
  const zone: Zone = { "EXAMPLE.com.": [{ A: "192.0.2.1" }], "bücher.example": [{ A: "192.0.2.2" }] };
  assert.deepEqual(await ask(zone, "example.COM.", "A"), ["192.0.2.1"]);
  assert.deepEqual(await ask(zone, "xn--bcher-kva.example", "A"), ["192.0.2.2"]);
  assert.deepEqual(await ask(zone, "Bücher.example", "A"), ["192.0.2.2"]);
});

test("zone file: a name listed twice in two spellings has the records of both", async () => {
  assert.deepEqual(await ask({ "a.example": [{ A: "192.0.2.1" }], "A.example.": [{ A: "192.0.2.2" }] }, "a.example", "A"), [
    "192.0.2.1",
    "192.0.2.2",
  ]);
});

test("RFC 8020: an absent name is NXDOMAIN, one with a descendant has no data", async () => {
  const zone: Zone = { "a.b.example.com": [{ A: "192.0.2.1" }], "empty.example": [] };
  assert.equal(await ask(zone, "a.b.example.com", "MX"), "nodata");
  for (const name of ["b.example.com", "example.com", "com", ""]) assert.equal(await ask(zone, name, "A"), "nodata", name);
  for (const name of ["x.a.b.example.com", "xexample.com", "org"]) assert.equal(await ask(zone, name, "A"), "nxdomain", name);
  assert.equal(await ask(zone, "empty.example", "A"), "nodata");
});

test("zone file: SPF stands for TXT where no TXT is listed; TXT NONE suppresses that copy", async () => {
  assert.deepEqual(await ask({ a: [{ SPF: "v=spf1 -all" }, { SPF: ["x", "y"] }] }, "a", "TXT"), ["v=spf1 -all", "xy"]);
  assert.deepEqual(await ask({ a: [{ SPF: "v=spf1 -all" }, { TXT: "other" }] }, "a", "TXT"), ["other"]);
  assert.equal(await ask({ a: [{ SPF: "v=spf1 -all" }, { TXT: "NONE" }] }, "a", "TXT"), "nodata");
});

test("zone file: TIMEOUT and SERVFAIL answer for the types without a record", async () => {
  const zone: Zone = {
    a: ["TIMEOUT", { A: "192.0.2.1" }],
    b: [{ SPF: "v=spf1 -all" }, { TXT: "NONE" }, "SERVFAIL"],
    c: ["TIMEOUT", { CNAME: "a" }],
  };
  assert.deepEqual(await ask(zone, "a", "A"), ["192.0.2.1"]);
  assert.equal(await ask(zone, "a", "TXT"), "timeout");
  assert.equal(await ask(zone, "b", "TXT"), "servfail");
  assert.deepEqual(await ask(zone, "c", "A"), ["192.0.2.1"]);
});

test("resolver port: CNAMEs are followed, at most 8; a dangling one gives the target's answer, a loop SERVFAIL", async () => {
  const chain = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`c${i}`, [{ CNAME: `c${i + 1}` }]]));
  const zone: Zone = {
    ...chain,
    c10: [{ A: "192.0.2.1" }],
    loop: [{ CNAME: "loop" }],
    gone: [{ CNAME: "nowhere" }],
    slow: [{ CNAME: "t" }],
    t: ["TIMEOUT"],
  };
  assert.deepEqual(await ask(zone, "c3", "A"), ["192.0.2.1"], "7 steps");
  assert.deepEqual(await ask(zone, "c2", "A"), ["192.0.2.1"], "8 steps");
  assert.equal(await ask(zone, "c1", "A"), "servfail", "9 steps");
  assert.equal(await ask(zone, "loop", "A"), "servfail");
  assert.equal(await ask(zone, "gone", "A"), "nxdomain");
  assert.equal(await ask(zone, "slow", "A"), "timeout");
  assert.equal(await ask(zone, "c10", "MX"), "nodata");
});

test("zone file: text is served as UTF-8, NUL included", async () => {
  const answer = await zoneResolver('a: [{ TXT: "\\x96\\0z" }]').query("a", "TXT");
  assert.deepEqual(answer.status === "found" && [...(answer.records[0] ?? [])], [0xc2, 0x96, 0, 0x7a]);
});

test("zone file: YAML and JSON text; scalars stay what was written", async () => {
  const yaml = "example.com:\n  - TXT: 1.10\n  - MX: [10, mx.example.com]\n  - TIMEOUT\nempty.example.com:\n";
  assert.deepEqual(await ask(yaml, "example.com", "TXT"), ["1.10"]);
  assert.deepEqual(await ask(yaml, "example.com", "MX"), [{ preference: 10, exchange: "mx.example.com" }]);
  assert.equal(await ask(yaml, "empty.example.com", "A"), "nodata");
  assert.deepEqual(await ask('{\n\t"a": [{"MX": [0, "."]}, {"TXT": ["x", "y"]}]\n}', "a", "MX"), [{ preference: 0, exchange: "." }]);
  assert.deepEqual(await ask("a: [{ TXT: null }, { TXT: yes }]", "a", "TXT"), ["null", "yes"]);
});

test("zone file: the onQuery of a resolver sees each question once, not the steps along CNAMEs", async () => {
  const seen: ZoneQuestion[] = [];
  const resolver = zoneResolver(everything, { onQuery: (question) => seen.push(question) });
  const before = Date.now();
  await resolver.query("WWW.example.com.", "A");
  await resolver.query("example.com", "TXT");
  assert.deepEqual(
    seen.map(({ name, type }) => `${type} ${name}`),
    ["A www.example.com", "TXT example.com"],
  );
  assert.ok(seen.every(({ at }) => at >= before && at <= Date.now()));
});

test("zone resolver: delayMs holds each answer back; an aborted question times out at once", async () => {
  const resolver = zoneResolver(everything, { delayMs: 30 });
  const started = performance.now();
  await Promise.all([resolver.query("example.com", "A"), resolver.query("example.com", "MX")]);
  const took = performance.now() - started;
  assert.ok(took >= 25, `${took} ms`);
  const abort = new AbortController();
  const slow = zoneResolver(everything, { delayMs: 60_000 }).query("example.com", "A", { signal: abort.signal });
  abort.abort();
  assert.deepEqual(await slow, { status: "timeout" });
  assert.deepEqual(await zoneResolver(everything, { delayMs: 60_000 }).query("a", "A", { signal: abort.signal }), { status: "timeout" });
});

const faults: readonly (readonly [string, number, RegExp])[] = [
  ["", 1, /a zone is a map/],
  ["- a\n", 1, /a zone is a map/],
  ["a: [\n", 2, /./],
  ["a: []\na: []\n", 2, /unique/],
  ["a: []\n---\nb: []\n", 2, /multiple documents/],
  ["a.com: 5\n", 1, /a\.com: wants a list of records/],
  ["b: []\na.com:\n  - A: 1.2.3\n", 3, /a\.com\[0\]\.A: "1\.2\.3" is not an IPv4 address/],
  ["a:\n  - TIMEOUT\n  - AAAA: 192.0.2.1\n", 3, /not an IPv6 address/],
  ["a:\n  - timeout\n", 2, /wants "TIMEOUT"/],
  ["a:\n  - HINFO: x\n", 2, /no record type of a zone file/],
  ["a:\n  - MX: mx.example.com\n", 2, /wants \[preference, name\]/],
  ["a:\n  - MX: [70000, mx.example.com]\n", 2, /preference of 0 to 65535/],
  ["a:\n  - MX: [-1, mx.example.com]\n", 2, /preference of 0 to 65535/],
  ["a:\n  - TXT: { b: c }\n", 2, /wants text/],
  ["a:\n  - PTR: [b]\n", 2, /wants text/],
];
for (const [zone, line, message] of faults) {
  test(`zone file: a bad zone is a clear error with its line: ${JSON.stringify(zone)}`, () => {
    const parsed = parseZone(zone);
    assert.ok(!parsed.ok);
    assert.equal(parsed.error.line, line);
    assert.match(describeFault(parsed.error), message);
    assert.throws(() => zoneResolver(zone), ZoneError);
  });
}

test("zone file: an object that is no zone is refused with its path", () => {
  const broken = { "example.com": [{ A: "192.0.2.256" }] };
  assert.throws(
    () => zoneResolver(broken),
    (error) => error instanceof ZoneError && error.code === "zone-invalid" && /^example\.com\[0\]\.A: /.test(error.message),
  );
});

test("attack: a zone whose aliases multiply is refused, not expanded", () => {
  const bomb = `a: &a [{ TXT: x }]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? "a" : `b${i - 1}`},`.repeat(9)}]`).join("\n")}\n`;
  assert.equal(parseZone(bomb).ok, false);
});

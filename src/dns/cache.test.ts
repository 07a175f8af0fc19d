import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer, RecordType } from "./answer.ts";
import { type CacheOptions, type DnsCache, dnsCache } from "./cache.ts";

function clocked(options: Omit<CacheOptions, "clock"> = {}): { cache: DnsCache; wait: (seconds: number) => void } {
  let now = 1_700_000_000_000;
  const cache = dnsCache({ clock: () => now, ...options });
  return { cache, wait: (seconds) => (now += seconds * 1000) };
}

const found = (ttlSeconds: number, text = "v=spf1 -all"): Answer => ({
  status: "found",
  records: [new TextEncoder().encode(text)],
  ttlSeconds,
  authenticated: false,
});

/** For how many seconds an answer is given out: found by asking each second. */
async function lifetime(answer: Answer, name = "example.com"): Promise<number> {
  const { cache, wait } = clocked();
  cache.put({ name, type: "TXT", answer });
  for (let second = 0; ; second++) {
    if ((await cache.get(name, "TXT")) === undefined) return second;
    wait(1);
  }
}

const lifetimes: [what: string, answer: Answer, seconds: number, name?: string][] = [
  ["records: their TTL", found(300), 300],
  ["records: at least 30 s", found(0), 30],
  ["records: at most a day", found(604_800), 86_400],
  ["no data: the SOA's minimum (RFC 2308 §5)", { status: "nodata", ttlSeconds: 120 }, 120],
  ["no such name: at most 15 minutes", { status: "nxdomain", ttlSeconds: 10_800 }, 900],
  ["no data: at least 30 s", { status: "nodata", ttlSeconds: 0 }, 30],
  ["no data without SOA: 30 s", { status: "nodata" }, 30],
  ["no key: at most 5 minutes", { status: "nxdomain", ttlSeconds: 900 }, 300, "s1._domainkey.example.com"],
  ["no _domainkey at all: at most 5 minutes", { status: "nxdomain", ttlSeconds: 900 }, 300, "_domainkey.example.com"],
  ["no policy: at most 5 minutes", { status: "nodata", ttlSeconds: 900 }, 300, "_dmarc.example.com"],
  ["no report authorization: at most 5 minutes", { status: "nxdomain", ttlSeconds: 900 }, 300, "a.example._report._dmarc.b.example"],
  ["a policy that is there: its TTL", found(3600), 3600, "_dmarc.example.com"],
  ["a name that only looks like a policy's", { status: "nxdomain", ttlSeconds: 900 }, 900, "x_dmarc.example.com"],
  ["servfail: 10 s (RFC 9520 §3.2)", { status: "servfail" }, 10],
  ["timeout: 10 s", { status: "timeout" }, 10],
  ["refused: 10 s", { status: "refused" }, 10],
  ["what was never asked: not at all", { status: "timeout", withheld: "deadline" }, 0],
  ["a name DNS cannot carry: not at all", { status: "nxdomain", withheld: "name" }, 0],
];
for (const [what, answer, seconds, name] of lifetimes) {
  test(`kept: ${what}`, async () => assert.equal(await lifetime(answer, name), seconds));
}

test("the seconds given out are those that are left, never 0 and never more than before", async () => {
  const { cache, wait } = clocked();
  assert.deepEqual(cache.put({ name: "a.example", type: "TXT", answer: found(60) }), found(60));
  const shown: (number | undefined)[] = [];
  for (let i = 0; i < 4; i++) {
    shown.push((await cache.get("a.example", "TXT"))?.ttlSeconds);
    wait(0.5);
  }
  assert.deepEqual(shown, [60, 60, 59, 59]);
  wait(57.9);
  assert.equal((await cache.get("a.example", "TXT"))?.ttlSeconds, 1);
});

test("the first asker sees the clamped TTL too", () => {
  const { cache } = clocked();
  assert.equal(cache.put({ name: "a.example", type: "TXT", answer: found(1) }).ttlSeconds, 30);
});

test("RFC 8020 §2: NXDOMAIN of a name answers its other types, and no other name", async () => {
  const { cache } = clocked();
  cache.put({ name: "gone.example", type: "A", answer: { status: "nxdomain", ttlSeconds: 60 }, allTypes: true });
  assert.deepEqual(await cache.get("gone.example", "MX"), { status: "nxdomain", ttlSeconds: 60 });
  // Not below it: servers exist that deny _domainkey.example.com and know s1._domainkey.example.com.
  assert.equal(cache.get("below.gone.example", "A"), undefined);
  assert.equal(cache.get("example", "A"), undefined);
});

test("RFC 2308 §2.1: NXDOMAIN of an alias's target is no statement on the alias's other types", () => {
  const { cache } = clocked();
  cache.put({ name: "alias.example", type: "A", answer: { status: "nxdomain", ttlSeconds: 60 } });
  assert.equal(cache.get("alias.example", "CNAME"), undefined);
});

test("NODATA answers its type alone", () => {
  const { cache } = clocked();
  cache.put({ name: "a.example", type: "A", answer: { status: "nodata", ttlSeconds: 60 } });
  assert.notEqual(cache.get("a.example", "A"), undefined);
  assert.equal(cache.get("a.example", "AAAA"), undefined);
});

test("what is learnt later supersedes: records after NXDOMAIN, and NXDOMAIN after records", async () => {
  const { cache } = clocked();
  const nothing: Answer = { status: "nxdomain", ttlSeconds: 60 };
  cache.put({ name: "a.example", type: "A", answer: nothing, allTypes: true });
  cache.put({ name: "a.example", type: "TXT", answer: found(60) });
  assert.equal((await cache.get("a.example", "TXT"))?.status, "found");
  assert.equal(cache.get("a.example", "A"), undefined);
  cache.put({ name: "a.example", type: "MX", answer: nothing, allTypes: true });
  assert.equal((await cache.get("a.example", "TXT"))?.status, "nxdomain");
  assert.equal(cache.entries, 1);
});

test("bounded by count: at N all are kept, at N+1 the least recently used goes", () => {
  const { cache } = clocked({ entriesMax: 3 });
  for (const name of ["a", "b", "c"]) cache.put({ name, type: "TXT", answer: found(60) });
  assert.equal(cache.entries, 3);
  assert.notEqual(cache.get("a", "TXT"), undefined);
  cache.put({ name: "d", type: "TXT", answer: found(60) });
  assert.equal(cache.entries, 3);
  assert.equal(cache.get("b", "TXT"), undefined);
  assert.notEqual(cache.get("a", "TXT"), undefined);
});

test("bounded by bytes: big records push out others, and one that is too big is not kept", async () => {
  const { cache } = clocked({ bytesMax: 10_000 });
  for (let i = 0; i < 10; i++) cache.put({ name: `n${i}.example`, type: "TXT", answer: found(60, "x".repeat(2000)) });
  assert.ok(cache.bytes <= 10_000 && cache.entries === 4, `${cache.bytes} bytes, ${cache.entries} entries`);
  const huge = cache.put({ name: "huge.example", type: "TXT", answer: found(5, "x".repeat(20_000)) });
  assert.equal(huge.status, "found");
  assert.equal(cache.get("huge.example", "TXT"), undefined);
  assert.equal(cache.entries, 4);
});

test("attack: a flood of names leaves count and bytes within their limits and their sums right", () => {
  const { cache, wait } = clocked({ entriesMax: 100, bytesMax: 30_000 });
  const types: RecordType[] = ["A", "TXT", "MX"];
  for (let i = 0; i < 5000; i++) {
    const type = types[i % 3] ?? "A";
    const gone = i % 7 === 0;
    const answer: Answer = gone ? { status: "nxdomain", ttlSeconds: 40 } : found(40, "x".repeat(i % 50));
    cache.put({ name: `n${i % 400}.example`, type, answer, allTypes: gone });
    cache.get(`n${(i * 7) % 400}.example`, type);
    if (i % 50 === 0) wait(3);
    assert.ok(cache.entries <= 100 && cache.bytes <= 30_000);
  }
  for (let i = 0; i < 400; i++) for (const type of types) cache.get(`n${i}.example`, type);
  wait(60);
  for (let i = 0; i < 400; i++) for (const type of types) assert.equal(cache.get(`n${i}.example`, type), undefined);
  assert.deepEqual([cache.entries, cache.bytes], [0, 0]);
  cache.clear();
  assert.deepEqual([cache.entries, cache.bytes], [0, 0]);
});

test("expired entries give their bytes back", () => {
  const { cache, wait } = clocked();
  cache.put({ name: "a.example", type: "TXT", answer: found(60) });
  assert.ok(cache.bytes > 0);
  wait(60);
  assert.equal(cache.get("a.example", "TXT"), undefined);
  assert.deepEqual([cache.entries, cache.bytes], [0, 0]);
});

test("a clock that is set back does not lengthen anything's life", () => {
  const { cache, wait } = clocked();
  cache.put({ name: "a.example", type: "TXT", answer: found(60) });
  wait(-3600);
  assert.equal(cache.get("a.example", "TXT"), undefined);
});

test("a hit is the same settled promise, not a new one", () => {
  const { cache } = clocked();
  cache.put({ name: "a.example", type: "TXT", answer: found(60) });
  assert.equal(cache.get("a.example", "TXT"), cache.get("a.example", "TXT"));
});

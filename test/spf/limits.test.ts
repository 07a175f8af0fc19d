/** RFC 7208 §4.6.4, each limit at N-1, N and N+1, alone, as the last term, and across include and redirect. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Zone } from "../../src/system/zone-resolver.ts";
import { ask, repeat, zoneWith } from "./ask.ts";

const other: Zone = { "other.example": [{ A: "198.51.100.1" }, { MX: [10, "other.example"] }] };
const included = (name: string, record: string): Zone => ({ [name]: [{ TXT: record }, { A: "198.51.100.9" }] });
const terms = (count: number) => repeat(count, () => "a:other.example");

const termCases: readonly (readonly [string, Zone, string, number])[] = [
  ["nine terms", zoneWith(`v=spf1 ${terms(9)} -all`, other), "fail matched", 9],
  ["ten terms", zoneWith(`v=spf1 ${terms(10)} -all`, other), "fail matched", 10],
  ["eleven terms", zoneWith(`v=spf1 ${terms(11)} -all`, other), "permerror term-limit", 10],
  ["ten terms, then ip4 matches", zoneWith(`v=spf1 ${terms(10)} ip4:192.0.2.1 -all`, other), "pass matched", 10],
  ["ip4 matches before the eleventh", zoneWith(`v=spf1 ${terms(10)} ip4:192.0.2.1 ${terms(1)} -all`, other), "pass matched", 10],
  ["the eleventh is the last term", zoneWith(`v=spf1 ${terms(11)}`, other), "permerror term-limit", 10],
  [
    "the eleventh would have matched",
    zoneWith(`v=spf1 ${terms(10)} a:here.example`, { ...other, "here.example": [{ A: "192.0.2.1" }] }),
    "permerror term-limit",
    10,
  ],
  [
    "the tenth matches",
    zoneWith(`v=spf1 ${terms(9)} a:here.example a`, { ...other, "here.example": [{ A: "192.0.2.1" }] }),
    "pass matched",
    10,
  ],
  [
    "an include and nine inside",
    zoneWith("v=spf1 include:i.example -all", { ...other, ...included("i.example", `v=spf1 ${terms(9)}`) }),
    "fail matched",
    10,
  ],
  [
    "an include and ten inside",
    zoneWith("v=spf1 include:i.example -all", { ...other, ...included("i.example", `v=spf1 ${terms(10)}`) }),
    "permerror term-limit",
    10,
  ],
  [
    "five inside, five after",
    zoneWith(`v=spf1 include:i.example ${terms(5)} -all`, { ...other, ...included("i.example", `v=spf1 ${terms(4)}`) }),
    "fail matched",
    10,
  ],
  [
    "the redirect is the tenth",
    zoneWith(`v=spf1 ${terms(9)} redirect=i.example`, { ...other, ...included("i.example", "v=spf1 -all") }),
    "fail matched",
    10,
  ],
  [
    "the redirect is the eleventh",
    zoneWith(`v=spf1 ${terms(10)} redirect=i.example`, { ...other, ...included("i.example", "v=spf1 -all") }),
    "permerror term-limit",
    10,
  ],
  ["an include of itself", zoneWith("v=spf1 include:example.com -all"), "permerror term-limit", 10],
  ["a redirect to itself", zoneWith("v=spf1 redirect=example.com"), "permerror term-limit", 10],
  [
    "two includes of each other",
    zoneWith("v=spf1 include:i.example", included("i.example", "v=spf1 include:example.com")),
    "permerror term-limit",
    10,
  ],
  [
    "exists counts, mx counts, ptr counts",
    zoneWith("v=spf1 -exists:no.other.example mx:other.example ptr:other.example ?all", {
      ...other,
      "1.2.0.192.in-addr.arpa": [{ PTR: "x.example" }],
    }),
    "neutral matched",
    3,
  ],
  [
    "all, ip4, ip6 and exp do not count",
    zoneWith(`v=spf1 ${repeat(20, (i) => `ip4:198.51.100.${i} ip6:2001:db8::${i}`)} exp=e.example ~all`),
    "softfail matched",
    0,
  ],
  [
    "%{p} costs a term of its own",
    zoneWith(`v=spf1 ${terms(8)} -exists:%{p}.other.example ?all`, { ...other, "1.2.0.192.in-addr.arpa": [{ PTR: "x.example" }] }),
    "neutral matched",
    10,
  ],
  [
    "%{p} as the eleventh",
    zoneWith(`v=spf1 ${terms(9)} -exists:%{p}.other.example ?all`, { ...other, "1.2.0.192.in-addr.arpa": [{ PTR: "x.example" }] }),
    "permerror term-limit",
    9,
  ],
];
for (const [name, zone, expected, lookups] of termCases) {
  test(`RFC 7208 §4.6.4: ten terms that cause lookups: ${name}`, async () => {
    const found = await ask(zone);
    assert.equal(`${found.result} ${found.reason}`, expected);
    assert.equal(found.lookups, lookups);
  });
}

test("RFC 7208 §4.6: a syntax error after the eleventh term is a syntax error, and nothing more is asked", async () => {
  const found = await ask(zoneWith(`v=spf1 ${terms(11)} moo`, other));
  assert.deepEqual([found.result, found.reason, found.mechanism, found.lookups], ["permerror", "syntax", "moo", 0]);
  assert.deepEqual(found.questions, ["TXT example.com"]);
});

const voids = (count: number) => repeat(count, (i) => `a:void${i}.example`);
const voidCases: readonly (readonly [string, Zone, string, number])[] = [
  ["one", zoneWith(`v=spf1 ${voids(1)} -all`), "fail matched", 1],
  ["two", zoneWith(`v=spf1 ${voids(2)} -all`), "fail matched", 2],
  ["three", zoneWith(`v=spf1 ${voids(3)} -all`), "permerror void-limit", 3],
  ["three, the last of them the last term", zoneWith(`v=spf1 ${voids(3)}`), "permerror void-limit", 3],
  ["the third before a match", zoneWith(`v=spf1 ${voids(3)} ip4:192.0.2.1 -all`), "permerror void-limit", 3],
  ["a match before the third", zoneWith(`v=spf1 ${voids(2)} ip4:192.0.2.1 a:void9.example -all`), "pass matched", 2],
  ["the same name three times", zoneWith("v=spf1 a:void.example a:void.example a:void.example -all"), "permerror void-limit", 3],
  [
    "no data counts as much as no name",
    zoneWith("v=spf1 a:t.example mx:t.example exists:t.example -all", { "t.example": [{ TXT: "x" }] }),
    "permerror void-limit",
    3,
  ],
  [
    "three inside an include",
    zoneWith("v=spf1 include:i.example ip4:192.0.2.1", included("i.example", `v=spf1 ${voids(3)}`)),
    "permerror void-limit",
    3,
  ],
  [
    "two inside an include, one after",
    zoneWith("v=spf1 include:i.example a:void9.example ~all", included("i.example", `v=spf1 ${voids(2)}`)),
    "permerror void-limit",
    3,
  ],
  [
    "two inside an include, none after",
    zoneWith("v=spf1 include:i.example ~all", included("i.example", `v=spf1 ${voids(2)}`)),
    "softfail matched",
    2,
  ],
  [
    "two before a redirect, one behind it",
    zoneWith(`v=spf1 ${voids(2)} redirect=i.example`, included("i.example", "v=spf1 a:void9.example -all")),
    "permerror void-limit",
    3,
  ],
  ["a client without PTR", zoneWith(`v=spf1 ptr ${voids(1)} -all`), "fail matched", 2],
  [
    "an mx whose hosts do not exist counts once",
    zoneWith("v=spf1 mx:m.example -all", {
      "m.example": [{ MX: [1, "v1.example"] }, { MX: [2, "v2.example"] }, { MX: [3, "v3.example"] }],
    }),
    "fail matched",
    1,
  ],
  [
    "an mx with one host that exists is not void",
    zoneWith("v=spf1 mx:m.example -all", { "m.example": [{ MX: [1, "v1.example"] }, { MX: [2, "m.example"] }, { A: "198.51.100.1" }] }),
    "fail matched",
    0,
  ],
  ["names that cannot be asked for are not void", zoneWith(`v=spf1 ${repeat(4, () => "a:a..example")} -all`), "fail matched", 0],
  ["an exp that does not exist is not void", zoneWith(`v=spf1 ${voids(2)} -all exp=void9.example`), "fail matched", 2],
];
for (const [name, zone, expected, count] of voidCases) {
  test(`RFC 7208 §4.6.4: at most two void lookups: ${name}`, async () => {
    const found = await ask(zone);
    assert.equal(`${found.result} ${found.reason}`, expected);
    assert.equal(found.voidLookups, count);
  });
}

test("RFC 7208 §11.1: evaluation stops at the third void lookup; no further name is asked for", async () => {
  const found = await ask(zoneWith(`v=spf1 ${voids(8)} -all`));
  assert.deepEqual(found.questions, ["TXT example.com", "A void0.example", "A void1.example", "A void2.example"]);
});

const mxZone = (hosts: number, matching: number): Zone =>
  zoneWith("v=spf1 mx -all", {
    "example.com": [{ TXT: "v=spf1 mx -all" }, ...Array.from({ length: hosts }, (_, i) => ({ MX: [i, `m${i}.example.com`] }))],
    ...Object.fromEntries(
      Array.from({ length: hosts }, (_, i) => [`m${i}.example.com`, [{ A: i === matching ? "192.0.2.1" : "198.51.100.1" }]]),
    ),
  });
for (const [hosts, matching, expected] of [
  [9, 8, "pass"],
  [10, 9, "pass"],
  [10, 99, "fail"],
  [11, 10, "permerror"],
  [11, 0, "permerror"],
  [11, 99, "permerror"],
] as const) {
  test(`RFC 7208 §4.6.4: an mx of ${hosts} names, number ${matching} matching: ${expected}`, async () => {
    const found = await ask(mxZone(hosts, matching));
    assert.equal(found.result, expected);
    if (expected === "permerror") assert.equal(found.reason, "mx-limit");
  });
}

test("RFC 7208 §4.6.4: an mx over the limit asks for no address at all, and its limit is per mechanism", async () => {
  assert.deepEqual((await ask(mxZone(11, 0))).questions, ["TXT example.com", "MX example.com"]);
  const hosts = (at: string): Zone => ({
    [at]: Array.from({ length: 10 }, (_, i) => ({ MX: [i, `m${i}.${at}`] })),
    ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`m${i}.${at}`, [{ A: "198.51.100.1" }]])),
  });
  const found = await ask(zoneWith("v=spf1 mx:one.example mx:two.example -all", { ...hosts("one.example"), ...hosts("two.example") }));
  assert.deepEqual([found.result, found.lookups], ["fail", 2]);
});

for (const [position, expected] of [
  [8, "pass"],
  [9, "pass"],
  [10, "fail"],
] as const) {
  test(`RFC 7208 §4.6.4: of the client's PTR names only the first ten count: number ${position}`, async () => {
    const names = Array.from({ length: 12 }, (_, i) => (i === position ? "here.example.com" : `n${i}.example.com`));
    const zone = zoneWith("v=spf1 ptr -all", {
      "1.2.0.192.in-addr.arpa": names.map((PTR) => ({ PTR })),
      "here.example.com": [{ A: "192.0.2.1" }],
    });
    assert.equal((await ask(zone)).result, expected);
  });
}

test("RFC 7208 §4.6.4: a has no limit of addresses", async () => {
  const addresses = Array.from({ length: 250 }, (_, i) => ({ A: `198.51.100.${i}` }));
  assert.equal((await ask(zoneWith("v=spf1 a:many.example -all", { "many.example": [...addresses, { A: "192.0.2.1" }] }))).result, "pass");
});

for (const [length, expected] of [
  [4095, "pass matched"],
  [4096, "pass matched"],
  [4097, "permerror record-too-long"],
] as const) {
  test(`limit: a record of ${length} octets: ${expected}`, async () => {
    const start = "v=spf1 ip4:192.0.2.1 x=";
    const found = await ask(zoneWith(start + "y".repeat(length - start.length)));
    assert.equal(`${found.result} ${found.reason}`, expected);
  });
}

test("limit: the lane's questions run out: temperror with its own reason, never a verdict on part of the record", async () => {
  const found = await ask(zoneWith(`v=spf1 ${terms(1)} a:here.example -all`, { ...other, "here.example": [{ A: "192.0.2.1" }] }), {
    quota: 2,
  });
  assert.deepEqual([found.result, found.reason, found.mechanism], ["temperror", "budget", "a:here.example"]);
  const ptr = await ask(
    zoneWith("v=spf1 ptr -all", { "1.2.0.192.in-addr.arpa": [{ PTR: "here.example.com" }], "here.example.com": [{ A: "192.0.2.1" }] }),
    { quota: 2 },
  );
  assert.deepEqual([ptr.result, ptr.reason], ["temperror", "budget"]);
});

test("attack: ten mx of ten hosts each stay within 111 questions, and within the lane's own quota in a message", async () => {
  const zone: Zone = zoneWith(
    `v=spf1 ${repeat(10, (i) => `mx:v${i}.example`)} -all`,
    Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [
        `v${i}.example`,
        Array.from({ length: 10 }, (_, j) => ({ MX: [j, `h${i}-${j}.victim.example`] })),
      ]),
    ),
  );
  const alone = await ask(zone);
  assert.deepEqual([alone.result, alone.reason], ["permerror", "void-limit"]);
  assert.ok(alone.questions.length <= 1 + 3 * 11, `${alone.questions.length}`);
  const resolving: Zone = {
    ...zone,
    ...Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`h${Math.floor(i / 10)}-${i % 10}.victim.example`, [{ A: "198.51.100.1" }]]),
    ),
  };
  assert.equal((await ask(resolving)).questions.length, 111);
  const inMessage = await ask(resolving, { quota: 22 });
  assert.deepEqual([inMessage.result, inMessage.reason, inMessage.questions.length], ["temperror", "budget", 22]);
});

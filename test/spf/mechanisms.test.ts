/** RFC 7208 §4.3 to §6.1: which records are found, what each mechanism matches, and what an error does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Zone } from "../../src/system/zone-resolver.ts";
import { type Ask, ask, zoneWith } from "./ask.ts";

type Case = readonly [name: string, zone: Zone, expected: string, query?: Ask];

const hosts: Zone = {
  "here.example": [{ A: "198.51.100.7" }, { A: "192.0.2.1" }, { AAAA: "2001:db8::1" }],
  "near.example": [{ A: "192.0.2.200" }, { AAAA: "2001:db8::ffff" }],
  "far.example": [{ A: "198.51.100.1" }, { AAAA: "2001:db8:f::1" }],
  "mx.example": [{ MX: [10, "far.example"] }, { MX: [20, "here.example"] }],
  "null-mx.example": [{ MX: [0, "."] }],
  "broken.example": ["SERVFAIL"],
  "slow.example": ["TIMEOUT"],
  "alias.example": [{ CNAME: "here.example" }],
  "half.example": [{ MX: [1, "slow.example"] }, { MX: [2, "here.example"] }],
  "half-far.example": [{ MX: [1, "far.example"] }, { MX: [2, "broken.example"] }],
};
const six = { ip: "2001:db8::1" };

const cases: readonly Case[] = [
  // Records: §4.3 to §4.5
  ["§4.3: no such domain", {}, "none no-record"],
  ["§4.4: no data", { "a.example.com": [] }, "none no-record"],
  ["§4.4: SERVFAIL", { "example.com": ["SERVFAIL"] }, "temperror dns"],
  ["§4.4: timeout", { "example.com": ["TIMEOUT"] }, "temperror dns"],
  [
    "§4.5: other TXT records are ignored, 8-bit ones too",
    { "example.com": [{ TXT: "x" }, { TXT: "ÿ\u0000" }, { TXT: "v=spf1 -all" }] },
    "fail matched",
  ],
  ["§4.5: v=spf10 is another version", zoneWith("v=spf10 -all"), "none no-record"],
  ["§4.5: v=spf1 must be followed by a space", zoneWith("v=spf1\t-all"), "none no-record"],
  ["§4.5: no leading space", zoneWith(" v=spf1 -all"), "none no-record"],
  ["§4.5: the version in any case", zoneWith("V=SpF1 -ALL"), "fail matched"],
  ["§4.5: an empty record", zoneWith("v=spf1"), "neutral default"],
  ["§4.5: spaces alone", zoneWith("v=spf1    "), "neutral default"],
  ["§4.5: two records", { "example.com": [{ TXT: "v=spf1 -all" }, { TXT: "v=spf1 +all" }] }, "permerror several-records"],
  [
    "§4.5: two records, one of them broken",
    { "example.com": [{ TXT: "v=spf1 -all" }, { TXT: "v=spf1 moo" }] },
    "permerror several-records",
  ],
  ["§4.5: two equal records", { "example.com": [{ TXT: "v=spf1 -all" }, { TXT: "v=spf1 -all" }] }, "permerror several-records"],
  ["§3.3: strings are joined without a space", { "example.com": [{ TXT: ["v=spf1 ip4:192.0", ".2.1 -all"] }] }, "pass matched"],
  ["§4.6.1: terms are separated by any number of spaces", zoneWith("v=spf1   ip4:192.0.2.1   -all  "), "pass matched"],
  ["§4.6.1: a tab separates nothing", zoneWith("v=spf1 ip4:192.0.2.1\t-all"), "permerror syntax"],
  ["§4.6: an error after the match", zoneWith("v=spf1 ip4:192.0.2.1 -all moo"), "permerror syntax"],
  [
    "§4.6: an error in an include that is not reached",
    zoneWith("v=spf1 ip4:192.0.2.1 include:broken-record.example", { "broken-record.example": [{ TXT: "v=spf1 moo" }] }),
    "pass matched",
  ],
  ["a record behind a CNAME", { "example.com": [{ CNAME: "target.example" }], "target.example": [{ TXT: "v=spf1 -all" }] }, "fail matched"],
  // Qualifiers and case: §4.6.2
  ["§4.6.2: ?", zoneWith("v=spf1 ?ip4:192.0.2.1 -all"), "neutral matched"],
  ["§4.6.2: ~", zoneWith("v=spf1 ~ip4:192.0.2.1 -all"), "softfail matched"],
  ["§4.6.2: +", zoneWith("v=spf1 +ip4:192.0.2.1 -all"), "pass matched"],
  ["§4.6.1: names in any case", zoneWith("v=spf1 IP4:192.0.2.0/24 -ALL"), "pass matched"],
  ["§4.6.1: two qualifiers", zoneWith("v=spf1 --all"), "permerror syntax"],
  // all: §5.1
  ["§5.1: terms after all are never tested", zoneWith("v=spf1 ~all a:slow.example include:slow.example", hosts), "softfail matched"],
  ["§5.1: redirect is ignored where there is all", zoneWith("v=spf1 redirect=slow.example ?all", hosts), "neutral matched"],
  // ip4, ip6: §5.6
  ["§5.6: ip4 with a host's bits set", zoneWith("v=spf1 ip4:192.0.2.77/24 -all"), "pass matched"],
  ["§5.6: ip4 of 31 bits", zoneWith("v=spf1 ip4:192.0.2.0/31 -all"), "pass matched"],
  ["§5.6: ip4 of 0 bits", zoneWith("v=spf1 ip4:0.0.0.0/0 -all"), "pass matched"],
  ["§5.6: ip4 does not match IPv6", zoneWith("v=spf1 ip4:0.0.0.0/0 -all"), "fail matched", six],
  ["§5.6: ip6", zoneWith("v=spf1 ip6:2001:db8::/32 -all"), "pass matched", six],
  ["§5.6: ip6 to the last bit", zoneWith("v=spf1 ip6:2001:db8::1/128 -all"), "pass matched", six],
  ["§5.6: ip6 with an IPv4 tail", zoneWith("v=spf1 ip6:2001:db8::0.0.0.1 -all"), "pass matched", six],
  ["§5: an IPv4-mapped client is IPv4", zoneWith("v=spf1 ip4:192.0.2.1 -all"), "pass matched", { ip: "::ffff:192.0.2.1" }],
  ["§5: an IPv4-mapped client in hexadecimal", zoneWith("v=spf1 ip4:192.0.2.1 -all"), "pass matched", { ip: "::FFFF:C000:0201" }],
  [
    "§5: ip6 never matches an IPv4-mapped client",
    zoneWith("v=spf1 ip6:::ffff:192.0.2.1 ip6:::/0 -all"),
    "fail matched",
    { ip: "::ffff:192.0.2.1" },
  ],
  // a: §5.3
  ["§5.3: one of several addresses", zoneWith("v=spf1 a:here.example -all", hosts), "pass matched"],
  ["§5.3: AAAA for an IPv6 client", zoneWith("v=spf1 a:here.example -all", hosts), "pass matched", six],
  ["§5.3: without domain-spec, the domain itself", { "example.com": [{ TXT: "v=spf1 a -all" }, { A: "192.0.2.1" }] }, "pass matched"],
  ["§5.3: a block around an address", zoneWith("v=spf1 a:near.example/24 -all", hosts), "pass matched"],
  ["§5.3: a block of the other family does not matter", zoneWith("v=spf1 a:near.example//0 -all", hosts), "fail matched"],
  ["§5.3: an IPv6 block", zoneWith("v=spf1 a:near.example/32//112 -all", hosts), "pass matched", six],
  [
    "§5.3: /0 needs an address of the client's family",
    zoneWith("v=spf1 a:only4.example//0 -all", { "only4.example": [{ A: "192.0.2.1" }] }),
    "fail matched",
    six,
  ],
  ["§5.3: through a CNAME", zoneWith("v=spf1 a:alias.example -all", hosts), "pass matched"],
  ["§5.3: a final dot", zoneWith("v=spf1 a:here.example. -all", hosts), "pass matched"],
  ["§5: a DNS error ends all", zoneWith("v=spf1 a:broken.example ip4:192.0.2.1", hosts), "temperror dns"],
  ["§5: a DNS error after the match is not met", zoneWith("v=spf1 ip4:192.0.2.1 a:broken.example", hosts), "pass matched"],
  // mx: §5.4
  ["§5.4: any MX host", zoneWith("v=spf1 mx:mx.example -all", hosts), "pass matched"],
  ["§5.4: any MX host, IPv6", zoneWith("v=spf1 mx:mx.example -all", hosts), "pass matched", six],
  [
    "§5.4: a block around an MX host",
    zoneWith("v=spf1 mx:m.example/24 -all", { ...hosts, "m.example": [{ MX: [1, "near.example"] }] }),
    "pass matched",
  ],
  ["§5.4: no implicit MX", { "example.com": [{ TXT: "v=spf1 mx -all" }, { A: "192.0.2.1" }] }, "fail matched"],
  ["RFC 7505: a null MX names nobody", zoneWith("v=spf1 mx:null-mx.example -all", hosts), "fail matched"],
  ["§5: an MX host that fails, none other matching", zoneWith("v=spf1 mx:half-far.example -all", hosts), "temperror dns"],
  ["§5: an MX host that fails beside one that matches, in any order", zoneWith("v=spf1 mx:half.example -all", hosts), "pass matched"],
  // exists: §5.7
  ["§5.7: an A record of any value", zoneWith("v=spf1 exists:far.example -all", hosts), "pass matched"],
  [
    "§5.7: A even for an IPv6 client",
    zoneWith("v=spf1 exists:only4.example -all", { "only4.example": [{ A: "127.0.0.2" }] }),
    "pass matched",
    six,
  ],
  [
    "§5.7: AAAA alone does not count",
    zoneWith("v=spf1 exists:only6.example -all", { "only6.example": [{ AAAA: "::1" }] }),
    "fail matched",
    six,
  ],
  // ptr: §5.5
  [
    "§5.5: a validated name below the domain",
    zoneWith("v=spf1 ptr -all", { "1.2.0.192.in-addr.arpa": [{ PTR: "MX.Example.COM." }], "mx.example.com": [{ A: "192.0.2.1" }] }),
    "pass matched",
  ],
  [
    "§5.5: the target itself",
    zoneWith("v=spf1 ptr:here.example -all", { ...hosts, "1.2.0.192.in-addr.arpa": [{ PTR: "here.example" }] }),
    "pass matched",
  ],
  [
    "§5.5: mail.bad-example.com is not within example.com",
    zoneWith("v=spf1 ptr -all", {
      "1.2.0.192.in-addr.arpa": [{ PTR: "mail.bad-example.com" }],
      "mail.bad-example.com": [{ A: "192.0.2.1" }],
    }),
    "fail matched",
  ],
  [
    "§5.5: the name of a parent is not within the target",
    zoneWith("v=spf1 ptr:a.here.example -all", { ...hosts, "1.2.0.192.in-addr.arpa": [{ PTR: "here.example" }] }),
    "fail matched",
  ],
  [
    "§5.5: a name that does not resolve back",
    zoneWith("v=spf1 ptr -all", { "1.2.0.192.in-addr.arpa": [{ PTR: "mx.example.com" }], "mx.example.com": [{ A: "192.0.2.2" }] }),
    "fail matched",
  ],
  [
    "§5.5: an error of the PTR question is no match",
    zoneWith("v=spf1 ptr -all", { "1.2.0.192.in-addr.arpa": ["SERVFAIL"] }),
    "fail matched",
  ],
  [
    "§5.5: an error of an address question skips the name",
    zoneWith("v=spf1 ptr:sub.example -all", {
      ...hosts,
      "1.2.0.192.in-addr.arpa": [{ PTR: "broken.sub.example" }, { PTR: "here.sub.example" }],
      "broken.sub.example": ["SERVFAIL"],
      "here.sub.example": [{ A: "192.0.2.1" }],
    }),
    "pass matched",
  ],
  [
    "§5.5: IPv6",
    zoneWith("v=spf1 ptr -all", {
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": [{ PTR: "mx.example.com" }],
      "mx.example.com": [{ AAAA: "2001:db8::1" }],
    }),
    "pass matched",
    six,
  ],
  // include: §5.2
  ["§5.2: pass matches", zoneWith("v=spf1 include:i.example -all", { "i.example": [{ TXT: "v=spf1 +all" }] }), "pass matched"],
  ["§5.2: -include that matches", zoneWith("v=spf1 -include:i.example +all", { "i.example": [{ TXT: "v=spf1 +all" }] }), "fail matched"],
  ["§5.2: fail does not match", zoneWith("v=spf1 include:i.example ?all", { "i.example": [{ TXT: "v=spf1 -all" }] }), "neutral matched"],
  ["§5.2: softfail does not match", zoneWith("v=spf1 include:i.example -all", { "i.example": [{ TXT: "v=spf1 ~all" }] }), "fail matched"],
  [
    "§5.2: neutral by default does not match",
    zoneWith("v=spf1 include:i.example -all", { "i.example": [{ TXT: "v=spf1" }] }),
    "fail matched",
  ],
  ["§5.2: none is a permerror", zoneWith("v=spf1 include:i.example +all"), "permerror include-none"],
  [
    "§5.2: two records there are a permerror",
    zoneWith("v=spf1 include:i.example +all", { "i.example": [{ TXT: "v=spf1" }, { TXT: "v=spf1" }] }),
    "permerror several-records",
  ],
  ["§5.2: an error there", zoneWith("v=spf1 include:i.example +all", { "i.example": [{ TXT: "v=spf1 a:" }] }), "permerror syntax"],
  ["§5.2: a DNS error there", zoneWith("v=spf1 include:i.example +all", { "i.example": ["TIMEOUT"] }), "temperror dns"],
  ["§4.3: a domain with an empty label has no record", zoneWith("v=spf1 include:i..example +all"), "permerror include-none"],
  [
    "§5.2: a redirect inside",
    zoneWith("v=spf1 include:i.example -all", {
      "i.example": [{ TXT: "v=spf1 redirect=j.example" }],
      "j.example": [{ TXT: "v=spf1 ip4:192.0.2.1" }],
    }),
    "pass matched",
  ],
  [
    "§5.2: a broken redirect inside",
    zoneWith("v=spf1 include:i.example -all", { "i.example": [{ TXT: "v=spf1 redirect=j.example" }] }),
    "permerror redirect-none",
  ],
  // redirect: §6.1
  ["§6.1: the target's result", zoneWith("v=spf1 redirect=i.example", { "i.example": [{ TXT: "v=spf1 ~all" }] }), "softfail matched"],
  [
    "§6.1: only after all mechanisms",
    zoneWith("v=spf1 redirect=i.example ip4:192.0.2.1", { "i.example": [{ TXT: "v=spf1 -all" }] }),
    "pass matched",
  ],
  [
    "§6.1: the target's default",
    zoneWith("v=spf1 redirect=i.example", { "i.example": [{ TXT: "v=spf1 ip4:198.51.100.1" }] }),
    "neutral default",
  ],
  ["§6.1: no record there", zoneWith("v=spf1 redirect=i.example"), "permerror redirect-none"],
  ["§6.1: a malformed name", zoneWith("v=spf1 redirect=i..example"), "permerror redirect-none"],
  ["§6.1: a DNS error there", zoneWith("v=spf1 redirect=i.example", { "i.example": ["SERVFAIL"] }), "temperror dns"],
  [
    "§6: redirect twice",
    zoneWith("v=spf1 redirect=i.example redirect=i.example", { "i.example": [{ TXT: "v=spf1 -all" }] }),
    "permerror syntax",
  ],
  ["§6: redirect twice beside all", zoneWith("v=spf1 redirect=i.example -all Redirect=j.example"), "permerror syntax"],
  ["§6: exp twice", zoneWith("v=spf1 -all exp=i.example EXP=j.example"), "permerror syntax"],
  ["§6: unknown modifiers are ignored, however often", zoneWith("v=spf1 x=1 x=2 y.z-_=%{c} ip4:192.0.2.1 x="), "pass matched"],
  ["§6: a known mechanism's name as a modifier is unknown too", zoneWith("v=spf1 ip4=192.0.2.1 ~all"), "softfail matched"],
];
for (const [name, zone, expected, query] of cases) {
  test(`RFC 7208 ${name}: ${expected}`, async () => {
    const found = await ask(zone, query);
    assert.equal(`${found.result} ${found.reason}`, expected, JSON.stringify(found));
  });
}

test("§5.4: the addresses of MX hosts are asked for at once", async () => {
  const found = await ask(zoneWith("v=spf1 mx:mx.example -all", hosts));
  assert.deepEqual(found.questions, ["TXT example.com", "MX mx.example", "A far.example", "A here.example"]);
});

test("§4.6.2: nothing is asked that the evaluation does not need", async () => {
  const found = await ask(
    zoneWith("v=spf1 ip4:192.0.2.1 a:here.example mx:mx.example include:far.example redirect=x.example exp=e.example", hosts),
  );
  assert.deepEqual(found.questions, ["TXT example.com"]);
  const ptr = await ask(
    zoneWith("v=spf1 ptr:example.com ~all", { ...hosts, "1.2.0.192.in-addr.arpa": [{ PTR: "here.example" }, { PTR: "far.example" }] }),
  );
  assert.deepEqual(ptr.questions, ["TXT example.com", "PTR 1.2.0.192.in-addr.arpa"], "names outside the target are not looked up");
});

test("result: `mechanism` is the deciding term behind the terms that led to it", async () => {
  const zone: Zone = {
    "example.com": [{ TXT: "v=spf1 Include:i.example redirect=r.example" }],
    "i.example": [{ TXT: "v=spf1 include:j.example ?all" }],
    "j.example": [{ TXT: "v=spf1 ip4:198.51.100.0/24" }],
    "r.example": [{ TXT: "v=spf1 a:no.example -all" }],
  };
  assert.equal((await ask(zone)).mechanism, "redirect=r.example > -all");
  assert.equal((await ask(zone, { ip: "198.51.100.3" })).mechanism, "Include:i.example > include:j.example > ip4:198.51.100.0/24");
  assert.equal(
    (await ask(zoneWith("v=spf1 include:i.example", { "i.example": [{ TXT: "v=spf1 mooÿ" }] }))).mechanism,
    "include:i.example > moo\\xc3\\xbf",
  );
  assert.equal((await ask(zoneWith("v=spf1 include:i.example"))).mechanism, "include:i.example");
  assert.equal((await ask(zoneWith("v=spf1 redirect=i.example", { "i.example": [{ TXT: "v=spf1" }] }))).mechanism, null);
  assert.equal((await ask(zoneWith("v=spf1"))).mechanism, null);
});

test("trace: onTerm sees each term as it was evaluated, an include after its terms", async () => {
  const found = await ask(
    zoneWith("v=spf1 a:void.example include:i.example -all", { "i.example": [{ TXT: "v=spf1 exists:e.example ~all" }] }),
  );
  assert.deepEqual(
    found.steps.map(({ domain, term, outcome, depth, lookups, voidLookups }) => [domain, term, outcome, depth, lookups, voidLookups]),
    [
      ["example.com", "a:void.example", "no-match", 0, 1, 1],
      ["i.example", "exists:e.example", "no-match", 1, 3, 2],
      ["i.example", "~all", "match", 1, 3, 2],
      ["example.com", "include:i.example", "no-match", 0, 3, 2],
      ["example.com", "-all", "match", 0, 3, 2],
    ],
  );
});

test("trace: a redirect comes after the terms it led to", async () => {
  const found = await ask(zoneWith("v=spf1 redirect=i.example", { "i.example": [{ TXT: "v=spf1 -all" }] }));
  assert.deepEqual(
    found.steps.map(({ domain, term, outcome }) => [domain, term, outcome]),
    [
      ["i.example", "-all", "match"],
      ["example.com", "redirect=i.example", "match"],
    ],
  );
  const broken = await ask(zoneWith("v=spf1 redirect=i.example"));
  assert.deepEqual(
    broken.steps.map(({ term, outcome }) => [term, outcome]),
    [["redirect=i.example", "permerror"]],
  );
});

const broad: readonly (readonly [string, boolean, Zone?, string?])[] = [
  ["v=spf1 +all", true],
  ["v=spf1 ip4:192.0.0.0/8 -all", false],
  ["v=spf1 ip4:192.0.0.0/7 -all", true],
  ["v=spf1 ip4:0.0.0.0/0 -all", true],
  ["v=spf1 ip4:192.0.2.1 +all", false],
  ["v=spf1 ip4:198.51.100.1 all", true],
  ["v=spf1 a:here.example/7 -all", true, hosts],
  ["v=spf1 a:here.example/8//0 -all", false, hosts],
  ["v=spf1 mx:mx.example/0 -all", true, hosts],
  ["v=spf1 include:i.example -all", true, { "i.example": [{ TXT: "v=spf1 +all" }] }],
  ["v=spf1 include:i.example -all", false, { "i.example": [{ TXT: "v=spf1 ip4:192.0.2.1 +all" }] }],
  ["v=spf1 redirect=i.example", true, { "i.example": [{ TXT: "v=spf1 ip4:128.0.0.0/1" }] }],
  ["v=spf1 ?all", false],
  ["v=spf1 -ip4:0.0.0.0/0", false],
  ["v=spf1 -include:i.example", false, { "i.example": [{ TXT: "v=spf1 +all" }] }],
  ["v=spf1 ip6:2000::/3 -all", true, {}, "2001:db8::1"],
  ["v=spf1 a:here.example/0//64 -all", false, hosts, "2001:db8::1"],
];
for (const [record, expected, more, ip] of broad) {
  test(`design: a pass that rests on next to everybody is broad: ${record} ${expected}`, async () => {
    const found = await ask(zoneWith(record, more), ip === undefined ? {} : { ip });
    assert.equal(found.broad, expected);
  });
}

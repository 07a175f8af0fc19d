import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, encode, type Packet } from "dns-packet";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import type { RecordType } from "./answer.ts";
import { encodeQuery } from "./packet.ts";
import { type Asked, type Reply, readReply } from "./reply.ts";

const id = 0x1234;
const caseBits = Uint8Array.from([0b0101_0101, 0b0101_0101, 0b0101_0101, 0b0101_0101]);
const cased = [...caseBits].flatMap((octet) => Array.from({ length: 8 }, (_, bit) => (octet >> bit) & 1));

function asked(name = "www.example.com", type: RecordType = "A", changes: Partial<Asked> = {}): Asked {
  const query = encodeQuery({ id, name, type, caseBits, edns: true, authenticData: false });
  return { query, type, edns: true, transport: "udp", hopsLeft: limits.cnameChainMax, ...changes };
}
const inCase = (name: string) => [...name].map((char, i) => (cased[i] === 1 ? char.toUpperCase() : char)).join("");

type Parts = Omit<Packet, "type" | "flags"> & { flags?: number };
const recursive = 0x0180;

function reply(parts: Parts, to: Asked = asked(), name = "www.example.com"): Reply {
  return readReply(packet(parts, name, to.type), to);
}
function packet(parts: Parts, name = "www.example.com", type: RecordType = "A"): Uint8Array {
  return encode({ id, flags: recursive, questions: [{ name: inCase(name), type }], ...parts, type: "response" });
}

const a = (name: string, data = "192.0.2.1", ttl = 300): Answer => ({ type: "A", name, ttl, data });
const cname = (name: string, data: string, ttl = 300): Answer => ({ type: "CNAME", name, ttl, data });
const soa = (name: string, minimum: number, ttl = 3600): Answer => ({
  type: "SOA",
  name,
  ttl,
  data: { mname: "ns.example", rname: "host.example", minimum },
});
const found = (records: string[], ttlSeconds = 300, hops = 0): Reply => ({
  kind: "found",
  records,
  ttlSeconds,
  hops,
  authenticData: false,
});
const stranger: Reply = { kind: "stranger" };
const servfail: Reply = { kind: "failure", status: "servfail" };

test("records of the name that was asked, whatever their case", () => {
  assert.deepEqual(
    reply({ answers: [a("WWW.example.COM"), a("www.example.com", "192.0.2.2", 60)] }),
    found(["192.0.2.1", "192.0.2.2"], 60),
  );
});

const strangers: [what: string, parts: Parts, name?: string][] = [
  ["another id", { id: id ^ 1, answers: [a("www.example.com")] }],
  ["another name", { questions: [{ name: inCase("www.example.net"), type: "A" }], answers: [a("www.example.com")] }],
  ["a longer name", { questions: [{ name: `${inCase("www.example.com")}.x`, type: "A" }] }],
  ["another type", { questions: [{ name: inCase("www.example.com"), type: "AAAA" }] }],
  ["another class", { questions: [{ name: inCase("www.example.com"), type: "A", class: "CH" }] }],
  ["no question", { questions: [], answers: [a("www.example.com")] }],
  [
    "two questions",
    {
      questions: [
        { name: inCase("www.example.com"), type: "A" },
        { name: "x", type: "A" },
      ],
    },
  ],
  ["another opcode", { flags: recursive | (4 << 11), answers: [a("www.example.com")] }],
];
for (const [what, parts] of strangers) {
  test(`RFC 5452 §9.1: ${what} is no answer to this question`, () => assert.deepEqual(reply(parts), stranger));
}

test("RFC 5452 §9.1: our own question coming back is no answer", () => {
  assert.deepEqual(readReply(asked().query, asked()), stranger);
});

test("0x20: another case of letters is told apart over UDP, and is no matter over TCP", () => {
  const parts: Parts = { questions: [{ name: "www.example.com", type: "A" }], answers: [a("www.example.com")] };
  assert.deepEqual(reply(parts), { kind: "other-case" });
  assert.deepEqual(reply(parts, asked("www.example.com", "A", { transport: "tcp" })), found(["192.0.2.1"]));
});

test("RFC 7766 §5: truncated over UDP, whatever records are there; over TCP it makes no sense", () => {
  assert.deepEqual(reply({ flags: recursive | 0x200, answers: [a("www.example.com")] }), { kind: "truncated" });
  assert.deepEqual(reply({ flags: recursive | 0x200 }, asked("www.example.com", "A", { transport: "tcp" })), servfail);
});

const failures: [rcode: number, withEdns: Reply, plain: Reply][] = [
  [1, { kind: "no-edns" }, servfail],
  [2, servfail, servfail],
  [4, { kind: "no-edns" }, servfail],
  [5, { kind: "failure", status: "refused" }, { kind: "failure", status: "refused" }],
  [9, servfail, servfail],
];
for (const [rcode, withEdns, plain] of failures) {
  test(`RCODE ${rcode}, with and without its question`, () => {
    const without = asked("www.example.com", "A", { edns: false });
    for (const parts of [{ flags: recursive | rcode }, { flags: recursive | rcode, questions: [] }]) {
      assert.deepEqual([reply(parts), reply(parts, without)], [withEdns, plain]);
    }
  });
}

test("RFC 6891 §6.1.3: BADVERS is no empty answer", () => {
  const opt = (extendedRcode: number): Answer => ({
    type: "OPT",
    name: ".",
    extendedRcode,
    ednsVersion: 0,
    udpPayloadSize: 1232,
    flags: 0,
    flag_do: false,
    options: [],
  });
  assert.deepEqual(reply({ additionals: [opt(1)] }), { kind: "no-edns" });
  assert.deepEqual(reply({ additionals: [opt(2)] }), servfail);
  assert.deepEqual(reply({ answers: [a("www.example.com")], additionals: [opt(0)] }), found(["192.0.2.1"]));
});

test("RFC 2308 §2.2: no data; the SOA's minimum or its TTL, the lesser", () => {
  assert.deepEqual(reply({ authorities: [soa("example.com", 60)] }), { kind: "nothing", status: "nodata", ttlSeconds: 60, hops: 0 });
  assert.deepEqual(reply({ authorities: [soa("example.com", 600, 30)] }), { kind: "nothing", status: "nodata", ttlSeconds: 30, hops: 0 });
  assert.deepEqual(reply({}), { kind: "nothing", status: "nodata", ttlSeconds: null, hops: 0 });
});

test("RFC 2308 §2.1: no such name; a foreign SOA sets no time", () => {
  const nx = recursive | 3;
  assert.deepEqual(reply({ flags: nx, authorities: [soa(".", 900)] }), { kind: "nothing", status: "nxdomain", ttlSeconds: 900, hops: 0 });
  assert.deepEqual(reply({ flags: nx, authorities: [soa("example.net", 9)] }), {
    kind: "nothing",
    status: "nxdomain",
    ttlSeconds: null,
    hops: 0,
  });
});

test("an RCODE that denies the name outweighs records of the name", () => {
  assert.deepEqual(reply({ flags: recursive | 3, answers: [a("www.example.com")] }), {
    kind: "nothing",
    status: "nxdomain",
    ttlSeconds: null,
    hops: 0,
  });
});

test("RFC 2308 §2.2: a referral from a server that does not recurse is no answer", () => {
  const ns: Answer = { type: "NS", name: "com", ttl: 300, data: "ns.example.net" };
  assert.deepEqual(reply({ flags: 0x0100, authorities: [ns] }), servfail);
  assert.equal(reply({ flags: recursive, authorities: [ns] }).kind, "nothing");
});

test("CNAMEs are followed in any order, with the least TTL", () => {
  const answers = [a("c.example", "192.0.2.7", 200), cname("B.example", "c.example", 100), cname("www.example.com", "b.example", 900)];
  assert.deepEqual(reply({ answers }), found(["192.0.2.7"], 100, 2));
});

test("a CNAME that is asked for is a record, not a path", () => {
  const to = asked("www.example.com", "CNAME");
  assert.deepEqual(reply({ answers: [cname("www.example.com", "B.example")] }, to), found(["b.example"]));
});

test("attack: records of names off the chain are not believed, in any section", () => {
  const foreign = [a("victim.example", "192.0.2.66"), a("example.com", "192.0.2.66"), a("x.www.example.com", "192.0.2.66")];
  assert.deepEqual(reply({ answers: foreign, authorities: foreign, additionals: foreign }), {
    kind: "nothing",
    status: "nodata",
    ttlSeconds: null,
    hops: 0,
  });
  assert.deepEqual(reply({ authorities: [a("www.example.com")], additionals: [a("www.example.com")] }).kind, "nothing");
});

test("records of another class are not believed", () => {
  assert.equal(reply({ answers: [{ type: "A", name: "www.example.com", class: "CH", data: "192.0.2.1" }] }).kind, "nothing");
});

test("an alias without the target's records and without SOA is to be asked on", () => {
  const answers = [cname("www.example.com", "b.example", 100)];
  assert.deepEqual(reply({ answers }), { kind: "alias", target: "b.example", ttlSeconds: 100, hops: 1, authenticData: false });
});

test("a dangling alias gives the target's answer", () => {
  const answers = [cname("www.example.com", "b.example", 40)];
  const nx = reply({ flags: recursive | 3, answers, authorities: [soa("example", 60)] });
  assert.deepEqual(nx, { kind: "nothing", status: "nxdomain", ttlSeconds: 40, hops: 1 });
  assert.deepEqual(reply({ answers, authorities: [soa("example", 60)] }), { kind: "nothing", status: "nodata", ttlSeconds: 40, hops: 1 });
});

test("eight CNAMEs are followed, nine are a failure, and so is a loop", () => {
  const chain = (length: number) => {
    const names = ["www.example.com", ...Array.from({ length }, (_, i) => `n${i}.example`)];
    return [...names.slice(0, -1).map((name, i) => cname(name, names[i + 1] ?? "")), a(names.at(-1) ?? "")];
  };
  assert.deepEqual(reply({ answers: chain(8) }), found(["192.0.2.1"], 300, 8));
  assert.deepEqual(reply({ answers: chain(9) }), servfail);
  assert.deepEqual(reply({ answers: [cname("www.example.com", "b.example"), cname("b.example", "www.example.com")] }), servfail);
  assert.deepEqual(reply({ answers: [cname("www.example.com", "www.example.com")] }), servfail);
});

test("RFC 2181 §8: a TTL with the top bit set is 0", () => {
  assert.deepEqual(reply({ answers: [a("www.example.com", "192.0.2.1", 0x80000000)] }), found(["192.0.2.1"], 0));
});

test("attack: a record that is malformed makes the packet a stranger, never half an answer", () => {
  const whole = packet({ answers: [a("www.example.com"), a("www.example.com", "192.0.2.2")] });
  for (let length = 0; length < whole.length; length++)
    assert.deepEqual(readReply(whole.subarray(0, length), asked()), stranger, `${length}`);
  const longer = Buffer.from(whole);
  longer.writeUInt16BE(5, longer.length - 6);
  assert.deepEqual(readReply(longer, asked()), stranger);
});

test("attack: pointer chains, the longest names and thousands of records: nothing is believed (the time is in bench/hostile.ts)", () => {
  for (const bytes of [pointerChains(), longName(), manyNames()]) {
    assert.ok(bytes.length > 60_000 && bytes.length <= 65_535);
    assert.equal(readReply(bytes, asked()).kind, "nothing");
  }
});

/** A name behind 127 pointers, and as many A records as fit that have it as owner. */
function pointerChains(): Uint8Array {
  const head = packet({ questions: [{ name: inCase("www.example.com"), type: "A" }] });
  const chain: number[] = [0, 0];
  const chainAt = head.length + 11;
  for (let i = 0; i < 126; i++) chain.push(0xc0 | ((chainAt + i * 2) >> 8), (chainAt + i * 2) & 255);
  return withRecords(head, chain, () => chainAt + 126 * 2);
}

/** A name of 255 octets in 127 labels, and as many A records as fit that have it as owner. */
function longName(): Uint8Array {
  const head = packet({});
  const name = Array.from({ length: 127 }, () => [1, 0x80]).flat();
  return withRecords(head, [...name, 0], () => head.length + 11);
}

/** As many different names as fit, each one label more than another, up to 120; and an A record for each. */
function manyNames(): Uint8Array {
  const head = packet({});
  const dataAt = head.length + 11;
  const data = [0];
  const starts = [0];
  for (let i = 0; i < 3500; i++) {
    const at = dataAt + (starts[i % 120 === 0 ? 0 : i] ?? 0);
    starts.push(data.length);
    data.push(1, 0x80, 0xc0 | (at >> 8), at & 255);
  }
  return withRecords(head, data, (index) => dataAt + (starts[index % starts.length] ?? 0));
}

function withRecords(head: Uint8Array, data: readonly number[], ownerAt: (index: number) => number): Uint8Array {
  const first = [0, 0, 10, 0, 1, 0, 0, 0, 9, data.length >> 8, data.length & 255, ...data];
  const one = (index: number) => [0xc0 | (ownerAt(index) >> 8), ownerAt(index) & 255, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1];
  const count = Math.floor((65_535 - head.length - first.length) / one(0).length);
  const bytes = Buffer.concat([head, Buffer.from(first), ...Array.from({ length: count }, (_, index) => Buffer.from(one(index)))]);
  bytes.writeUInt16BE(count + 1, 6);
  return bytes;
}

const kinds = new Set(["stranger", "other-case", "truncated", "no-edns", "failure", "found", "nothing", "alias"]);

test("attack: any bytes give a reply, and random ones a stranger", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      assert.deepEqual(readReply(bytes, asked()), stranger);
    }),
    { numRuns: 1000 },
  );
});

test("attack: real packets with octets changed, cut, doubled and spliced give a reply and never an exception", () => {
  const real = [
    packet({ answers: [cname("www.example.com", "b.example"), a("b.example")], additionals: [a("c.example")] }),
    packet({ flags: recursive | 3, authorities: [soa("example.com", 60)] }),
    packet(
      { answers: [{ type: "MX", name: "www.example.com", ttl: 5, data: { preference: 1, exchange: "m.example" } }] },
      "www.example.com",
      "MX",
    ),
    packet({ answers: [{ type: "TXT", name: "www.example.com", ttl: 5, data: ["v=spf1", "-all"] }] }, "www.example.com", "TXT"),
    packet({
      authorities: [soa("example.com", 60)],
      additionals: [
        { type: "OPT", name: ".", udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
      ],
    }),
  ];
  const change = fc.record({ at: fc.nat(), octet: fc.nat(255), cut: fc.nat(400), from: fc.nat(), length: fc.nat(30) });
  const types: RecordType[] = ["A", "TXT", "MX", "SOA", "CNAME"];
  fc.assert(
    fc.property(
      fc.constantFrom(...real),
      fc.constantFrom(...types),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      (bytes, type, changes) => {
        const mutated = Buffer.from(bytes);
        for (const { at, octet, from, length } of changes) {
          // The first octets stay mostly whole, so that the changes are not all caught by the id and the question.
          const target = 4 + (at % (mutated.length - 4));
          if (octet % 3 === 0) mutated.copyWithin(target, from % mutated.length, (from % mutated.length) + length);
          else mutated[target] = octet;
        }
        const last = changes.at(-1);
        const cut = last !== undefined && last.cut < mutated.length ? mutated.subarray(0, last.cut) : mutated;
        const result = readReply(cut, asked("www.example.com", type, { transport: "tcp" }));
        assert.ok(kinds.has(result.kind));
        if (result.kind === "found") assert.ok(result.records.length > 0 && result.hops <= limits.cnameChainMax && result.ttlSeconds >= 0);
      },
    ),
    { numRuns: 5000 },
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, decode, encode } from "dns-packet";
import fc from "fast-check";
import type { RecordType } from "./answer.ts";
import { encodeQuery, type Query, readData, readHeader, readName, readRecord, typeNumbers } from "./packet.ts";

const plainQuery: Query = { id: 0x1234, name: "example.com", type: "TXT", caseBits: new Uint8Array(2), edns: true, authenticData: false };

/** One record of a packet, by its type number and data. */
function record(type: number, data: readonly number[], rest: readonly number[] = []): Uint8Array {
  return Uint8Array.from([0, type >> 8, type & 255, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255, ...data, ...rest]);
}
function dataOf(type: RecordType, data: readonly number[]): unknown {
  const packet = record(typeNumbers[type], data);
  const raw = readRecord(packet, 0);
  return raw === null ? "no record" : readData(packet, raw, type);
}
const ascii = (text: string) => [...Buffer.from(text, "latin1")];
const label = (text: string) => [text.length, ...ascii(text)];

test("RFC 1035 §4.1: a question as another codec reads it", () => {
  const read = decode(Buffer.from(encodeQuery({ ...plainQuery, authenticData: true })));
  assert.deepEqual(
    [read.id, read.type, read.flags, read.flag_rd, read.flag_ad, read.questions],
    [0x1234, "query", 0x0120, true, true, [{ name: "example.com", type: "TXT", class: "IN" }]],
  );
  const [opt] = read.additionals ?? [];
  assert.ok(opt?.type === "OPT" && opt.name === ".");
  assert.deepEqual([opt.udpPayloadSize, opt.ednsVersion, opt.flags, opt.options], [1232, 0, 0, []]);
});

test("without EDNS there is no OPT record, without trust no AD bit", () => {
  const read = decode(Buffer.from(encodeQuery({ ...plainQuery, edns: false })));
  assert.deepEqual([read.additionals, read.flag_ad], [[], false]);
});

test("each type is asked by its number, each label at its length", () => {
  const name = `${"a".repeat(63)}.b.${"c".repeat(62)}`;
  for (const type of ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "TXT"] as const) {
    const read = decode(Buffer.from(encodeQuery({ ...plainQuery, name, type })));
    assert.deepEqual(read.questions, [{ name, type, class: "IN" }]);
  }
});

test("case bits raise letters and nothing else", () => {
  const name = "ab-1_z.{`~";
  const query = encodeQuery({ ...plainQuery, name, caseBits: new Uint8Array(4).fill(0xff) });
  assert.equal(readName(query, 12, query.length)?.name, "AB-1_Z.{`~");
  const some = encodeQuery({ ...plainQuery, name: "abcdefghij", caseBits: Uint8Array.from([0b0000_0101, 0b10]) });
  assert.equal(readName(some, 12, some.length)?.name, "AbCdefghiJ");
});

test("names: dots, backslashes, spaces, controls and 8-bit inside a label are escaped (RFC 1035 §5.1)", () => {
  const packet = Uint8Array.from([...label("a.b"), ...label("c\\d"), ...label("e f"), ...label("\u0000\u00ff"), ...label("Com"), 0]);
  assert.deepEqual(readName(packet, 0, packet.length), { name: "a\\.b.c\\\\d.e\\032f.\\000\\255.Com", end: packet.length });
});

test("attack: a dot inside a label never reads as two labels", () => {
  const packet = Uint8Array.from([...label("mail.bank"), ...label("example"), 0]);
  assert.notEqual(readName(packet, 0, packet.length)?.name, "mail.bank.example");
});

const brokenNames: [what: string, bytes: readonly number[], at?: number][] = [
  ["nothing", []],
  ["no end", label("abc")],
  ["a label past the end", [5, 97]],
  ["a pointer cut in half", [0xc0]],
  ["a pointer to itself", [0xc0, 0]],
  ["a pointer forward", [0xc0, 2, 0]],
  ["two pointers in a ring", [0xc0, 2, 0xc0, 0], 2],
  ["labels and a pointer in a ring", [...label("a"), 0xc0, 0], 0],
  ["the label type 01", [0x41, ...ascii("a".repeat(65)), 0]],
  ["the label type 10", [0x81, ...ascii("a".repeat(130)), 0]],
  ["256 octets", [...[1, 2, 3, 4].flatMap(() => label("a".repeat(63))), 0]],
];
for (const [what, bytes, at = 0] of brokenNames) {
  test(`RFC 1035 §4.1.4: a name that is ${what} is no name`, () => assert.equal(readName(Uint8Array.from(bytes), at, bytes.length), null));
}

test("RFC 1035 §2.3.4: a name of 255 octets is read", () => {
  const bytes = [...[1, 2, 3].flatMap(() => label("a".repeat(63))), ...label("b".repeat(61)), 0];
  assert.equal(bytes.length, 255);
  assert.equal(readName(Uint8Array.from(bytes), 0, 255)?.name.length, 253);
});

test("RFC 1035 §4.1.4: 127 pointers in one name are followed, 128 are not", () => {
  const chain = (count: number) => {
    const bytes = [0, 0];
    for (let i = 0; i < count; i++) bytes.push(0xc0 | ((i * 2) >> 8), (i * 2) & 255);
    return Uint8Array.from(bytes);
  };
  assert.equal(readName(chain(127), 254, 256)?.name, ".");
  assert.equal(readName(chain(128), 256, 258), null);
});

const goodData: [type: RecordType, data: readonly number[], value: unknown][] = [
  ["A", [192, 0, 2, 255], "192.0.2.255"],
  ["AAAA", [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1], "2001:db8::1"],
  ["MX", [0, 10, ...label("Mail"), ...label("Example"), 0], { preference: 10, exchange: "mail.example" }],
  ["MX", [0, 0, 0], { preference: 0, exchange: "." }],
  ["PTR", [...label("h"), 0], "h"],
  ["NS", [0], "."],
  ["TXT", [...label("v=spf1 "), ...label("-all")], new Uint8Array(ascii("v=spf1 -all"))],
  ["TXT", [2, 0xff, 0xfe, 0], new Uint8Array([0xff, 0xfe])],
  ["TXT", [], new Uint8Array()],
  ["SOA", [...label("ns"), 0, ...label("host"), 0, ...[1, 2, 3, 4, 5].flatMap((n) => [0, 0, 0, n])], "ns host 1 2 3 4 5"],
];
for (const [type, data, value] of goodData) {
  test(`${type} data of ${data.length} octets are read`, () => assert.deepEqual(dataOf(type, data), value));
}

const brokenData: [type: RecordType, data: readonly number[]][] = [
  ["A", [192, 0, 2]],
  ["A", [192, 0, 2, 1, 0]],
  ["AAAA", new Array(15).fill(0)],
  ["MX", [0, 10]],
  ["MX", [0, 10, ...label("a"), 0, 0]],
  ["MX", [0, 10, ...label("a")]],
  ["CNAME", []],
  ["CNAME", [...label("a"), 0, 1]],
  ["PTR", [0xc0, 0xff]],
  ["TXT", [5, 97]],
  ["SOA", [0, 0, 1, 2, 3]],
  ["SOA", [0, 0, ...new Array(21).fill(0)]],
];
for (const [type, data] of brokenData) {
  test(`${type} data ${JSON.stringify(data).slice(0, 40)} do not fill their RDLENGTH: no value`, () =>
    assert.equal(dataOf(type, data), null));
}

test("data cannot reach past their RDLENGTH into the next record", () => {
  const packet = record(typeNumbers.PTR, label("abc"), [0, 0, 0]);
  const raw = readRecord(packet, 0);
  assert.ok(raw !== null);
  assert.equal(readData(packet, raw, "PTR"), null);
});

test("records and headers that are cut off are null", () => {
  const whole = record(1, [192, 0, 2, 1]);
  for (let length = 0; length < whole.length; length++) assert.equal(readRecord(whole.subarray(0, length), 0), null, String(length));
  assert.equal(readHeader(new Uint8Array(11)), null);
  assert.notEqual(readHeader(new Uint8Array(12)), null);
});

const anyLabel = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const anyName = fc.array(anyLabel, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
const anyAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ type: fc.constant("A" as const), name: anyName, ttl: fc.nat(), data: fc.ipV4() }),
  fc.record({ type: fc.constantFrom("CNAME" as const, "NS" as const, "PTR" as const), name: anyName, ttl: fc.nat(), data: anyName }),
  fc.record({
    type: fc.constant("MX" as const),
    name: anyName,
    ttl: fc.nat(),
    data: fc.tuple(fc.nat(65535), anyName).map(([preference, exchange]) => ({ preference, exchange })),
  }),
  fc.record({
    type: fc.constant("TXT" as const),
    name: anyName,
    ttl: fc.nat(),
    data: fc.array(
      fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes)),
      { minLength: 1, maxLength: 4 },
    ),
  }),
);

function dataIn(answer: Answer): unknown {
  if (answer.type === "TXT" && Array.isArray(answer.data))
    return new Uint8Array(Buffer.concat(answer.data.map((part) => Buffer.from(part))));
  if (answer.type === "MX") return { preference: answer.data.preference, exchange: answer.data.exchange.toLowerCase() };
  return "data" in answer && typeof answer.data === "string" ? answer.data.toLowerCase() : null;
}

test("what another codec writes, ours reads back: names, types, TTLs and data", () => {
  fc.assert(
    fc.property(fc.array(anyAnswer, { maxLength: 8 }), (answers) => {
      const packet = encode({ type: "response", answers });
      let offset = 12;
      for (const answer of answers) {
        const raw = readRecord(packet, offset);
        assert.ok(raw !== null && answer.type in typeNumbers);
        offset = raw.dataEnd;
        assert.deepEqual([readName(packet, raw.ownerAt, raw.dataAt)?.name, raw.ttl], [answer.name, "ttl" in answer ? answer.ttl : 0]);
        assert.deepEqual(readData(packet, raw, answer.type as RecordType), dataIn(answer));
      }
      assert.equal(offset, packet.length);
    }),
  );
});

test("attack: any bytes are read without an exception and without leaving the packet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(600), (bytes, offset) => {
      readHeader(bytes);
      const name = readName(bytes, offset, bytes.length);
      assert.ok(name === null || name.end <= bytes.length);
      const raw = readRecord(bytes, offset);
      if (raw === null) return;
      assert.ok(raw.dataAt <= raw.dataEnd && raw.dataEnd <= bytes.length);
      for (const type of Object.keys(typeNumbers)) readData(bytes, raw, type as RecordType);
    }),
    { numRuns: 2000 },
  );
});

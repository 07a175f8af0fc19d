/** Packets as values: who is connected, addresses, macros. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { readAddress, readConnect, readHelo, readMacros } from "./events.ts";
import type { Frame } from "./packet.ts";

/** The packet in the middle of others: nothing may be read beyond its end. */
function frame(text: string): Frame {
  const bytes = Buffer.from(`before\0${text}after\0`, "latin1");
  return { command: 0, bytes, start: 7, end: bytes.length - 6 };
}

const connects: readonly (readonly [what: string, text: string, ip: string | null])[] = [
  ["IPv4 as Postfix says it", "mail.example\x004\x9c\x40192.0.2.1\0", "192.0.2.1"],
  ["IPv6 as Postfix says it", "mail.example\x006\x9c\x402001:db8::1\0", "2001:db8::1"],
  ["IPv6 as Sendmail says it", "mail.example\x006\x9c\x40IPv6:2001:DB8:0::1\0", "2001:db8::1"],
  ["IPv4-mapped IPv6 is IPv4", "mail.example\x006\x9c\x40::ffff:192.0.2.1\0", "192.0.2.1"],
  ["IPv4-mapped IPv6 as Sendmail says it", "mail.example\x006\x9c\x40IPv6:::ffff:192.0.2.1\0", "192.0.2.1"],
  ["without its last NUL", "mail.example\x004\x9c\x40192.0.2.1", "192.0.2.1"],
  ["an address that is none", "mail.example\x004\x9c\x40unknown\0", null],
  ["a client without a name", "[192.0.2.1]\x004\0\x00192.0.2.1\0", "192.0.2.1"],
  ["a family that the server does not know", "localhost\0U", null],
  ["a local socket", "localhost\0L\0\0/run/x.sock\0", null],
];
for (const [what, text, ip] of connects) {
  test(`connection: ${what}`, () => assert.deepEqual(readConnect(frame(text)), { ip }));
}

test("connection: garbage", () => {
  for (const text of [
    "",
    "mail.example",
    "mail.example\0",
    "mail.example\x004",
    "mail.example\x004\x9c\x40",
    "mail.example\0X\x9c\x401\0",
  ]) {
    assert.equal(readConnect(frame(text)), null, JSON.stringify(text));
  }
});

test("MAIL and RCPT: brackets go, parameters are not read, the null path is empty", () => {
  assert.equal(readAddress(frame("<a@x.example>\0SIZE=100\0BODY=8BITMIME\0")), "a@x.example");
  assert.equal(readAddress(frame("a@x.example\0")), "a@x.example");
  assert.equal(readAddress(frame("<>\0")), "");
  assert.equal(readAddress(frame("<a@x.example>")), "a@x.example");
  assert.equal(readAddress(frame('<"a>b"@x.example>\0')), '"a>b"@x.example');
  assert.equal(readAddress(frame("<\xc3\xa9@x.example>\0")), "\u00e9@x.example");
});

test("an address beyond all limits is none: shortened it would be somebody else's", () => {
  const longest = "a".repeat(limits.milterAddressBytesMax - 2);
  assert.equal(readAddress(frame(`<${longest}>\0`)), longest);
  assert.equal(readAddress(frame(`<${longest}a>\0`)), null);
  assert.equal(readAddress(frame("")), null);
});

test("HELO", () => {
  assert.equal(readHelo(frame("mail.x.example\0")), "mail.x.example");
  assert.equal(readHelo(frame("mail.x.example")), "mail.x.example");
  assert.equal(readHelo(frame("")), "");
});

test("macros: with and without braces, with values that are empty, or missing, or too long", () => {
  const long = "x".repeat(limits.milterMacroBytesMax + 1);
  assert.deepEqual(readMacros(frame(`Ci\0Q1\0{auth_authen}\0ada\0{empty}\0\0{long}\0${long}\0{last}\0`)), {
    stage: "C".charCodeAt(0),
    pairs: [
      { name: "i", value: "Q1" },
      { name: "auth_authen", value: "ada" },
      { name: "empty", value: "" },
      { name: "last", value: "" },
    ],
  });
  assert.deepEqual(readMacros(frame("M{i}\0Q2")).pairs, [{ name: "i", value: "Q2" }]);
  assert.deepEqual(readMacros(frame("H")).pairs, []);
});

test("macros: no packet gives more than a hundred", () => {
  assert.equal(readMacros(frame(`C${"a\0b\0".repeat(5000)}`)).pairs.length, 100);
});

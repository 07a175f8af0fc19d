import assert from "node:assert/strict";
import { test } from "node:test";
import { askableName, isWithin } from "./name.ts";

const label63 = "a".repeat(63);

const askable: [name: string, asked: string][] = [
  ["Example.COM", "example.com"],
  ["example.com.", "example.com"],
  ["com", "com"],
  ["_dmarc.example.com", "_dmarc.example.com"],
  ["sel._domainkey.example.com", "sel._domainkey.example.com"],
  ["1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa"],
  ["a+b=c~d!#$%&'*/?^`{|}.spf.example", "a+b=c~d!#$%&'*/?^`{|}.spf.example"],
  ["two words.spf.example", "two words.spf.example"],
  ["back\\slash.example", "back\\slash.example"],
  [`${label63}.example`, `${label63}.example`],
  [`${label63}.${label63}.${label63}.${"b".repeat(61)}`, `${label63}.${label63}.${label63}.${"b".repeat(61)}`],
];
for (const [name, asked] of askable) {
  test(`RFC 7208 §7.3, RFC 1035 §2.3.4: can be asked: ${name.slice(0, 40)} (${name.length})`, () => assert.equal(askableName(name), asked));
}

const refused: [why: string, name: string][] = [
  ["empty", ""],
  ["the root", "."],
  ["an empty label first", ".example.com"],
  ["an empty label inside", "a..example.com"],
  ["two final dots", "example.com.."],
  ["a label of 64 octets", `${"a".repeat(64)}.example`],
  ["254 octets", `${label63}.${label63}.${label63}.${"b".repeat(62)}`],
  ["a megabyte", "a.".repeat(500_000)],
  ["8-bit text", "bücher.example"],
  ["a letter that lower-casing would turn into k (U+212A)", "\u212aelvin.example"],
  ["NUL", "a\u0000.example"],
  ["a line end", "a\r\n.example"],
  ["DEL", "a\u007f.example"],
];
for (const [why, name] of refused) test(`RFC 1035 §2.3.4: DNS cannot carry ${why}`, () => assert.equal(askableName(name), null));

test("a name is within itself, what is above it, and the root; never within a name that only ends alike", () => {
  assert.equal(isWithin("a.example", "example"), true);
  assert.equal(isWithin("example", "example"), true);
  assert.equal(isWithin("example", "."), true);
  assert.equal(isWithin("badexample", "example"), false);
  assert.equal(isWithin("example", "a.example"), false);
});

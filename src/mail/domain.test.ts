import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { domainToAscii, isAtOrBelow } from "./domain.ts";

const rows: readonly (readonly [domain: string, ascii: string | null])[] = [
  ["example.com", "example.com"],
  ["Example.COM", "example.com"],
  ["example.com.", "example.com"],
  ["com", "com"],
  ["_dmarc.a_b.example", "_dmarc.a_b.example"],
  ["r3---sn-x.example", "r3---sn-x.example"],
  ["ab--cd.example", "ab--cd.example"],
  ["1.2.3.4", "1.2.3.4"],
  // RFC 5890 §2.3.2: U-labels become A-labels; UTS #46 non-transitional keeps ß.
  ["münchen.example", "xn--mnchen-3ya.example"],
  ["MÜNCHEN.example", "xn--mnchen-3ya.example"],
  ["faß.example", "xn--fa-hia.example"],
  ["xn--mnchen-3ya.example", "xn--mnchen-3ya.example"],
  ["xn--MNCHEN-3YA.example", "xn--mnchen-3ya.example"],
  ["mu\u0308nchen.example", "xn--mnchen-3ya.example"],
  // UTS #46 maps: full width, ideographic stop, what nobody sees.
  ["ｌｅｇｉｔ.example", "legit.example"],
  ["legit。example", "legit.example"],
  ["legi\u200bt.example", "legit.example"],
  ["legi\u00adt.example", "legit.example"],
  ["\u212aelvin.example", "kelvin.example"],
  // A joiner where its script joins (RFC 5892 §A.1), and where it does not.
  ["نامه\u200cای.example", "xn--mgba3gch31f060k.example"],
  ["legi\u200ct.example", null],
  // What DNS cannot carry, or nobody may register.
  ["", null],
  [".", null],
  ["..", null],
  [".example.com", null],
  ["example..com", null],
  ["example.com..", null],
  ["-a.example", null],
  ["a b.example", null],
  ["a\u2000b.example", null],
  ["a\u00a0b.example", null],
  ["a/b.example", null],
  ["a@b.example", null],
  ["a\0b.example", null],
  ["a\\b.example", null],
  ["a(b.example", null],
  ["a'b.example", null],
  ['a"b.example', null],
  ["*.example", null],
  ["[192.0.2.1]", null],
  ["\u202ea.example", null],
  ["a\ufffd.example", null],
  // Punycode that is none, or does not come back as it was.
  ["xn--", null],
  ["xn--a", null],
  ["xn--example-.com", null],
  ["a.xn--b", null],
];

for (const [domain, ascii] of rows) {
  test(`RFC 5890, UTS #46: ${JSON.stringify(domain)}`, () => assert.equal(domainToAscii(domain), ascii));
}

test("RFC 1035 §2.3.4: labels of 62 and 63 octets, not 64", () => {
  for (const length of [limits.labelBytesMax - 1, limits.labelBytesMax, limits.labelBytesMax + 1]) {
    const name = `${"a".repeat(length)}.example`;
    assert.equal(domainToAscii(name), length > limits.labelBytesMax ? null : name);
  }
});

test("RFC 1035 §2.3.4: names of 252 and 253 octets, not 254; a final dot does not count", () => {
  for (const length of [limits.domainBytesMax - 1, limits.domainBytesMax, limits.domainBytesMax + 1]) {
    const name = `${"a".repeat(length - 4 * 62)}.${`${"b".repeat(61)}.`.repeat(4)}`.slice(0, -1);
    assert.equal(name.length, length);
    assert.equal(domainToAscii(name), length > limits.domainBytesMax ? null : name);
    assert.equal(domainToAscii(`${name}.`), length > limits.domainBytesMax ? null : name);
  }
});

test("property: what comes out goes in again unchanged, and is a name of letters, digits, hyphens and underscores", () => {
  const unit = fc.constantFrom(..."aZ0-_.xn-üß漢。ｌ\u200b\u200d\u202e @\0ا😀");
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit, maxLength: 24 }), fc.domain(), fc.string({ unit: "binary" })), (domain) => {
      const ascii = domainToAscii(domain);
      if (ascii === null) return;
      assert.match(ascii, /^[a-z0-9_.-]+$/);
      assert.equal(domainToAscii(ascii), ascii);
      assert.equal(domainToAscii(`${ascii}.`), ascii);
      assert.equal(domainToAscii(ascii.toUpperCase()), ascii);
    }),
    { numRuns: 2000 },
  );
});

test("a long text that is no name is none", () => {
  for (const text of ["a.".repeat(500_000), "ü".repeat(500_000), `xn--${"a".repeat(900)}`, `xn--${"9".repeat(900)}`]) {
    assert.equal(domainToAscii(text), null);
  }
});

test("isAtOrBelow compares whole labels", () => {
  assert.equal(isAtOrBelow("example.com", "example.com"), true);
  assert.equal(isAtOrBelow("a.b.example.com", "example.com"), true);
  assert.equal(isAtOrBelow("notexample.com", "example.com"), false);
  assert.equal(isAtOrBelow("com", "example.com"), false);
});

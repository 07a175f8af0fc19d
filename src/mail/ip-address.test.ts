import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import {
  dottedForm,
  formatIpAddress,
  formatPrefix,
  isInNetwork,
  parseIpAddress,
  parseIpNetwork,
  parseIpv4,
  parseIpv6,
  parsePrefixLength,
  reverseName,
} from "./ip-address.ts";

const canonical = (text: string) => {
  const address = parseIpAddress(text);
  return address === null ? null : formatIpAddress(address);
};

const canonicalForms: readonly (readonly [string, string])[] = [
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["192.0.2.1", "192.0.2.1"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
  // RFC 5952 §4.2.2: one zero group is not shortened; §4.2.3: the longest run, the first of equals.
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221"],
];
for (const [text, expected] of canonicalForms) {
  test(`RFC 5952 §4: ${text} is written ${expected}`, () => assert.equal(canonical(text), expected));
}

for (const text of ["::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1"]) {
  test(`RFC 7208 §5: an IPv4-mapped address is IPv4: ${text}`, () => {
    assert.deepEqual(parseIpAddress(text), { family: 4, words: [0xc0000201] });
    const kept = parseIpv6(text);
    assert.equal(kept?.family, 6);
    assert.equal(kept === null ? null : formatIpAddress(kept), "::ffff:192.0.2.1");
  });
}

const refused = [
  "",
  " ",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.",
  ".1.2.3",
  "1..2.3",
  "010.0.0.1",
  "00.0.0.1",
  "1.2.3.04",
  "10.1",
  "0x7f.1",
  "0x7f.0.0.1",
  "2130706433",
  "256.0.0.1",
  "1.2.3.999",
  "1.2.3.4 ",
  " 1.2.3.4",
  "1.2.3.-4",
  "+1.2.3.4",
  "1.2.3.4/24",
  "１.2.3.4",
  ":",
  ":::",
  "::1::",
  "1::2::3",
  ":1",
  "1:",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7::8",
  "12345::",
  "g::",
  "::1%eth0",
  "fe80::1%1",
  "::1/64",
  "[::1]",
  "::1.2.3",
  "::1.2.3.256",
  "::01.2.3.4",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "1:2:3:4:5:6:7:1.2.3.4",
  "IPv6:::1",
  "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0",
];
for (const text of refused) {
  test(`RFC 4291 §2.2, strictly: ${JSON.stringify(text)} is no address`, () => assert.equal(parseIpAddress(text), null));
}

test("property: strict parsing agrees with the platform's isIP on anything address-like without a zone id", () => {
  const address = fc.stringMatching(/^[0-9a-f:.]{1,24}$/);
  fc.assert(
    fc.property(fc.oneof(address, fc.ipV4(), fc.ipV6()), (text) => {
      const expected = isIP(text);
      assert.equal(parseIpv4(text) !== null, expected === 4);
      assert.equal(parseIpv6(text) !== null, expected === 6);
    }),
    { numRuns: 3000 },
  );
});

test("property: what is written is read back as the same value", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const sparse = fc.oneof(word, fc.constantFrom(0, 0xffff, 1));
  fc.assert(
    fc.property(fc.oneof(fc.tuple(word), fc.tuple(sparse, sparse, sparse, sparse)), (words) => {
      const address = { family: words.length === 1 ? (4 as const) : (6 as const), words };
      assert.deepEqual((address.family === 4 ? parseIpv4 : parseIpv6)(formatIpAddress(address)), address);
    }),
  );
});

test("RFC 4632: networks match by their first bits, at word borders too; families never mix", () => {
  const within: readonly (readonly [string, string, boolean])[] = [
    ["192.0.2.77", "192.0.2.0/24", true],
    ["192.0.3.0", "192.0.2.0/24", false],
    ["192.0.3.0", "192.0.2.0/23", true],
    ["255.0.0.1", "0.0.0.0/0", true],
    ["128.0.0.0", "127.255.255.255/1", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.0", "192.0.2.1/32", false],
    ["2001:db8::1", "::/0", true],
    ["2001:db8:8000::1", "2001:db8:8000::/33", true],
    ["2001:db8:7fff::1", "2001:db8:8000::/33", false],
    ["2001:db8::1:0:0", "2001:db8::/64", true],
    ["2001:db8:0:1::", "2001:db8::/64", false],
    ["2001:db8::1", "2001:db8::/127", true],
    ["2001:db8::2", "2001:db8::/127", false],
    ["192.0.2.1", "::/0", false],
    ["2001:db8::1", "0.0.0.0/0", false],
    ["::ffff:192.0.2.9", "192.0.2.0/24", true],
    ["192.0.2.9", "::ffff:192.0.2.0/120", true],
  ];
  for (const [address, network, expected] of within) {
    const parsed = parseIpAddress(address);
    const range = parseIpNetwork(network);
    assert.ok(parsed !== null && range !== null, `${address} ${network}`);
    assert.equal(isInNetwork(parsed, range.address, range.bits), expected, `${address} in ${network}`);
  }
});

test("RFC 7208 §5.6: prefix lengths have no sign, no leading zero and a range", () => {
  for (const text of ["", "00", "032", "33", "-1", "+8", "1e1", " 8", "8 ", "999", "1000"])
    assert.equal(parsePrefixLength(text, 32), null, text);
  assert.equal(parsePrefixLength("0", 32), 0);
  assert.equal(parsePrefixLength("32", 32), 32);
  for (const text of ["192.0.2.0/33", "192.0.2.0/", "192.0.2/24", "::/129", "192.0.2.0/24/24", "x/8"])
    assert.equal(parseIpNetwork(text), null, text);
});

test("RFC 1035 §3.5, RFC 3596 §2.5: reverse names; RFC 7208 §7.3: macro forms; prefixes", () => {
  const four = parseIpAddress("192.0.2.3");
  const six = parseIpAddress("2001:db8::cb01");
  assert.ok(four !== null && six !== null);
  assert.equal(reverseName(four), "3.2.0.192.in-addr.arpa");
  assert.equal(reverseName(six), "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  assert.equal(dottedForm(four), "192.0.2.3");
  assert.equal(dottedForm(six), "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1");
  assert.equal(formatPrefix(four), "192.0.2.0/24");
  assert.equal(formatPrefix(six), "2001:db8::/48");
  assert.equal(formatPrefix({ family: 4, words: [0xffffffff] }), "255.255.255.0/24");
  assert.equal(formatPrefix({ family: 6, words: [0xffffffff, 0xffffffff, 1, 1] }), "ffff:ffff:ffff::/48");
});

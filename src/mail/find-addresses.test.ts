import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../base/limits.ts";
import { findAddresses } from "./find-addresses.ts";

const rows: readonly (readonly [text: string, addresses: readonly string[], domains?: readonly string[]])[] = [
  ["jane@example.com", ["jane@example.com"]],
  ["Jane <jane@example.com>", ["jane@example.com"]],
  ["'jane@example.com' (jane@example.com).", ["jane@example.com", "jane@example.com"]],
  ["write to a@a.test, b@b.test; or mailto:c@c.test!", ["a@a.test", "b@b.test", "c@c.test"]],
  ["a@a.test@b.test", ["a@a.test", "a.test@b.test"], ["a.test", "b.test"]],
  ['"a b"@a.test', ['"a b"@a.test']],
  ["Jane@Example.COM.", ["Jane@Example.COM"], ["example.com"]],
  ["jürgen@münchen.example", ["jürgen@münchen.example"], ["xn--mnchen-3ya.example"]],
  ["a@b.test\0.attack.example", ["a@b.test"]],
  ["@handle, jane @ example.com, jane@localhost, a@-.test, @@", []],
  ["", []],
];

for (const [text, addresses, domains] of rows) {
  test(`addresses a reader sees in ${JSON.stringify(text)}`, () => {
    const found = findAddresses(text);
    assert.deepEqual(
      found.map(({ address }) => address),
      addresses,
    );
    if (domains !== undefined) {
      assert.deepEqual(
        found.map(({ domain }) => domain),
        domains,
      );
    }
  });
}

test("limits.addressesInTextMax: N at-signs are looked at, the next is not", () => {
  for (const count of [limits.addressesInTextMax - 1, limits.addressesInTextMax, limits.addressesInTextMax + 1]) {
    assert.equal(findAddresses("a@a.test ".repeat(count)).length, Math.min(count, limits.addressesInTextMax));
  }
});

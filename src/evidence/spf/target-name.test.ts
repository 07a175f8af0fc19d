import assert from "node:assert/strict";
import { test } from "node:test";
import { targetName } from "./target-name.ts";

const label = "a".repeat(63);
const names: readonly (readonly [string, string | null])[] = [
  ["example.com", "example.com"],
  ["example.com.", "example.com"],
  ["Example.COM", "Example.COM"],
  ["example.com..", null],
  [".", null],
  ["", null],
  [".example", null],
  ["a..b", null],
  [`${label}.example`, `${label}.example`],
  [`${label}a.example`, null],
  ["x y%!:/.example", "x y%!:/.example"],
  ["x\u0000.example", null],
  ["x\u007f.example", null],
  ["é.example", null],
  ["x".repeat(254), null],
];
for (const [text, expected] of names) {
  test(`RFC 7208 §4.8: ${JSON.stringify(text.slice(0, 70))} is ${expected === null ? "no name" : "a name"}`, () =>
    assert.equal(targetName(text), expected));
}

test("RFC 7208 §7.3: labels leave from the left at 254 characters, never at 253", () => {
  const four = (last: number) => `${label}.${label}.${label}.${"b".repeat(last)}`;
  assert.equal(targetName(four(61)), four(61));
  assert.equal(targetName(`${four(61)}.`), four(61));
  assert.equal(targetName(four(62)), `${label}.${label}.${"b".repeat(62)}`);
  assert.equal(targetName(`c.${four(61)}`), four(61));
  assert.equal(targetName(`c.c.${four(60)}`), four(60));
  assert.equal(targetName(`c.c.${four(59)}`), `c.${four(59)}`);
});

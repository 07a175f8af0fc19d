import assert from "node:assert/strict";
import { test } from "node:test";
import { parseContentType } from "./mime-entity.ts";

const cases: readonly (readonly [name: string, value: string, type: string | null, parameters?: Readonly<Record<string, string>>])[] = [
  ["RFC 2045 §5.1: type and subtype in any case", "Multipart/REPORT", "multipart/report", {}],
  ["a token as value", "text/plain; charset=utf-8", "text/plain", { charset: "utf-8" }],
  ["a quoted value with quoted pairs", 'multipart/report; boundary="a\\"b =_;c"', "multipart/report", { boundary: 'a"b =_;c' }],
  ["RFC 2045 §5.1: a comment", "text/plain (really) ; (x;y=z) charset (c) = us-ascii (Plain text)", "text/plain", { charset: "us-ascii" }],
  ["several parameters, the last semicolon with nothing behind", "a/b; C=1; d=2;", "a/b", { c: "1", d: "2" }],
  ["a value that needs quotes and has none", "multipart/mixed; boundary=--=_a/b:c?", "multipart/mixed", { boundary: "--=_a/b:c?" }],
  ["a parameter twice is read by nobody in the same way", "a/b; boundary=1; Boundary=2", null],
  ["no subtype", "multipart", null],
  ["no value", "a/b; boundary", null],
  ["a quote that does not close", 'a/b; boundary="x', null],
  ["text behind the type", "a/b c/d", null],
  ["empty", "", null],
  ["too long", `a/b; c=${"d".repeat(3000)}`, null],
];

for (const [name, value, type, parameters] of cases) {
  test(name, () => {
    const read = parseContentType(value);
    assert.equal(read?.type ?? null, type);
    if (read !== null) assert.deepEqual(Object.fromEntries(read.parameters), parameters);
  });
}

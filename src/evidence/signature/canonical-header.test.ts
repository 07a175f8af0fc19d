import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Field, type Header, scanHeader } from "../../mail/header.ts";
import { CanonicalHeader } from "./canonical-header.ts";

function header(text: string, lineEnd: "crlf" | "lf" = "crlf"): Header {
  return scanHeader(Buffer.from(text, "latin1"), lineEnd);
}

function field(of: Header, at: number): Field {
  const found = of.fields[at];
  assert.ok(found !== undefined);
  return found;
}

function canonical(text: string, kind: "simple" | "relaxed", lineEnd?: "crlf" | "lf"): string {
  const scanned = header(text, lineEnd);
  return new CanonicalHeader(scanned).field(field(scanned, 0), kind);
}

describe("RFC 6376 §3.4.2 relaxed header fields", () => {
  const cases: readonly (readonly [name: string, text: string, expected: string])[] = [
    ["§3.4.5 example, A", "A: X\r\n", "a:X"],
    ["§3.4.5 example, B", "B : Y\t\r\n\tZ  \r\n", "b:Y Z"],
    ["the name in lower case, the value as it is", "SUBJect: AbC\r\n", "subject:AbC"],
    ["no white space at all", "a:b\r\n", "a:b"],
    ["only white space", "a: \t \r\n", "a:"],
    ["nothing", "a:\r\n", "a:"],
    ["a line of white space within", "a: b\r\n \r\n c\r\n", "a:b c"],
    ["a fold right after the colon", "a:\r\n b\r\n", "a:b"],
    ["a no-break space is no white space", "a: b\xa0\r\n", "a:b\xa0"],
    ["form feeds and vertical tabs neither", "a:\x0bb\x0c\r\n", "a:\x0bb\x0c"],
    ["a bare LF is data in a CRLF message", "a: b\n c\r\n", "a:b\n c"],
    ["colons in the value", "a : b : c\r\n", "a:b : c"],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.equal(canonical(text, "relaxed"), expected));
  test("LF message: a LF within a field is a fold, a CR is data", () => {
    assert.equal(canonical("a: b\n\tc\n", "relaxed", "lf"), "a:b c");
    assert.equal(canonical("a: b\r\n\tc\n", "relaxed", "lf"), "a:b\r c");
  });
  test("any value: as the RFC's steps, one by one", () => {
    const piece = fc.constantFrom(" ", "\t", "\r\n ", "\r\n\t", "x", "yz", ":", "\xa0", "\n");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const value = pieces.join("");
        const expected = value
          .replaceAll("\r\n", "")
          .replace(/[ \t]+/g, " ")
          .replace(/ $/, "")
          .replace(/^ /, "");
        assert.equal(canonical(`Name:${value}\r\n`, "relaxed"), `name:${expected}`);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("RFC 6376 §3.4.1 simple header fields", () => {
  test("exactly as they are", () => {
    for (const text of ["A: X", "B : Y\t\r\n\tZ  ", "a:", "SUBJect:  AbC\xa0 "]) assert.equal(canonical(`${text}\r\n`, "simple"), text);
  });
  test("LF message: line ends as CRLF", () => assert.equal(canonical("B : Y\t\n\tZ \n", "simple", "lf"), "B : Y\t\r\n\tZ "));
});

describe("RFC 6376 §3.7 signed text", () => {
  const scanned = header("Sig: v=1; b= ab\r\n c ; d=e\r\nX: 1\r\nsig: other\r\nno colon\r\nX: 2\r\nX: 3");
  const own = field(scanned, 0);
  const cut = { start: " v=1; b=".length, end: " v=1; b= ab\r\n c ".length };
  const signed = (headers: readonly string[], canonicalization: "simple" | "relaxed"): string =>
    new CanonicalHeader(scanned).signedText({ field: own, cut, headers, canonicalization });
  test("fields from the bottom, then the signature without b= and without CRLF", () => {
    assert.equal(signed(["x", "y", "x"], "relaxed"), "x:3\r\nx:2\r\nsig:v=1; b=; d=e");
    assert.equal(signed(["x"], "simple"), "X: 3\r\nSig: v=1; b=; d=e");
  });
  test("§5.4.2 more instances than there are: nothing", () =>
    assert.equal(signed(["x", "x", "x", "x", "x"], "relaxed"), "x:3\r\nx:2\r\nx:1\r\nsig:v=1; b=; d=e"));
  test("the signature itself is never selected", () => {
    assert.equal(signed(["sig"], "relaxed"), "sig:other\r\nsig:v=1; b=; d=e");
    assert.equal(signed(["sig", "sig", "sig"], "relaxed"), "sig:other\r\nsig:v=1; b=; d=e");
  });
  test("an empty name selects nothing, not even a line without a colon", () => assert.equal(signed([""], "relaxed"), "sig:v=1; b=; d=e"));
});

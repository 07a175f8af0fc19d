import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expandMacros, type MacroValues, parseMacroString } from "./macro.ts";

const values: MacroValues = {
  s: "user@example.com",
  l: "user",
  o: "example.com",
  d: "example.org",
  i: "192.0.2.1",
  p: "mx.example.com",
  v: "in-addr",
  h: "helo.example",
  c: "192.0.2.1",
  r: "receiver.example",
  t: "0",
};

test("RFC 7208 §7.1: a macro string is parts, with what its macros need", () => {
  const string = parseMacroString("a%%%{d2r.-}%_%{P}b", "domain-spec");
  assert.deepEqual(string, {
    parts: [
      "a%",
      { letter: "d", keep: 2, reverse: true, delimiters: ".-", escape: false },
      " ",
      { letter: "p", keep: null, reverse: false, delimiters: "", escape: true },
      "b",
    ],
    fixed: null,
    usesName: true,
    usesLocalPart: false,
    tail: "b",
  });
});

test("RFC 7208 §7.1: without values to come, the expansion is fixed", () => {
  const string = parseMacroString("a%%b%_c%-d", "domain-spec");
  assert.ok(!("fault" in string));
  assert.deepEqual([string.fixed, string.tail], ["a%b c%20d", "d"]);
});

test("RFC 7208 §7.1: spaces only in explanations, other characters nowhere", () => {
  assert.ok(!("fault" in parseMacroString("a b", "explain-string")));
  assert.deepEqual(parseMacroString("a b", "macro-string"), { fault: "not a visible ASCII character", position: 1 });
  for (const character of ["\u0000", "\t", "\n", "\u007f", "\u0080", "\u00ff", "\u20ac"])
    assert.ok("fault" in parseMacroString(character, "explain-string"));
});

test("property: text without a percent sign expands to itself, and escaping it is undone", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~]{0,60}$/), (text) => {
      const string = parseMacroString(text.replaceAll("%", "%%"), "macro-string");
      assert.ok(!("fault" in string));
      assert.equal(expandMacros(string, values), text);
    }),
  );
});

test("property: any text is read or refused, and what is read expands to no more than its macros bring", () => {
  const piece = fc.constantFrom("%", "{", "}", "d", "l", "S", "1", "0", "9", "r", ".", "-", "+", "x", "%{d}", "%{l3r-}", "%%");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      const string = parseMacroString(text, "explain-string");
      if ("fault" in string) assert.ok(string.position >= 0 && string.position <= text.length);
      else assert.ok(expandMacros(string, values).length <= text.length * 3 + string.parts.length * 3 * 16);
    }),
    { numRuns: 2000 },
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, cut, jsonLine, padded, shown } from "./shown.ts";

test("attack: nothing that acts on a terminal or hides is printed", () => {
  const hostile: readonly (readonly [string, string])[] = [
    ["\x1b[2J\x1b[31m", "\\u{1b}[2J\\u{1b}[31m"],
    ["\u009b31m", "\\u{9b}31m"],
    ["a\rb\nc\td", "a\\u{d}b\\u{a}c\\u{9}d"],
    ["\x07\x08\x7f", "\\u{7}\\u{8}\\u{7f}"],
    ["\u202emoc.osotnoc\u202c", "\\u{202e}moc.osotnoc\\u{202c}"],
    ["\u2066x\u2069\u200e\u200f\u061c", "\\u{2066}x\\u{2069}\\u{200e}\\u{200f}\\u{61c}"],
    ["\u200b\u200d\u2060\ufeff\u00ad", "\\u{200b}\\u{200d}\\u{2060}\\u{feff}\\u{ad}"],
    ["\u2028\u2029\u00a0\u3000", "\\u{2028}\\u{2029}\\u{a0}\\u{3000}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800", "\\u{d800}"],
    ["\u3164", "\\u{3164}"],
  ];
  for (const [text, safe] of hostile) assert.equal(shown(text), safe);
  assert.equal(shown("Jörg Müller <日本@例え.example> ✓ 😀"), "Jörg Müller <日本@例え.example> ✓ 😀");
});

test("cut counts characters and never splits one", () => {
  assert.equal(cut("abcdef", 6), "abcdef");
  assert.equal(cut("abcdefg", 6), "abcde…");
  assert.equal(cut("😀😀😀", 2), "😀…");
  assert.equal(cut("x".repeat(10_000_000), 3), "xx…");
});

test("columns line up wide and combining characters", () => {
  assert.deepEqual([columns("abc"), columns("日本"), columns("e\u0301")], [3, 4, 1]);
  assert.equal(padded("日", 4), "日  ");
  assert.equal(padded("long", 2), "long");
});

test("attack: a line of JSON is harmless on a terminal too, and parses to the same value", () => {
  const value = { text: "\x1b[2J\u009b31m\u202ex\u{e0041}\u2028\u00a0\ud800 Jörg 😀" };
  const line = jsonLine(value);
  assert.deepEqual(JSON.parse(line), value);
  assert.doesNotMatch(line.trimEnd(), /[\x00-\x1f\x7f-\x9f\u2028\u202a-\u202e\u00a0]/);
  assert.match(line, /Jörg 😀/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { decodeEncodedWords, hasEncodedWord } from "./encoded-word.ts";

const rows: readonly (readonly [text: string, decoded: string])[] = [
  // RFC 2047 §8, the examples.
  ["=?ISO-8859-1?Q?a?=", "a"],
  ["=?ISO-8859-1?Q?a?= b", "a b"],
  ["=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"],
  ["=?ISO-8859-1?Q?a_b?=", "a b"],
  ["=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"],
  ["=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"],
  ["=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"],
  ["=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"],
  // Charsets in use.
  ["=?utf-8?B?w7xiZXI=?=", "über"],
  ["=?UTF-8?b?8J+YgA==?=", "😀"],
  ["=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"],
  ["=?gb2312?B?1tDOxA==?=", "中文"],
  ["=?koi8-r?B?7MnTy8E=?=", "Лиска"],
  ["=?windows-1252?Q?=80?=", "€"],
  // RFC 2231 §5: language.
  ["=?utf-8*en?Q?a?=", "a"],
  // A character split over two words of one charset.
  ["=?utf-8?B?w7w=?= =?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "üü"],
  // What programs read though it should not be written.
  ["=?utf-8?Q?a b?=", "a b"],
  ["x=?utf-8?Q?a?=y", "xay"],
  // Not encoded words.
  ["=?", "=?"],
  ["=?utf-8?Q?a", "=?utf-8?Q?a"],
  ["=?utf-8?X?a?=", "=?utf-8?X?a?="],
  ["=?no-such-charset?Q?a?= b", "=?no-such-charset?Q?a?= b"],
  ["=?utf-8?Q?=C3?=", "\ufffd"],
  ["=?utf-8?Q?=zz?=", "=zz"],
  ["plain", "plain"],
  ["", ""],
];

for (const [text, decoded] of rows) {
  test(`RFC 2047: ${JSON.stringify(text)}`, () => assert.equal(decodeEncodedWords(text), decoded));
}

test("hasEncodedWord asks for the form alone", () => {
  assert.equal(hasEncodedWord("a =?utf-8?Q?a?= b"), true);
  assert.equal(hasEncodedWord("=?no-such-charset?Q?a?="), true);
  assert.equal(hasEncodedWord("=?utf-8?Q?a"), false);
  assert.equal(hasEncodedWord("a=?b"), false);
});

test("limits.encodedWordsMax: N words are decoded, word N+1 stays", () => {
  for (const words of [limits.encodedWordsMax - 1, limits.encodedWordsMax, limits.encodedWordsMax + 1]) {
    const decoded = decodeEncodedWords("=?utf-8?q?a?= ".repeat(words));
    assert.equal(decoded.includes("=?"), words > limits.encodedWordsMax, `${words} words`);
  }
});

test("property: B and Q of any UTF-8 text come back, and any text gives an answer", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      const bytes = Buffer.from(text, "utf8");
      const q = [...bytes].map((byte) => `=${byte.toString(16).padStart(2, "0")}`).join("");
      assert.equal(decodeEncodedWords(`=?utf-8?b?${bytes.toString("base64")}?=`), text);
      assert.equal(decodeEncodedWords(`=?utf-8?q?${q}?=`), text);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."=?utf-8bqQB_ é*") }), (text) => typeof decodeEncodedWords(text) === "string"),
  );
});

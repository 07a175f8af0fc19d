import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { colonList, decodeBase64, parseTagList } from "./tag-list.ts";

function values(text: string, lineEnd?: "crlf" | "lf"): Readonly<Record<string, string>> | null {
  const tags = parseTagList(text, lineEnd);
  return tags === null ? null : Object.fromEntries([...tags].map(([name, { value }]) => [name, value]));
}

describe("RFC 6376 §3.2 tag-list", () => {
  const cases: readonly (readonly [name: string, text: string, expected: Readonly<Record<string, string>> | null])[] = [
    ["one tag", "a=b", { a: "b" }],
    ["several, with a final semicolon", "a=b;c=d;", { a: "b", c: "d" }],
    ["white space around names, values and the final semicolon", " \ta = b ;\r\n c\t=\r\n\td ; ", { a: "b", c: "d" }],
    ["white space within values stays", "a=b  c\r\n d", { a: "b  c\r\n d" }],
    ["an empty value is a value", "a=;b= ", { a: "", b: "" }],
    ["further equals signs belong to the value", "a=b==", { a: "b==" }],
    ["names keep their case", "A=1;a=2", { A: "1", a: "2" }],
    ["digits and underscores in names", "a1_b=c", { a1_b: "c" }],
    ["octets over 0x7f in values", "a=\xc3\xa4", { a: "\xc3\xa4" }],
    ["nothing", "", null],
    ["only white space", "  ", null],
    ["only a semicolon", ";", null],
    ["two semicolons", "a=b;;c=d", null],
    ["two semicolons at the end", "a=b;;", null],
    ["no equals sign", "a=b;c", null],
    ["no name", "=b", null],
    ["a name that starts with a digit", "1a=b", null],
    ["a name with a hyphen", "a-b=c", null],
    ["a name with a space within", "a b=c", null],
    ["a name with octets over 0x7f", "\xe4=c", null],
    ["a tag twice", "a=b;c=d;a=b", null],
    ["a control", "a=\x01", null],
    ["NUL", "a=\0", null],
    ["DEL", "a=\x7f", null],
    ["a bare LF", "a=b\n c", null],
    ["a bare CR", "a=b\r c", null],
    ["a line end that folds nothing", "a=b\r\nc", null],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(values(text), expected));
  test("in an LF message, LF folds and CR is no text", () => {
    assert.deepEqual(values("a=b\n c", "lf"), { a: "b\n c" });
    assert.equal(values("a=b\r\n c", "lf"), null);
    assert.equal(values("a=b\nc", "lf"), null);
  });
  test("offsets: everything between = and ;", () => {
    const text = "a=1; b = \r\n x y ;c=2";
    const b = parseTagList(text)?.get("b");
    assert.equal(text.slice(b?.start, b?.end), " \r\n x y ");
    const c = parseTagList(text)?.get("c");
    assert.equal(text.slice(c?.start, c?.end), "2");
  });
  test("any text gives tags or null, and what it gives stands in the text", () => {
    const piece = fc.constantFrom("a", "b", "=", ";", " ", "\r\n ", "\r", "\n", "\0", "value", "\xff");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        for (const [name, { value, start, end }] of parseTagList(text) ?? []) {
          assert.match(name, /^[A-Za-z][A-Za-z0-9_]*$/);
          assert.equal(text.slice(start, end).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""), value);
          assert.ok(!value.includes(";"));
        }
      }),
      { numRuns: 2000 },
    );
  });
  test("attack: a megabyte of semicolons, of tags, of white space", () => {
    assert.equal(parseTagList(";".repeat(1_000_000)), null);
    assert.equal(parseTagList(`a=${" ".repeat(1_000_000)}`)?.get("a")?.value, "");
    assert.equal(parseTagList(" ".repeat(1_000_000)), null);
    assert.equal(parseTagList(Array.from({ length: 100_000 }, (_, i) => `a${i}=b`).join(";"))?.size, 100_000);
  });
});

describe("RFC 6376 §2.10 base64string", () => {
  const cases: readonly (readonly [value: string, hex: string | null])[] = [
    ["AQID", "010203"],
    ["A Q\r\n\tI D", "010203"],
    ["AQI=", "0102"],
    ["AQ==", "01"],
    ["AQ", "01"],
    ["AQI", "0102"],
    ["A", null],
    ["AQIDA", null],
    ["", null],
    ["=", null],
    ["==", null],
    ["AQ===", null],
    ["A=Q=", null],
    ["AQ=ID", null],
    ["AQ-D", null],
    ["AQ_D", null],
    ["AQ*D", null],
    ["AQID.", null],
    ["AQI\xe4", null],
  ];
  for (const [value, hex] of cases) test(JSON.stringify(value), () => assert.equal(decodeBase64(value)?.toString("hex") ?? null, hex));
});

test("RFC 6376 §3.5 colon-separated lists: white space on either side of the colon, lower case", () => {
  assert.deepEqual(colonList("From : To\r\n :SUBJECT"), ["from", "to", "subject"]);
  assert.deepEqual(colonList(""), [""]);
  assert.deepEqual(colonList("a::b"), ["a", "", "b"]);
});

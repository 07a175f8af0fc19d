import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { sortDefects } from "./defect.ts";
import { allFieldsNamed, fieldsNamed, type LineEnd, rawValue, scanHeader, unfoldedValue } from "./header.ts";

const scan = (text: string, lineEnd: LineEnd = "crlf") => scanHeader(Buffer.from(text, "latin1"), lineEnd);
const names = (text: string, lineEnd: LineEnd = "crlf") => scan(text, lineEnd).fields.map(({ name, nameDefect }) => [name, nameDefect]);
const defects = (text: string, lineEnd: LineEnd = "crlf") => sortDefects(scan(text, lineEnd).defects);

test("RFC 5322 §2.2: fields with their raw and unfolded values, bytes and offsets kept", () => {
  const header = scan("From: a@b.test\r\nSubject:  one\r\n two\r\n\tthree \r\nX-Empty:\r\nTo:c@d.test");
  assert.deepEqual(
    header.fields.map((field) => [field.name, rawValue(header, field), unfoldedValue(header, field)]),
    [
      ["from", " a@b.test", "a@b.test"],
      ["subject", "  one\r\n two\r\n\tthree ", "one two\tthree"],
      ["x-empty", "", ""],
      ["to", "c@d.test", "c@d.test"],
    ],
  );
  assert.equal(header.defects.size, 0);
  const [, subject] = header.fields;
  assert.ok(subject !== undefined);
  assert.equal(header.text.slice(subject.start, subject.end), "Subject:  one\r\n two\r\n\tthree ");
  assert.equal(header.text.charAt(subject.colon), ":");
});

test("RFC 5322 §1.2.2: names are compared without regard to case, in order", () => {
  const header = scan("from: a\r\nFROM: b\r\nTo: c\r\nFrom: d\r\n");
  assert.deepEqual(
    fieldsNamed(header, "from").map((field) => unfoldedValue(header, field)),
    ["a", "b", "d"],
  );
});

test("disguised names are found by name, each with its defect", () => {
  const rows: readonly (readonly [string, string | null, readonly string[]])[] = [
    ["From : a", "space-before-colon", ["space-before-colon"]],
    ["From\t \t: a", "space-before-colon", ["space-before-colon"]],
    ["From\r\n : a", "folded-name", ["malformed-field"]],
    ["From\r\n\t\r\n : a", "folded-name", ["malformed-field"]],
    ["From\0: a", "illegal-name", ["malformed-field", "nul"]],
    ["From\xa0: a", "illegal-name", ["malformed-field", "non-ascii-header"]],
    ["\xef\xbb\xbfFrom: a", "illegal-name", ["malformed-field"]],
    ["From\x0b: a", "illegal-name", ["malformed-field"]],
    [" From: a", "leading-space", ["leading-space"]],
    ["\tFrom : a", "leading-space", ["leading-space"]],
  ];
  for (const [text, nameDefect, found] of rows) {
    assert.deepEqual(names(text), [["from", nameDefect]], JSON.stringify(text));
    assert.deepEqual(defects(text), found, JSON.stringify(text));
  }
});

test("lines that are no field stay in the list, without a name", () => {
  assert.deepEqual(names("From jane Mon Jan 1\r\nTo: a\r\n"), [
    ["", "no-colon"],
    ["to", null],
  ]);
  assert.deepEqual(names("To: a\r\nno colon\r\n : folded on\r\n"), [
    ["to", null],
    ["no colon", "folded-name"],
  ]);
  assert.deepEqual(names(": a\r\n"), [["", "illegal-name"]]);
  assert.deepEqual(names("Two words: a\r\n"), [["two words", "illegal-name"]]);
  assert.deepEqual(names(" lost\r\nTo: a\r\n"), [
    ["", "leading-space"],
    ["to", null],
  ]);
});

test("a value keeps what is not a blank or a tab: octets that end UTF-8 characters, controls", () => {
  const value = (text: string) => {
    const header = scan(text);
    const [field] = header.fields;
    return field === undefined ? null : unfoldedValue(header, field);
  };
  assert.equal(value("Subject: voil\xc3\xa0\r\n"), "voil\xc3\xa0");
  assert.equal(value("Subject: \xa0a\x0b \r\n"), "\xa0a\x0b");
});

test("the kind of the message alone ends a line", () => {
  assert.deepEqual(defects("A: 1\nB: 2\r\nC: 3\rD: 4\r\n"), ["bare-lf", "bare-cr"]);
  assert.deepEqual(names("A: 1\nB: 2\r\nC: 3\rD: 4\r\n"), [
    ["a", null],
    ["c", null],
  ]);
  assert.deepEqual(defects("A: 1\nB: 2\r\nC: 3\n", "lf"), ["lf-only", "bare-cr"]);
  assert.deepEqual(names("A: 1\nB: 2\r\nC: 3\n", "lf"), [
    ["a", null],
    ["b", null],
    ["c", null],
  ]);
  const header = scan("A: 1\n 2\r\n 3\r\nB: 4", "crlf");
  assert.deepEqual(
    header.fields.map((field) => unfoldedValue(header, field)),
    ["1\n 2 3", "4"],
  );
  assert.deepEqual(defects("A: 1\r\n"), []);
  assert.deepEqual(defects("A: 1\r"), ["bare-cr"]);
  assert.deepEqual(defects("A: 1\n"), ["bare-lf"]);
});

test("RFC 6532 §3.2: UTF-8 is no defect, other octets are", () => {
  assert.deepEqual(defects("A: \xc3\xa4\r\n"), []);
  assert.deepEqual(defects("A: \xe4\r\n"), ["non-ascii-header"]);
  assert.deepEqual(defects("A: \0\r\n"), ["nul"]);
});

test("nothing is a header of nothing", () => {
  assert.deepEqual(defects(""), ["no-header"]);
  assert.deepEqual(scan("").fields, []);
});

test("RFC 5322 §2.1.1: lines of 997 and 998 octets, not 999", () => {
  for (const length of [limits.lineBytesMax - 1, limits.lineBytesMax, limits.lineBytesMax + 1]) {
    const text = `X: a\r\n ${"b".repeat(length - 1)}\r\nTo: a\r\n`;
    assert.deepEqual(defects(text), length > limits.lineBytesMax ? ["long-line"] : []);
  }
});

test("limits.headerFieldsMax: N-1 and N fields, not N+1", () => {
  for (const count of [limits.headerFieldsMax - 1, limits.headerFieldsMax, limits.headerFieldsMax + 1]) {
    const header = scan("A: 1\r\n".repeat(count));
    assert.equal(header.defects.has("header-too-large"), count > limits.headerFieldsMax, `${count} fields`);
    assert.equal(header.fields.length, Math.min(count, limits.headerFieldsMax));
  }
});

test("limits.headerFieldBytesMax: N-1 and N octets, not N+1; of a longer field the beginning is kept", () => {
  for (const length of [limits.headerFieldBytesMax - 1, limits.headerFieldBytesMax, limits.headerFieldBytesMax + 1]) {
    const header = scan(`A: 1\r\nB:${"b".repeat(length - 2)}\r\nC: 3\r\n`);
    const tooLong = length > limits.headerFieldBytesMax;
    assert.equal(header.defects.has("header-too-large"), tooLong, `${length} octets`);
    assert.deepEqual(
      header.fields.map(({ name }) => name),
      tooLong ? ["a", "b"] : ["a", "b", "c"],
    );
    const [, b] = header.fields;
    assert.equal(b === undefined ? 0 : b.end - b.start, Math.min(length, limits.headerFieldBytesMax));
  }
});

test("limits.headerBytesMax: N-1 and N octets, not N+1", () => {
  for (const length of [limits.headerBytesMax - 1, limits.headerBytesMax, limits.headerBytesMax + 1]) {
    const header = scan(`${"X: abcdefghijk\r\n".repeat(700)}${`Y: ${"y".repeat(60_000)}\r\n`.repeat(5)}`.slice(0, length));
    assert.equal(header.text.length, Math.min(length, limits.headerBytesMax));
    assert.equal(header.defects.has("header-too-large"), length > limits.headerBytesMax, `${length} octets`);
  }
});

test("property: the fields and their line ends are the header, octet for octet", () => {
  const unit = fc.constantFrom("a", "B", ":", " ", "\t", "\r\n", "\r", "\n", "\0", "\xc3", "From", "\r\n ");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), fc.constantFrom<LineEnd>("crlf", "lf"), (text, lineEnd) => {
      const header = scan(text, lineEnd);
      const eol = lineEnd === "crlf" ? "\r\n" : "\n";
      let end = 0;
      for (const field of header.fields) {
        assert.equal(field.start, end);
        assert.ok(field.start <= field.colon && field.colon <= field.end);
        end = field.end + eol.length;
      }
      const joined = header.fields.map((field) => header.text.slice(field.start, field.end)).join(eol);
      assert.ok(text === joined || text === joined + eol, JSON.stringify([text, joined]));
    }),
    { numRuns: 2000 },
  );
});

test("hostile headers: cost grows with the size alone", () => {
  const headers: readonly string[] = [
    `X: 1\r\n${" folded\r\n".repeat(200_000)}`,
    "X: 1\r\n".repeat(50_000),
    `From${"\r\n ".repeat(80_000)}: a\r\n`,
    " \r\n".repeat(80_000),
    "a".repeat(256 * 1024),
    "\r".repeat(256 * 1024),
    "\n".repeat(256 * 1024),
    "\r\r\n".repeat(80_000),
    ":".repeat(256 * 1024),
    "\0\r\n".repeat(80_000),
    `X:${" ".repeat(60_000)}\r\n`.repeat(4),
  ];
  for (const text of headers) {
    const header = scan(text);
    for (const field of header.fields) unfoldedValue(header, field);
    assert.ok(header.fields.length <= limits.headerFieldsMax, JSON.stringify(text.slice(0, 20)));
  }
});

test("past the number of fields: the first are the header's, the others are kept apart, and each is counted with its name", () => {
  const text = `${"A: 1\r\n".repeat(limits.headerFieldsMax)}A: 2\r\nB: 3\r\n`;
  const header = scanHeader(Buffer.from(text), "crlf");
  assert.equal(header.fields.length, limits.headerFieldsMax);
  assert.deepEqual(
    header.beyond.map(({ name }) => name),
    ["a", "b"],
  );
  assert.equal(allFieldsNamed(header, "a").length, limits.headerFieldsMax + 1);
  assert.equal(fieldsNamed(header, "b").length, 0);
});

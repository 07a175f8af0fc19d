/** The header as the client sent it: what DKIM's simple canonicalization is computed over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderBytes, type Lead } from "./header-bytes.ts";

function rebuilt(lead: Lead, ...fields: readonly (readonly [name: string, value: string])[]): string {
  const header = new HeaderBytes(lead);
  for (const [name, value] of fields) {
    const bytes = Buffer.from(`..${name}\0${value}\0after\n`, "latin1");
    assert.equal(header.add({ command: 0, bytes, start: 2, end: bytes.length - 6 }), true);
  }
  return header.take().toString("latin1");
}

const kept: readonly (readonly [what: string, value: string, written: string])[] = [
  ["one space", " hi", "S: hi\r\n"],
  ["no space", "hi", "S:hi\r\n"],
  ["two spaces", "  hi", "S:  hi\r\n"],
  ["a tab", "\thi", "S:\thi\r\n"],
  ["nothing", "", "S:\r\n"],
  ["a space alone", " ", "S: \r\n"],
  ["folds", " a\n\tb\n  c", "S: a\r\n\tb\r\n  c\r\n"],
  ["a fold at once", "\n a", "S:\r\n a\r\n"],
  ["folds of a server that sends CRLF", " a\r\n b", "S: a\r\n b\r\n"],
  ["space at the end", " a \t", "S: a \t\r\n"],
  ["a bare CR", " a\rb", "S: a\rb\r\n"],
  ["octets beyond ASCII", " \xe9\xff", "S: \xe9\xff\r\n"],
  ["a NUL ends it", " a\0b", "S: a\r\n"],
  ["attack: a line that is no fold would be a field of its own", " a\nFrom: x", "S: a\r\n From: x\r\n"],
  ["attack: an empty line would end the header", " a\n\nbody", "S: a\r\n \r\n body\r\n"],
  ["attack: a line end at the end", " a\n", "S: a\r\n \r\n"],
];
for (const [what, value, written] of kept) {
  test(`value with its leading space: ${what}`, () => assert.equal(rebuilt("kept", ["S", value]), written));
}

const eaten: readonly (readonly [what: string, value: string, written: string])[] = [
  ["one space was taken off", "hi", "S: hi\r\n"],
  ["one of two", " hi", "S:  hi\r\n"],
  ["a tab is left by the servers", "\thi", "S:\thi\r\n"],
  ["a fold at once", "\n a", "S:\r\n a\r\n"],
  ["nothing, as fields without a value are mostly written", "", "S: \r\n"],
];
for (const [what, value, written] of eaten) {
  test(`value of a server that takes the leading space off: ${what}`, () => assert.equal(rebuilt("eaten", ["S", value]), written));
}

test("attack: a name cannot end its field, nor become two", () => {
  assert.equal(rebuilt("kept", ["A\nFrom: x", " a"]), "A?From? x: a\r\n");
});

test("names that the server may count otherwise than the inspection are marked", () => {
  for (const name of ["Authentication-Results\x7f", "\x01From", "Fr\xc3\xb6m", "", "A B"]) {
    const header = new HeaderBytes("kept");
    const bytes = Buffer.from(`${name}\0 x\0`, "latin1");
    header.add({ command: 0, bytes, start: 0, end: bytes.length });
    assert.equal(header.hasOddName, true, JSON.stringify(name));
  }
  const header = new HeaderBytes("kept");
  header.add({ command: 0, bytes: Buffer.from("X-!#~\0 x\0"), start: 0, end: 9 });
  assert.equal(header.hasOddName, false);
});

test("a packet without a name is none", () => {
  const header = new HeaderBytes("kept");
  assert.equal(header.add({ command: 0, bytes: Buffer.from("From"), start: 0, end: 4 }), false);
  assert.equal(header.add({ command: 0, bytes: Buffer.from("FromN\0"), start: 0, end: 4 }), false);
});

test("fields of any length: 30 KB, and thousands of folds in one", () => {
  const long = ` ${"x".repeat(30_000)}`;
  const folded = `${" a\n".repeat(20_000)} a`;
  const text = rebuilt("kept", ["A", long], ["B", folded]);
  assert.equal(text, `A:${long}\r\nB:${folded.replaceAll("\n", "\r\n")}\r\n`);
});

test("the empty line, and what was taken is gone", () => {
  const header = new HeaderBytes("kept");
  header.add({ command: 0, bytes: Buffer.from("A\0 b\0"), start: 0, end: 5 });
  assert.equal(header.take().toString(), "A: b\r\n");
  header.end();
  assert.equal(header.length, 2);
  assert.equal(header.take().toString(), "\r\n");
});

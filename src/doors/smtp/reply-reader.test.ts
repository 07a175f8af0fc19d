/** Replies of the next hop: lines, chunks, and what is no reply. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { type Reply, replyBytes } from "./reply.ts";
import { ReplyReader } from "./reply-reader.ts";

function read(...chunks: readonly string[]) {
  const reader = new ReplyReader();
  const found: Reply[] = [];
  for (const chunk of chunks) {
    const replies = reader.feed(Buffer.from(chunk, "latin1"));
    if (replies === null) return null;
    found.push(...replies);
  }
  return found;
}

for (const [name, chunks, wanted] of [
  ["one line", ["250 2.1.0 Ok\r\n"], [{ code: 250, lines: ["2.1.0 Ok"] }]],
  ["code alone", ["250\r\n"], [{ code: 250, lines: [""] }]],
  ["several lines", ["250-a\r\n250-b\r\n250 c\r\n"], [{ code: 250, lines: ["a", "b", "c"] }]],
  ["in pieces", ["25", "0-a\r", "\n250", " b\r\n"], [{ code: 250, lines: ["a", "b"] }]],
  ["two replies", ["250 a\r\n354 b\r\n"], [{ code: 250, lines: ["a"] }, { code: 354, lines: ["b"] }]], // biome-ignore format: a table
  ["octets beyond ASCII stay", ["250 Gr\xfc\xdfe\r\n"], [{ code: 250, lines: ["Gr\xfc\xdfe"] }]],
  ["a control character becomes a space", ["250 a\rb\0c\r\n"], [{ code: 250, lines: ["a b c"] }]],
] as const)
  test(`RFC 5321 §4.2: ${name}`, () => assert.deepEqual(read(...chunks), wanted));

for (const [name, text] of [
  ["no code", "hello\r\n"],
  ["another code on the second line", "250-a\r\n550 b\r\n"],
  ["a code that does not exist", "150 a\r\n"],
  ["a line without an end", "250 ".padEnd(limits.nextHopReplyLineBytesMax + 1, "x")],
  ["lines without an end", "250-a\r\n".repeat(limits.nextHopReplyLinesMax + 1)],
] as const)
  test(`no reply: ${name}`, () => assert.equal(read(text), null));

test("limits: the longest line and the most lines are replies", () => {
  assert.ok(read(`250 ${"x".repeat(limits.nextHopReplyLineBytesMax - 4)}\r\n`));
  assert.ok(read(`${"250-a\r\n".repeat(limits.nextHopReplyLinesMax - 1)}250 a\r\n`));
});

test("what is read is written the same", () => {
  const text = "250-2.1.5 a\r\n250-2.1.5 \xe9\r\n250 2.1.5 c\r\n";
  const [reply] = read(text) ?? [];
  assert.equal(reply === undefined ? null : replyBytes(reply).toString("latin1"), text);
});

/** The parts of RSPAMC by themselves: the first octets, the head and its limit, the lines that Exim puts above a message, the answer's bounds. */
import assert from "node:assert/strict";
import test from "node:test";
import { limits } from "../../src/base/limits.ts";
import { checkAnswer } from "../../src/doors/http/check-answer.ts";
import { spokenIn } from "../../src/doors/http/first-octets.ts";
import { rspamcAnswer } from "../../src/doors/http/rspamc-answer.ts";
import { headOctets, rspamcHead } from "../../src/doors/http/rspamc-head.ts";
import { announcedOctets, withoutMailboxLines } from "../../src/doors/http/rspamc-message.ts";
import { inspectionWith } from "../inspections.ts";

for (const [first, spoken] of [
  ["", null],
  ["CHECK RSPAMC", null],
  ["P", null],
  ["CHECK RSPAMC/", "rspamc"],
  ["SYMBOLS RSPAMC/1.3\r\n", "rspamc"],
  ["PING RSPAMC/1.3", "rspamc"],
  ["CHECKOUT / HTTP/1.1", "http"],
  ["check RSPAMC/1.3", "http"],
  ["POST /checkv2 HTTP/1.1", "http"],
  ["\r\nCHECK RSPAMC/1.3", "http"],
  ["REPORT RSPAMC/1.3", "http"],
] as const) {
  test(`the first octets ${JSON.stringify(first)}: ${spoken ?? "more are needed"}`, () => {
    assert.equal(spokenIn(Buffer.from(first)), spoken);
  });
}

test("the head: limit at N-1, N, N+1, in one piece and octet by octet", async () => {
  for (const [bytes, isTaken] of [
    [limits.httpHeaderBytesMax - 1, true],
    [limits.httpHeaderBytesMax, true],
    [limits.httpHeaderBytesMax + 1, false],
  ] as const) {
    const octets = Buffer.from(`${"a".repeat(bytes)}\r\n\r\nrest`);
    async function* pieces(size: number): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
    }
    for (const size of [octets.length, 1]) {
      const read = await headOctets(pieces(size));
      assert.equal(read.ok, isTaken, `${bytes} in ${size}`);
      if (read.ok) assert.deepEqual([read.text.length, "rest".startsWith(Buffer.from(read.rest).toString())], [bytes, true]);
    }
  }
});

test("a header called __proto__ is a header", () => {
  const read = rspamcHead("CHECK RSPAMC/1.3\r\nContent-Length: 1\r\n__proto__: x");
  assert.ok(read.ok);
  assert.deepEqual(Object.entries(read.head.headers), [
    ["content-length", ["1"]],
    ["__proto__", ["x"]],
  ]);
});

for (const [what, text, left] of [
  ["all of them", "From a@b x\nX-Envelope-From: <a@b>\nX-Envelope-To: c@d\nReceived: x\n", "Received: x\n"],
  ["of a bounce", "From MAILER-DAEMON x\nX-Envelope-To: c@d\nReceived: x\n", "Received: x\n"],
  ["no more than once", "From a\nX-Envelope-To: c\nX-Envelope-To: d\n", "X-Envelope-To: d\n"],
  ["in no other order", "From a\nX-Envelope-To: c\nX-Envelope-From: d\n", "X-Envelope-From: d\n"],
  ["not without the first", "X-Envelope-From: <a@b>\nFrom a\n", "X-Envelope-From: <a@b>\nFrom a\n"],
  ["not the field", "From: a@b\nX-Envelope-From: x\n", "From: a@b\nX-Envelope-From: x\n"],
  ["with CRLF", "From a\r\nX-Envelope-To: c\r\nTo: d\r\n", "To: d\r\n"],
  ["the beginning of one at the end", "From a\nX-Env", "X-Env"],
  ["nothing behind it", "From a", ""],
] as const) {
  test(`the lines that Exim puts above a message: ${what}`, async () => {
    for (const size of [1, 7, text.length]) {
      const octets = Buffer.from(text);
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
      }
      assert.equal(Buffer.concat(await all(withoutMailboxLines(pieces()))).toString(), left, `in pieces of ${size}`);
    }
  });
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return found;
}

test("no more than the announced octets", async () => {
  let told = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("cdef");
    yield Buffer.from("never");
  }
  const octets = announcedOctets(pieces(), {
    first: Buffer.from("ab"),
    length: 4,
    onAll: () => {
      told += 1;
    },
  });
  assert.equal(Buffer.concat(await all(octets)).toString(), "abcd");
  assert.equal(told, 1);
});

test("attack: nothing of a mail begins a line of the report, and the report fits into Exim's room", () => {
  const inspection = inspectionWith();
  const decided = { kind: "accept", headers: ["X-Assay-Report: 1;\r\n two"], removals: [], hold: null, inspection } as const;
  const answer = checkAnswer(decided, 0);
  const options = ["a\r\nAction: no action", "b\nAdd-Header: X: y"];
  const evil = { name: "EVIL", score: 0, metric_score: 0, options } as const;
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`S${i}`, { ...evil, name: `S${i}`, options: ["o".repeat(900)] }]));
  const told = rspamcAnswer({ ...answer, "message-id": `x\r\nAction: y${"z".repeat(5000)}`, symbols: { evil, ...many } }, decided);
  assert.ok(Buffer.byteLength(told) <= limits.rspamcAnswerBytesMax);
  assert.equal(told.match(/^Action: /gm)?.length, 1);
  assert.equal(told.match(/^Add-Header: /gm)?.length, 1);
  assert.match(told, /\r\nAdd-Header: X-Assay-Report: 1;\r\n two\r\n\r\n$/);
});

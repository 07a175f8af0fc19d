import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mboxMessages, mboxSlices, unquotedFromLines, unquoteFromLines } from "./mbox.ts";

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all).toString("latin1");
}

async function bySlices(text: string, size: number): Promise<string[][]> {
  const found: string[][] = [];
  for await (const slice of mboxSlices(inChunks(text, size))) found.push([slice.sender ?? "-", text.slice(slice.start, slice.end)]);
  return found;
}

async function byMessages(text: string, size: number): Promise<string[][]> {
  const found: string[][] = [];
  for await (const message of mboxMessages(inChunks(text, size))) found.push([message.sender ?? "-", await read(message.chunks)]);
  return found;
}

type Row = readonly [what: string, text: string, messages: readonly (readonly [sender: string, text: string])[]];
const rows: readonly Row[] = [
  ["one message", "From ada@contoso.com Fri Nov 21 10:00:00 2025\nA: b\n\nbody\n\n", [["ada@contoso.com", "A: b\n\nbody\n"]]],
  ["no closing empty line", "From ada@contoso.com x\nA: b\n\nbody\n", [["ada@contoso.com", "A: b\n\nbody\n"]]],
  [
    "two, and one word From inside a paragraph",
    "From a@b.example x\nA: 1\n\nHello\nFrom here on\n\nFrom c@d.example x\nA: 2\n\ntwo\n\n",
    [
      ["a@b.example", "A: 1\n\nHello\nFrom here on\n"],
      ["c@d.example", "A: 2\n\ntwo\n"],
    ],
  ],
  [
    "CRLF",
    "From a@b.example x\r\nA: 1\r\n\r\none\r\n\r\nFrom c@d.example x\r\nA: 2\r\n\r\ntwo\r\n\r\n",
    [
      ["a@b.example", "A: 1\r\n\r\none\r\n"],
      ["c@d.example", "A: 2\r\n\r\ntwo\r\n"],
    ],
  ],
  [
    "senders that are none",
    "From MAILER-DAEMON x\nA: 1\n\nFrom - x\nA: 2\n\nFrom \nA: 3\n",
    [
      ["-", "A: 1\n"],
      ["-", "A: 2\n"],
      ["-", "A: 3\n"],
    ],
  ],
  [
    "an empty message between two",
    "From a@b.example x\n\nFrom c@d.example x\nA: 2\n",
    [
      ["a@b.example", ""],
      ["c@d.example", "A: 2\n"],
    ],
  ],
  ["only a From_ line", "From a@b.example x\n", [["a@b.example", ""]]],
  ["not even the whole of one", "From a@b.example x", []],
  [
    "a From_ line past the limit is text",
    `From a@b.example x\nA: 1\n\nFrom ${"x".repeat(1100)}\nend\n`,
    [["a@b.example", `A: 1\n\nFrom ${"x".repeat(1100)}\nend\n`]],
  ],
];

describe("mbox: messages do not depend on where chunks end (RFC 4155)", () => {
  for (const [what, text, messages] of rows) {
    test(what, async () => {
      for (const size of [1, 2, 3, 7, 64, 100_000]) {
        assert.deepEqual(await bySlices(text, size), messages, `slices, chunks of ${size}`);
        assert.deepEqual(await byMessages(text, size), messages, `messages, chunks of ${size}`);
      }
    });
  }
  test("a message that is not read to its end is skipped", async () => {
    const senders: (string | null)[] = [];
    for await (const { sender } of mboxMessages(inChunks("From a@b.example x\nA: 1\n\nx\n\nFrom c@d.example y\nA: 2\n", 5)))
      senders.push(sender);
    assert.deepEqual(senders, ["a@b.example", "c@d.example"]);
  });
});

describe("mboxrd: one > comes off a quoted From line", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a\n>From b\n", "a\nFrom b\n"],
    [">From b\n>>From c\n", "From b\n>From c\n"],
    ["a >From b\n> From c\n>Fro\n>From", "a >From b\n> From c\n>Fro\n>From"],
    ["> quoted\n>> deeper\n\n>", "> quoted\n>> deeper\n\n>"],
    [`${">".repeat(64)}From x`, `${">".repeat(63)}From x`],
    [`${">".repeat(80)}From x`, `${">".repeat(80)}From x`],
    ["\n\n\n", "\n\n\n"],
    ["", ""],
    ["x\r\n>From y\r\n", "x\r\nFrom y\r\n"],
  ];
  for (const [quoted, plain] of cases) {
    test(JSON.stringify(quoted.slice(0, 40)), async () => {
      for (const size of [1, 2, 3, 5, 1000]) assert.equal(await read(unquoteFromLines(inChunks(quoted, size))), plain, `chunks of ${size}`);
      assert.equal(Buffer.from(unquotedFromLines(Buffer.from(quoted, "latin1"))).toString("latin1"), plain, "at once");
    });
  }
  test("bounded: 4 MB of > come through, as long as they were", async () => {
    const text = `\n${">".repeat(4_000_000)}`;
    assert.equal((await read(unquoteFromLines(inChunks(text, 65_536)))).length, text.length);
  });
});

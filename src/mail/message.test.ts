import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { sortDefects } from "./defect.ts";
import { openMessage } from "./message.ts";

async function* chunked(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    yield bytes.subarray(start, cut);
    start = cut;
  }
}

async function opened(source: Uint8Array | AsyncIterable<Uint8Array>) {
  const { header, body, separated, headBytes } = await openMessage(source);
  const parts: Uint8Array[] = [];
  if (body instanceof Uint8Array) parts.push(body);
  else for await (const chunk of body) parts.push(chunk);
  return {
    text: header.text,
    lineEnd: header.lineEnd,
    fields: header.fields.map(({ name, start, end }) => [name, start, end]),
    defects: sortDefects(header.defects),
    separated,
    headBytes,
    body: Buffer.concat(parts).toString("latin1"),
  };
}

const open = (text: string) => opened(Buffer.from(text, "latin1"));

test("RFC 5322 §2.1: the header section, the empty line, the body", async () => {
  const message = await open("From: a@b.test\r\nTo: c\r\n\r\nbody\r\n\r\nmore");
  assert.deepEqual(message, {
    text: "From: a@b.test\r\nTo: c\r\n",
    lineEnd: "crlf",
    fields: [
      ["from", 0, 14],
      ["to", 16, 21],
    ],
    defects: [],
    separated: true,
    headBytes: 25,
    body: "body\r\n\r\nmore",
  });
});

test("the first line end fixes the kind; the other kind never ends the header", async () => {
  const lf = await open("From: a\nTo: b\r\n\r\n\nbody");
  assert.deepEqual([lf.lineEnd, lf.text, lf.body], ["lf", "From: a\nTo: b\r\n\r\n", "body"]);
  assert.deepEqual(lf.defects, ["malformed-field", "lf-only", "bare-cr"]);
  const crlf = await open("From: a\r\nTo: b\n\nX: c\r\n\r\nbody");
  assert.deepEqual([crlf.lineEnd, crlf.text, crlf.body], ["crlf", "From: a\r\nTo: b\n\nX: c\r\n", "body"]);
  assert.deepEqual(crlf.defects, ["bare-lf"]);
  const lone = await open("From: a\rTo: b\r\r\n\r\nbody");
  assert.deepEqual([lone.lineEnd, lone.text, lone.body], ["crlf", "From: a\rTo: b\r\r\n", "body"]);
});

test("messages without an empty line, without a header, without anything", async () => {
  const truncated = await open("From: a\r\nTo: b\r\n");
  assert.deepEqual([truncated.text, truncated.separated, truncated.headBytes, truncated.body], ["From: a\r\nTo: b\r\n", false, 16, ""]);
  const line = await open("From: a");
  assert.deepEqual([line.text, line.lineEnd, line.separated], ["From: a", "crlf", false]);
  const body = await open("\r\nbody");
  assert.deepEqual([body.text, body.defects, body.separated, body.headBytes, body.body], ["", ["no-header"], true, 2, "body"]);
  const bodyLf = await open("\nbody");
  assert.deepEqual([bodyLf.lineEnd, bodyLf.headBytes, bodyLf.body], ["lf", 1, "body"]);
  const nothing = await open("");
  assert.deepEqual([nothing.defects, nothing.separated, nothing.headBytes, nothing.body], [["no-header"], false, 0, ""]);
  const cr = await open("\r");
  assert.deepEqual([cr.defects, cr.lineEnd], [["malformed-field", "bare-cr"], "crlf"]);
});

test("a body given as bytes is a view, not a copy", () => {
  const bytes = Buffer.from("From: a\r\n\r\nbody");
  const { body } = openMessage(bytes);
  assert.ok(body instanceof Uint8Array);
  assert.equal(body.buffer, bytes.buffer);
});

test("results never depend on where chunks end: every message cut at every byte", async () => {
  const messages = [
    "From: a\r\nTo: b\r\n\r\nbody\r\n",
    "From: a\nTo: b\r\n\r\n\nbody",
    "From: a\r\nTo: b\n\nX: c\r\n\r\nbody",
    "From: a\r\n b\r\n",
    "\r\nbody",
    "\n\n\n",
    "\r\r\n\r\n",
    " From: a\r\nFrom: b\r\n\r\n",
    "a\r",
    "",
  ];
  for (const text of messages) {
    const bytes = Buffer.from(text, "latin1");
    const whole = await opened(bytes);
    assert.deepEqual(await opened(chunked(bytes, [])), whole);
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.deepEqual(await opened(chunked(bytes, [cut])), whole, `${JSON.stringify(text)} cut at ${cut}`);
    }
    const each = Array.from({ length: bytes.length }, (_, i) => i);
    assert.deepEqual(await opened(chunked(bytes, each)), whole, `${JSON.stringify(text)} byte by byte`);
  }
});

test("property: chunk boundaries change nothing", async () => {
  const unit = fc.constantFrom("a", ":", " ", "\r\n", "\r", "\n", "\0", "From: ", "\r\n\r\n", "\n\n");
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 30 }), fc.array(fc.nat(60), { maxLength: 6 }), async (text, at) => {
      const bytes = Buffer.from(text, "latin1");
      const cuts = at.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
      assert.deepEqual(await opened(chunked(bytes, cuts)), await opened(bytes));
    }),
    { numRuns: 500 },
  );
});

test("limits.headerBytesMax: header sections of N-1, N and N+1 octets, the same from bytes and from streams", async () => {
  for (const eol of ["\r\n", "\n"]) {
    for (const length of [-1, 0, 1, 2, 3, 1000].map((more) => limits.headerBytesMax + more)) {
      const line = `X: ${"x".repeat(997 - eol.length)}${eol}`;
      const lines = line.repeat(Math.floor((length - 8) / line.length));
      const header = `${lines}Y: ${"y".repeat(length - lines.length - 3 - eol.length)}${eol}`;
      assert.equal(header.length, length);
      const bytes = Buffer.from(`${header}${eol}body${eol}${eol}more`, "latin1");
      const whole = await opened(bytes);
      const over = length > limits.headerBytesMax;
      assert.equal(whole.defects.includes("header-too-large"), over, `${length} octets`);
      assert.equal(whole.headBytes, over ? limits.headerBytesMax : length + eol.length);
      assert.equal(whole.separated, true);
      assert.equal(whole.headBytes + whole.body.length, bytes.length);
      const near = limits.headerBytesMax;
      for (const cuts of [[], [1], [near - 1], [near], [near + 1], [near + 2], [near + 3], [5, near, bytes.length - 1]]) {
        assert.deepEqual(await opened(chunked(bytes, cuts)), whole, `${length} octets cut at ${cuts}`);
      }
    }
  }
});

test("a header that never ends: too large, whatever the chunks", async () => {
  for (const text of ["a".repeat(400_000), `X: 1\r\n${" folded\r\n".repeat(200_000)}`, "X: 1\n".repeat(100_000)]) {
    const bytes = Buffer.from(text, "latin1");
    const whole = await opened(bytes);
    assert.ok(whole.defects.includes("header-too-large"));
    const pieces = Array.from({ length: Math.floor(bytes.length / 4096) }, (_, i) => i * 4096);
    assert.deepEqual(await opened(chunked(bytes, pieces)), whole);
  }
});

test("a stream is read no further than the head needs, and let go when its reader stops", async () => {
  const seen = { read: 0, closed: false };
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        seen.read++;
        yield Buffer.from(seen.read === 1 ? "From: a\r\n\r\n" : "body\r\n");
      }
    } finally {
      seen.closed = true;
    }
  }
  const { body } = await openMessage(source());
  assert.equal(seen.read, 1);
  assert.ok(!(body instanceof Uint8Array));
  for await (const _ of body) if (seen.read >= 5) break;
  assert.deepEqual(seen, { read: 5, closed: true });
});

test("a stream that fails rejects, in the head and in the body", async () => {
  async function* failing(after: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < after; i++) yield Buffer.from("From: a\r\n\r\n");
    throw new Error("connection lost");
  }
  await assert.rejects(opened(failing(0)), /connection lost/);
  await assert.rejects(opened(failing(1)), /connection lost/);
});

test("what is neither bytes nor a stream is the caller's mistake, and said as one", () => {
  for (const wrong of [undefined, null, "From: a@contoso.com", {}, new ArrayBuffer(3)])
    assert.throws(() => openMessage(wrong as unknown as Uint8Array), { name: "TypeError", message: /^a message is a Uint8Array or / });
});

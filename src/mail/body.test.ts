import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { type BodyRead, bodyBlockBytesMax, readBody } from "./body.ts";
import type { LineEnd } from "./header.ts";

function read(body: string, lineEnd: LineEnd = "crlf"): BodyRead {
  const result = readBody(Buffer.from(body, "latin1"), lineEnd, []);
  assert.ok(!(result instanceof Promise), "bytes of this size are read at once");
  return result;
}

function defects(body: string, lineEnd?: LineEnd): readonly string[] {
  return [...read(body, lineEnd).defects].sort();
}

/** The same, said simply. */
function reference(body: string, lineEnd: LineEnd): readonly string[] {
  const found: string[] = [];
  if (lineEnd === "lf" ? body.includes("\r") : /\r(?!\n)/.test(body)) found.push("bare-cr");
  if (lineEnd === "crlf" && /(?<!\r)\n/.test(body)) found.push("bare-lf");
  if (body.split(lineEnd === "crlf" ? "\r\n" : "\n").some((line) => line.length > limits.lineBytesMax)) found.push("long-line");
  if (body.includes("\0")) found.push("nul");
  return found;
}

describe("RFC 5322 §2.3 defects of body lines", () => {
  const cases: readonly (readonly [name: string, body: string, lineEnd: LineEnd, expected: readonly string[]])[] = [
    ["nothing", "", "crlf", []],
    ["clean lines", "a\r\n\r\nb\r\n", "crlf", []],
    ["no line end at the end", "a\r\nb", "crlf", []],
    ["bare LF", "a\nb\r\n", "crlf", ["bare-lf"]],
    ["LF as the first octet", "\nb\r\n", "crlf", ["bare-lf"]],
    ["bare CR", "a\rb\r\n", "crlf", ["bare-cr"]],
    ["CR as the last octet", "a\r\nb\r", "crlf", ["bare-cr"]],
    ["two CR before LF", "a\r\r\n", "crlf", ["bare-cr"]],
    ["LF CR", "a\r\n\n\r", "crlf", ["bare-cr", "bare-lf"]],
    ["NUL", "a\0\r\n", "crlf", ["nul"]],
    ["tabs, form feeds and octets over 0x7f are none", "\t\f\x0b\xff\x80\r\n", "crlf", []],
    ["LF message: LF is the line end", "a\n\nb\n", "lf", []],
    ["LF message: any CR", "a\r\n", "lf", ["bare-cr"]],
    ["LF message: NUL", "\0", "lf", ["nul"]],
  ];
  for (const [name, body, lineEnd, expected] of cases) test(name, () => assert.deepEqual(defects(body, lineEnd), expected));
});

describe("RFC 5322 §2.1.1 lines of 998 octets", () => {
  for (const length of [limits.lineBytesMax - 1, limits.lineBytesMax, limits.lineBytesMax + 1]) {
    const expected = length > limits.lineBytesMax ? ["long-line"] : [];
    const line = "x".repeat(length);
    const bodies: readonly (readonly [where: string, body: string])[] = [
      ["first", `${line}\r\na\r\n`],
      ["after others", `a\r\n\r\n${line}\r\n`],
      ["last, without an end", `a\r\n${line}`],
      ["across blocks", `${"y\r\n".repeat(bodyBlockBytesMax / 3)}${line}\r\n`],
    ];
    for (const [where, body] of bodies) {
      test(`${length} octets, ${where}`, () => {
        assert.deepEqual(defects(body), expected);
        assert.deepEqual(defects(body.replaceAll("\r\n", "\n"), "lf"), expected);
      });
    }
    test(`${length} octets, the last one a CR that ends nothing`, () =>
      assert.deepEqual(defects(`a\r\n${line.slice(1)}\r`), ["bare-cr", ...expected]));
  }
});

const tricky = fc
  .array(fc.constantFrom("\r", "\n", "\r\n", "x", "\0", "some text", "x".repeat(500), "\r\n".repeat(20), " ".repeat(15)), { maxLength: 40 })
  .map((pieces) => pieces.join(""));

describe("house rule: nothing depends on where chunks end", () => {
  for (const lineEnd of ["crlf", "lf"] as const) {
    test(`${lineEnd}: defects and size as the reference, from bytes and from streams`, async () => {
      await fc.assert(
        fc.asyncProperty(tricky, fc.integer({ min: 1, max: 2000 }), async (body, size) => {
          const expected = reference(body, lineEnd);
          assert.deepEqual(defects(body, lineEnd), expected);
          const streamed = await readBody(pieces(Buffer.from(body, "latin1"), size), lineEnd, []);
          assert.deepEqual([...streamed.defects].sort(), expected);
          assert.equal(streamed.bytes, body.length);
        }),
        { numRuns: 500 },
      );
    });
  }
  test("a sink sees every octet once, in order, in blocks of limited size, and one end", async () => {
    const body = Buffer.from(Array.from({ length: 400_000 }, (_, i) => i % 251));
    for (const source of [body, pieces(body, 1), pieces(body, 5000), pieces(body, 300_000), pieces(body, body.length)]) {
      const seen: Buffer[] = [];
      let ends = 0;
      const sink = {
        update: (block: Uint8Array) => {
          assert.ok(block.length > 0 && block.length <= bodyBlockBytesMax);
          seen.push(Buffer.from(block));
        },
        end: () => {
          ends += 1;
        },
      };
      const { bytes } = await readBody(source, "crlf", [sink]);
      assert.equal(bytes, body.length);
      assert.ok(Buffer.concat(seen).equals(body));
      assert.equal(ends, 1);
    }
  });
});

describe("RFC 6376 §8.5 large bodies: the event loop stays free", () => {
  /** Most CPU time of this thread between two turns of the event loop while the body is read, in ms: the machine may be busy. */
  async function longestTurn(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<number> {
    let longest = 0;
    let last = cpuMs();
    let done = false;
    const watch = (): void => {
      longest = Math.max(longest, cpuMs() - last);
      last = cpuMs();
      if (!done) setImmediate(watch);
    };
    setImmediate(watch);
    await readBody(source, "crlf", []);
    done = true;
    return Math.max(longest, cpuMs() - last);
  }
  function cpuMs(): number {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  }
  test("40 MB in one line", async () => assert.ok((await longestTurn(Buffer.alloc(40 * 1024 * 1024, "x"))) < 100));
  test("a stream whose chunks are all there at once", async () => {
    const chunk = Buffer.alloc(64 * 1024, "\n");
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 640; i += 1) yield chunk;
    }
    assert.ok((await longestTurn(chunks())) < 100);
  });
  test("a stream of 200,000 single octets", async () => {
    assert.ok((await longestTurn(pieces(Buffer.alloc(200_000, "x"), 1))) < 100);
  });
  test("a failing stream rejects, and sinks see no end", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a");
      throw new Error("broken pipe");
    }
    const sink = { update: () => undefined, end: () => assert.fail("the body did not end") };
    await assert.rejects(async () => readBody(failing(), "crlf", [sink]), /broken pipe/);
  });
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

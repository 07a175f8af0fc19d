import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AssertionError } from "../base/assert.ts";
import { blockBytesMax, type LineScan, lfToCrlf, lineDefects, reduceWhiteSpace, scanLines } from "./octets.ts";

const latin1 = (octets: Uint8Array): string => Buffer.from(octets).toString("latin1");
const octets = (text: string): Buffer => Buffer.from(text, "latin1");
const nothing = new Uint8Array(0);

/** Pieces that meet the ends of sixteen-octet steps in every way. */
const mixed = (...special: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...special),
        fc.integer({ min: 1, max: 40 }).map((n) => "x".repeat(n)),
      ),
      { maxLength: 40 },
    )
    .map((pieces) => pieces.join(""));

describe("octets: the loops against one-line references", () => {
  test("LF to CRLF", () => {
    fc.assert(
      fc.property(mixed("\n", "\r", "\n".repeat(16), "\n".repeat(33)), (text) => {
        assert.equal(latin1(lfToCrlf(octets(text))), text.replaceAll("\n", "\r\n"));
      }),
      { numRuns: 2000 },
    );
  });
  test("RFC 6376 §3.4.4 (a) white space, with what was kept before", () => {
    fc.assert(
      fc.property(fc.constantFrom("", " ", " \r"), mixed(" ", "\t", "\r\n", "\r", "\n", " ".repeat(40)), (before, text) => {
        const whole = `${text}.`;
        const expected = (before + whole).replace(/[ \t]+(?=\r\n)/g, "").replace(/[ \t]+/g, " ");
        assert.equal(latin1(reduceWhiteSpace(octets(before), octets(whole))), expected);
      }),
      { numRuns: 2000 },
    );
  });
  test("RFC 5322 §2.1 line ends: the column after each block", () => {
    fc.assert(
      fc.property(mixed("\r\n", "\n", "\0"), fc.nat(500), (text, column) => {
        const scan: LineScan = { kind: "crlf", column, found: 0 };
        scanLines(scan, nothing, octets(text));
        const lines = text.split("\r\n");
        assert.equal(scan.column, (lines.at(-1)?.length ?? 0) + (lines.length === 1 ? column : 0));
        assert.equal((scan.found & lineDefects.nul) !== 0, text.includes("\0"));
      }),
      { numRuns: 1000 },
    );
  });
});

test("RFC 5322 §2.1.1 a line of 999 octets is long, of 998 is not, wherever a block ends in it", () => {
  for (const kind of ["crlf", "lf"] as const) {
    for (const length of [998, 999]) {
      const text = `${"x".repeat(length)}${kind === "crlf" ? "\r\n" : "\n"}short`;
      for (let cut = 0; cut <= length; cut += 1) {
        const scan: LineScan = { kind, column: 0, found: 0 };
        scanLines(scan, nothing, octets(text.slice(0, cut)));
        scanLines(scan, nothing, octets(text.slice(cut)));
        assert.equal(scan.found, length > 998 ? lineDefects.longLine : 0, `${kind} ${length} cut at ${cut}`);
        assert.equal(scan.column, 5);
      }
    }
  }
});

describe("octets: the size of the memory", () => {
  for (const extra of [-1, 0, 1]) {
    test(`blockBytesMax ${extra >= 0 ? "+" : ""}${extra}`, () => {
      const size = blockBytesMax + extra;
      const scan: LineScan = { kind: "crlf", column: 0, found: 0 };
      const block = Buffer.alloc(size, "a b ").fill("c", size - 1);
      const run = () => {
        scanLines(scan, nothing, block);
        assert.equal(scan.column, size);
        assert.ok(block.equals(reduceWhiteSpace(nothing, block)));
      };
      if (extra > 0) assert.throws(run, AssertionError);
      else run();
    });
    test(`LF to CRLF: half of it ${extra >= 0 ? "+" : ""}${extra}`, () => {
      const run = () => lfToCrlf(Buffer.alloc(blockBytesMax / 2 + extra, "\n"));
      if (extra > 0) assert.throws(run, AssertionError);
      else assert.equal(run().length, blockBytesMax + 2 * extra);
    });
  }
  test("a full block of one kind does not spoil what the next call reads", () => {
    for (const fill of ["\r", "\n", " ", "\0"]) {
      const scan: LineScan = { kind: "crlf", column: 0, found: 0 };
      scanLines(scan, nothing, Buffer.alloc(blockBytesMax, fill));
      const clean: LineScan = { kind: "crlf", column: 0, found: 0 };
      scanLines(clean, nothing, octets("a"));
      assert.deepEqual([clean.column, clean.found], [1, 0]);
      assert.equal(latin1(reduceWhiteSpace(nothing, octets("a b"))), "a b");
    }
  });
});

import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { limits } from "../../base/limits.ts";
import { bodyBlockBytesMax, readBody } from "../../mail/body.ts";
import type { LineEnd } from "../../mail/header.ts";
import { type BodyHashRequest, bodyHashes } from "./body-hash.ts";
import { type Canonicalization, canonicalBody } from "./canonical-body.ts";

const whole = { algorithm: "sha256", length: null } as const;

/** RFC 6376 §3.4.3 and §3.4.4 word by word, on the whole body at once. */
function reference(body: string, canonicalization: Canonicalization, lineEnd: LineEnd): string {
  const wire = lineEnd === "lf" ? body.replaceAll("\n", "\r\n") : body;
  if (canonicalization === "simple") return `${withoutEmptyLines(wire)}\r\n`;
  const lines = wire.split("\r\n").map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""));
  const text = withoutEmptyLines(lines.join("\r\n"));
  return text === "" ? "" : `${text}\r\n`;
}

function withoutEmptyLines(text: string): string {
  let end = text.length;
  while (text.startsWith("\r\n", end - 2) && end >= 2) end -= 2;
  return text.slice(0, end);
}

/** What the stream makes of the same body cut at these offsets. */
function streamed(body: string, canonicalization: Canonicalization, cuts: readonly number[]): string {
  let text = "";
  const sink = canonicalBody(canonicalization, (octets) => {
    text += Buffer.from(octets).toString("latin1");
  });
  const bytes = Buffer.from(body, "latin1");
  for (const [i, cut] of [0, ...cuts].entries()) sink.update(bytes.subarray(cut, cuts[i] ?? bytes.length));
  sink.end();
  return text;
}

function hashed(body: Uint8Array, request: BodyHashRequest, lineEnd: LineEnd) {
  const hasher = bodyHashes([request], lineEnd);
  const read = readBody(body, lineEnd, [hasher]);
  assert.ok(!(read instanceof Promise));
  const result = hasher.result(request);
  assert.notEqual(result, "over-limit");
  return result as Exclude<typeof result, "over-limit">;
}

describe("RFC 6376 §3.4.3 simple body", () => {
  const cases: readonly (readonly [name: string, body: string, canonical: string])[] = [
    ["no body", "", "\r\n"],
    ["one empty line", "\r\n", "\r\n"],
    ["only empty lines", "\r\n\r\n\r\n", "\r\n"],
    ["no final CRLF", "a", "a\r\n"],
    ["empty lines at the end", "a\r\n\r\n\r\n", "a\r\n"],
    ["empty lines within", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"],
    ["white space is data", " a \t\r\n \r\n", " a \t\r\n \r\n"],
    ["a lone CR at the end is data", "a\r\n\r\n\r", "a\r\n\r\n\r\r\n"],
    ["a bare LF is data", "a\n\r\n\n", "a\n\r\n\n\r\n"],
    ["§3.4.5 example 2", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n"],
  ];
  for (const [name, body, canonical] of cases) test(name, () => assert.equal(streamed(body, "simple", []), canonical));
});

describe("RFC 6376 §3.4.4 relaxed body", () => {
  const cases: readonly (readonly [name: string, body: string, canonical: string])[] = [
    ["no body", "", ""],
    ["only empty lines", "\r\n\r\n", ""],
    ["only white space, no line end", " \t ", ""],
    ["lines of white space are empty", " \r\n\t\r\n  ", ""],
    ["no final CRLF", "a", "a\r\n"],
    ["white space before the missing line end", "a \t", "a\r\n"],
    ["white space at line ends", "a \t\r\nb\t\r\n", "a\r\nb\r\n"],
    ["runs become one space, a tab too", "a\tb  c \t d\r\n", "a b c d\r\n"],
    ["white space at the start of a line", "  \t a\r\n", " a\r\n"],
    ["a lone CR after white space is data", "a  \rb\r\n", "a \rb\r\n"],
    ["white space and a lone CR at the end", "a \r", "a \r\r\n"],
    ["a bare LF is data", "a \n b\r\n", "a \n b\r\n"],
    ["two CR before LF: the first is data", "a \r\r\n", "a \r\r\n"],
    ["§3.4.5 example 1", " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"],
  ];
  for (const [name, body, canonical] of cases) test(name, () => assert.equal(streamed(body, "relaxed", []), canonical));
});

describe("RFC 6376 §3.4 hashes of the empty body", () => {
  const none = new Uint8Array(0);
  test("simple: one CRLF", () =>
    assert.equal(
      hashed(none, { canonicalization: "simple", ...whole }, "crlf").hash.toString("base64"),
      "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=",
    ));
  test("relaxed: nothing", () =>
    assert.equal(
      hashed(none, { canonicalization: "relaxed", ...whole }, "crlf").hash.toString("base64"),
      "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ));
});

/** Bodies of the octets that decide something, in all mixtures, and long enough for the sixteen-octet steps. */
const tricky = fc
  .array(
    fc.oneof(
      fc.constantFrom(" ", "\t", "\r", "\n", "\r\n", "x", "\0", "\xa0", "\r\n\r\n", "  \r\n"),
      fc.constantFrom("word", "a longer piece of text", "\r\n".repeat(9)),
    ),
    {
      maxLength: 60,
    },
  )
  .map((pieces) => pieces.join(""));

describe("canonical bodies as a stream (no RFC section: house rule on chunks)", () => {
  for (const canonicalization of ["simple", "relaxed"] as const) {
    test(`${canonicalization}: as the reference, wherever the body is cut`, () => {
      fc.assert(
        fc.property(tricky, fc.array(fc.nat(), { maxLength: 6 }), (body, at) => {
          const cuts = at.map((n) => n % (body.length + 1)).sort((a, b) => a - b);
          assert.equal(streamed(body, canonicalization, cuts), reference(body, canonicalization, "crlf"));
        }),
        { numRuns: 3000 },
      );
    });
    test(`${canonicalization}: cut at every octet, and octet by octet`, () => {
      const body = " a \r\n\t \r\n\r\n b\r \r\n c \n\r\n  d\t\te  \r\n\r\n \r \r\n \r\n\r\n";
      const expected = reference(body, canonicalization, "crlf");
      for (let cut = 0; cut <= body.length; cut += 1) assert.equal(streamed(body, canonicalization, [cut]), expected, `cut at ${cut}`);
      const each = Array.from({ length: body.length }, (_, i) => i);
      assert.equal(streamed(body, canonicalization, each), expected);
    });
    for (const lineEnd of ["crlf", "lf"] as const) {
      test(`${canonicalization}, ${lineEnd} message: hash as the reference, from bytes and from streams`, async () => {
        await fc.assert(
          fc.asyncProperty(tricky, fc.nat(40), async (body, size) => {
            const request = { canonicalization, ...whole };
            const canonical = Buffer.from(reference(body, canonicalization, lineEnd), "latin1");
            const expected = { hash: hash("sha256", canonical, "hex"), canonicalBytes: canonical.length, covered: true };
            const bytes = Buffer.from(body, "latin1");
            const found = hashed(bytes, request, lineEnd);
            assert.deepEqual({ ...found, hash: found.hash.toString("hex") }, expected);
            const hasher = bodyHashes([request], lineEnd);
            await readBody(pieces(bytes, size + 1), lineEnd, [hasher]);
            assert.deepEqual(hasher.result(request), found);
          }),
          { numRuns: 400 },
        );
      });
    }
  }
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("long bodies", () => {
  const long = [
    `${"x".repeat(bodyBlockBytesMax - 1)}\r\ny`,
    `${"x".repeat(bodyBlockBytesMax - 2)} \r\n y  `,
    `a${" ".repeat(3 * bodyBlockBytesMax)}\r\n${"\t".repeat(bodyBlockBytesMax)}b`,
    `a${"\r\n".repeat(2 * bodyBlockBytesMax)}b${"\r\n".repeat(1500)}`,
    `a${" \r\n".repeat(bodyBlockBytesMax)}`,
    `${"\r".repeat(2 * bodyBlockBytesMax)}`,
    `a\r\n${" \r".repeat(bodyBlockBytesMax)}`,
  ];
  for (const [i, body] of long.entries()) {
    for (const canonicalization of ["simple", "relaxed"] as const) {
      for (const lineEnd of ["crlf", "lf"] as const) {
        test(`number ${i + 1}, ${canonicalization}, ${lineEnd}: as the reference across blocks`, () => {
          const canonical = Buffer.from(reference(body, canonicalization, lineEnd), "latin1");
          const found = hashed(Buffer.from(body, "latin1"), { canonicalization, ...whole }, lineEnd);
          assert.equal(found.canonicalBytes, canonical.length);
          assert.equal(found.hash.toString("hex"), hash("sha256", canonical, "hex"));
        });
      }
    }
  }
});

describe("RFC 6376 §3.5 l=", () => {
  const body = Buffer.from("first  line\r\nsecond\r\n\r\n");
  const canonical = "first line\r\nsecond\r\n";
  for (const length of [0, 1, 11, canonical.length - 1, canonical.length, canonical.length + 1, 1e30]) {
    test(`l=${length} hashes so much of the canonical body`, () => {
      const found = hashed(body, { canonicalization: "relaxed", algorithm: "sha256", length }, "crlf");
      assert.equal(found.hash.toString("hex"), hash("sha256", canonical.slice(0, Math.min(length, canonical.length)), "hex"));
      assert.equal(found.canonicalBytes, canonical.length);
      assert.equal(found.covered, length >= canonical.length);
    });
  }
});

describe("limits.bodyHashesMax", () => {
  const request = (length: number): BodyHashRequest => ({ canonicalization: "simple", algorithm: "sha256", length });
  for (const count of [limits.bodyHashesMax - 1, limits.bodyHashesMax, limits.bodyHashesMax + 1]) {
    test(`${count} different hashes: those past the limit are refused, the earlier ones stand`, () => {
      const requests = Array.from({ length: count }, (_, i) => request(i));
      const hasher = bodyHashes([...requests, ...requests], "crlf");
      readBody(Buffer.from("text\r\n"), "crlf", [hasher]);
      const refused = requests.filter((one) => hasher.result(one) === "over-limit");
      assert.deepEqual(refused, requests.slice(limits.bodyHashesMax));
    });
  }
});

/** DATA and its end: the same whatever the chunks are; smuggling sequences end nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DataDecoder } from "./data-decoder.ts";
import { dotStuffed } from "./dot-stuffing.ts";

type Seen = { readonly message: string; readonly behind: string | null; readonly isForbidden: boolean };

function decoded(chunks: readonly string[]): Seen {
  const decoder = new DataDecoder();
  let message = "";
  let behind: string | null = null;
  for (const chunk of chunks) {
    if (behind !== null) {
      behind += chunk;
      continue;
    }
    const part = decoder.feed(Buffer.from(chunk, "latin1"));
    message += part.bytes.toString("latin1");
    behind = part.behind?.toString("latin1") ?? null;
  }
  return { message, behind, isForbidden: decoder.isForbidden };
}

/** One line of regular expressions, to be compared with. */
function reference(text: string): Seen {
  const end = `\r\n${text}`.indexOf("\r\n.\r\n");
  const raw = end === -1 ? text : text.slice(0, end);
  const message = raw.replace(/(^|\r\n)\./g, "$1");
  return { message, behind: end === -1 ? null : text.slice(end + 3), isForbidden: /\0|\r(?!\n)|(?<!\r)\n/.test(message) };
}

for (const [name, chunks, message, behind] of [
  ["the end of an ordinary message", ["a\r\nb\r\n.\r\nQUIT\r\n"], "a\r\nb\r\n", "QUIT\r\n"],
  ["an empty message", [".\r\n"], "", ""],
  ["an empty message in three chunks", [".", "\r", "\n"], "", ""],
  ["an empty line and the end", ["\r\n.\r\n"], "\r\n", ""],
  ["a line of one dot that was stuffed", ["..\r\n.\r\n"], ".\r\n", ""],
  ["the same, cut behind the first dot", [".", ".\r\n.\r\n"], ".\r\n", ""],
  ["the end cut everywhere", ["a", "\r", "\n", ".", "\r", "\n"], "a\r\n", ""],
  ["a line that begins with a dot", ["a\r\n..b\r\n.c\r\n.\r\n"], "a\r\n.b\r\nc\r\n", ""],
  ["a dot and CR that no LF follows is no end", ["a\r\n.\rb\r\n.\r\n"], "a\r\n\rb\r\n", ""],
] as const)
  test(`RFC 5321 §4.5.2: ${name}`, () => {
    const seen = decoded(chunks);
    assert.equal(seen.message, message);
    assert.equal(seen.behind, behind);
  });

for (const [name, sequence] of [
  ["LF . LF", "\n.\n"],
  ["LF . CRLF", "\n.\r\n"],
  ["CRLF . LF", "\r\n.\n"],
  ["CR . CR", "\r.\r"],
  ["CR . CRLF", "\r.\r\n"],
  ["CRLF . CR", "\r\n.\r"],
  ["LF . CR", "\n.\r"],
  ["CRLF NUL . CRLF", "\r\n\0.\r\n"],
  ["CRLF . NUL CRLF", "\r\n.\0\r\n"],
  ["CR NUL LF . CRLF", "\r\0\n.\r\n"],
] as const)
  test(`smuggling: ${name} ends no message and is told of`, () => {
    for (const cut of [0, 1, 2, 3, 4]) {
      const text = `a${sequence}MAIL FROM:<x@y.example>\r\n.\r\nQUIT\r\n`;
      const seen = decoded([text.slice(0, cut), text.slice(cut)]);
      assert.equal(seen.isForbidden, true);
      assert.equal(seen.behind, "QUIT\r\n");
    }
  });

const pieces = fc.array(fc.constantFrom("\r\n", "\r", "\n", ".", "..", "a", "bc", "\0", "\r\n.", "\r\n..", "\xe4"), { maxLength: 30 });

test("any octets, cut anywhere: as the reference says", () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(60), { maxLength: 6 }), (words, cuts) => {
      const text = words.join("");
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const chunks = places.slice(1).map((to, i) => text.slice(places[i], to));
      const seen = decoded(chunks);
      const wanted = reference(text);
      if (wanted.behind === null) {
        // What is undecided is kept back: the end of the message cannot be seen yet.
        assert.ok(wanted.message.startsWith(seen.message) || seen.behind === null);
        return;
      }
      assert.deepEqual(seen, wanted);
    }),
    { numRuns: 3000 },
  );
});

test("RFC 5321 §4.5.2: what is stuffed comes out the same, whatever the chunks are", async () => {
  const lines = fc.array(fc.constantFrom(".", "..", "a", "", ".a", "a.b", ".\t"), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat(40), { maxLength: 5 }), async (words, cuts) => {
      const text = words.map((line) => `${line}\r\n`).join("");
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      async function* chunks(): AsyncGenerator<Buffer> {
        for (let i = 1; i < places.length; i++) yield Buffer.from(text.slice(places[i - 1], places[i]));
      }
      let stuffed = "";
      for await (const chunk of dotStuffed(chunks())) stuffed += chunk.toString();
      assert.deepEqual(decoded([`${stuffed}.\r\n`]), { message: text, behind: "", isForbidden: false });
    }),
    { numRuns: 1000 },
  );
});

test("performance: lines that all begin with a dot cost what others do, within a factor", () => {
  const time = (line: string): number => {
    const block = Buffer.from(line.repeat(Math.floor(65536 / line.length)));
    const began = performance.now();
    const decoder = new DataDecoder();
    for (let i = 0; i < 64; i++) decoder.feed(Buffer.from(block));
    return performance.now() - began;
  };
  time("x".repeat(70));
  const [plain, dots] = [time(`${"x".repeat(70)}\r\n`), time("..\r\n")];
  assert.ok(dots < 4000, `4 MB of dots: ${dots} ms, of text: ${plain} ms`);
});

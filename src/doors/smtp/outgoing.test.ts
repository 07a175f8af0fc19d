/** The message as the next hop gets it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { outgoing } from "./outgoing.ts";

async function out(message: string, removals: readonly (readonly [string, number])[], headers: readonly string[] = []): Promise<string> {
  async function* source(): AsyncGenerator<Buffer> {
    for (let at = 0; at < message.length; at += 7) yield Buffer.from(message.slice(at, at + 7), "latin1");
  }
  const chunks: Buffer[] = [];
  const changes = { headers, removals: removals.map(([name, index]) => ({ name, index, why: "" })) };
  for await (const chunk of outgoing(source(), changes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

const head = "A: 1\r\nB: 2\r\n folded\r\nA: 3\r\n\tfolded\r\nC: 4\r\n";

for (const [name, message, removals, wanted] of [
  ["nothing", `${head}\r\nbody\r\n`, [], `${head}\r\nbody\r\n`],
  ["the second of a name, folds with it", `${head}\r\nA: 5\r\n`, [["a", 2]], "A: 1\r\nB: 2\r\n folded\r\nC: 4\r\n\r\nA: 5\r\n"],
  ["several, highest first", `${head}\r\n`, [["A", 2], ["A", 1], ["B", 1]], "C: 4\r\n\r\n"], // biome-ignore format: a table
  ["the only one", "A: 1\r\n\r\nbody\r\n", [["a", 1]], "\r\nbody\r\n"],
  ["one that is not there", `${head}\r\n`, [["a", 3]], `${head}\r\n`],
  ["the last, no body", "A: 1\r\nB: 2\r\n", [["b", 1]], "A: 1\r\n"],
  ["a message that begins with its body", "\r\nA: 1\r\n", [["a", 1]], "\r\nA: 1\r\n"],
] as const)
  test(`removals: ${name}`, async () => assert.equal(await out(message, removals), wanted));

test("our headers are on top, whole, in their order", async () => {
  assert.equal(await out("A: 1\r\n\r\n", [], ["X: 1\r\n 2", "Y: 3"]), "X: 1\r\n 2\r\nY: 3\r\nA: 1\r\n\r\n");
});

for (const [name, message, removals, wanted] of [
  [
    "white space first: the body begins there",
    " ; dmarc=pass\r\nFrom: a\r\n\r\nx\r\n",
    [],
    "X: 1\r\n\r\n ; dmarc=pass\r\nFrom: a\r\n\r\nx\r\n",
  ],
  ["a tab first", "\tx\r\n", [], "X: 1\r\n\r\n\tx\r\n"],
  ["the field that begins with it is taken out", " A: 1\r\nB: 2\r\n\r\n", [["a", 1]], "X: 1\r\nB: 2\r\n\r\n"],
  ["no header", "\r\n x\r\n", [], "X: 1\r\n\r\n x\r\n"],
  ["an empty message", "", [], "X: 1\r\n"],
] as const)
  test(`RFC 5322 §2.2.3: nothing that came continues our last field: ${name}`, async () =>
    assert.equal(await out(message, removals, ["X: 1"]), wanted));

test("limits: a field longer than a field may be goes with all its folds", async () => {
  const fold = `\t${"x".repeat(900)}\r\n`;
  const long = `B: 1\r\n${fold.repeat(Math.ceil(limits.headerFieldBytesMax / fold.length) + 2)}`;
  assert.equal(await out(`A: 1\r\n${long}C: 2\r\n\r\nbody\r\n`, [["b", 1]]), "A: 1\r\nC: 2\r\n\r\nbody\r\n");
});

/** Where a header is too long, whatever the chunks are: the same place as in mail/message.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { openMessage } from "../../mail/message.ts";
import { HeaderExtent } from "./header-extent.ts";

const max = limits.headerBytesMax;

function isTooLong(message: string, cuts: readonly number[]): boolean {
  const extent = new HeaderExtent();
  const all = [0, ...cuts, message.length];
  return all.slice(1).some((cut, i) => extent.isTooLong(Buffer.from(message.slice(all[i], cut), "latin1")));
}

const header = (bytes: number): string => `A: ${"x".repeat(bytes - 5)}\r\n`;

for (const [name, message, wanted] of [
  ["the longest header", `${header(max)}\r\nbody\r\n`, false],
  ["one octet more", `${header(max + 1)}\r\nbody\r\n`, true],
  ["the longest, no body", header(max), false],
  ["no empty line", header(max + 2), true],
  ["no header", `\r\n${header(max + 9)}`, false],
  ["a short header", `A: 1\r\n\r\n${header(max + 9)}`, false],
] as const)
  test(`limits: header: ${name}`, () => {
    for (const cuts of [[], [1], [max - 1], [max, max + 1], [max + 2], [max + 1, max + 2, max + 3]]) {
      const inside = cuts.filter((cut) => cut < message.length);
      assert.equal(isTooLong(message, inside), wanted, `cut at ${inside}`);
    }
    assert.equal(openMessage(Buffer.from(message)).headBytes === max && openMessage(Buffer.from(message)).separated, wanted);
  });

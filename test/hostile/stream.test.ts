/** Streams: a message too long to hold, one octet at a time, and a source that fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "../../src/index.ts";
import { inChunks } from "./chunks.ts";
import { longStream } from "./long-stream.ts";
import { clock, makeWorld } from "./world.ts";

const world = makeWorld();
const deps = { resolver: world.resolver().resolver, clock, random: () => 0.5, authservId: "mx.receiver.example" };

test("a stream of 200 MB passes through, is verified, and is not held", async () => {
  let heapMax = 0;
  const onChunk = (): void => {
    heapMax = Math.max(heapMax, process.memoryUsage().heapUsed);
  };
  const { evidence, verdict, transaction } = await inspect({ message: longStream(world, 200_000_000)(onChunk), ...world.honest }, deps);
  assert.equal(evidence.dkim[0]?.result, "pass");
  assert.equal(verdict.compauth, "pass");
  assert.ok((transaction.size ?? 0) > 200_000_000);
  assert.ok(heapMax < 100_000_000, `the heap grew to ${heapMax} bytes`);
});

test("1 MB one octet at a time gives what the whole gives", async () => {
  const text = `From: <ceo@${world.victim.name}>\r\nTo: a@receiver.example\r\nSubject: slow\r\n\r\n${"one  line of text \r\n".repeat(52_000)}`;
  const bytes = world.sign(Buffer.from(text));
  const whole = await inspect({ message: bytes, ...world.honest }, deps);
  assert.equal(whole.verdict.compauth, "pass");
  assert.deepEqual(await inspect({ message: inChunks(bytes, 1), ...world.honest }, deps), whole);
});

test("a stream that fails in the middle rejects with its own error", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`From: <ceo@${world.victim.name}>\r\n\r\nbody`);
    throw new Error("the disk is gone");
  }
  await assert.rejects(inspect({ message: failing(), ...world.honest }, deps), /the disk is gone/);
});

test("a stream that ends at once is an empty message", async () => {
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  assert.deepEqual((await inspect({ message: nothing(), ...world.honest }, deps)).evidence.defects.slice(0, 2), ["empty", "no-header"]);
});

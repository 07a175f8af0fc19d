/**
 * Hostile input: whatever arrives, the verdict is a deterministic non-pass, or the correct one for an honest message of hostile
 * size; at most 60 DNS questions; and nothing depends on where the chunks of a stream end. Times are bench/hostile.ts's.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { type Inspection, inspect } from "../../src/index.ts";
import { inChunks } from "./chunks.ts";
import { hostileInputs } from "./inputs.ts";
import { clock, type Envelope, makeWorld } from "./world.ts";

const world = makeWorld();

async function run(
  message: Uint8Array | AsyncIterable<Uint8Array>,
  envelope: Envelope,
): Promise<{ inspection: Inspection; asked: readonly string[] }> {
  const { resolver, asked } = world.resolver();
  const inspection = await inspect({ message, ...envelope }, { resolver, clock, random: () => 0.5, authservId: "mx.receiver.example" });
  return { inspection, asked };
}

/** Odd sizes, so that chunks end everywhere; the small ones only where they do not make a test of minutes. */
function chunkSizes(bytes: number): number[] {
  return [1, 61, 4093, 65_537].filter((size) => bytes / size <= 20_000 && size < bytes).slice(0, 2);
}

for (const input of hostileInputs(world)) {
  test(`attack: ${input.name}`, async () => {
    const bytes = input.message();
    const { inspection, asked } = await run(bytes, input.envelope);
    input.expect(inspection);
    assert.ok(asked.length <= limits.messageDnsQueriesMax, `${asked.length} DNS questions`);
    assert.deepEqual((await run(bytes, input.envelope)).inspection, inspection, "the same bytes, another inspection");
    for (const size of chunkSizes(bytes.length)) {
      const again = await run(inChunks(bytes, size), input.envelope);
      assert.deepEqual(again.inspection, inspection, `in chunks of ${size}`);
      assert.deepEqual([...again.asked].sort(), [...asked].sort(), `in chunks of ${size}`);
    }
  });
}

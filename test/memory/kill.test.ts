/** A few kills in every run of the tests; test/integration/memory-kill.test.ts has the 200. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { killEntryRecorders } from "./entry-killing.ts";
import { killRecorders } from "./killing.ts";

test("a process that is killed while it records leaves a store that opens, is whole and has all that was acknowledged", async () => {
  const { kills, events } = await killRecorders(6, 1);
  assert.equal(kills, 6);
  assert.ok(events > 0);
});

test("a process that is killed while it changes entries loses none that was acknowledged, and leaves none half there", async () => {
  const { kills, changes } = await killEntryRecorders(6, 1);
  assert.equal(kills, 6);
  assert.ok(changes > 0);
});

/** 200 kills of a recording process, at points that two seeds choose; test/memory/killing.ts says what is looked at after each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { killRecorders } from "../memory/killing.ts";

test("of 200 processes that are killed while they record, each leaves a store that opens, is whole and has all that was acknowledged", async (t) => {
  const lanes = await Promise.all([killRecorders(100, 2), killRecorders(100, 3)]);
  const sum = (of: (lane: (typeof lanes)[number]) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
  const [kills, early, ahead] = [sum(({ kills }) => kills), sum(({ early }) => early), sum(({ ahead }) => ahead)];
  t.diagnostic(`${kills} kills, ${early} before the store was open, ${ahead} after a batch that was not acknowledged yet`);
  assert.equal(kills, 200);
  assert.ok(early > 0 && early < 80, `${early} were killed before the store was open`);
  assert.ok(ahead > 0, "none was killed between a batch and its acknowledgment");
});

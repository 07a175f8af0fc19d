/** 200 kills of a recording process, at points that two seeds choose; test/memory/killing.ts says what is looked at after each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { killEntryRecorders } from "../memory/entry-killing.ts";
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

test("of 200 processes that are killed while they change entries, none loses one that was acknowledged or leaves one half there", async (t) => {
  const lanes = await Promise.all([killEntryRecorders(100, 4), killEntryRecorders(100, 5)]);
  const sum = (of: (lane: (typeof lanes)[number]) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
  const [kills, early, ahead] = [sum(({ kills }) => kills), sum(({ early }) => early), sum(({ ahead }) => ahead)];
  t.diagnostic(`${kills} kills, ${early} before the book was open, ${ahead} after a change that was not acknowledged yet`);
  t.diagnostic(`${sum(({ changes }) => changes)} changes`);
  assert.equal(kills, 200);
  assert.ok(early > 0 && early < 60, `${early} were killed before the book was open`);
  assert.ok(ahead > 0, "none was killed between a change and its acknowledgment");
});

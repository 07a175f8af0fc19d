import assert from "node:assert/strict";
import { test } from "node:test";
import { gate } from "./dns-gate.ts";

const never = new AbortController().signal;

test("at N all are let in, at N+1 one waits until another leaves, in order of arrival", async () => {
  const door = gate({ insideMax: 2, waitingMax: 10 });
  assert.deepEqual(await Promise.all([door.enter(1000, never), door.enter(1000, never)]), [true, true]);
  const entered: string[] = [];
  const waiting = ["first", "second"].map(async (name) => {
    assert.equal(await door.enter(60_000, never), true);
    entered.push(name);
  });
  await Promise.resolve();
  assert.deepEqual(entered, []);
  door.leave();
  await waiting[0];
  assert.deepEqual(entered, ["first"]);
  door.leave();
  await waiting[1];
  assert.deepEqual(entered, ["first", "second"]);
});

test("a full line turns the next one away at once", async () => {
  const door = gate({ insideMax: 1, waitingMax: 1 });
  await door.enter(1000, never);
  const waiting = door.enter(60_000, never);
  assert.equal(await door.enter(60_000, never), false);
  door.leave();
  assert.equal(await waiting, true);
});

test("one who waits too long or gives up leaves the line, and its place is not lost", async () => {
  const door = gate({ insideMax: 1, waitingMax: 10 });
  await door.enter(1000, never);
  const control = new AbortController();
  const late = door.enter(1, never);
  const gone = door.enter(60_000, control.signal);
  const third = door.enter(60_000, never);
  control.abort();
  assert.deepEqual(await Promise.all([late, gone]), [false, false]);
  door.leave();
  assert.equal(await third, true);
  door.leave();
  assert.equal(await door.enter(1000, never), true);
  assert.equal(await door.enter(1, AbortSignal.abort()), false);
});

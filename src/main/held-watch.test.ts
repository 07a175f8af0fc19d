/** The watch over held mail: what it tells, and that it ends nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeldMessage, HeldQueue } from "../system/held-queue.ts";
import type { Log } from "../system/log.ts";
import { watchHeld } from "./held-watch.ts";

const milter = { outbound_daemons: [], hold: true, hold_alarm_messages: 100, hold_alarm_hours: 24 };
const message: HeldMessage = { queueId: "4AAA", arrivedAt: 1000, bytes: 1, sender: "", recipients: [] };

async function watched(list: HeldQueue["list"]): Promise<{ readonly warnings: readonly string[]; readonly told: readonly object[] }> {
  const warnings: string[] = [];
  const told: object[] = [];
  const nothing = (): void => {};
  const observer = { onAnswer: nothing, onDecision: nothing, onFault: nothing };
  const log: Log = {
    ...{ debug: nothing, info: nothing, error: nothing, close: nothing, lost: 0, observer },
    warn: (_, text) => warnings.push(text),
  };
  const queue = { list, release: () => Promise.resolve(0) };
  const stop = watchHeld(() => ({ milter }), { clock: () => 61_000, log, tell: (held) => told.push(held), queue });
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  return { warnings, told };
}

test("attack: more mail is held than a call has room for arguments; the alarm is raised all the same", async () => {
  const { warnings, told } = await watched(() => Promise.resolve(Array.from({ length: 200_000 }, () => message)));
  assert.deepEqual(told, [{ messages: 200_000, oldestSeconds: 60 }]);
  assert.match(warnings[0] ?? "", /^mail is held and nobody releases it/);
});

test("a queue that cannot be read, for whatever reason, is told of and ends nothing", async () => {
  const { warnings, told } = await watched(() => Promise.reject(new Error("spawn EPERM")));
  assert.deepEqual(told, []);
  assert.match(warnings[0] ?? "", /cannot be read from here/);
});

test("milter.hold that a reload switches on is watched from the next look on; off, nobody looks", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let hold = false;
  let looks = 0;
  const nothing = (): void => {};
  const log: Log = {
    ...{ debug: nothing, info: nothing, warn: nothing, error: nothing, close: nothing, lost: 0 },
    observer: { onAnswer: nothing, onDecision: nothing, onFault: nothing },
  };
  const list = async (): Promise<readonly HeldMessage[]> => {
    looks += 1;
    return [];
  };
  const queue = { list, release: () => Promise.resolve(0) };
  const stop = watchHeld(() => ({ milter: { ...milter, hold } }), { clock: () => 61_000, log, tell: nothing, queue });
  t.mock.timers.tick(5 * 60_000);
  assert.equal(looks, 0);
  hold = true;
  t.mock.timers.tick(5 * 60_000);
  assert.equal(looks, 1);
  stop();
});

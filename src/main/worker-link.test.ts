/** The worker's end of the channel, with a channel that is slow. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { limits } from "../base/limits.ts";
import { primaryLink } from "./worker-link.ts";

/** A channel that takes nothing until `flow` is called. Gone with the test. */
function stuckChannel(t: TestContext): {
  readonly messages: { readonly id?: number; readonly left?: readonly unknown[] }[];
  readonly flow: () => void;
} {
  const messages: { readonly id?: number; readonly left?: readonly unknown[] }[] = [];
  const pending: (() => void)[] = [];
  const { send, connected } = process;
  const stuck = (message: (typeof messages)[number], ...given: readonly unknown[]): boolean => {
    messages.push(message);
    const done = given.at(-1);
    if (typeof done === "function") pending.push(() => done(null));
    return true;
  };
  Object.assign(process, { send: stuck, connected: true });
  t.after(() => {
    process.removeAllListeners("message");
    Object.assign(process, { send, connected });
  });
  const flow = (): void => {
    for (const done of pending.splice(0)) done();
  };
  return { messages, flow };
}

test("flush waits for all that was handed over before, and not for its own batch alone", async (t) => {
  const { messages, flow } = stuckChannel(t);
  const link = primaryLink();
  link.obey({ drain: () => {}, reload: () => {}, part: () => Promise.resolve(null) });
  const matched = { tenant: "", day: 1, entries: [] };
  link.leave({ matched });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(messages.length, 1, "the batch is on its way");
  let isFlushed = false;
  const flushed = link.flush().then(() => {
    isFlushed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isFlushed, false);
  flow();
  await flushed;
});

test("a first process that does not answer is given up, and what comes late is nobody's", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { messages } = stuckChannel(t);
  const link = primaryLink();
  link.obey({ drain: () => {}, reload: () => {}, part: () => Promise.resolve(null) });
  const unanswered = assert.rejects(link.metrics(), /the first process has not answered within 5 s/);
  t.mock.timers.tick(limits.primaryAnswerMs);
  await unanswered;
  const answered = link.metrics();
  process.emit("message", { kind: "metrics", id: messages[0]?.id, text: "late" }, undefined);
  process.emit("message", { kind: "metrics", id: messages[1]?.id, text: "now" }, undefined);
  assert.equal(await answered, "now");
});

test("attack: a first process that takes nothing does not make this one grow: what waits is bounded, and flows again", async (t) => {
  const { messages, flow } = stuckChannel(t);
  const handed = (): number => messages.reduce((sum, { left = [] }) => sum + left.length, 0);
  const link = primaryLink();
  const matched = { tenant: "", day: 1, entries: [] };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < limits.storeQueueMax + 1000; i += 1) {
    link.leave({ matched });
    if (i % 1000 === 0) await turn();
  }
  await turn();
  assert.equal(handed(), limits.storeQueueMax);
  flow();
  await turn();
  link.leave({ matched });
  await turn();
  assert.equal(handed(), limits.storeQueueMax + 1);
});

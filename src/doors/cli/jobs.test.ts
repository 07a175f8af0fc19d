import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inOrder } from "./in-order.ts";
import { runInThreads, type WorkerReply, type WorkerRequest } from "./jobs.ts";
import { type Outcome, type Setup, together } from "./outcome.ts";
import type { Worker } from "./ports.ts";
import type { Item } from "./sources.ts";

const setup: Setup = {
  given: { ip: null, helo: null, mailFrom: null, rcptTo: [], tls: null },
  policy: {},
  policyVersion: null,
  journal: null,
  authservId: "mx.fabrikam.com",
  trustNetworks: [],
  json: true,
  trace: false,
  colour: false,
  batch: true,
  verbose: false,
};
const outcomeOf = ({ source }: Item): Outcome => ({ text: `${source.index}\n`, diagnostic: "", status: 0, tallies: ["pass 100"] });

/** The main thread's work: takes a while, so that the other threads get some too. */
async function inspect(chunk: readonly Item[]): Promise<Outcome> {
  await new Promise((resolve) => setTimeout(resolve, 3));
  return together(chunk.map(outcomeOf));
}

async function* files(count: number): AsyncGenerator<Item> {
  for (let index = 0; index < count; index++) yield { kind: "file", source: { file: "f", index }, path: "f" };
}

/** A thread that answers each chunk after a while that differs, or dies on its n-th chunk. */
function thread(options: { readonly diesAt?: number; readonly delays: readonly number[] }): () => Worker & { stopped: boolean } {
  let chunks = 0;
  return () => {
    let reply: (message: unknown) => void = () => {};
    let end: (error: Error | null) => void = () => {};
    const worker = {
      stopped: false,
      send(message: unknown) {
        const { id, items } = message as WorkerRequest;
        chunks += 1;
        if (chunks === options.diesAt) setTimeout(() => end(new Error("out of memory")), 1);
        else {
          const outcomes = items.map(outcomeOf);
          setTimeout(
            () => reply({ kind: "outcome", id, outcome: together(outcomes) } satisfies WorkerReply),
            options.delays[chunks % options.delays.length] ?? 0,
          );
        }
      },
      onMessage(listener: (message: unknown) => void) {
        reply = listener;
        setTimeout(() => reply({ kind: "ready" } satisfies WorkerReply), 1);
      },
      onEnd(listener: (error: Error | null) => void) {
        end = listener;
      },
      stop() {
        worker.stopped = true;
      },
    };
    return worker;
  };
}

async function texts(outcomes: AsyncIterable<Outcome>): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of outcomes) all.push(...text.split(/(?<=\n)/));
  return all;
}

describe("--jobs", () => {
  test("outcomes leave in input order, however the threads answer, and the threads are stopped", async () => {
    const started: { stopped: boolean }[] = [];
    const make = thread({ delays: [30, 1, 15, 5] });
    const start = (): Worker => {
      const worker = make();
      started.push(worker);
      return worker;
    };
    const all = await texts(runInThreads(files(200), { jobs: 3, start, setup, inspect }));
    assert.deepEqual(
      all,
      Array.from({ length: 200 }, (_, i) => `${i}\n`),
    );
    assert.equal(started.length, 2); // The main thread is the third.
    assert.ok(started.every((worker) => worker.stopped));
  });

  test("a small batch is the main thread's alone", async () => {
    let started = 0;
    const make = thread({ delays: [1] });
    const start = (): Worker => {
      started += 1;
      return make();
    };
    await texts(runInThreads(files(5), { jobs: 8, start, setup, inspect }));
    assert.equal(started, 0);
  });

  test("a thread that dies: its messages are a fault of ours, the rest is inspected", async () => {
    const all = await texts(runInThreads(files(1000), { jobs: 2, start: thread({ diesAt: 2, delays: [2] }), setup, inspect }));
    assert.equal(all.length, 1000);
    const failed = all.filter((text) => text.includes('"code":"internal"'));
    assert.ok(failed.length > 0 && failed.length <= 64, `${failed.length} failed`);
    assert.match(failed[0] ?? "", /a worker thread ended \(out of memory\)/);
  });

  test("a reader that leaves early stops the threads", async () => {
    const workers: { stopped: boolean }[] = [];
    const make = thread({ delays: [1] });
    const start = (): Worker => {
      const worker = make();
      workers.push(worker);
      return worker;
    };
    for await (const _ of runInThreads(files(1000), { jobs: 2, start, setup, inspect })) break;
    assert.ok(workers.every((worker) => worker.stopped));
  });
});

describe("inOrder", () => {
  test("never more under way than the window, and one that must be alone is", async () => {
    let underWay = 0;
    let most = 0;
    const run = async (n: number): Promise<number> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, n % 3));
      underWay -= 1;
      return n;
    };
    async function* numbers(): AsyncGenerator<number> {
      for (let n = 0; n < 30; n++) {
        // The one before was to be alone: it is done by now.
        if (n === 10) assert.ok(underWay <= 3);
        yield n;
      }
    }
    const results: number[] = [];
    for await (const n of inOrder(numbers(), { window: 4, run, alone: (n) => n === 9 })) results.push(n);
    assert.deepEqual(
      results,
      Array.from({ length: 30 }, (_, n) => n),
    );
    assert.ok(most <= 4);
  });
});

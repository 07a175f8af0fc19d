/**
 * `--jobs N`: chunks of items go to worker threads, outcomes come back and leave in input order. Threads share nothing: each loads the
 * engine and opens a resolver of its own. They are started as work comes, so that two files never wait for eight threads. What
 * can be read only once (a pipe) stays on the main thread. A thread that dies answers its chunks as a fault of ours.
 */
import { inOrder } from "./in-order.ts";
import type { Means } from "./inspect-item.ts";
import { type Outcome, type Setup, together, troubleOutcome } from "./outcome.ts";
import type { ResolverChoice, Worker } from "./ports.ts";
import type { Item } from "./sources.ts";

/** What a worker is started with. */
export type WorkerSetup = { readonly setup: Setup; readonly resolver: ResolverChoice };
export type WorkerRequest = { readonly id: number; readonly items: readonly Item[] };
/** The outcomes of the whole chunk, put together: one text to pass on and one write. */
export type WorkerReply = { readonly id: number; readonly outcome: Outcome };

export type JobsOptions = {
  readonly jobs: number;
  readonly start: () => Worker;
  readonly setup: Setup;
  readonly means: Means;
};

/** All items on `jobs` threads. */
export async function* runInThreads(items: AsyncIterable<Item>, { jobs, start, setup, means }: JobsOptions): AsyncGenerator<Outcome> {
  const pool = openPool(jobs, start, setup);
  try {
    yield* inOrder(inChunks(items), {
      window: 4 * jobs,
      run: async (chunk): Promise<Outcome> => {
        const [first] = chunk;
        if (first?.kind !== "stream") return pool.run(chunk);
        const { inspectItem } = await import("./inspect-item.ts");
        return inspectItem(first, setup, means);
      },
      alone: (chunk) => chunk[0]?.kind === "stream",
    });
  } finally {
    pool.stop();
  }
}

const chunkItemsMax = 16;

async function* inChunks(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let chunk: Item[] = [];
  for await (const item of items) {
    if (item.kind === "stream") {
      if (chunk.length > 0) yield chunk;
      chunk = [];
      yield [item];
      continue;
    }
    chunk.push(item);
    if (chunk.length < chunkItemsMax) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

type Pending = { readonly items: readonly Item[]; readonly settle: (outcome: Outcome) => void };
type Thread = { readonly worker: Worker; readonly pending: Map<number, Pending>; ended: boolean };

function openPool(jobs: number, start: () => Worker, setup: Setup): { run(items: readonly Item[]): Promise<Outcome>; stop(): void } {
  const threads: Thread[] = [];
  let id = 0;
  function pick(): Thread {
    const alive = threads.filter((thread) => !thread.ended);
    const idle = alive.find((thread) => thread.pending.size === 0);
    if (idle !== undefined) return idle;
    if (alive.length < jobs) {
      const thread = openThread(start(), setup);
      threads.push(thread);
      return thread;
    }
    return alive.reduce((least, thread) => (thread.pending.size < least.pending.size ? thread : least));
  }
  return {
    run: (items) =>
      new Promise((settle) => {
        id += 1;
        const thread = pick();
        thread.pending.set(id, { items, settle });
        thread.worker.send({ id, items } satisfies WorkerRequest);
      }),
    stop: () => {
      for (const thread of threads) thread.worker.stop();
    },
  };
}

function openThread(worker: Worker, setup: Setup): Thread {
  const thread: Thread = { worker, pending: new Map(), ended: false };
  worker.onMessage((message) => {
    // Our own worker: serve-jobs.ts is the only one that answers.
    const reply = message as WorkerReply;
    const pending = thread.pending.get(reply.id);
    thread.pending.delete(reply.id);
    pending?.settle(reply.outcome);
  });
  worker.onEnd((error) => {
    thread.ended = true;
    const message = `a fault of ours: a worker thread ended (${error === null ? "without a word" : error.message})`;
    for (const { items, settle } of thread.pending.values())
      settle(together(items.map((item) => troubleOutcome(item.source, { code: "internal", message }, setup))));
    thread.pending.clear();
  });
  return thread;
}

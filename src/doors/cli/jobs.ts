/**
 * `--jobs N`: chunks of items are inspected on N threads, the main one among them, and outcomes leave in input order. The threads share
 * nothing: each loads the engine and opens a resolver of its own. One is started only when there is more to do than the main thread
 * has in hand, and gets work once it says that it is ready. What can be read only once (a pipe) stays on the main thread.
 * A thread that dies answers its chunks as a fault of ours.
 */
import type { MemoryUrl } from "../../config/values.ts";
import type { Decision } from "../../memory/journal.ts";
import type { Matched, Memory } from "../../memory/memory.ts";
import type { Sighting } from "../../memory/sightings.ts";
import type { Lesson, Sent } from "../../verdict/history.ts";
import { inOrder } from "./in-order.ts";
import { type Outcome, type Setup, together, troubleOutcome } from "./outcome.ts";
import type { ResolverChoice, Worker } from "./ports.ts";
import type { Item } from "./sources.ts";

/** What a worker is started with. */
export type WorkerSetup = { readonly setup: Setup; readonly resolver: ResolverChoice; readonly memory: MemoryUrl | null };
export type WorkerRequest = { readonly id: number; readonly items: readonly Item[] };
/** `ready` once, then the outcomes of each chunk, put together: one text to pass on and one write. What messages leave goes to the one writer. */
export type WorkerReply =
  | { readonly kind: "ready" }
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: "left"; readonly left: LeftByMessage };
/** What a message leaves in the store. */
export type LeftByMessage =
  | { readonly lesson: Lesson }
  | { readonly sent: Sent }
  | { readonly decision: Decision }
  | { readonly sighting: Sighting }
  | { readonly matched: Matched };

/** What another thread's message left, into the store. */
export function recordLeft(memory: Memory, left: LeftByMessage): void {
  if ("lesson" in left) memory.record(left.lesson);
  else if ("sent" in left) memory.recordSent(left.sent);
  else if ("decision" in left) memory.recordDecision(left.decision);
  else if ("sighting" in left) memory.recordSighting(left.sighting);
  else memory.recordMatched(left.matched);
}

export type JobsOptions = {
  readonly jobs: number;
  readonly start: () => Worker;
  readonly setup: Setup;
  /** Inspects a chunk on the main thread. */
  readonly inspect: (chunk: readonly Item[]) => Promise<Outcome>;
  /** Takes what the other threads' messages leave. */
  readonly record?: (left: LeftByMessage) => void;
};

/** All items on `jobs` threads. */
export async function* runInThreads(
  items: AsyncIterable<Item>,
  { jobs, start, setup, inspect, record = () => {} }: JobsOptions,
): AsyncGenerator<Outcome> {
  const pool = openPool(jobs - 1, { start, setup, record: record ?? (() => {}) });
  const own = oneByOne(inspect);
  try {
    yield* inOrder(inChunks(items), {
      window: pendingMax * jobs,
      run: (chunk) => (chunk[0]?.kind === "stream" ? own(chunk) : (pool.run(chunk) ?? own(chunk))),
      alone: (chunk) => chunk[0]?.kind === "stream",
    });
  } finally {
    pool.stop();
  }
}

const chunkItemsMax = 16;
/** Chunks that wait at one thread: enough that it never runs dry while the main thread is busy with a chunk of its own. */
const pendingMax = 4;

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

/** The main thread's own work: one chunk after the other, the event loop turning between two, so that the other threads are heard. */
function oneByOne(inspect: JobsOptions["inspect"]): JobsOptions["inspect"] {
  let last: Promise<unknown> = Promise.resolve();
  return (chunk) => {
    const done = last.then(async () => {
      const outcome = await inspect(chunk);
      await new Promise((resolve) => setImmediate(resolve));
      return outcome;
    });
    last = done;
    return done;
  };
}

type Pending = { readonly items: readonly Item[]; readonly settle: (outcome: Outcome) => void };
type Thread = { readonly worker: Worker; readonly pending: Map<number, Pending>; state: "starting" | "ready" | "ended" };

/** `run` gives null where the main thread is better placed: no other thread is ready, or all have enough. */
type Pool = { run(items: readonly Item[]): Promise<Outcome> | null; stop(): void };

type PoolOptions = Pick<JobsOptions, "start" | "setup"> & { readonly record: (left: LeftByMessage) => void };

function openPool(size: number, { start, setup, record }: PoolOptions): Pool {
  const threads: Thread[] = [];
  let chunks = 0;
  return {
    run: (items) => {
      chunks += 1;
      // The first chunk is the main thread's: two files never wait for another thread to load.
      if (chunks > 1 && threads.length < size && chunks > threads.length + 1) threads.push(openThread(start(), setup, record));
      const free = threads.filter(({ state, pending }) => state === "ready" && pending.size < pendingMax);
      const thread = free.sort((a, b) => a.pending.size - b.pending.size)[0];
      if (thread === undefined) return null;
      return new Promise((settle) => {
        thread.pending.set(chunks, { items, settle });
        thread.worker.send({ id: chunks, items } satisfies WorkerRequest);
      });
    },
    stop: () => {
      for (const thread of threads) thread.worker.stop();
    },
  };
}

function openThread(worker: Worker, setup: Setup, record: (left: LeftByMessage) => void): Thread {
  const thread: Thread = { worker, pending: new Map(), state: "starting" };
  worker.onMessage((message) => {
    // Our own worker: serve-jobs.ts is the only one that answers.
    const reply = message as WorkerReply;
    if (reply.kind === "ready") {
      thread.state = "ready";
      return;
    }
    if (reply.kind === "left") {
      record(reply.left);
      return;
    }
    const pending = thread.pending.get(reply.id);
    thread.pending.delete(reply.id);
    pending?.settle(reply.outcome);
  });
  worker.onEnd((error) => {
    thread.state = "ended";
    const message = `a fault of ours: a worker thread ended (${error === null ? "without a word" : error.message})`;
    for (const { items, settle } of thread.pending.values())
      settle(together(items.map((item) => troubleOutcome(item.source, { code: "internal", message }, setup))));
    thread.pending.clear();
  });
  return thread;
}

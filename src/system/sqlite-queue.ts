/**
 * What waits to be written. Batches go to the writer one at a time and stay here until they are durable, so that a fault loses
 * nothing: it is tried again, after a pause. The queue is bounded; where it is full the oldest lesson is dropped and counted, since the
 * newest say what the world is like. Never blocks, never throws.
 */
import type { Worker } from "node:worker_threads";
import { limits } from "../base/limits.ts";
import type { FaultReport } from "./sqlite-fault.ts";
import type { Item, WriterReply, WriterRequest } from "./sqlite-writer.ts";

export type QueueState = {
  readonly isOpen: boolean;
  readonly fault: FaultReport | null;
  readonly waiting: number;
  readonly dropped: number;
  readonly freeBytes: number | null;
  /** The store has the size that it may have. */
  readonly isFull: boolean;
  readonly batches: number;
  readonly rows: number;
};

/** How often a batch is tried that fails for an unexpected reason. */
const triesMax = 3;

export class WriteQueue {
  /** Resolves when the writer has opened the store or has failed to. */
  readonly opened: Promise<void>;
  readonly #startWriter: () => Worker;
  readonly #isOpened: () => void;
  #worker: Worker | null = null;
  /** The request that is not answered yet: there is at most one. */
  #asked: WriterRequest["kind"] | null = null;
  #waiting: Item[] = [];
  #sending: readonly Item[] = [];
  /** Items taken in, and settled (durable, or dropped), since the start. */
  #taken = 0;
  #settled = 0;
  #dropped = 0;
  #batches = 0;
  #rows = 0;
  #tries = 0;
  #isOpen = false;
  #fault: FaultReport | null = null;
  #space = { freeBytes: null as number | null, full: false };
  #timer: NodeJS.Timeout | null = null;
  #pauseMs: number = limits.storeRetryMs;
  #flushes: { readonly until: number; readonly resolve: () => void }[] = [];
  /** Called when nothing waits any more, or when writing has failed. */
  #drained: (() => void)[] = [];
  #closed: (() => void) | null = null;

  /** `start` gives the thread that writes: it answers as sqlite-writer.ts does. */
  constructor(start: () => Worker) {
    this.#startWriter = start;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#isOpened = resolve;
    this.#send({ kind: "open" });
  }

  add(item: Item): void {
    this.#taken += 1;
    this.#waiting.push(item);
    if (this.#waiting.length > limits.storeQueueMax) this.#trim();
    if (this.#asked !== null || this.#fault !== null) return;
    if (this.#waiting.length >= limits.storeBatchMax) this.#push();
    else this.#timer ??= setTimeout(() => this.#push(), limits.storeBatchMs).unref();
  }

  /** Resolves when all that has been added is durable; while the store cannot be written, that is later. */
  flush(): Promise<void> {
    if (this.#settled >= this.#taken) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushes.push({ until: this.#taken, resolve });
    if (this.#fault === null) this.#push();
    else this.#timer?.ref();
    return promise;
  }

  /** Writes what waits, unless the store cannot be written, and ends the thread. */
  async close(): Promise<void> {
    if (this.#fault === null && this.#settled < this.#taken) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained.push(resolve);
      this.#push();
      await promise;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = resolve;
    this.#stopTimer();
    for (const flush of this.#flushes.splice(0)) flush.resolve();
    if (this.#worker === null) return;
    this.#send({ kind: "close" });
    await promise;
  }

  state(): QueueState {
    return {
      isOpen: this.#isOpen,
      fault: this.#fault,
      waiting: this.#taken - this.#settled,
      dropped: this.#dropped,
      freeBytes: this.#space.freeBytes,
      isFull: this.#space.full,
      batches: this.#batches,
      rows: this.#rows,
    };
  }

  #start(): Worker {
    const worker = this.#startWriter();
    worker.on("message", (reply: WriterReply) => this.#onReply(reply));
    worker.on("error", (error: Error) => this.#failed({ code: "writer", detail: error.message }));
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = null;
      if (this.#closed !== null) this.#closed();
      else if (this.#asked !== null) this.#failed({ code: "writer", detail: "the thread ended" });
    });
    return worker;
  }

  /** The thread holds the process open only while it has something to do. */
  #send(request: WriterRequest): void {
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#asked = request.kind;
    this.#worker.postMessage(request);
  }

  #onReply(reply: WriterReply): void {
    if (reply.kind === "space") {
      this.#space = reply;
      return;
    }
    if (reply.kind === "closed") return;
    this.#asked = null;
    if (reply.kind === "failed") {
      this.#failed(reply.fault);
      return;
    }
    if (reply.kind === "written") {
      this.#settled += this.#sending.length;
      this.#sending = [];
      this.#batches += 1;
      this.#rows += reply.rows;
    }
    this.#isOpen = true;
    this.#fault = null;
    this.#tries = 0;
    this.#pauseMs = limits.storeRetryMs;
    this.#isOpened();
    this.#next();
  }

  #failed(fault: FaultReport): void {
    this.#asked = null;
    this.#fault = fault;
    if (fault.code !== "locked" && fault.code !== "full") this.#isOpen = false;
    // A batch that fails for no reason that passes must not hold up the others for ever.
    this.#tries = fault.code === "unexpected" ? this.#tries + 1 : 0;
    if (this.#tries >= triesMax) this.#drop(this.#sending.length);
    else this.#waiting = [...this.#sending, ...this.#waiting];
    this.#sending = [];
    if (this.#waiting.length > limits.storeQueueMax) this.#trim();
    this.#isOpened();
    this.#worker?.unref();
    this.#stopTimer();
    if (this.#closed === null) this.#timer = setTimeout(() => this.#push(), this.#pauseMs);
    if (this.#flushes.length === 0) this.#timer?.unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, limits.storeRetryMaxMs);
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Sends what waits; with nothing waiting after a fault it tries to open the store, so that health() tells the truth. */
  #push(): void {
    if (this.#asked !== null || this.#closed !== null) return;
    this.#stopTimer();
    if (this.#waiting.length === 0) {
      if (this.#fault !== null) this.#send({ kind: "open" });
      return;
    }
    this.#sending = this.#waiting.splice(0, limits.storeBatchMax);
    this.#send({ kind: "write", items: JSON.stringify(this.#sending) });
  }

  /** After a batch: the next one at once where there is enough or somebody waits for it, else when others have come together. */
  #next(): void {
    const reached = this.#flushes.filter(({ until }) => until <= this.#settled);
    this.#flushes = this.#flushes.filter(({ until }) => until > this.#settled);
    for (const { resolve } of reached) resolve();
    if (this.#waiting.length === 0) {
      this.#worker?.unref();
      for (const resolve of this.#drained.splice(0)) resolve();
      return;
    }
    const isWanted = this.#waiting.length >= limits.storeBatchMax || this.#flushes.length > 0 || this.#drained.length > 0;
    if (isWanted) this.#push();
    else this.#timer ??= setTimeout(() => this.#push(), limits.storeBatchMs).unref();
  }

  #trim(): void {
    const over = this.#waiting.length - limits.storeQueueMax;
    this.#waiting.splice(0, over);
    this.#drop(over);
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#settled += count;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

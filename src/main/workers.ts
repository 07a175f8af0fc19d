/**
 * The first of several processes: it owns the embedded store, starts the others, which share the ports (node:cluster), and starts one anew
 * that has ended. It speaks to no mail server itself. Where it ends without a word, the others end too, and all are started again.
 */
import cluster, { type Worker } from "node:cluster";
import type { Config } from "../config/schema.ts";
import type { ExitStatus } from "../doors/cli/exit-status.ts";
import { recordLeft } from "../doors/cli/jobs.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../system/log.ts";
import { aggregateMetrics } from "../system/metrics.ts";
import { onOrders } from "./orders.ts";
import type { ServeMeans } from "./serve-means.ts";
import type { ToPrimary, ToWorker } from "./worker-link.ts";

export type PrimaryOptions = { readonly file: string; readonly log: Log; readonly means: ServeMeans };

export async function runPrimary(config: Config, { file, log, means }: PrimaryOptions): Promise<ExitStatus> {
  const { url } = config.memory;
  const bounds = { days: config.journal.days, bytesMax: config.journal.bytes_max };
  // PostgreSQL is every process's own; a file has one writer.
  const memory = url?.kind === "sqlite" ? await means.openMemory(url, config.policy.local_suffixes, bounds) : null;
  const fleet = new Fleet(config.serve.workers, { log, memory });
  const stopped = onOrders({
    file,
    reload: () => fleet.tell({ kind: "reload" }),
    end: () => fleet.drain(),
    abandon: () => fleet.kill(),
  });
  const status = await fleet.done;
  stopped();
  await memory?.close();
  return status;
}

const restartMs = 1000;
const metricsMs = 2000;

class Fleet {
  readonly done: Promise<ExitStatus>;
  readonly #settle: (status: ExitStatus) => void;
  readonly #means: { readonly log: Log; readonly memory: Memory | null };
  readonly #asked = new Map<number, Asked>();
  #asks = 0;
  #wasReady = false;
  #isEnding = false;

  constructor(size: number, means: { readonly log: Log; readonly memory: Memory | null }) {
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    this.done = promise;
    this.#settle = resolve;
    this.#means = means;
    cluster.setupPrimary({ silent: false });
    for (let i = 0; i < size; i += 1) this.#start();
  }

  tell(order: ToWorker): void {
    for (const worker of workers()) worker.send(order);
  }

  drain(): void {
    this.#isEnding = true;
    this.tell({ kind: "drain" });
    if (workers().length === 0) this.#settle(0);
  }

  kill(): void {
    this.#isEnding = true;
    for (const worker of workers()) worker.process.kill("SIGKILL");
    this.#settle(0);
  }

  #start(): void {
    const worker = cluster.fork();
    worker.on("message", (message: ToPrimary) => this.#heard(worker, message));
    worker.on("exit", (code, signal) => this.#ended(worker, code, signal));
  }

  #heard(worker: Worker, message: ToPrimary): void {
    switch (message.kind) {
      case "ready":
        this.#wasReady = true;
        return;
      case "left":
        if (this.#means.memory !== null) for (const left of message.left) recordLeft(this.#means.memory, left);
        return;
      case "metrics":
        return void this.#metrics().then((text) => worker.isConnected() && worker.send({ kind: "metrics", id: message.id, text }));
      case "part":
        this.#asked.get(message.id)?.take(message.part);
        return;
      default:
        message satisfies never;
    }
  }

  #ended(worker: Worker, code: number | null, signal: string | null): void {
    const left = workers().filter((other) => other !== worker);
    if (this.#isEnding) {
      if (left.length === 0) this.#settle(0);
      return;
    }
    this.#means.log.error({ worker: worker.process.pid, code, signal }, "a worker process has ended; another is started");
    // What keeps the first from starting keeps all: it has said what.
    if (!this.#wasReady && (code === 2 || code === 3)) {
      this.#isEnding = true;
      for (const other of left) other.process.kill("SIGTERM");
      this.#settle(code);
      return;
    }
    setTimeout(() => this.#isEnding || this.#start(), restartMs);
  }

  /** Of all workers, as far as they answer in time. */
  async #metrics(): Promise<string> {
    this.#asks += 1;
    const id = this.#asks;
    const parts: unknown[] = [];
    const all = workers().filter((worker) => worker.isConnected());
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, metricsMs);
      this.#asked.set(id, {
        take: (part) => {
          parts.push(part);
          if (parts.length < all.length) return;
          clearTimeout(late);
          resolve();
        },
      });
      for (const worker of all) worker.send({ kind: "give-part", id } satisfies ToWorker);
    });
    this.#asked.delete(id);
    return aggregateMetrics(parts);
  }
}

type Asked = { readonly take: (part: unknown) => void };

function workers(): readonly Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

/**
 * The first of several processes: it owns the embedded store, starts the others, which share the ports (system/listening.ts), and starts one anew
 * that has ended. It speaks to no mail server itself. Where it ends without a word, the others end too, and all are started again.
 */
import cluster, { type Worker } from "node:cluster";
import { ConfigInForce } from "../config/reload.ts";
import type { Config } from "../config/schema.ts";
import type { ExitStatus } from "../doors/cli/exit-status.ts";
import { recordLeft } from "../doors/cli/jobs.ts";
import { version } from "../gateway/version.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../system/log.ts";
import { aggregateMetrics, type Metrics, openMetrics } from "../system/metrics.ts";
import type { Held } from "../system/metrics-state.ts";
import { watchHeld } from "./held-watch.ts";
import { onOrders, readAgain } from "./orders.ts";
import type { ServeMeans } from "./serve-means.ts";
import type { ToPrimary, ToWorker } from "./worker-link.ts";

export type PrimaryOptions = {
  readonly file: string;
  /** The configuration as it was read at the start. */
  readonly text: string;
  readonly log: Log;
  readonly means: ServeMeans;
};

export async function runPrimary(config: Config, { file, text, log, means }: PrimaryOptions): Promise<ExitStatus> {
  const { url } = config.memory;
  const bounds = { days: config.journal.days, bytesMax: config.journal.bytes_max };
  // PostgreSQL is every process's own; a file has one writer.
  const memory = url?.kind === "sqlite" ? await means.openMemory(url, config.policy.local_suffixes, bounds) : null;
  let held: Held | null = null;
  const metrics = openMetrics({ version, store: () => memory?.health() ?? null, held: () => held, logLost: () => log.lost });
  const inForce = new ConfigInForce(config);
  const watching = watchHeld(() => inForce.current.config, { clock: means.clock, log, tell: (found) => (held = found) });
  const fleet = new Fleet(config.serve.workers, { log, memory, metrics, text });
  const stopped = onOrders({
    file,
    reload: () => {
      const offer = (now: string): void => {
        if (inForce.offer(Buffer.from(now)).kind !== "refused") fleet.inForce = now;
        fleet.reload(now);
      };
      readAgain(file, { means, log, offer });
    },
    end: () => fleet.drain(),
    abandon: () => fleet.kill(),
  });
  const status = await fleet.done;
  watching();
  metrics.close();
  await memory?.close();
  stopped();
  return status;
}

const restartMs = 1000;
const metricsMs = 2000;

class Fleet {
  readonly done: Promise<ExitStatus>;
  readonly #settle: (status: ExitStatus) => void;
  readonly #means: FleetMeans;
  /** Those that live, and those of which there may still be something to hear. */
  readonly #workers = new Set<Worker>();
  readonly #asked = new Map<number, Asked>();
  #asks = 0;
  #inForce: string;
  #wasReady = false;
  #isEnding = false;

  constructor(size: number, means: FleetMeans) {
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    this.done = promise;
    this.#settle = resolve;
    this.#means = means;
    this.#inForce = means.text;
    cluster.setupPrimary({ silent: false });
    for (let i = 0; i < size; i += 1) this.#start();
  }

  tell(order: ToWorker): void {
    for (const worker of this.#workers) if (worker.isConnected()) worker.send(order);
  }

  /** To all workers, which say what they think of it. */
  reload(text: string): void {
    this.tell({ kind: "reload", text });
  }

  /** For those that start from now on. */
  set inForce(text: string) {
    this.#inForce = text;
  }

  drain(): void {
    this.#isEnding = true;
    this.tell({ kind: "drain" });
    if (this.#workers.size === 0) this.#settle(0);
  }

  kill(): void {
    this.#isEnding = true;
    for (const worker of this.#workers) worker.process.kill("SIGKILL");
    this.#settle(0);
  }

  #start(): void {
    const worker = cluster.fork();
    worker.on("message", (message: ToPrimary) => this.#heard(worker, message));
    // One that was killed a moment ago cannot be told anything; without a listener that would end this process too.
    worker.on("error", (error) => this.#means.log.warn({ err: error, worker: worker.process.pid }, "a worker process cannot be reached"));
    worker.on("exit", (code, signal) => {
      // What it sent last may come after its end.
      if (worker.isConnected()) worker.once("disconnect", () => this.#ended(worker, code, signal));
      else this.#ended(worker, code, signal);
    });
    this.#workers.add(worker);
    // It listens where the others do, whatever the file says now; then it takes what is in force.
    const { text } = this.#means;
    worker.send({ kind: "config", text } satisfies ToWorker);
    if (this.#inForce !== text) worker.send({ kind: "reload", text: this.#inForce } satisfies ToWorker);
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
      case "store": {
        const { memory } = this.#means;
        if (worker.isConnected()) worker.send({ kind: "store", id: message.id, health: memory?.health() ?? null } satisfies ToWorker);
        return;
      }
      case "part":
        this.#asked.get(message.id)?.take(message.part);
        return;
      default:
        message satisfies never;
    }
  }

  #ended(worker: Worker, code: number | null, signal: string | null): void {
    this.#workers.delete(worker);
    if (this.#isEnding) {
      if (this.#workers.size === 0) this.#settle(0);
      return;
    }
    this.#means.log.error({ worker: worker.process.pid, code, signal }, "a worker process has ended; another is started");
    // What keeps the first from starting keeps all: it has said what.
    if (!this.#wasReady && (code === 2 || code === 3)) {
      this.#isEnding = true;
      for (const other of this.#workers) other.process.kill("SIGTERM");
      this.#settle(code);
      return;
    }
    setTimeout(() => this.#isEnding || this.#start(), restartMs);
  }

  /** Of this process, and of all workers as far as they answer in time. */
  async #metrics(): Promise<string> {
    this.#asks += 1;
    const id = this.#asks;
    const parts: unknown[] = [];
    const all = [...this.#workers].filter((worker) => worker.isConnected());
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
    return aggregateMetrics([await this.#means.metrics.json(), ...parts]);
  }
}

type FleetMeans = { readonly log: Log; readonly memory: Memory | null; readonly metrics: Metrics; readonly text: string };
type Asked = { readonly take: (part: unknown) => void };

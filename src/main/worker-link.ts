/**
 * Between the process that owns the store and those that share the ports: what messages leave goes up, in batches; orders and metrics come
 * down. Values in, values out, over the channel that node:cluster opens.
 */
import { limits } from "../base/limits.ts";
import type { LeftByMessage } from "../doors/cli/jobs.ts";
import type { MemoryHealth } from "../memory/memory.ts";

export type ToPrimary =
  | { readonly kind: "ready" }
  | { readonly kind: "left"; readonly left: readonly LeftByMessage[] }
  /** Wants the metrics of all. */
  | { readonly kind: "metrics"; readonly id: number }
  /** Wants to know how the store is. */
  | { readonly kind: "store"; readonly id: number }
  /** Its own metrics, as asked for. */
  | { readonly kind: "part"; readonly id: number; readonly part: unknown };

export type ToWorker =
  /** First of all: the configuration that the service was started with. */
  | { readonly kind: "config"; readonly text: string }
  | { readonly kind: "drain" }
  /** The configuration file as it is now. */
  | { readonly kind: "reload"; readonly text: string }
  | { readonly kind: "give-part"; readonly id: number }
  | { readonly kind: "metrics"; readonly id: number; readonly text: string }
  | { readonly kind: "store"; readonly id: number; readonly health: MemoryHealth | null };

export type PrimaryLink = {
  /** What to start with. A file that has been changed since is told of with `reload`, and may be refused. */
  readonly config: Promise<string>;
  /** From here on orders are followed; those that came before, now. */
  readonly obey: (orders: Orders) => void;
  readonly ready: () => void;
  readonly leave: (left: LeftByMessage) => void;
  /** Of all processes together. Rejects where the first process does not answer in time, as `store` does. */
  readonly metrics: () => Promise<string>;
  /** Health of the store that the first process writes; null: it has none. */
  readonly store: () => Promise<MemoryHealth | null>;
  /** Sends what is still to be sent. */
  readonly flush: () => Promise<void>;
};

type Orders = { readonly drain: () => void; readonly reload: (text: string) => void; readonly part: () => Promise<unknown> };

/** A worker's end. */
export function primaryLink(): PrimaryLink {
  const { promise: config, resolve: configure } = Promise.withResolvers<string>();
  const early: ToWorker[] = [];
  let obeyed: Orders | null = null;
  const metrics: Answers["metrics"] = new Map();
  const stores: Answers["stores"] = new Map();
  let batch: LeftByMessage[] = [];
  /** Handed over and not on its way yet, in this batch and those before. */
  let waiting = 0;
  let asked = 0;
  /** Until all that was handed over is on its way: a process that exits takes with it what is not. */
  let sent: Promise<unknown> = Promise.resolve();
  const send = (message: ToPrimary): Promise<void> =>
    new Promise((resolve) => {
      if (process.send === undefined || !process.connected) resolve();
      else process.send(message, undefined, undefined, () => resolve());
    });
  const sendBatch = (): void => {
    const left = batch;
    batch = [];
    if (left.length === 0) return;
    const onItsWay = send({ kind: "left", left }).then(() => {
      waiting -= left.length;
    });
    sent = Promise.all([sent, onItsWay]);
  };
  const ask = <T>(kind: "metrics" | "store", answers: Map<number, (answer: T) => void>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    asked += 1;
    const id = asked;
    const timer = setTimeout(() => {
      answers.delete(id);
      reject(new Error(`the first process has not answered within ${limits.primaryAnswerMs / 1000} s`));
    }, limits.primaryAnswerMs);
    answers.set(id, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    void send({ kind, id });
    return promise;
  };
  const answers: Answers = { metrics, stores, part: (id, part) => void send({ kind: "part", id, part }) };
  process.on("message", (message: ToWorker) => {
    if (message.kind === "config") configure(message.text);
    else if (obeyed === null) early.push(message);
    else follow(message, obeyed, answers);
  });
  return {
    config,
    obey: (orders) => {
      obeyed = orders;
      for (const message of early.splice(0)) follow(message, orders, answers);
    },
    ready: () => void send({ kind: "ready" }),
    leave: (left) => {
      // A first process that hangs: `store` tells of it, and this process does not grow for it.
      if (waiting >= limits.storeQueueMax) return;
      waiting += 1;
      if (batch.length === 0) setImmediate(sendBatch);
      batch.push(left);
    },
    metrics: () => ask("metrics", metrics),
    store: () => ask("store", stores),
    flush: async () => {
      sendBatch();
      await sent;
    },
  };
}

/** Who waits for an answer of the first process, by the number of the question. */
type Answers = {
  readonly metrics: Map<number, (text: string) => void>;
  readonly stores: Map<number, (health: MemoryHealth | null) => void>;
  readonly part: (id: number, part: unknown) => void;
};

function follow(message: ToWorker, orders: Orders, answers: Answers): void {
  switch (message.kind) {
    case "config":
      return;
    case "drain":
      orders.drain();
      return;
    case "reload":
      orders.reload(message.text);
      return;
    case "give-part":
      void orders.part().then((part) => answers.part(message.id, part));
      return;
    case "metrics":
      answers.metrics.get(message.id)?.(message.text);
      answers.metrics.delete(message.id);
      return;
    case "store":
      answers.stores.get(message.id)?.(message.health);
      answers.stores.delete(message.id);
      return;
    default:
      message satisfies never;
  }
}

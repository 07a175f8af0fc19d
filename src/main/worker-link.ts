/**
 * Between the process that owns the store and those that share the ports: what messages leave goes up, in batches; orders and metrics come
 * down. Values in, values out, over the channel that node:cluster opens.
 */
import type { LeftByMessage } from "../doors/cli/jobs.ts";

export type ToPrimary =
  | { readonly kind: "ready" }
  | { readonly kind: "left"; readonly left: readonly LeftByMessage[] }
  /** Wants the metrics of all. */
  | { readonly kind: "metrics"; readonly id: number }
  /** Its own metrics, as asked for. */
  | { readonly kind: "part"; readonly id: number; readonly part: unknown };

export type ToWorker =
  | { readonly kind: "drain" }
  | { readonly kind: "reload" }
  | { readonly kind: "give-part"; readonly id: number }
  | { readonly kind: "metrics"; readonly id: number; readonly text: string };

export type PrimaryLink = {
  readonly ready: () => void;
  readonly leave: (left: LeftByMessage) => void;
  /** Of all processes together. */
  readonly metrics: () => Promise<string>;
  /** Sends what is still to be sent. */
  readonly flush: () => Promise<void>;
};

type Orders = { readonly drain: () => void; readonly reload: () => void; readonly part: () => Promise<unknown> };

/** A worker's end. */
export function primaryLink(orders: Orders): PrimaryLink {
  const waiting = new Map<number, (text: string) => void>();
  let batch: LeftByMessage[] = [];
  let asked = 0;
  const send = (message: ToPrimary): Promise<void> =>
    new Promise((resolve) => {
      if (process.send === undefined || !process.connected) resolve();
      else process.send(message, undefined, undefined, () => resolve());
    });
  const sendBatch = (): Promise<void> => {
    const left = batch;
    batch = [];
    return left.length === 0 ? Promise.resolve() : send({ kind: "left", left });
  };
  process.on("message", (message: ToWorker) => {
    switch (message.kind) {
      case "drain":
        return orders.drain();
      case "reload":
        return orders.reload();
      case "give-part":
        return void orders.part().then((part) => send({ kind: "part", id: message.id, part }));
      case "metrics":
        waiting.get(message.id)?.(message.text);
        return void waiting.delete(message.id);
      default:
        return message satisfies never;
    }
  });
  return {
    ready: () => void send({ kind: "ready" }),
    leave: (left) => {
      if (batch.length === 0) setImmediate(() => void sendBatch());
      batch.push(left);
    },
    metrics: () =>
      new Promise((resolve) => {
        asked += 1;
        waiting.set(asked, resolve);
        void send({ kind: "metrics", id: asked });
      }),
    flush: sendBatch,
  };
}

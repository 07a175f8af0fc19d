/** The worker's side of `--jobs`: answers each request of jobs.ts with the outcome of its chunk. */
import { inspectChunk, type Means } from "./inspect-item.ts";
import type { WorkerReply, WorkerRequest } from "./jobs.ts";
import type { Setup } from "./outcome.ts";
import type { Worker } from "./ports.ts";
import type { Item } from "./sources.ts";

export function serveJobs(port: Pick<Worker, "send" | "onMessage">, setup: Setup, means: Means): void {
  port.onMessage((message) => {
    // jobs.ts on the main thread is the only one that asks.
    const { id, items } = message as WorkerRequest;
    void answer(id, items);
  });
  async function answer(id: number, items: readonly Item[]): Promise<void> {
    port.send({ kind: "outcome", id, outcome: await inspectChunk(items, setup, means) } satisfies WorkerReply);
  }
  port.send({ kind: "ready" } satisfies WorkerReply);
}

/**
 * What a second core is worth on this machine: a fixed piece of verifying and hashing on one thread, against halves of it on two
 * threads at once. Two virtual cores that share one real core give far less than twice.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { machineLimit } from "./contestants.ts";
import { keySource } from "./keys.ts";

/** How many times faster two threads are; the best of `runs`. */
export async function worthOfSecondCore(runs: number): Promise<number> {
  let alone = Number.POSITIVE_INFINITY;
  let shared = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    alone = Math.min(alone, await thread(signatures));
    shared = Math.min(shared, Math.max(...(await Promise.all([thread(signatures / 2), thread(signatures / 2)]))));
  }
  return alone / shared;
}

const signatures = 40_000;
const body = Buffer.alloc(2200, "b");

/** Milliseconds of the work itself, start-up and key making apart. */
function thread(count: number): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: count });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

if (!isMainThread && typeof workerData === "number") {
  const limit = machineLimit("rsa-sha256", keySource());
  const startedAt = performance.now();
  for (let i = 0; i < workerData; i++) limit.run(body, 1);
  parentPort?.postMessage(performance.now() - startedAt);
}

/**
 * Measuring in rounds: what a piece of work costs in CPU time of this process (all its threads, system time included) and in
 * wall time. Rubbish left by whoever ran before is collected first, so that nobody pays for another's.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export type Cost = { readonly cpuUs: number; readonly wallUs: number };

/** The cost of one `work()`. */
export async function costOf(work: () => Promise<void> | void): Promise<Cost> {
  collectGarbage();
  const startedAt = performance.now();
  const before = process.cpuUsage();
  await work();
  const spent = process.cpuUsage(before);
  return { cpuUs: spent.user + spent.system, wallUs: (performance.now() - startedAt) * 1000 };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Node's own collector, which it shows only when asked. */
const collectGarbage: () => void = (() => {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("this Node does not expose its garbage collector");
  return () => void gc({ type: "minor" });
})();

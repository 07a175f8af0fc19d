/**
 * The health of the embedded store, in words: a fault and what to do about it, or what will become one, told before it does: a disk that
 * is nearly full, a queue that fills, a store of the size that it may have. Pure.
 */
import { limits } from "../base/limits.ts";
import type { MemoryHealth } from "../memory/memory.ts";
import { type FaultReport, faultLine } from "./sqlite-fault.ts";
import type { QueueState } from "./sqlite-queue.ts";

type Told = Pick<QueueState, "fault" | "waiting" | "dropped" | "freeBytes" | "isFull">;

/** `queue` is null where only the reading side is open. */
export function healthOf(path: string, queue: Told | null, reading: FaultReport | null): MemoryHealth {
  const { waiting, dropped } = queue ?? { waiting: 0, dropped: 0 };
  const why = warningOf(path, queue, reading);
  return { status: why === null ? "ok" : "degraded", why, waiting, dropped };
}

function warningOf(path: string, queue: Told | null, reading: FaultReport | null): string | null {
  const fault = queue?.fault ?? reading;
  if (fault != null) return faultLine(path, fault);
  if (queue === null) return null;
  if (queue.freeBytes !== null && queue.freeBytes < limits.storeFreeBytesMin)
    return `store ${path}: ${megabytes(queue.freeBytes)} MB are free on its disk, less than ${megabytes(limits.storeFreeBytesMin)} MB: free some space before it is full`;
  if (queue.waiting > limits.storeQueueMax / 2)
    return `store ${path}: ${queue.waiting} lessons wait to be written, of at most ${limits.storeQueueMax}: the disk is too slow for the mail; past that the oldest are dropped`;
  if (queue.isFull)
    return `store ${path}: it has reached ${megabytes(limits.historyStoreBytesMax)} MB: unauthenticated mail opens no new rows until old ones have faded`;
  return null;
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}

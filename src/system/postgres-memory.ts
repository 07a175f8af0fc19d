/**
 * The store in PostgreSQL behind the port of memory/: `postgres://…`, for several machines. Reads on a few connections, one round trip a
 * message and question; writes batched in a thread and durable when acknowledged. Where the server is lost, `history` is unavailable, the
 * entries last known stay in force and say since when, `record` returns, and health() says what to do. It connects again by itself.
 */
import { limits } from "../base/limits.ts";
import type { EntriesQuestion, FoundEntries } from "../memory/entries.ts";
import type { JournalBounds } from "../memory/journal.ts";
import { onceADay } from "../memory/matched.ts";
import type { Memory, MemoryHealth } from "../memory/memory.ts";
import { type EntriesCopy, openEntriesCopy } from "./postgres-entries-copy.ts";
import { postgresFaultLine, shownUrl } from "./postgres-fault.ts";
import { openPostgresReading, type PostgresReading } from "./postgres-reading.ts";
import { startPostgresWriter } from "./postgres-writer.ts";
import type { FaultReport } from "./sqlite-fault.ts";
import { type QueueState, WriteQueue } from "./sqlite-queue.ts";

export type PostgresMemory = Memory & {
  /** What went wrong last and has not passed; null when all is well. */
  fault(): FaultReport | null;
  /** Look-ups made for messages, batches written and their rows. */
  counts(): { readonly statements: number; readonly batches: number; readonly rowsWritten: number };
};

export type PostgresMemoryOptions = {
  readonly localSuffixes?: readonly string[] | undefined;
  /** How long and how large the journal may be; without it this process prunes none. */
  readonly journal?: JournalBounds | undefined;
};

/** Opens a store, making and migrating it as needed. Never rejects: a store that cannot be opened answers `unavailable`. */
export async function openPostgresMemory(url: string, { localSuffixes, journal }: PostgresMemoryOptions = {}): Promise<PostgresMemory> {
  const queue = new WriteQueue(() => startPostgresWriter({ url, localSuffixes: localSuffixes ?? null, journal: journal ?? null }));
  const reading = openPostgresReading(url, () => queue.state().isOpen);
  const copy = openEntriesCopy(url, () => queue.state().isOpen);
  const firstToday = onceADay();
  await queue.opened;
  if (queue.state().isOpen) await reading.ready();
  return {
    history: (question) => reading.history(question),
    entries: (question) => currentEntries(reading, copy, question),
    record: (lesson) => queue.add({ lesson }),
    recordDecision: (decision) => queue.add({ decision }),
    recordSighting: (sighting) => queue.add({ sighting }),
    recordMatched: (matched) => {
      const fresh = firstToday(matched);
      if (fresh !== null) queue.add({ matched: fresh });
    },
    recordSent: (sent) => queue.add({ sent }),
    recordWord: (word) => queue.add({ word }),
    flush: () => queue.flush(),
    health: () => healthOf({ name: shownUrl(url), queue: queue.state(), reading, copy }),
    fault: () => queue.state().fault ?? reading.fault(),
    counts: () => {
      const { batches, rows } = queue.state();
      return { statements: reading.statements(), batches, rowsWritten: rows };
    },
    close: async () => {
      await Promise.all([reading.close(), copy.close(), queue.close()]);
    },
  };
}

/** The reading side alone, for a thread beside the one that writes: what is recorded goes to `record`. It keeps no copy of the entries. */
export async function openPostgresReader(
  url: string,
  record: Pick<Memory, "record" | "recordSent" | "recordDecision" | "recordSighting" | "recordMatched">,
): Promise<Memory> {
  const reading = openPostgresReading(url);
  await reading.ready();
  const nothing = (): void => {};
  const firstToday = onceADay();
  return {
    history: (question) => reading.history(question),
    entries: (question) => reading.entries(question),
    ...record,
    recordMatched: (matched) => {
      const fresh = firstToday(matched);
      if (fresh !== null) record.recordMatched(fresh);
    },
    recordWord: nothing,
    flush: () => Promise.resolve(),
    health: () => healthOf({ name: shownUrl(url), queue: null, reading, copy: null }),
    close: () => reading.close(),
  };
}

async function currentEntries(reading: PostgresReading, copy: EntriesCopy, question: EntriesQuestion): Promise<FoundEntries> {
  const found = await reading.entries(question);
  return found.status === "known" ? found : copy.find(question);
}

type Told = {
  readonly name: string;
  /** Null where only the reading side is open. */
  readonly queue: QueueState | null;
  readonly reading: Pick<PostgresReading, "fault">;
  readonly copy: Pick<EntriesCopy, "asOf" | "leftOut" | "fault"> | null;
};

function healthOf(told: Told): MemoryHealth {
  const { waiting, dropped } = told.queue ?? { waiting: 0, dropped: 0 };
  const why = warningOf(told);
  return { status: why === null ? "ok" : "degraded", why, waiting, dropped };
}

function warningOf({ name, queue, reading, copy }: Told): string | null {
  const fault = queue?.fault ?? readingFault(reading, copy) ?? copy?.fault() ?? null;
  if (fault !== null) return `${postgresFaultLine(name, fault)}${fault.code === "unexpected" ? "" : inForce(copy)}`;
  if (queue === null || copy === null) return null;
  if (queue.waiting > limits.storeQueueMax / 2)
    return `store ${name}: ${queue.waiting} items wait to be written, of at most ${limits.storeQueueMax}: the server is too slow for the mail; past that the oldest are dropped`;
  if (queue.isFull)
    return `store ${name}: it has reached ${Math.floor(limits.historyStoreBytesMax / 2 ** 20)} MB: unauthenticated mail opens no new rows until old ones have faded`;
  if (copy.leftOut() > 0)
    return `store ${name}: entries of ${copy.leftOut()} tenants are more than a node keeps (${limits.entriesCopiedMax}): without the server they would not be in force`;
  return null;
}

/** A lost server is back as soon as anybody has heard of it, whether there is mail or not. */
function readingFault(reading: Told["reading"], copy: Told["copy"]): FaultReport | null {
  const fault = reading.fault();
  return fault?.code === "cannot-open" && (copy?.asOf() ?? 0) > fault.at ? null : fault;
}

function inForce(copy: Told["copy"]): string {
  const asOf = copy?.asOf() ?? null;
  if (copy === null || asOf === null) return "; until then history and entries are unavailable";
  return `; until then history is unavailable, and the entries of ${new Date(asOf).toISOString()} stay in force`;
}

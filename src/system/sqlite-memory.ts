/**
 * The embedded store behind the port of memory/: `sqlite:PATH`, one file on a local disk. Reads on the calling thread, one statement a
 * message; writes batched in a worker thread and durable when acknowledged. Whatever happens to the file, `history` answers and
 * `record` returns: unknown history is a value, and health() says what to do. It recovers by itself. Not for network file systems.
 */
import { limits } from "../base/limits.ts";
import type { EntriesQuestion, FoundEntries } from "../memory/entries.ts";
import type { JournalBounds } from "../memory/journal.ts";
import { onceADay } from "../memory/matched.ts";
import type { Memory } from "../memory/memory.ts";
import type { HistoryQuestion } from "../verdict/history.ts";
import { type FaultReport, reportOf } from "./sqlite-fault.ts";
import { healthOf } from "./sqlite-health.ts";
import { backUp } from "./sqlite-maintenance.ts";
import { WriteQueue } from "./sqlite-queue.ts";
import { openSqliteReader, type ReadCounts, type SqliteReader } from "./sqlite-reader.ts";
import { startWriter } from "./sqlite-writer.ts";

export type SqliteMemory = Memory & {
  /** A copy of the store as it is now, while it is in use; mode 0600. */
  backupTo(path: string): Promise<void>;
  /** What went wrong last and has not passed; null when all is well. */
  fault(): FaultReport | null;
  /** Statements run for history, batches written and their rows. */
  counts(): { readonly statements: number; readonly batches: number; readonly rowsWritten: number };
};

export type SqliteOptions = {
  /** Local suffixes of the policy, as alignment uses them. */
  readonly localSuffixes?: readonly string[] | undefined;
  /** SQLite's max_page_count: a store that may not grow past it. For tests of a full disk. */
  readonly pagesMax?: number | undefined;
  /** How long and how large the journal may be; without it this process prunes none. */
  readonly journal?: JournalBounds | undefined;
};

/** Opens a store, making and migrating it as needed. Never rejects: a store that cannot be opened answers `unavailable`. */
export async function openSqliteMemory(path: string, options: SqliteOptions = {}): Promise<SqliteMemory> {
  const writer = {
    path,
    localSuffixes: options.localSuffixes ?? null,
    pagesMax: options.pagesMax ?? null,
    journal: options.journal ?? null,
  };
  const queue = new WriteQueue(() => startWriter(writer));
  const reading = readingOf(path, () => queue.state().isOpen);
  const firstToday = onceADay();
  await queue.opened;
  return {
    history: (question) => Promise.resolve(reading.history(question)),
    entries: (question) => Promise.resolve(reading.entries(question)),
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
    health: () => healthOf(path, queue.state(), reading.fault()),
    fault: () => queue.state().fault ?? reading.fault(),
    counts: () => {
      const { batches, rows } = queue.state();
      return { statements: reading.counts.statements, batches, rowsWritten: rows };
    },
    backupTo: async (target) => {
      await queue.flush();
      await backUp(path, target);
    },
    close: async () => {
      reading.close();
      await queue.close();
    },
  };
}

/** The reading side alone, for a thread beside the one that writes: what is recorded goes to `record`. */
export function openSqliteReading(path: string, record: Left): Memory {
  const reading = readingOf(path, () => true);
  const nothing = (): void => {};
  const firstToday = onceADay();
  return {
    history: (question) => Promise.resolve(reading.history(question)),
    entries: (question) => Promise.resolve(reading.entries(question)),
    ...record,
    recordMatched: (matched) => {
      const fresh = firstToday(matched);
      if (fresh !== null) record.recordMatched(fresh);
    },
    recordWord: nothing,
    flush: () => Promise.resolve(),
    health: () => healthOf(path, null, reading.fault()),
    close: () => Promise.resolve(reading.close()),
  };
}

/** What a message leaves behind. */
export type Left = Pick<Memory, "record" | "recordSent" | "recordDecision" | "recordSighting" | "recordMatched">;

type Reading = {
  history(question: HistoryQuestion): ReturnType<SqliteReader["history"]> | typeof unavailable;
  entries(question: EntriesQuestion): FoundEntries;
  fault(): FaultReport | null;
  close(): void;
  readonly counts: ReadCounts;
};

const unavailable = { status: "unavailable" } as const;

/** A reader that is opened when it is first needed, and again some time after a fault: mail does not wait for a sick disk twice a second. */
function readingOf(path: string, mayOpen: () => boolean): Reading {
  let reader: SqliteReader | null = null;
  let fault: FaultReport | null = null;
  let notBefore = 0;
  /** Readings in a row that took too long. */
  let slow = 0;
  let isClosed = false;
  const counts = { statements: 0 };
  const drop = (report: FaultReport, now: number): typeof unavailable => {
    fault = report;
    notBefore = now + limits.storeRetryMs;
    try {
      reader?.close();
    } catch {
      // A connection to a damaged file may fail to close: it is dropped all the same.
    }
    reader = null;
    return unavailable;
  };
  const ask = <T>(read: (open: SqliteReader) => T): T | typeof unavailable => {
    const startedAt = Date.now();
    if (isClosed || startedAt < notBefore || (reader === null && !mayOpen())) return unavailable;
    try {
      reader ??= openSqliteReader(path, counts);
      const answer = read(reader);
      fault = null;
      const now = Date.now();
      // It came too late to be called an answer in time, but it is here. One may be the machine's load; where it goes on, the next
      // ones do without for a while.
      slow = now - startedAt > limits.historyReadMs ? slow + 1 : 0;
      if (slow >= limits.historySlowReadsMax)
        drop({ code: "io", detail: `reading took ${now - startedAt} ms, more than ${limits.historyReadMs} ms` }, now);
      return answer;
    } catch (error) {
      return drop(reportOf(error), Date.now());
    }
  };
  return {
    counts,
    fault: () => fault,
    history: (question) => ask((open) => open.history(question)),
    entries: (question) => ask((open) => open.entries(question)),
    close: () => {
      isClosed = true;
      reader?.close();
      reader = null;
    },
  };
}

/**
 * The store's only writer of this process, in a worker thread, so that flushing to the disk never stalls mail. It opens and migrates the
 * file, answers each batch once it is durable (COMMIT with synchronous=FULL) or with why it is not, prunes between batches, and tells
 * how full disk and store are. After a fault it opens the file anew. It decides nothing: batches wait in sqlite-queue.ts.
 */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { limits } from "../base/limits.ts";
import { dayOf } from "../memory/decay.ts";
import { boundsAt, type Decision, type JournalBounds } from "../memory/journal.ts";
import { openLedger } from "../memory/ledger.ts";
import type { Matched } from "../memory/memory.ts";
import { countSightingSources, type SightingSources } from "../memory/sighting-sources.ts";
import type { Sighting } from "../memory/sightings.ts";
import { countSources, type Sources } from "../memory/sources.ts";
import { type Teaching, teachLesson, teachSent, teachWord } from "../memory/teach.ts";
import type { Lesson, Sent, Word } from "../verdict/history.ts";
import { type FaultReport, reportOf } from "./sqlite-fault.ts";
import { keyedFingerprint, openForWriting } from "./sqlite-file.ts";
import { type JournalWriter, journalWriterOf } from "./sqlite-journal.ts";
import { type Pruning, pruningOf } from "./sqlite-prune.ts";
import { migrate, readMeta } from "./sqlite-schema.ts";
import { type SightingWriter, sightingWriterOf } from "./sqlite-sightings.ts";
import { type Upserts, upsertsOf } from "./sqlite-upserts.ts";
import { type DecisionRows, decisionRows } from "./store-journal-rows.ts";

export type WriterOptions = {
  readonly path: string;
  readonly localSuffixes: readonly string[] | null;
  readonly pagesMax: number | null;
  /** How long and how large the journal may be; null: not for this process to say. */
  readonly journal: JournalBounds | null;
};

/** What is recorded, in order. */
export type Item =
  | { readonly lesson: Lesson }
  | { readonly sent: Sent }
  | { readonly word: Word }
  | { readonly sighting: Sighting }
  | { readonly matched: Matched }
  | { readonly decision: Decision };

/** `items` is JSON of Items: one text crosses to another thread several times faster than its objects. */
export type WriterRequest = { readonly kind: "write"; readonly items: string } | { readonly kind: "open" } | { readonly kind: "close" };

/** One answer to each request, in order; and `space` whenever it was looked at. */
export type WriterReply =
  | { readonly kind: "opened" }
  | { readonly kind: "written"; readonly rows: number }
  | { readonly kind: "failed"; readonly fault: FaultReport }
  | { readonly kind: "closed" }
  | { readonly kind: "space"; readonly freeBytes: number; readonly full: boolean };

const role = "assay-sqlite-writer";

/** Starts this file as a thread. */
export function startWriter(options: WriterOptions): Worker {
  return new Worker(new URL(import.meta.url), { workerData: { role, options } });
}

if (!isMainThread && isOurs(workerData) && parentPort !== null) serve(workerData.options, parentPort);

/** startWriter has started this thread, with nothing else. */
function isOurs(data: unknown): data is { options: WriterOptions } {
  return typeof data === "object" && data !== null && "role" in data && data.role === role;
}

type Store = {
  readonly db: DatabaseSync;
  readonly upserts: Upserts;
  readonly pruning: Pruning;
  readonly teaching: Teaching;
  readonly sightings: SightingWriter;
  readonly journal: JournalWriter;
};
/** Counted for the thread's whole life, whatever becomes of the file. */
type Caps = { readonly sources: Sources; readonly pairs: SightingSources };
type Port = {
  postMessage(reply: WriterReply): void;
  on(event: "message", listener: (request: WriterRequest) => void): unknown;
  close(): void;
};

function serve(options: WriterOptions, port: Port): void {
  let store: Store | null = null;
  let isFull = false;
  const counted = countSources();
  const pairs = countSightingSources();
  const caps: Caps = {
    sources: { ...counted, mayOpen: (lesson) => counted.mayOpen(lesson) && (!isFull || lesson.kind === "authenticated") },
    pairs: { ...pairs, mayOpen: (sighting, opened) => !isFull && pairs.mayOpen(sighting, opened) },
  };
  const attempt = (work: (store: Store) => WriterReply): WriterReply => {
    try {
      store ??= openStore(options, caps);
      return work(store);
    } catch (error) {
      const fault = reportOf(error);
      // A lock or a full disk passes, and the connection with it is sound; anything else needs a new one.
      if (fault.code !== "locked" && fault.code !== "full") store = closed(store);
      return { kind: "failed", fault };
    }
  };
  const look = (): void => {
    try {
      const { bavail, bsize } = statfsSync(dirname(options.path));
      if (store !== null) isFull = bytesOf(store.db) > limits.historyStoreBytesMax;
      port.postMessage({ kind: "space", freeBytes: bavail * bsize, full: isFull });
    } catch {
      // The folder has gone: the next batch says so.
    }
  };
  let pruning: NodeJS.Immediate | null = null;
  const prune = (): void => {
    pruning = null;
    const more = attempt(({ pruning, journal }) => ({ kind: "written", rows: pruneStep(pruning, journal, options) ? 1 : 0 }));
    if (more.kind === "written" && more.rows > 0) pruning = setImmediate(prune);
  };
  const watch = setInterval(() => {
    look();
    if (store !== null && pruning === null) prune();
  }, limits.storeWatchMs);
  port.on("message", (request) => {
    switch (request.kind) {
      case "open":
        look();
        return port.postMessage(attempt(() => ({ kind: "opened" })));
      case "write":
        return port.postMessage(attempt((store) => ({ kind: "written", rows: writeBatch(store, request.items) })));
      case "close":
        clearInterval(watch);
        if (pruning !== null) clearImmediate(pruning);
        store = closed(store);
        port.postMessage({ kind: "closed" });
        return port.close();
      default:
        return request satisfies never;
    }
  });
}

function openStore({ path, localSuffixes, pagesMax }: WriterOptions, { sources, pairs }: Caps): Store {
  const db = openForWriting(path);
  try {
    if (pagesMax !== null) db.exec(`PRAGMA max_page_count = ${pagesMax}`);
    migrate(db, Date.now());
    const { decay, key } = readMeta(db);
    // Taking the lock once, now, tells whether we can write at all.
    db.exec("BEGIN IMMEDIATE; COMMIT");
    const fingerprint = keyedFingerprint(key);
    const teaching = { decay, fingerprint, sources, localSuffixes: localSuffixes ?? undefined };
    const sightings = sightingWriterOf(db, { fingerprint, sources: pairs });
    return { db, upserts: upsertsOf(db), pruning: pruningOf(db, decay), teaching, sightings, journal: journalWriterOf(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** One step between batches; false where there is nothing to take out for now. */
function pruneStep(pruning: Pruning, journal: JournalWriter, options: WriterOptions): boolean {
  const now = Date.now();
  return pruning.step(dayOf(now)) || (options.journal !== null && journal.prune(boundsAt(now, options.journal)));
}

function writeBatch({ upserts, teaching, sightings, journal }: Store, json: string): number {
  const items = JSON.parse(json) as readonly Item[]; // sqlite-queue.ts has written it
  const { fingerprint } = teaching;
  // Packed before the transaction: that takes longer than writing.
  const records = items.flatMap((item): readonly DecisionRows[] => ("decision" in item ? decisionRows(item.decision, fingerprint) : []));
  return teaching.sources.attempt(() => {
    const ledger = openLedger("batch");
    const seen: Sighting[] = [];
    const matched: Matched[] = [];
    for (const item of items) {
      if ("lesson" in item) teachLesson(ledger, item.lesson, teaching);
      else if ("sent" in item) teachSent(ledger, item.sent, teaching);
      else if ("word" in item) teachWord(ledger, item.word, teaching);
      else if ("sighting" in item) seen.push(item.sighting);
      else if ("matched" in item) matched.push(item.matched);
    }
    let others = 0;
    const rows = upserts.write(ledger, () => {
      others = sightings.write(seen) + sightings.matched(matched) + journal.write(records);
    });
    return rows + others;
  });
}

function bytesOf(db: DatabaseSync): number {
  const value = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
  return (value("PRAGMA page_count") - value("PRAGMA freelist_count")) * value("PRAGMA page_size");
}

function closed(store: Store | null): null {
  try {
    store?.db.close();
  } catch {
    // A connection to a damaged file may fail to close: it is dropped all the same.
  }
  return null;
}

/**
 * A process's only writer into PostgreSQL, in a thread, on a connection of its own: it makes and migrates the store, answers each batch
 * once it is committed and durable or with why it is not, prunes between batches, and tells whether the store has its full size. After a
 * fault it connects anew. It speaks the same protocol as sqlite-writer.ts and decides nothing: batches wait in sqlite-queue.ts.
 */
import { randomUUID } from "node:crypto";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { ClientBase } from "pg";
import { limits } from "../base/limits.ts";
import { dayOf } from "../memory/decay.ts";
import { boundsAt, type JournalBounds } from "../memory/journal.ts";
import { type Ledger, openLedger } from "../memory/ledger.ts";
import type { Matched } from "../memory/memory.ts";
import { countSightingSources, type SightingSources } from "../memory/sighting-sources.ts";
import type { Sighting } from "../memory/sightings.ts";
import { countSources, type Sources } from "../memory/sources.ts";
import { type Teaching, teachLesson, teachSent, teachWord } from "../memory/teach.ts";
import { aloneIn, kyselyOn } from "./postgres-books.ts";
import { postgresReport } from "./postgres-fault.ts";
import { journalLock, writeDecisions, writeSizes } from "./postgres-journal.ts";
import { postgresClient } from "./postgres-pool.ts";
import { type PostgresPruning, postgresPruning } from "./postgres-prune.ts";
import { migratePostgres, readPostgresMeta } from "./postgres-schema.ts";
import { writeMatched, writeSightings } from "./postgres-sightings.ts";
import { claimBatch, inTransaction, numberedPieces } from "./postgres-transaction.ts";
import { writeLedger } from "./postgres-upserts.ts";
import { keyedFingerprint } from "./sqlite-file.ts";
import type { Item, WriterReply, WriterRequest } from "./sqlite-writer.ts";
import { pruneStep } from "./store-journal-prune.ts";
import { type DecisionRows, decisionRows } from "./store-journal-rows.ts";
import { type GatheredSighting, gatherSightings } from "./store-sighting-rows.ts";

export type PostgresWriterOptions = {
  readonly url: string;
  readonly localSuffixes: readonly string[] | null;
  /** How long and how large the journal may be; null: not for this process to say. */
  readonly journal: JournalBounds | null;
};

const role = "assay-postgres-writer";

/** Starts this file as a thread. */
export function startPostgresWriter(options: PostgresWriterOptions): Worker {
  return new Worker(new URL(import.meta.url), { workerData: { role, options } });
}

if (!isMainThread && isOurs(workerData) && parentPort !== null) serve(workerData.options, parentPort);

/** startPostgresWriter has started this thread, with nothing else. */
function isOurs(data: unknown): data is { options: PostgresWriterOptions } {
  return typeof data === "object" && data !== null && "role" in data && data.role === role;
}

type Store = {
  readonly client: ClientBase & { end(): Promise<void> };
  readonly pruning: { step(): Promise<boolean> };
  readonly teaching: Teaching;
};
/** Counted for the thread's whole life, whatever becomes of the connection. */
type Caps = { readonly sources: Sources; readonly pairs: SightingSources };
type Port = {
  postMessage(reply: WriterReply): void;
  on(event: "message", listener: (request: WriterRequest) => void): unknown;
  close(): void;
};

function serve(options: PostgresWriterOptions, port: Port): void {
  let store: Store | null = null;
  let isFull = false;
  const counted = countSources();
  const pairs = countSightingSources();
  const caps: Caps = {
    sources: { ...counted, mayOpen: (lesson) => counted.mayOpen(lesson) && (!isFull || lesson.kind === "authenticated") },
    pairs: { ...pairs, mayOpen: (sighting, opened) => !isFull && pairs.mayOpen(sighting, opened) },
  };
  const write = writingOf(caps);
  const attempt = async (work: (store: Store) => Promise<WriterReply>): Promise<WriterReply> => {
    try {
      store ??= await openStore(options, caps.sources);
      return await work(store);
    } catch (error) {
      const fault = postgresReport(error);
      // What another session is in the way of passes, and the connection is sound; anything else needs a new one.
      if (fault.code !== "locked" && fault.code !== "full") store = closed(store);
      return { kind: "failed", fault };
    }
  };
  const look = async (): Promise<void> => {
    if (store === null) return;
    isFull = (await bytesOf(store.client)) > limits.historyStoreBytesMax;
    // How much room the server's disk has is not ours to see.
    port.postMessage({ kind: "space", freeBytes: Number.POSITIVE_INFINITY, full: isFull });
  };
  // One thing at a time: all of it is done on one connection.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<unknown>): void => {
    last = last.then(work).catch(() => {});
  };
  let isPruning = false;
  const prune = async (): Promise<void> => {
    const done = await attempt(async ({ pruning }) => ({ kind: "written", rows: (await pruning.step()) ? 1 : 0 }));
    isPruning = done.kind === "written" && done.rows > 0;
    if (isPruning) inTurn(prune);
  };
  const watch = setInterval(() => {
    if (store === null) return;
    inTurn(look);
    if (!isPruning) inTurn(prune);
  }, limits.storeWatchMs);
  port.on("message", (request) => {
    switch (request.kind) {
      case "open":
        return inTurn(async () => port.postMessage(await attempt(async () => ({ kind: "opened" }))));
      case "write":
        return inTurn(async () => port.postMessage(await attempt((open) => write(open, request.items))));
      case "close":
        clearInterval(watch);
        return inTurn(async () => {
          await store?.client.end().catch(() => {});
          port.postMessage({ kind: "closed" });
          port.close();
        });
      default:
        return request satisfies never;
    }
  });
}

async function openStore({ url, localSuffixes, journal }: PostgresWriterOptions, sources: Sources): Promise<Store> {
  const client = postgresClient(url, limits.postgresStatementMs);
  try {
    await client.connect();
    // What is acknowledged is on the disk, whatever the server's default; stricter settings are left.
    await client.query("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'");
    await migratePostgres(client, Date.now());
    const { decay, key } = await readPostgresMeta(client);
    const teaching = { decay, fingerprint: keyedFingerprint(key), sources, localSuffixes: localSuffixes ?? undefined };
    return { client, pruning: pruningOf(client, postgresPruning(client, decay), journal), teaching };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** One step between batches; false where there is nothing to take out for now. */
function pruningOf(client: ClientBase, history: PostgresPruning, journal: JournalBounds | null): Store["pruning"] {
  const alone = aloneIn(kyselyOn(client), journalLock);
  return {
    step: async () => {
      const now = Date.now();
      if (await history.step(dayOf(now))) return true;
      if (journal === null) return false;
      const { decisions, answers } = await alone((db) => pruneStep(db, boundsAt(now, journal)));
      return decisions + answers > 0;
    },
  };
}

/** Writes a batch in the pieces that it was tried in before. What failed comes again, with what came meanwhile. */
function writingOf({ pairs }: Caps): (store: Store, items: string) => Promise<WriterReply> {
  const id = randomUUID();
  const pieces = numberedPieces();
  return async ({ client, teaching }, items) => {
    let rows = 0;
    for (const { json, number } of pieces.of(items)) {
      const { value: gathered, takeBack } = teaching.sources.tentative(() => gather(json, teaching));
      let uncount = (): void => {};
      try {
        const written = await inTransaction(client, async () => {
          // A transaction that is tried again has written nothing before.
          uncount();
          uncount = pairs.begin();
          if (!(await claimBatch(client, { id, number, day: dayOf(Date.now()) }))) return null;
          const { ledger, matched, sightings, decisions } = gathered;
          const { records, sizes } = await writeDecisions(client, decisions);
          const rows = records + (await writeLedger(client, ledger)) + (await writeMatched(client, matched));
          await writeSizes(client, sizes);
          return rows + (await writeSightings(client, sightings, pairs));
        });
        // It was written when nobody heard of it, and counted then.
        if (written === null) takeBack();
        rows += written ?? 0;
      } catch (error) {
        takeBack();
        uncount();
        throw error;
      }
    }
    pieces.allWritten();
    return { kind: "written", rows };
  };
}

type Gathered = {
  readonly ledger: Ledger;
  readonly matched: readonly Matched[];
  readonly sightings: readonly GatheredSighting[];
  readonly decisions: readonly DecisionRows[];
};

function gather(json: string, teaching: Teaching): Gathered {
  const ledger = openLedger("batch");
  const seen: Sighting[] = [];
  const matched: Matched[] = [];
  const decisions: DecisionRows[] = [];
  for (const item of JSON.parse(json) as readonly Item[]) {
    // sqlite-queue.ts has written it.
    if ("lesson" in item) teachLesson(ledger, item.lesson, teaching);
    else if ("sent" in item) teachSent(ledger, item.sent, teaching);
    else if ("word" in item) teachWord(ledger, item.word, teaching);
    else if ("sighting" in item) seen.push(item.sighting);
    else if ("matched" in item) matched.push(item.matched);
    else decisions.push(...decisionRows(item.decision, teaching.fingerprint));
  }
  return { ledger, matched, decisions, sightings: gatherSightings(seen, teaching.fingerprint) };
}

async function bytesOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes FROM pg_class c WHERE c.relnamespace = 'assay'::regnamespace AND c.relkind = 'r'",
  );
  return rows[0]?.bytes ?? 0;
}

function closed(store: Store | null): null {
  // It may no longer speak: nobody waits for it.
  store?.client.end().catch(() => {});
  return null;
}

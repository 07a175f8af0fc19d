/**
 * What operators and views use of a PostgreSQL store, by the same repositories as the embedded store (store-*.ts), each on connections of
 * its own: the entries, the queue of spoof intelligence, the journal. Changes are committed before they are acknowledged. They throw
 * StoreFault, and wait for no longer than a statement may take.
 */
import { Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import type { ClientBase, Pool } from "pg";
import { limits } from "../base/limits.ts";
import type { EntryBook } from "../memory/entries.ts";
import type { Journal } from "../memory/journal.ts";
import type { Insight } from "../memory/sightings.ts";
import { isRetryable, postgresFaultLine, postgresReport, shownUrl } from "./postgres-fault.ts";
import { journalLock } from "./postgres-journal.ts";
import { postgresPool } from "./postgres-pool.ts";
import { migratePostgres, readPostgresMeta } from "./postgres-schema.ts";
import { StoreFault } from "./sqlite-fault.ts";
import { keyedFingerprint } from "./sqlite-file.ts";
import type { StoreMeta } from "./sqlite-schema.ts";
import { storeEntryBook } from "./store-entries.ts";
import { storeJournal } from "./store-journal.ts";
import { storeInsight } from "./store-sightings.ts";
import type { StoreTables } from "./store-tables.ts";

/** Opens a store, making and migrating it as needed. */
export async function openPostgresEntryBook(url: string): Promise<EntryBook> {
  const { db, faultOf } = await opened(url, "change");
  const alone = aloneIn(db, entriesLock);
  const transaction = async <T>(work: (transaction: Transaction<StoreTables>) => Promise<T>): Promise<T> => {
    try {
      return await alone(work);
    } catch (error) {
      throw faultOf(error);
    }
  };
  return storeEntryBook({ db, transaction, faultOf });
}

/** Opens a store that is there. */
export async function openPostgresInsight(url: string): Promise<Insight> {
  const { db, faultOf } = await opened(url, "read");
  return storeInsight({ db, faultOf });
}

/** Opens a store that is there; to change it, it is migrated as needed. */
export async function openPostgresJournal(url: string, purpose: "read" | "change"): Promise<Journal> {
  const { db, faultOf, meta } = await opened(url, purpose);
  return storeJournal({ db, faultOf, transaction: aloneIn(db, journalLock), fingerprint: keyedFingerprint(meta.key) });
}

/** kysely on one connection that is there already; it does one thing after the other, and is its owner's to close. */
export function kyselyOn(client: ClientBase): Kysely<StoreTables> {
  const lent = Object.assign(client, { release: () => {} });
  const pool = { connect: () => Promise.resolve(lent), end: () => Promise.resolve(), options: {} };
  return new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool }) });
}

/** Transactions that hold this lock, so that each is the only one in the whole store; tried again where the server undid one. */
export function aloneIn(db: Kysely<StoreTables>, lock: number) {
  return async <T>(work: (transaction: Transaction<StoreTables>) => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await db.transaction().execute(async (transaction) => {
          await sql`SELECT pg_advisory_xact_lock(${lock})`.execute(transaction);
          return await work(transaction);
        });
      } catch (error) {
        if (!isRetryable(error) || tries >= limits.postgresTriesMax) throw error;
      }
    }
  };
}

const entriesLock = 0x41737383;
const connections = 2;

type Opened = { readonly db: Kysely<StoreTables>; readonly faultOf: (error: unknown) => StoreFault; readonly meta: StoreMeta };

async function opened(url: string, purpose: "read" | "change"): Promise<Opened> {
  const faultOf = (error: unknown): StoreFault => {
    const report = postgresReport(error);
    return new StoreFault(report.code, postgresFaultLine(shownUrl(url), report));
  };
  const pool = postgresPool({ url, connections, statementMs: limits.postgresStatementMs });
  try {
    const meta = await metaOf(pool, purpose);
    return { db: new Kysely<StoreTables>({ dialect: new PostgresDialect({ pool }) }), faultOf, meta };
  } catch (error) {
    await pool.end();
    throw faultOf(error);
  }
}

async function metaOf(pool: Pool, purpose: "read" | "change"): Promise<StoreMeta> {
  const client = await pool.connect();
  try {
    if (purpose === "change") {
      // What is acknowledged is on the disk, whatever the server's default.
      await client.query("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'");
      await migratePostgres(client, Date.now());
    }
    return await readPostgresMeta(client);
  } finally {
    client.release();
  }
}

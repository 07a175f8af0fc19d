/**
 * The operator's entries in the embedded store: a connection of its own, each change committed with synchronous=FULL before it is
 * acknowledged. It waits for another process's lock without holding up this one's mail, and not for ever.
 */
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Transaction } from "kysely";
import { limits } from "../base/limits.ts";
import type { EntryBook } from "../memory/entries.ts";
import { faultLine, reportOf, StoreFault } from "./sqlite-fault.ts";
import { openForWriting } from "./sqlite-file.ts";
import { sqliteKysely } from "./sqlite-kysely.ts";
import { migrate } from "./sqlite-schema.ts";
import { storeEntryBook } from "./store-entries.ts";
import type { StoreTables } from "./store-tables.ts";

/** `pagesMax` as in sqlite-memory.ts: for tests of a full disk. */
export type EntryBookOptions = { readonly pagesMax?: number | undefined };

/** Opens a store, making and migrating it as needed. Throws StoreFault, as do the methods. */
export function openSqliteEntryBook(path: string, { pagesMax }: EntryBookOptions = {}): EntryBook {
  const faultOf = (error: unknown): StoreFault => {
    const report = reportOf(error);
    return new StoreFault(report.code, faultLine(path, report));
  };
  try {
    const db = sqliteKysely(opened(path, pagesMax));
    const transaction = async <T>(work: (transaction: Transaction<StoreTables>) => Promise<T>): Promise<T> => {
      for (let until = Number.POSITIVE_INFINITY; ; await sleep(lockMs)) {
        try {
          return await db.transaction().execute(work);
        } catch (error) {
          // A lock that is not had leaves nothing begun: it is safe to try again.
          if (reportOf(error).code !== "locked" || Date.now() >= until) throw faultOf(error);
          until = Math.min(until, Date.now() + limits.storeLockMs);
        }
      }
    };
    return storeEntryBook({ db, transaction, faultOf });
  } catch (error) {
    throw faultOf(error);
  }
}

function opened(path: string, pagesMax: number | undefined): DatabaseSync {
  const connection = openForWriting(path);
  try {
    migrate(connection, Date.now());
    if (pagesMax !== undefined) connection.exec(`PRAGMA max_page_count = ${pagesMax}`);
    connection.exec(`PRAGMA busy_timeout = ${lockMs}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** How long one attempt waits: meanwhile this thread does nothing else. */
const lockMs = 20;

/** The journal of the embedded store on a connection of its own: it reads while a server writes, and takes the lock for one page at a time. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Transaction } from "kysely";
import { limits } from "../base/limits.ts";
import type { Journal } from "../memory/journal.ts";
import { faultLine, reportOf, StoreFault } from "./sqlite-fault.ts";
import { keyedFingerprint, openForReading, openForWriting } from "./sqlite-file.ts";
import { sqliteKysely } from "./sqlite-kysely.ts";
import { migrate, readMeta } from "./sqlite-schema.ts";
import { storeJournal } from "./store-journal.ts";
import type { StoreTables } from "./store-tables.ts";

/** Opens a store that is there; to change it, it is migrated as needed. Throws StoreFault, as do the methods. */
export function openSqliteJournal(path: string, purpose: "read" | "change"): Journal {
  const faultOf = (error: unknown): StoreFault => {
    const report = reportOf(error);
    return new StoreFault(report.code, faultLine(path, report));
  };
  try {
    const connection = purpose === "read" ? openForReading(path) : openForWriting(path);
    try {
      if (purpose === "change") {
        migrate(connection, Date.now());
        // What is erased is overwritten, not only given free.
        connection.exec(`PRAGMA busy_timeout = ${lockMs}; PRAGMA secure_delete = ON`);
      }
      const fingerprint = keyedFingerprint(readMeta(connection).key);
      const db = sqliteKysely(connection);
      const transaction = async <T>(work: (transaction: Transaction<StoreTables>) => Promise<T>): Promise<T> => {
        for (const until = Date.now() + limits.storeLockMs; ; await sleep(lockMs)) {
          try {
            return await db.transaction().execute(work);
          } catch (error) {
            // A lock that is not had leaves nothing begun: it is safe to try again.
            if (reportOf(error).code !== "locked" || Date.now() >= until) throw error;
          }
        }
      };
      const journal = storeJournal({ db, transaction, faultOf, fingerprint });
      if (purpose === "read") return journal;
      const close = async (): Promise<void> => {
        // The log has what was erased until it is put away; where others read in it, whoever closes last does that.
        connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        await journal.close();
      };
      return { ...journal, close };
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (error) {
    throw faultOf(error);
  }
}

/** How long one attempt waits: meanwhile this thread does nothing else. */
const lockMs = 20;

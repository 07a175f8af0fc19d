/** The queue of spoof intelligence of the embedded store, on a connection of its own that only reads. */
import type { Insight } from "../memory/sightings.ts";
import { faultLine, reportOf, StoreFault } from "./sqlite-fault.ts";
import { openForReading } from "./sqlite-file.ts";
import { sqliteKysely } from "./sqlite-kysely.ts";
import { readMeta } from "./sqlite-schema.ts";
import { storeInsight } from "./store-sightings.ts";

/** Opens a store that is there. Throws StoreFault, as do the methods. */
export function openSqliteInsight(path: string): Insight {
  const faultOf = (error: unknown): StoreFault => {
    const report = reportOf(error);
    return new StoreFault(report.code, faultLine(path, report));
  };
  try {
    const db = openForReading(path);
    try {
      readMeta(db);
    } catch (error) {
      db.close();
      throw error;
    }
    return storeInsight({ db: sqliteKysely(db), faultOf });
  } catch (error) {
    throw faultOf(error);
  }
}

/** Operations on a store as a whole, whichever memory.url names: to the newest schema, to a file, to another store. They throw StoreFault. */

import { limits } from "../base/limits.ts";
import type { MemoryUrl } from "../config/values.ts";
import { storeName } from "./open-store.ts";
import { faultLine, reportOf, StoreFault } from "./sqlite-fault.ts";
import type { Copied, CopyOptions } from "./store-copy.ts";

/** Schema versions before and after. */
export function migrateStore(url: MemoryUrl, now: number): Promise<{ readonly from: number; readonly to: number }> {
  return guarded(url, async () => {
    if (url.kind === "sqlite") return (await import("./sqlite-maintenance.ts")).migrateStore(url.path, now);
    const { postgresClient } = await import("./postgres-pool.ts");
    const { migratePostgres, postgresVersion } = await import("./postgres-schema.ts");
    const client = postgresClient(url.url, limits.postgresLongMs);
    try {
      await client.connect();
      const from = await migratePostgres(client, now);
      return { from, to: await postgresVersion(client) };
    } finally {
      client.end().catch(() => {});
    }
  });
}

/** A copy of an embedded store in a file. PostgreSQL has better means of its own, and this says which. */
export function backUpStore(url: MemoryUrl, target: string): Promise<void> {
  return guarded(url, async () => {
    if (url.kind === "sqlite") return (await import("./sqlite-maintenance.ts")).backUp(url.path, target);
    const name = await storeName(url);
    throw new StoreFault(
      "foreign",
      `PostgreSQL backs up its databases itself: pg_dump --format=custom --schema=assay --file=${target} '${name}' (and pg_restore --dbname='${name}' ${target}); or copy it into a file: assay db copy '${name}' sqlite:PATH`,
    );
  });
}

/** All of a store into another one, of either kind. */
export function copyStore(from: MemoryUrl, to: MemoryUrl, options: CopyOptions): Promise<Copied> {
  return guarded(from, async () => (await import("./store-copy.ts")).copyBetween(from, to, options));
}

async function guarded<T>(url: MemoryUrl, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Whoever knows which of two stores it was has said so already.
    if (error instanceof StoreFault && /^(?:store |PostgreSQL )/.test(error.message)) throw error;
    if (url.kind === "sqlite") {
      const report = reportOf(error);
      throw new StoreFault(report.code, faultLine(url.path, report));
    }
    const { postgresFaultLine, postgresReport } = await import("./postgres-fault.ts");
    const report = postgresReport(error);
    throw new StoreFault(report.code, postgresFaultLine(await storeName(url), report));
  }
}

/** A PostgreSQL store as one end of a copy: read from one snapshot, or written in one transaction that nobody sees before it is committed. */
import type { Client } from "pg";
import { limits } from "../base/limits.ts";
import { postgresFaultLine, postgresReport, shownUrl } from "./postgres-fault.ts";
import { postgresClient } from "./postgres-pool.ts";
import { migratePostgres, postgresMigrations, postgresVersion, readPostgresMeta } from "./postgres-schema.ts";
import { StoreFault } from "./sqlite-fault.ts";
import type { CopyEnd } from "./store-copy-end.ts";

/** A source must be there, at this version's schema; a target is made and migrated as needed. Throws StoreFault. */
export async function postgresEnd(url: string, as: "source" | "target"): Promise<CopyEnd> {
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const report = postgresReport(error);
      throw new StoreFault(report.code, postgresFaultLine(shownUrl(url), report));
    }
  };
  const client = postgresClient(url, limits.postgresLongMs);
  const query = (text: string, values: readonly unknown[] = []) =>
    guard(() => client.query<unknown[]>({ text, values: [...values], rowMode: "array" }));
  try {
    const tables = await guard(() => begun(client, as));
    return {
      tables,
      count: async (table) => Number((await query(`SELECT count(*) FROM ${table}`)).rows[0]?.[0]),
      async *pages(table, { columns, key }) {
        const order = key.join(", ");
        const select = `SELECT ${[...columns, ...key].join(", ")} FROM ${table}`;
        const behind = `WHERE (${order}) > (${key.map((_, i) => `$${i + 1}`).join(", ")})`;
        for (let after: readonly unknown[] | null = null; ; ) {
          const text = `${select} ${after === null ? "" : behind} ORDER BY ${order} LIMIT ${limits.copyRows}`;
          const { rows }: { rows: unknown[][] } = await query(text, after ?? []);
          if (rows.length > 0) yield rows.map((row) => row.slice(0, columns.length));
          const last = rows.at(-1);
          if (last === undefined || rows.length < limits.copyRows) return;
          after = last.slice(columns.length);
        }
      },
      empty: async (table) => void (await query(`TRUNCATE ${table}`)),
      write: async (table, columns, rows) => {
        const places = rows.map((_, i) => `(${columns.map((_, j) => `$${i * columns.length + j + 1}`).join(", ")})`);
        await query(`INSERT INTO ${table} (${columns.join(", ")}) VALUES ${places.join(", ")}`, rows.flat());
      },
      commit: async () => {
        await query("COMMIT");
        // What is planned from now on knows what is there.
        if (as === "target") await query("ANALYZE");
      },
      close: () => client.end().catch(() => {}),
    };
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

/** The columns of each table, in the transaction that has begun. */
async function begun(client: Client, as: "source" | "target"): Promise<ReadonlyMap<string, readonly string[]>> {
  await client.connect();
  if (as === "target") await migratePostgres(client, Date.now());
  await readPostgresMeta(client);
  // A newer store can be used, but what it has besides would be lost.
  const version = await postgresVersion(client);
  if (version !== postgresMigrations.length)
    throw new StoreFault("newer-schema", `the store has schema version ${version}, this Assay knows ${postgresMigrations.length}`);
  // While one end waits for the other, its transaction does nothing.
  await client.query("SET idle_in_transaction_session_timeout = 0");
  await client.query(as === "source" ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN");
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'assay'::regnamespace AND c.relkind = 'r' GROUP BY c.relname`,
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** An embedded store as one end of a copy: a transaction on a connection of its own, other processes reading and writing meanwhile or after. */
import type { SQLInputValue } from "node:sqlite";
import { limits } from "../base/limits.ts";
import { faultLine, reportOf, StoreFault } from "./sqlite-fault.ts";
import { openForReading, openForWriting } from "./sqlite-file.ts";
import { migrate, readMeta } from "./sqlite-schema.ts";
import type { CopyEnd, CopyRow } from "./store-copy-end.ts";

/** A source must be there, at the newest version; a target is made and migrated as needed. Throws StoreFault. */
export async function sqliteEnd(path: string, as: "source" | "target"): Promise<CopyEnd> {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const report = reportOf(error);
      throw new StoreFault(report.code, faultLine(path, report));
    }
  };
  const db = guard(() => {
    const opened = as === "source" ? openForReading(path) : openForWriting(path);
    try {
      if (as === "target") migrate(opened, Date.now());
      readMeta(opened);
      opened.exec(as === "source" ? "BEGIN" : "BEGIN IMMEDIATE");
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  });
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'").all();
  const columnsOf = (table: string) =>
    db
      .prepare(`SELECT * FROM ${table} LIMIT 0`)
      .columns()
      .flatMap(({ name }) => name ?? []);
  return {
    tables: new Map(names.map(({ name }) => [String(name), columnsOf(String(name))])),
    count: async (table) => guard(() => Number(db.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.["count"])),
    async *pages(table, { columns, key }) {
      const order = key.join(", ");
      const select = `SELECT ${[...columns, ...key].join(", ")} FROM ${table}`;
      const first = db.prepare(`${select} ORDER BY ${order} LIMIT ${limits.copyRows}`);
      const next = db.prepare(`${select} WHERE (${order}) > (${key.map(() => "?").join(", ")}) ORDER BY ${order} LIMIT ${limits.copyRows}`);
      for (let after: readonly SQLInputValue[] | null = null; ; ) {
        const from: readonly SQLInputValue[] | null = after;
        const page: readonly SQLInputValue[][] = guard(() => (from === null ? first.all() : next.all(...from))).map((row) =>
          [...columns, ...key].map((name) => row[name] ?? null),
        );
        if (page.length > 0) yield page.map((row) => row.slice(0, columns.length));
        const last = page.at(-1);
        if (last === undefined || page.length < limits.copyRows) return;
        after = last.slice(columns.length);
      }
    },
    empty: async (table) => guard(() => db.exec(`DELETE FROM ${table}`)),
    write: async (table, columns, rows) =>
      guard(() => {
        const insert = db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
        for (const row of rows) insert.run(...inputs(row));
      }),
    commit: async () => guard(() => db.exec("COMMIT")),
    close: async () => db.close(),
  };
}

/** The other store has text, numbers, octets and null. */
function inputs(row: CopyRow): SQLInputValue[] {
  return row.map((value) => {
    if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array) return value;
    throw new TypeError(`the store has no ${typeof value}`);
  });
}

/**
 * kysely over a connection of node:sqlite, with kysely's own dialect. A transaction takes the write lock when it begins, so that what it
 * reads is what it changes. One connection does one thing after the other; a stream would hold it up, so long lists are read in pages.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import { limits } from "../base/limits.ts";
import type { StoreTables } from "./store-tables.ts";

/** `destroy` closes the connection. */
export function sqliteKysely(db: DatabaseSync): Kysely<StoreTables> {
  return new Kysely<StoreTables>({ dialect: new SqliteDialect({ database: shim(db) }) });
}

/** What kysely expects of a driver. Statements are kept prepared. */
function shim(db: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const found = kept.get(sql);
    if (found !== undefined) return found;
    if (kept.size >= limits.storeStatementsMax) kept.clear();
    const statement = db.prepare(sql);
    kept.set(sql, statement);
    return statement;
  };
  return {
    close: () => db.close(),
    prepare: (sql) => {
      // Where the disk is full SQLite may have rolled back by itself.
      if (sql === "rollback" && !db.isTransaction) return nothing;
      const statement = prepared(sql === "begin" ? "BEGIN IMMEDIATE" : sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...values(parameters)),
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
}

const nothing: ReturnType<SqliteDatabase["prepare"]> = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

/** The tables hold text, numbers, octets and null; anything else is a mistake of ours. */
function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array) return value;
    throw new TypeError(`the store has no ${typeof value}`);
  });
}

/**
 * `assay db copy`: everything that one store keeps into another, of either kind. It reads one snapshot of the source and writes one
 * transaction, a page at a time, and compares the counts before it commits: the target has all of it, or what it had before. What the store
 * was made with (its key, its decay) goes along, since the rows mean nothing without. A target that holds something is refused unless told.
 */
import { resolve } from "node:path";
import type { MemoryUrl } from "../config/values.ts";
import { storeName } from "./open-store.ts";
import { StoreFault } from "./sqlite-fault.ts";
import type { CopyEnd } from "./store-copy-end.ts";
import { postgresEnd } from "./store-copy-postgres.ts";
import { sqliteEnd } from "./store-copy-sqlite.ts";

export type CopyOptions = {
  /** Takes out what the target holds, in the same transaction. */
  readonly replace: boolean;
  /** After each page. */
  readonly onProgress: (progress: CopyProgress) => Promise<void>;
};
export type CopyProgress = { readonly table: string; readonly rows: number; readonly of: number };
export type Copied = { readonly tables: number; readonly rows: number };

/** By their keys, in an order in which they can be emptied: taking out a pair counts it off its token. */
const keys: Readonly<Record<string, readonly string[]>> = {
  meta: ["name"],
  tenant: ["tenant"],
  token: ["value", "tenant", "kind"],
  pair: ["organization", "tenant", "value", "kind"],
  contact: ["organization", "tenant", "recipient"],
  journal: ["message_id", "tenant", "party"],
  learnt: ["id"],
  entry: ["key", "tenant", "shape", "id"],
  entry_change: ["number"],
  sighting: ["domain", "tenant", "infrastructure", "via", "day"],
  decision: ["at", "id", "tenant"],
  decision_party: ["party", "at", "id", "tenant"],
  decision_answer: ["hash", "tenant"],
  decision_size: ["day", "kind", "tenant"],
};
/** What each store has for itself. */
const ownTables = new Set(["migrations", "writer"]);
const ownColumns = new Set(["pair.turned"]);

export async function copyBetween(from: MemoryUrl, to: MemoryUrl, options: CopyOptions): Promise<Copied> {
  if (placeOf(from) === placeOf(to)) throw new StoreFault("foreign", `store ${await storeName(from)}: it cannot be copied into itself`);
  const source = await (from.kind === "sqlite" ? sqliteEnd(from.path, "source") : postgresEnd(from.url, "source"));
  try {
    const target = await (to.kind === "sqlite" ? sqliteEnd(to.path, "target") : postgresEnd(to.url, "target"));
    try {
      await prepare(target, await storeName(to), options);
      let rows = 0;
      for (const [table, columns] of sharedTables(source, target)) rows += await copyTable({ source, target, table, columns }, options);
      await target.commit();
      return { tables: Object.keys(keys).length, rows };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function placeOf(url: MemoryUrl): string {
  if (url.kind === "sqlite") return `sqlite ${resolve(url.path)}`;
  const { hostname, port, pathname } = new URL(url.url);
  return `postgres ${hostname} ${port} ${pathname}`;
}

async function prepare(target: CopyEnd, name: string, { replace }: CopyOptions): Promise<void> {
  const tables = Object.keys(keys).filter((table) => table !== "meta");
  if (!replace) {
    for (const table of tables)
      if ((await target.count(table)) > 0)
        throw new StoreFault(
          "foreign",
          `store ${name}: it is not empty (${table}); name another one, or replace what it holds with --replace`,
        );
  }
  for (const table of tables) await target.empty(table);
  await target.empty("meta");
}

/** Throws where a table or a column would be left behind. */
function sharedTables(source: CopyEnd, target: CopyEnd): readonly (readonly [table: string, columns: readonly string[]])[] {
  const unknown = [...source.tables.keys()].filter((table) => !ownTables.has(table) && keys[table] === undefined);
  if (unknown.length > 0)
    throw new StoreFault("newer-schema", `the store has tables that this version does not know: ${unknown.join(", ")}`);
  return Object.keys(keys).map((table) => {
    const columns = source.tables.get(table) ?? [];
    const there = target.tables.get(table) ?? [];
    const shared = columns.filter((column) => there.includes(column));
    const lost = [...columns, ...there].filter((column) => !shared.includes(column) && !ownColumns.has(`${table}.${column}`));
    if (shared.length === 0 || lost.length > 0)
      throw new StoreFault("newer-schema", `the stores differ in table ${table} (${lost.join(", ")})`);
    return [table, shared];
  });
}

type CopyTable = { readonly source: CopyEnd; readonly target: CopyEnd; readonly table: string; readonly columns: readonly string[] };

async function copyTable({ source, target, table, columns }: CopyTable, { onProgress }: CopyOptions): Promise<number> {
  const of = await source.count(table);
  let rows = 0;
  for await (const page of source.pages(table, { columns, key: keys[table] ?? [] })) {
    await target.write(table, columns, page);
    rows += page.length;
    await onProgress({ table, rows, of });
  }
  const there = await target.count(table);
  if (rows !== of || there !== of)
    throw new StoreFault("unexpected", `table ${table} has ${of} rows, ${rows} were read and ${there} written: nothing was copied`);
  return rows;
}

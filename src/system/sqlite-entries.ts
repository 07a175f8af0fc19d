/**
 * The operator's entries on the message path of the embedded store: two statements a message, however many keys it has and however
 * long the lists are. They read the file each time, so what another process has committed counts at once. Throws what SQLite throws.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EntriesQuestion, FoundEntries } from "../memory/entries.ts";
import { entryOf, lookUpSql, type StoredEntry } from "./store-entry-rows.ts";

/** Gives the look-ups on this connection; each statement is counted. */
export function entriesOf(
  db: DatabaseSync,
  counts: { statements: number },
): (question: EntriesQuestion) => Extract<FoundEntries, { status: "known" }> {
  let lookUp: StatementSync | null = null;
  const found = (shape: StoredEntry["shape"], tenant: string, keys: readonly string[]) => {
    if (keys.length === 0) return [];
    lookUp ??= db.prepare(lookUpSql({ shape: "?1", tenant: "?2", keys: "SELECT value FROM json_each(?3)" }));
    counts.statements += 1;
    const rows = lookUp.all(shape, tenant, JSON.stringify(keys)) as unknown as StoredEntry[]; // the columns of lookUpSql
    return rows.flatMap((row) => entryOf(row) ?? []);
  };
  return ({ tenant, pairKeys, listKeys }) => ({
    status: "known",
    pairs: found("pair", tenant, pairKeys).flatMap((one) => (one.shape === "pair" ? one.entry : [])),
    lists: found("list", tenant, listKeys).flatMap((one) => (one.shape === "list" ? one.entry : [])),
    staleSince: null,
  });
}

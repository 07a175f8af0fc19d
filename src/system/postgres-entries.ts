/**
 * The operator's entries on the message path of PostgreSQL: two look-ups down the primary key in one round trip, whatever the number of
 * keys and however long the lists are. They read the database each time, so what another process has committed counts at once.
 */
import type { ClientBase } from "pg";
import type { EntriesQuestion, Entry, FoundEntries } from "../memory/entries.ts";
import { isStorable } from "./postgres-pool.ts";
import { entryOf, type StoredEntry } from "./store-entry-rows.ts";

export type KnownEntries = Extract<FoundEntries, { status: "known" }>;

export async function findEntries(
  client: Pick<ClientBase, "query">,
  { tenant, pairKeys, listKeys }: EntriesQuestion,
): Promise<KnownEntries> {
  const values = [tenant, storable(pairKeys), storable(listKeys)];
  const { rows } = await client.query<StoredEntry>({ name: "entries", text: entriesSql, values });
  return knownEntries(
    rows.flatMap((row) => entryOf(row) ?? []),
    null,
  );
}

/** Each once. */
function storable(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)].filter(isStorable);
}

export function knownEntries(entries: readonly Entry[], staleSince: number | null): KnownEntries {
  return {
    status: "known",
    pairs: entries.flatMap((one) => (one.shape === "pair" ? one.entry : [])),
    lists: entries.flatMap((one) => (one.shape === "list" ? one.entry : [])),
    staleSince,
  };
}

/** Rows are compared as rows, so that the primary key alone serves: of two indexes the planner takes either, while a table is young. */
const entriesSql = ["pair", "list"]
  .map(
    (shape, i) => `SELECT e.shape, e.kind, e.value, e.matched_day FROM unnest($${2 + i}::text[]) AS q (key), LATERAL (
      SELECT shape, kind, value, matched_day FROM entry
      WHERE (key, tenant, shape) >= (q.key, $1, '${shape}') AND (key, tenant, shape) <= (q.key, $1, '${shape}') OFFSET 0) e`,
  )
  .join(" UNION ALL ");

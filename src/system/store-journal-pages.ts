/** What reading, erasing and pruning the journal have in common: the store they work on, and its pages in order of time. */
import { type Kysely, type SelectQueryBuilder, sql, type Transaction } from "kysely";
import type { Fingerprint } from "../memory/teach.ts";
import type { DecisionTable, StoreTables } from "./store-tables.ts";

export type JournalStore = {
  readonly db: Kysely<StoreTables>;
  /** Runs `work` in a transaction; where it cannot, it rejects with a StoreFault. */
  readonly transaction: <T>(work: (transaction: Transaction<StoreTables>) => Promise<T>) => Promise<T>;
  /** What the database throws, as a StoreFault. */
  readonly faultOf: (error: unknown) => Error;
  readonly fingerprint: Fingerprint;
};

export type Place = Pick<DecisionTable, "at" | "id" | "tenant">;

/** Records behind a place in the order of time. */
export function behind<O>(query: SelectQueryBuilder<StoreTables, "decision", O>, after: Place | null): typeof query {
  if (after === null) return query;
  const { at, id, tenant } = after;
  return query.where(sql<boolean>`(at, id, tenant) > (${at}, ${id}, ${tenant})`);
}

export function inOrder<O>(query: SelectQueryBuilder<StoreTables, "decision", O>): typeof query {
  return query.orderBy("at").orderBy("id").orderBy("tenant");
}

export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("hex");
}

/** Lists of one length, the last filled up with its first: a statement is prepared once. */
export function chunksOf<T>(list: readonly T[], length = 256): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / length) }, (_, i) => {
    const chunk = list.slice(i * length, (i + 1) * length);
    const [first] = chunk;
    return first === undefined ? chunk : [...chunk, ...Array.from({ length: length - chunk.length }, () => first)];
  });
}

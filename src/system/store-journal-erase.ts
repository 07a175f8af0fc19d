/**
 * Takes out of the journal whatever names an address: the records that were found by its fingerprint, and the answers of DNS that no other
 * record names, since a question can hold an address too (RFC 7208 §7.2, the macros s and l). Records go at once, page by page; then the
 * journal is read through once for the answers.
 */

import type { Kysely } from "kysely";
import { limits } from "../base/limits.ts";
import { behind, chunksOf, hexOf, inOrder, type JournalStore } from "./store-journal-pages.ts";
import { takeAnswers, takeDecisions } from "./store-journal-prune.ts";
import { splitHashes } from "./store-journal-rows.ts";
import type { DecisionTable, StoreTables } from "./store-tables.ts";

/** Gives how many records. */
export async function eraseParty(store: JournalStore, party: string): Promise<number> {
  let erased = 0;
  for (;;) {
    const left: Orphans = new Map();
    let found = 0;
    // As many records as their answers can be held at once.
    while (left.size < orphansMax) {
      const taken = await store.transaction((db) => takePage(db, party, left));
      if (taken === 0) break;
      found += taken;
    }
    await takeOrphans(store, left);
    erased += found;
    if (found === 0) return erased;
  }
}

/** Answers that nothing may name any more: by tenant and hash. */
type Orphans = Map<string, { readonly tenant: string; readonly hash: Uint8Array }>;
const orphansMax = 100_000;

async function takePage(db: Kysely<StoreTables>, party: string, left: Orphans): Promise<number> {
  const places = await db.selectFrom("decision_party").selectAll().where("party", "=", party).limit(limits.journalPage).execute();
  for (const { at, id, tenant } of places) {
    const rows = await db
      .selectFrom("decision")
      .selectAll()
      .where("at", "=", at)
      .where("id", "=", id)
      .where("tenant", "=", tenant)
      .execute();
    await takeDecisions(db, rows);
    for (const { answers } of rows) for (const hash of splitHashes(answers)) left.set(keyOf(tenant, hash), { tenant, hash });
    // A place without its record, which should not be.
    await db
      .deleteFrom("decision_party")
      .where("party", "=", party)
      .where("at", "=", at)
      .where("id", "=", id)
      .where("tenant", "=", tenant)
      .execute();
  }
  return places.length;
}

async function takeOrphans(store: JournalStore, left: Orphans): Promise<void> {
  let after: DecisionTable | null = null;
  const strike = async (db: Kysely<StoreTables>): Promise<boolean> => {
    const page: readonly DecisionTable[] = await inOrder(behind(db.selectFrom("decision").selectAll(), after))
      .limit(limits.journalPage)
      .execute();
    for (const { tenant, answers } of page) for (const hash of splitHashes(answers)) left.delete(keyOf(tenant, hash));
    after = page.at(-1) ?? after;
    return page.length === limits.journalPage;
  };
  while (left.size > 0 && (await strike(store.db))) {
    // One page after the other.
  }
  for (const orphans of chunksOf([...left.values()])) {
    await store.transaction(async (db) => {
      // What was recorded since.
      while (await strike(db)) {
        // As above; it is little.
      }
      const gone = orphans.filter(({ tenant, hash }) => left.has(keyOf(tenant, hash)));
      if (gone.length === 0) return;
      const hashes = gone.map(({ hash }) => hash);
      const tenants = new Set(gone.map(({ tenant, hash }) => keyOf(tenant, hash)));
      const rows = await db.selectFrom("decision_answer").selectAll().where("hash", "in", hashes).execute();
      await takeAnswers(
        db,
        rows.filter(({ tenant, hash }) => tenants.has(keyOf(tenant, hash))),
      );
    });
  }
}

function keyOf(tenant: string, hash: Uint8Array): string {
  return `${hexOf(hash)} ${tenant}`;
}

/** One step of pruning the journal: the oldest records, as far as they are too old or the journal too large, and answers that nothing names any more. */
import { type Kysely, sql } from "kysely";
import { limits } from "../base/limits.ts";
import { inOrder } from "./store-journal-pages.ts";
import { bytesOfAnswer, bytesOfDecision, dayOfTime, splitParties } from "./store-journal-rows.ts";
import type { DecisionSizeTable, DecisionTable, StoreTables } from "./store-tables.ts";

type Db = Kysely<StoreTables>;

/** In a transaction. Gives what it took out; nothing of either: all is within the bounds. */
export async function pruneStep(
  db: Db,
  bounds: { readonly before: number; readonly bytesMax: number },
): Promise<{ readonly decisions: number; readonly answers: number }> {
  const gone = await tooMany(db, bounds);
  await takeDecisions(db, gone);
  return { decisions: gone.length, answers: await takeUnused(db) };
}

async function tooMany(db: Db, { before, bytesMax }: { before: number; bytesMax: number }): Promise<readonly DecisionTable[]> {
  const { bytes } = await db
    .selectFrom("decision_size")
    .select((of) => of.fn.coalesce(of.fn.sum("bytes"), sql<number>`0`).as("bytes"))
    .executeTakeFirstOrThrow();
  let over = Number(bytes) - bytesMax;
  const [oldest] = await inOrder(db.selectFrom("decision").select("at")).limit(1).execute();
  if (oldest === undefined || (oldest.at >= before && over <= 0)) return [];
  const page = await inOrder(db.selectFrom("decision").selectAll()).limit(limits.journalPruneRecords).execute();
  const gone: DecisionTable[] = [];
  for (const row of page) {
    if (row.at >= before && over <= 0) break;
    over -= bytesOfDecision(row);
    gone.push(row);
  }
  return gone;
}

/** Takes records out, with what finds them, and counts them off. */
export async function takeDecisions(db: Db, rows: readonly DecisionTable[]): Promise<void> {
  for (const row of rows) {
    const { at, id, tenant } = row;
    await db.deleteFrom("decision").where("at", "=", at).where("id", "=", id).where("tenant", "=", tenant).execute();
    for (const party of splitParties(row.parties)) {
      await db
        .deleteFrom("decision_party")
        .where("party", "=", party)
        .where("at", "=", at)
        .where("id", "=", id)
        .where("tenant", "=", tenant)
        .execute();
    }
  }
  await countOff(
    db,
    rows.map((row) => ({ day: dayOfTime(row.at), kind: "decision", tenant: row.tenant, records: 1, bytes: bytesOfDecision(row) })),
  );
}

/** Answers that were last used before the oldest record that is left. */
async function takeUnused(db: Db): Promise<number> {
  const [oldest] = await inOrder(db.selectFrom("decision").select("at")).limit(1).execute();
  let query = db
    .selectFrom("decision_answer")
    .selectAll()
    .orderBy("day")
    .orderBy("hash")
    .orderBy("tenant")
    .limit(limits.journalPruneRecords);
  if (oldest !== undefined) query = query.where("day", "<", dayOfTime(oldest.at));
  const unused = await query.execute();
  await takeAnswers(db, unused);
  return unused.length;
}

export async function takeAnswers(db: Db, rows: readonly StoreTables["decision_answer"][]): Promise<void> {
  for (const { hash, tenant } of rows)
    await db.deleteFrom("decision_answer").where("hash", "=", hash).where("tenant", "=", tenant).execute();
  await countOff(
    db,
    rows.map((row) => ({ day: row.day, kind: "answer", tenant: row.tenant, records: 1, bytes: bytesOfAnswer(row) })),
  );
}

async function countOff(db: Db, changes: readonly DecisionSizeTable[]): Promise<void> {
  const sums = new Map<string, DecisionSizeTable>();
  for (const change of changes) {
    const key = `${change.day} ${change.kind} ${change.tenant}`;
    const known = sums.get(key);
    sums.set(key, { ...change, records: (known?.records ?? 0) + change.records, bytes: (known?.bytes ?? 0) + change.bytes });
  }
  for (const { day, kind, tenant, records, bytes } of sums.values()) {
    await db
      .updateTable("decision_size")
      .set((of) => ({ records: of("records", "-", records), bytes: of("bytes", "-", bytes) }))
      .where("day", "=", day)
      .where("kind", "=", kind)
      .where("tenant", "=", tenant)
      .execute();
  }
  if (sums.size > 0) await db.deleteFrom("decision_size").where("records", "<=", 0).execute();
}

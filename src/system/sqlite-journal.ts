/**
 * The journal of decisions in the embedded store, as its writer keeps it: records go in within the transaction of a batch, what is too old
 * or too much goes in steps between batches. Reading and erasure are store-journal.ts's, on connections of their own.
 */
import type { DatabaseSync } from "node:sqlite";
import { limits } from "../base/limits.ts";
import { inTransaction } from "./sqlite-upserts.ts";
import { bytesOfAnswer, bytesOfDecision, type DecisionRows, dayOfTime, splitParties } from "./store-journal-rows.ts";
import type { DecisionAnswerTable, DecisionSizeTable, DecisionTable } from "./store-tables.ts";

export type JournalWriter = {
  /** Within a transaction. What is there already, because a batch came twice, stays. Gives the number of records. */
  write(rows: readonly DecisionRows[]): number;
  /** One step, in a transaction of its own; false where nothing is left to take out. */
  prune(bounds: { readonly before: number; readonly bytesMax: number }): boolean;
};

export function journalWriterOf(db: DatabaseSync): JournalWriter {
  const statements = statementsOf(db);
  return {
    write: (rows) => write(rows, statements),
    prune: (bounds) => inTransaction(db, () => pruneRecords(bounds, statements) + pruneAnswers(statements) > 0),
  };
}

type Statements = ReturnType<typeof statementsOf>;

function statementsOf(db: DatabaseSync) {
  return {
    decision: db.prepare("INSERT OR IGNORE INTO decision (at, id, tenant, parties, answers, body) VALUES (?, ?, ?, ?, ?, ?)"),
    party: db.prepare("INSERT OR IGNORE INTO decision_party (party, at, id, tenant) VALUES (?, ?, ?, ?)"),
    answerDay: db.prepare("SELECT day, length(body) AS bytes FROM decision_answer WHERE hash = ? AND tenant = ?"),
    answer: db.prepare("INSERT INTO decision_answer (hash, tenant, day, body) VALUES (?, ?, ?, ?)"),
    used: db.prepare("UPDATE decision_answer SET day = ? WHERE hash = ? AND tenant = ?"),
    size: db.prepare(
      `INSERT INTO decision_size (day, kind, tenant, records, bytes) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET records = records + excluded.records, bytes = bytes + excluded.bytes`,
    ),
    sizesGone: db.prepare("DELETE FROM decision_size WHERE records <= 0"),
    bytes: db.prepare("SELECT coalesce(sum(bytes), 0) AS bytes FROM decision_size"),
    oldest: db.prepare(
      `SELECT at, id, tenant, parties, answers, body FROM decision ORDER BY at, id, tenant LIMIT ${limits.journalPruneRecords}`,
    ),
    oldestAt: db.prepare("SELECT at FROM decision ORDER BY at, id, tenant LIMIT 1"),
    takeDecision: db.prepare("DELETE FROM decision WHERE at = ? AND id = ? AND tenant = ?"),
    takeParty: db.prepare("DELETE FROM decision_party WHERE party = ? AND at = ? AND id = ? AND tenant = ?"),
    unused: db.prepare(
      `SELECT hash, tenant, day, body FROM decision_answer WHERE day < ? ORDER BY day, hash, tenant LIMIT ${limits.journalPruneRecords}`,
    ),
    takeAnswer: db.prepare("DELETE FROM decision_answer WHERE hash = ? AND tenant = ?"),
  };
}

function write(rows: readonly DecisionRows[], statements: Statements): number {
  const sizes = openSizes(statements);
  let written = 0;
  for (const { decision, parties, answers } of rows) {
    const { at, id, tenant } = decision;
    if (statements.decision.run(at, id, tenant, decision.parties, decision.answers, decision.body).changes === 0) continue;
    written += 1;
    for (const { party } of parties) statements.party.run(party, at, id, tenant);
    sizes.add({ day: dayOfTime(at), kind: "decision", tenant }, { records: 1, bytes: bytesOfDecision(decision) });
    for (const answer of answers) useAnswer(answer, statements, sizes);
  }
  sizes.write();
  return written;
}

/** Keeps it, or notes that it was used again; an answer counts on the day of its last use. */
function useAnswer(answer: DecisionAnswerTable, statements: Statements, sizes: Sizes): void {
  const { hash, tenant, day, body } = answer;
  const found = statements.answerDay.get(hash, tenant);
  if (found === undefined) {
    statements.answer.run(hash, tenant, day, body);
    sizes.add({ day, kind: "answer", tenant }, { records: 1, bytes: bytesOfAnswer(answer) });
    return;
  }
  const before = Number(found["day"]);
  if (before >= day) return;
  statements.used.run(day, hash, tenant);
  // What is stored counts: it went in by these bytes, and goes out by them.
  const bytes = bytesOfAnswer({ body: { length: Number(found["bytes"]) } });
  sizes.add({ day: before, kind: "answer", tenant }, { records: -1, bytes: -bytes });
  sizes.add({ day, kind: "answer", tenant }, { records: 1, bytes });
}

type Sizes = {
  add(key: Omit<DecisionSizeTable, "records" | "bytes">, change: Pick<DecisionSizeTable, "records" | "bytes">): void;
  write(): void;
};

/** Changes of sizes, summed up first: a batch touches few of them. */
function openSizes({ size }: Statements): Sizes {
  const changes = new Map<string, DecisionSizeTable>();
  return {
    add: ({ day, kind, tenant }, { records, bytes }) => {
      const key = `${day} ${kind} ${tenant}`;
      const known = changes.get(key);
      changes.set(key, { day, kind, tenant, records: (known?.records ?? 0) + records, bytes: (known?.bytes ?? 0) + bytes });
    },
    write: () => {
      for (const { day, kind, tenant, records, bytes } of changes.values()) size.run(day, kind, tenant, records, bytes);
    },
  };
}

/** The oldest records, as far as they are too old or the journal too large. */
function pruneRecords({ before, bytesMax }: { before: number; bytesMax: number }, statements: Statements): number {
  const bytes = Number(statements.bytes.get()?.["bytes"] ?? 0);
  const [oldest] = statements.oldestAt.all();
  if (oldest === undefined || (Number(oldest["at"]) >= before && bytes <= bytesMax)) return 0;
  const sizes = openSizes(statements);
  let over = bytes - bytesMax;
  let taken = 0;
  for (const row of statements.oldest.all() as unknown as readonly DecisionTable[]) {
    if (row.at >= before && over <= 0) break;
    const { at, id, tenant, parties } = row;
    statements.takeDecision.run(at, id, tenant);
    for (const party of splitParties(parties)) statements.takeParty.run(party, at, id, tenant);
    sizes.add({ day: dayOfTime(at), kind: "decision", tenant }, { records: -1, bytes: -bytesOfDecision(row) });
    over -= bytesOfDecision(row);
    taken += 1;
  }
  sizes.write();
  statements.sizesGone.run();
  return taken;
}

/** Answers that were last used before the oldest record that is left: nothing names them. */
function pruneAnswers(statements: Statements): number {
  const oldest = statements.oldestAt.get();
  const day = oldest === undefined ? Number.MAX_SAFE_INTEGER : dayOfTime(Number(oldest["at"]));
  const unused = statements.unused.all(day) as unknown as readonly DecisionAnswerTable[]; // the columns of the statement
  if (unused.length === 0) return 0;
  const sizes = openSizes(statements);
  for (const answer of unused) {
    statements.takeAnswer.run(answer.hash, answer.tenant);
    sizes.add({ day: answer.day, kind: "answer", tenant: answer.tenant }, { records: -1, bytes: -bytesOfAnswer(answer) });
  }
  sizes.write();
  statements.sizesGone.run();
  return unused.length;
}

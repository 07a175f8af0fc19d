/** The journal of decisions in the embedded store: the shared suite, and what its writer does by itself. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { journalWriterOf } from "../../src/system/sqlite-journal.ts";
import { openSqliteJournal } from "../../src/system/sqlite-journal-file.ts";
import { openSqliteMemory } from "../../src/system/sqlite-memory.ts";
import { decisionNumber, seriesStart } from "../decisions.ts";
import { all, journalSuite, type OpenedJournal } from "./store-suite-journal.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-journal-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

async function opened(): Promise<OpenedJournal & { readonly path: string }> {
  const path = join(folder, `${++stores}.db`);
  const memory = await openSqliteMemory(path);
  const journal = openSqliteJournal(path, "change");
  const count = (db: DatabaseSync, table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  const withDb = <T>(work: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(path, { timeout: 2000 });
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  return {
    path,
    memory,
    journal,
    damage: async (id) => withDb((db) => void db.prepare("UPDATE decision SET body = x'01ffff' WHERE id = ?").run(id)),
    rows: async () =>
      withDb((db) => ({
        decisions: count(db, "decision"),
        parties: count(db, "decision_party"),
        answers: count(db, "decision_answer"),
        sizes: count(db, "decision_size"),
      })),
    close: async () => {
      await journal.close();
      await memory.close();
    },
  };
}

journalSuite("SQLite", opened);

test("the writer's own pruning takes a bounded step at a time, and leaves what is within the bounds", async () => {
  const store = await opened();
  try {
    for (let n = 0; n < 1300; n += 1) store.memory.recordDecision(decisionNumber(n));
    await store.memory.flush();
    const db = new DatabaseSync(store.path, { timeout: 2000 });
    const writer = journalWriterOf(db);
    const bounds = { before: seriesStart + 1000 * 60_000, bytesMax: 10 ** 9 };
    const left: number[] = [];
    while (writer.prune(bounds)) left.push((await store.rows()).decisions);
    db.close();
    assert.deepEqual(left, [800, 300]);
    assert.equal((await store.journal.size()).decisions, 300);
    assert.equal(await store.journal.prune(bounds), 0);
  } finally {
    await store.close();
  }
});

test("a reader sees what is recorded while the store is in use", async () => {
  const store = await opened();
  const reader = openSqliteJournal(store.path, "read");
  try {
    store.memory.recordDecision(decisionNumber(1));
    await store.memory.flush();
    assert.equal((await all(reader, { since: 0 })).length, 1);
  } finally {
    await reader.close();
    await store.close();
  }
});

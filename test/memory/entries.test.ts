/** The operator's entries and spoof intelligence on the embedded store: the shared suite, and what is its alone. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { StoreFault } from "../../src/memory/store-fault.ts";
import { openSqliteEntryBook } from "../../src/system/sqlite-entry-book.ts";
import { openSqliteInsight } from "../../src/system/sqlite-insight.ts";
import { openSqliteMemory } from "../../src/system/sqlite-memory.ts";
import { pruningOf } from "../../src/system/sqlite-prune.ts";
import { readMeta } from "../../src/system/sqlite-schema.ts";
import { pairKeyOf } from "../../src/verdict/overrides/pair-keys.ts";
import { all, authorIn, done, entriesSuite, pairEntry, sighting, today } from "./store-suite-entries.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-entries-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function newPath(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

entriesSuite("on disk", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  const [book, insight] = [openSqliteEntryBook(path), openSqliteInsight(path)];
  const close = async (): Promise<void> => {
    await Promise.all([memory.close(), book.close(), insight.close()]);
  };
  return { memory, book, insight, close, statements: () => memory.counts().statements };
});

test("two books on one store, at once with the writer: every change has a number of its own and none is lost", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  const books = [openSqliteEntryBook(path), openSqliteEntryBook(path)];
  const each = 40;
  await Promise.all(
    books.flatMap((book, b) =>
      Array.from({ length: each }, async (_, i) => {
        memory.recordSighting(sighting({ domain: `d${b}-${i}.example` }));
        await done(book.make(pairEntry(`a${b}-${i}.example, x.example`), authorIn("")));
      }),
    ),
  );
  await memory.flush();
  const [book] = books;
  assert.ok(book !== undefined);
  const numbers = (await all(book.changes({ tenant: "" }))).map(({ number }) => number);
  assert.deepEqual([numbers.length, new Set(numbers).size], [2 * each, 2 * each]);
  assert.equal((await all(book.list({ tenant: "" }))).length, 2 * each);
  await Promise.all([...books.map((one) => one.close()), memory.close()]);
});

test("another process's lock is waited for, and not for ever: a fault with what to do, and nothing half there", async () => {
  const path = newPath();
  const book = openSqliteEntryBook(path);
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  setTimeout(() => other.exec("COMMIT"), 200);
  await done(book.make(pairEntry("a.example, x.example"), authorIn("")));
  other.exec("BEGIN IMMEDIATE");
  const startedAt = Date.now();
  await assert.rejects(book.make(pairEntry("b.example, x.example"), authorIn("")), (error) => {
    assert.ok(error instanceof StoreFault && error.code === "locked");
    return /another process holds its lock/.test(error.message);
  });
  assert.ok(Date.now() - startedAt < 2 * limits.storeLockMs);
  assert.equal((await all(book.list({ tenant: "" }))).length, 1, "what is there can be read meanwhile");
  other.exec("COMMIT");
  await done(book.make(pairEntry("b.example, x.example"), authorIn("")));
  await book.close();
  other.close();
});

test("a full disk: the change is refused whole, and the book goes on once there is room", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  await memory.close();
  const book = openSqliteEntryBook(path);
  const note = "x".repeat(400);
  const { id } = await done(book.make(pairEntry("a.example, x.example"), authorIn("")));
  await book.close();
  const small = openSqliteEntryBook(path, { pagesMax: 40 });
  let made = 0;
  await assert.rejects(
    async () => {
      for (; made < 1000; made += 1) await done(small.make(pairEntry(`b${made}.example, x.example`, { note }), authorIn("")));
    },
    (error) => error instanceof StoreFault && error.code === "full",
  );
  assert.equal((await all(small.list({ tenant: "" }))).length, made + 1);
  assert.equal((await all(small.changes({ tenant: "" }))).length, made + 1);
  await small.close();
  const again = openSqliteEntryBook(path);
  await done(again.remove(id, authorIn("")));
  await again.close();
});

test("a tenant has so many entries and no more", async () => {
  const path = newPath();
  const book = openSqliteEntryBook(path);
  const db = new DatabaseSync(path);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${limits.entryPairsMax - 1})
    INSERT INTO entry SELECT 'k' || i, '', 'pair', 'X' || i, 'pair', 'allow', 't' || i, -i, NULL, '{"id":"X"}' FROM n`);
  db.close();
  const last = await done(book.make(pairEntry("a.example, x.example"), authorIn("")));
  assert.deepEqual(await book.make(pairEntry("b.example, x.example"), authorIn("")), { status: "full", max: limits.entryPairsMax });
  await done(book.make(pairEntry("b.example, x.example"), authorIn("other")));
  await done(book.remove(last.id, authorIn("")));
  await done(book.make(pairEntry("b.example, x.example"), authorIn("")));
  await book.close();
});

test("a damaged entry is a fault and no entry less; a kind that a newer version made is passed over", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  const book = openSqliteEntryBook(path);
  const wish = pairEntry("a.example, x.example", { action: "block" });
  await done(book.make(wish, authorIn("")));
  const question = { tenant: "", pairKeys: [pairKeyOf(wish.entry)], listKeys: ["sender x"] };
  const db = new DatabaseSync(path);
  db.exec("INSERT INTO entry VALUES ('sender x', '', 'list', 'L9', 'later', 'allow', 'x', 9, NULL, '{}')");
  const found = await memory.entries(question);
  assert.ok(found.status === "known");
  assert.deepEqual([found.pairs.length, found.lists.length], [1, 0]);
  db.exec("UPDATE entry SET value = '{' WHERE shape = 'pair'");
  assert.deepEqual(await memory.entries(question), { status: "unavailable" });
  assert.match(memory.health().why ?? "", /an entry is damaged/);
  await assert.rejects(all(book.list({ tenant: "" })), (error) => error instanceof StoreFault && error.code === "corrupt");
  db.close();
  await Promise.all([memory.close(), book.close()]);
});

test("views: a store that is not there, or is no store, is a fault with what to do", async () => {
  assert.throws(
    () => openSqliteInsight(newPath()),
    (error) => error instanceof StoreFault && error.code === "cannot-open",
  );
  const path = newPath();
  const foreign = new DatabaseSync(path);
  foreign.exec("CREATE TABLE x (y)");
  foreign.close();
  assert.throws(
    () => openSqliteEntryBook(path),
    (error) => error instanceof StoreFault && error.code === "foreign",
  );
});

test("sightings are forgotten after their days, entries never", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  const book = openSqliteEntryBook(path);
  await done(book.make(pairEntry("a.example, x.example"), authorIn("")));
  const oldest = today - limits.sightingDays;
  for (const day of [oldest - 1, oldest, today]) memory.recordSighting(sighting({ day, domain: `d${day}.example` }));
  await memory.flush();
  await memory.close();
  const db = new DatabaseSync(path);
  db.exec("DELETE FROM meta WHERE name = 'pruned_day'");
  const pruning = pruningOf(db, readMeta(db).decay);
  while (pruning.step(today));
  assert.deepEqual(
    db
      .prepare("SELECT day FROM sighting ORDER BY day")
      .all()
      .map(({ day }) => day),
    [oldest, today],
  );
  db.close();
  assert.equal((await all(book.list({ tenant: "" }))).length, 1);
  await book.close();
});

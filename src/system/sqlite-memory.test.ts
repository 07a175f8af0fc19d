import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { after } from "node:test";
import { limits } from "../base/limits.ts";
import { inCoreMemory } from "../memory/in-core.ts";
import type { Memory } from "../memory/memory.ts";
import type { History, HistoryQuestion, Lesson, Token } from "../verdict/history.ts";
import { keyedFingerprint } from "./sqlite-file.ts";
import { migrateStore } from "./sqlite-maintenance.ts";
import { openSqliteMemory, openSqliteReading, type SqliteMemory } from "./sqlite-memory.ts";
import { pruningOf } from "./sqlite-prune.ts";
import { migrate, migrations, readMeta } from "./sqlite-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;
function newPath(): string {
  stores += 1;
  return join(folder, `${stores}.db`);
}

const day = 20_700;
const prefix: Token = { kind: "prefix", value: "192.0.2.0/24" };

function lesson(given: Partial<Lesson> = {}): Lesson {
  return {
    ...{ tenant: "", day, organization: "contoso.com", kind: "authenticated", signed: true, failed: false, answered: false },
    ...{ tokens: [{ kind: "dkim", value: "contoso.com" }, prefix], carriers: [], carrier: null, recipients: ["ada@fabrikam.com"] },
    ...given,
  };
}

function question(given: Partial<HistoryQuestion> = {}): HistoryQuestion {
  return {
    ...{ tenant: "", day, organization: "contoso.com", carrier: null, recipients: ["ada@fabrikam.com"], returned: null, references: [] },
    tokens: [{ kind: "dkim", value: "contoso.com" }, prefix],
    ...given,
  };
}

/** Waits until `done`, at most 15 seconds. */
async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain: ${what}`);
}

async function authenticatedIn(memory: Memory): Promise<number | "unavailable"> {
  const history = await memory.history(question());
  return history.status === "known" ? history.from.authenticated : history.status;
}

/** The same mixed events for two stores. */
function teach(memory: Memory): void {
  const pick = <T>(list: readonly [T, ...T[]], i: number): T => list[i % list.length] ?? list[0];
  for (let i = 0; i < 400; i += 1) {
    const organization = pick(["contoso.com", "adatum.example", "margies.example"], i);
    const own: Token = { kind: "dkim", value: organization };
    const helo: Token = { kind: "helo", value: `mail${i % 7}.${organization}` };
    memory.record(
      lesson({
        ...{ organization, day: day - (i % 50), kind: pick(["authenticated", "unauthenticated", "seen"], i >> 2) },
        ...{ signed: i % 2 === 0, failed: i % 11 === 0, answered: i % 5 === 0, tokens: [own, prefix, helo] },
        ...{ carriers: i % 13 === 0 ? [{ kind: "spf", value: "lists.example" }] : [], carrier: i % 13 === 0 ? "lists.example" : null },
        recipients: [`user${i % 6}@fabrikam.com`, "Ada@Fabrikam.com"],
      }),
    );
  }
  memory.recordWord({ tenant: "", day, organization: "contoso.com", token: prefix, word: "complaint" });
  memory.recordWord({ tenant: "", day, organization: "contoso.com", token: prefix, word: "confirmed" });
  memory.recordSent({ tenant: "", day, sender: "ada@fabrikam.com", messageId: "<1@fabrikam.com>", recipients: ["x@mail.contoso.com"] });
  memory.record(lesson({ tenant: "other" }));
}

const questions: readonly HistoryQuestion[] = [
  question(),
  question({ day: day + 40, recipients: ["user1@fabrikam.com", "nobody@fabrikam.com"] }),
  question({ organization: "adatum.example", carrier: "lists.example", tokens: [prefix, { kind: "spf", value: "lists.example" }] }),
  question({ organization: "unknown.example", recipients: [], tokens: [] }),
  question({ organization: null, tokens: [prefix] }),
  question({ tenant: "other" }),
  question({ tenant: "nobody" }),
  question({ returned: "1@fabrikam.com", references: ["<1@fabrikam.com>", "2@else.example"] }),
  question({ organization: "adatum.example", returned: "<9@else.example>", references: ["1@fabrikam.com"] }),
  question({
    returned: "1@fabrikam.com",
    recipients: Array.from({ length: 20 }, (_, i) => `user${i}@fabrikam.com`),
    carrier: "lists.example",
  }),
  question({
    recipients: [...Array.from({ length: 20 }, (_, i) => `user${i}@fabrikam.com`), "ada@fabrikam.com"],
    references: ["1@fabrikam.com"],
  }),
  question({ tokens: Array.from({ length: 16 }, (_, i) => ({ kind: "helo", value: `mail${i}.contoso.com` })) }),
];

test("store: says the same as the store in memory, of everything", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  // Each store has a key of its own, and with it its own coincidences among recipients.
  const db = new DatabaseSync(path, { readOnly: true });
  const known = inCoreMemory({ fingerprint: keyedFingerprint(readMeta(db).key) });
  db.close();
  teach(memory);
  teach(known);
  await memory.flush();
  for (const asked of questions) assert.deepEqual(await memory.history(asked), known.recall(asked), JSON.stringify(asked));
  await memory.close();
});

test("store: one statement a message, two for more than four recipients; recording is batched and merged", async () => {
  const memory = await openSqliteMemory(newPath());
  teach(memory);
  await memory.flush();
  const { batches, rowsWritten, statements } = memory.counts();
  assert.equal(statements, 0);
  assert.ok(batches <= 2, `${batches} batches for 404 events`);
  assert.ok(rowsWritten < 150, `${rowsWritten} rows`);
  for (const asked of questions.slice(0, 9)) await memory.history(asked);
  assert.equal(memory.counts().statements, 9);
  await memory.history(question({ recipients: Array.from({ length: 20 }, (_, i) => `user${i}@fabrikam.com`) }));
  assert.equal(memory.counts().statements, 11);
  await memory.close();
});

test("store: the file is its owner's alone, as are its log and its backup; addresses and Message-IDs are not in it", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  teach(memory);
  await memory.backupTo(`${path}.copy`);
  for (const name of [path, `${path}-wal`, `${path}.copy`]) assert.equal(statSync(name).mode & 0o777, 0o600, name);
  await memory.close();
  const text = serialized(path);
  assert.ok(text.includes("contoso"));
  for (const secret of ["fabrikam", "ada@", "user1"]) assert.ok(!text.includes(secret), secret);
});

function serialized(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true });
  const text = Buffer.from(db.serialize()).toString("latin1").toLowerCase();
  db.close();
  return text;
}

test("store: a backup of a store in use is whole, and knows what had been recorded", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  memory.record(lesson());
  await memory.backupTo(`${path}.copy`);
  memory.record(lesson());
  await memory.close();
  const copy = await openSqliteMemory(`${path}.copy`);
  assert.equal(await authenticatedIn(copy), 1);
  await copy.close();
  await assert.rejects(copy.backupTo(join(folder, "no", "such", "folder")), /cannot write the backup/);
});

test("store: what was recorded is there after closing and opening again", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  memory.record(lesson());
  await memory.close();
  assert.deepEqual(memory.health(), { status: "ok", why: null, waiting: 0, dropped: 0 });
  const again = await openSqliteMemory(path);
  assert.equal(await authenticatedIn(again), 1);
  await again.close();
  assert.equal(await authenticatedIn(again), "unavailable");
});

test("store: several writers share a file; nothing is lost and organizations stay exact", async () => {
  const path = newPath();
  const [a, b] = [await openSqliteMemory(path), await openSqliteMemory(path)];
  for (let i = 0; i < 60; i += 1) {
    a.record(lesson({ organization: `sender${i % 30}.example` }));
    b.record(lesson({ organization: `sender${i % 40}.example`, failed: i % 40 === 7 }));
    if (i % 20 === 0) await Promise.all([a.flush(), b.flush()]);
  }
  await Promise.all([a.flush(), b.flush()]);
  const history = await a.history(question({ tokens: [prefix] }));
  assert.ok(history.status === "known");
  const [token] = history.tokens;
  assert.deepEqual([token?.organizations, token?.messages, token?.failedOrganizations, history.messages], [40, 120, 1, 120]);
  await Promise.all([a.close(), b.close()]);
});

test("store: the reading side alone answers in another thread's stead and hands lessons on", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  const handed: Lesson[] = [];
  const nothing = (): void => {};
  const reading = openSqliteReading(path, {
    record: (each) => handed.push(each),
    ...{ recordSent: nothing, recordDecision: nothing, recordSighting: nothing, recordMatched: nothing },
  });
  memory.record(lesson());
  await memory.flush();
  reading.record(lesson());
  assert.equal(await authenticatedIn(reading), 1);
  assert.equal(handed.length, 1);
  await reading.close();
  await memory.close();
});

test("schema: a store of every older version is migrated with what is in it", async () => {
  for (let version = 1; version < migrations.length; version += 1) {
    const path = newPath();
    const old = new DatabaseSync(path);
    assert.equal(migrate(old, 0, migrations.slice(0, version)), 0);
    old.exec("INSERT INTO tenant VALUES ('', 8)");
    old.close();
    assert.deepEqual(migrateStore(path, 0), { from: version, to: migrations.length });
    assert.deepEqual(migrateStore(path, 0), { from: migrations.length, to: migrations.length });
    const memory = await openSqliteMemory(path);
    const history = await memory.history(question());
    assert.ok(history.status === "known" && history.messages > 0);
    await memory.close();
  }
});

test("schema: a newer store and a database of another program are refused, and left as they are", async () => {
  const newer = newPath();
  migrateStore(newer, 0);
  const db = new DatabaseSync(newer);
  db.exec("INSERT INTO migrations VALUES (1000, 'of the future', '')");
  db.close();
  const foreign = newPath();
  const other = new DatabaseSync(foreign);
  other.exec("CREATE TABLE theirs (x)");
  other.close();
  for (const [path, code, word] of [
    [newer, "newer-schema", /schema version 1000, this Assay knows/],
    [foreign, "foreign", /another program/],
  ] as const) {
    const before = serialized(path);
    const memory = await openSqliteMemory(path);
    assert.equal(await authenticatedIn(memory), "unavailable");
    assert.equal(memory.fault()?.code, code);
    assert.match(memory.health().why ?? "", word);
    await memory.close();
    assert.ok(serialized(path) === before, `${code}: the file has changed`);
  }
});

const locker = `
const { DatabaseSync } = require("node:sqlite");
const db = new DatabaseSync(process.argv[1]);
db.exec(process.argv[2]);
process.stdout.write("locked");
setTimeout(() => {}, 60000);`;

/** Another process that holds a lock; gives what lets go of it. */
async function lockedBy(path: string, sql: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ["-e", locker, path, sql], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return () => {
    child.kill("SIGKILL");
    return gone;
  };
}

test("fault: a store that another process has locked is unavailable; mail goes on, and the store comes by itself", async () => {
  const path = newPath();
  migrateStore(path, 0);
  const release = await lockedBy(path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; INSERT INTO tenant VALUES ('x', 1)");
  const memory = await openSqliteMemory(path);
  assert.equal(await authenticatedIn(memory), "unavailable");
  memory.record(lesson());
  const health = memory.health();
  assert.deepEqual([health.status, health.waiting, health.dropped], ["degraded", 1, 0]);
  assert.match(health.why ?? "", /another process holds its lock/);
  await release();
  await until(async () => (await authenticatedIn(memory)) === 1, "the lesson is written");
  await until(() => memory.health().status === "ok", "health is ok again");
  await memory.close();
});

test("fault: a lock that comes later stops writing alone; nothing is lost", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  memory.record(lesson());
  await memory.flush();
  const release = await lockedBy(path, "BEGIN EXCLUSIVE");
  memory.record(lesson());
  await until(() => memory.fault()?.code === "locked", "the lock is noticed");
  assert.equal(await authenticatedIn(memory), 1);
  await release();
  await memory.flush();
  assert.equal(await authenticatedIn(memory), 2);
  assert.equal(memory.health().status, "ok");
  await memory.close();
});

test("fault: a full disk stops writing, says so, and loses nothing that still waits once there is room", async () => {
  const path = newPath();
  const small = await openSqliteMemory(path, { pagesMax: 40 });
  small.record(lesson());
  await small.flush();
  const many = Array.from({ length: 900 }, (_, i) => lesson({ organization: `sender${i}.example`, recipients: [`user${i}@fabrikam.com`] }));
  for (const each of many) small.record(each);
  await until(() => small.fault()?.code === "full", "the full disk is noticed");
  assert.match(small.health().why ?? "", /disk is full: free some space/);
  assert.equal(small.health().waiting, 900);
  assert.equal(await authenticatedIn(small), 1);
  await small.close();
  assert.equal(small.health().waiting, 900);
});

test("fault: where there is no room for a store at all, history is unavailable", async () => {
  const memory = await openSqliteMemory(newPath(), { pagesMax: 2 });
  assert.equal(await authenticatedIn(memory), "unavailable");
  assert.equal(memory.fault()?.code, "full");
  await memory.close();
});

test("fault: a damaged file is unavailable, and the store goes on when a sound one is put in its place", async () => {
  const path = newPath();
  migrateStore(path, 0);
  copyFileSync(path, `${path}.sound`);
  writeFileSync(path, "this is no database at all, whatever its name says");
  const memory = await openSqliteMemory(path);
  assert.equal(await authenticatedIn(memory), "unavailable");
  assert.equal(memory.fault()?.code, "corrupt");
  assert.match(memory.health().why ?? "", /damaged/);
  memory.record(lesson());
  copyFileSync(`${path}.sound`, path);
  await until(async () => (await authenticatedIn(memory)) === 1, "the store is back");
  await memory.close();
});

test("fault: damage within a store that is open is an answer, not an exception", async () => {
  const path = newPath();
  const writer = await openSqliteMemory(path);
  teach(writer);
  await writer.close();
  truncateSync(path, 4096 * 3);
  const memory = await openSqliteMemory(path);
  for (const asked of questions) assert.ok(["known", "unavailable"].includes((await memory.history(asked)).status));
  await memory.close();
});

test("fault: a folder that is not there, or that may not be written, is unavailable", { skip: rootSkips() }, async () => {
  const closed = mkdtempSync(join(folder, "closed-"));
  chmodSync(closed, 0o500);
  for (const path of [join(folder, "no", "such.db"), join(closed, "a.db")]) {
    const memory = await openSqliteMemory(path);
    assert.equal(await authenticatedIn(memory), "unavailable");
    assert.equal(memory.fault()?.code, "cannot-open");
    await memory.close();
  }
});

function rootSkips(): string | false {
  return process.getuid?.() === 0 ? "root may write everywhere" : false;
}

test("queue: bounded; the oldest are dropped and counted, and the newest are kept", async () => {
  const path = newPath();
  const release = await lockedBy(path, "BEGIN EXCLUSIVE");
  const memory = await openSqliteMemory(path);
  const over = 500;
  for (let i = 0; i < limits.storeQueueMax + over; i += 1)
    memory.record(lesson({ organization: i < over ? "old.example" : "contoso.com" }));
  assert.deepEqual([memory.health().waiting, memory.health().dropped], [limits.storeQueueMax, over]);
  await release();
  await memory.flush();
  assert.equal(await authenticatedIn(memory), limits.storeQueueMax);
  const old: History = await memory.history(question({ organization: "old.example" }));
  assert.ok(old.status === "known" && old.from.authenticated === 0);
  await memory.close();
});

test("queue: closing ends soon where nothing can be written, and says what was lost", async () => {
  const path = newPath();
  const release = await lockedBy(path, "BEGIN EXCLUSIVE");
  const memory: SqliteMemory = await openSqliteMemory(path);
  memory.record(lesson());
  await memory.close();
  assert.equal(memory.health().waiting, 1);
  await release();
});

test("pruning: in steps, each row that has faded, and its token is told; the rest stays", async () => {
  const path = newPath();
  const memory = await openSqliteMemory(path);
  const known = inCoreMemory();
  const far = day + 200;
  for (const each of [memory, known]) {
    for (let i = 0; i < 50; i += 1)
      each.record(lesson({ organization: `old${i}.example`, failed: i < 5, recipients: [`user${i}@fabrikam.com`] }));
    each.recordSent({ tenant: "", day, sender: "ada@fabrikam.com", messageId: "1@fabrikam.com", recipients: ["x@contoso.com"] });
    for (let i = 0; i < 5; i += 1) each.record(lesson({ day: far, organization: `new${i}.example` }));
  }
  await memory.close();
  const db = new DatabaseSync(path);
  const pruning = pruningOf(db, readMeta(db).decay, 7);
  let steps = 0;
  while (pruning.step(far)) steps += 1;
  assert.ok(steps > 10, `${steps} steps`);
  assert.equal(pruning.step(far), false);
  const count = (table: string): number => Number(Object.values(db.prepare(`SELECT count(*) FROM ${table}`).get() ?? {})[0]);
  assert.deepEqual(["pair", "token", "contact", "journal"].map(count), [15, 2, 5, 0]);
  assert.deepEqual(
    { ...db.prepare("SELECT organizations, failed_organizations FROM token WHERE kind = 'prefix'").get() },
    { organizations: 5, failed_organizations: 0 },
  );
  db.close();
});

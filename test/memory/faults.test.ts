/**
 * What may happen to the store's file, and what is promised whatever it is: a history comes at once, known or unavailable; recording
 * returns at once; health() says what is wrong and what to do; and when the cause has gone, the store goes on by itself and has all that
 * was recorded meanwhile.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { accessSync, chmodSync, chownSync, closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../src/base/limits.ts";
import { migrateStore } from "../../src/system/sqlite-maintenance.ts";
import { openSqliteMemory, type SqliteMemory, type SqliteOptions } from "../../src/system/sqlite-memory.ts";
import type { HistoryQuestion, Lesson } from "../../src/verdict/history.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-faults-"));
after(() => {
  if (typeof small !== "string") spawnSync("umount", [small.disk]);
  rmSync(folder, { recursive: true, force: true });
});

const day = 20_700;
const nobody = 65_534;

function lesson(organization: string, given: Partial<Lesson> = {}): Lesson {
  return {
    ...{ tenant: "", day, organization, kind: "authenticated", signed: true, failed: false, answered: false, recipients: [] },
    ...{ tokens: [{ kind: "dkim", value: organization }], carriers: [], carrier: null },
    ...given,
  };
}

function question(organization: string): HistoryQuestion {
  const tokens = [{ kind: "dkim", value: organization }] as const;
  return { tenant: "", day, organization, carrier: null, tokens, recipients: [], returned: null, references: [] };
}

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) if (await done()) return;
  assert.fail(`waited in vain: ${what}`);
}

/** How often the organization's mail is in the store. */
async function seen(memory: SqliteMemory, organization: string): Promise<number | "unavailable"> {
  const history = await memory.history(question(organization));
  return history.status === "known" ? history.from.authenticated : history.status;
}

type Fault = {
  readonly name: string;
  readonly options?: SqliteOptions;
  /** Brings a store about that has the fault, or will have it once it is open. Gives what takes the cause away. */
  readonly bring: (path: string) => (() => void) | { readonly once: (memory: SqliteMemory) => Promise<() => void> };
  readonly code: string;
  readonly why: RegExp;
  readonly history: "known" | "unavailable";
};

const faults: readonly Fault[] = [
  {
    name: "a file that another process holds locked when the store opens",
    bring: (path) => locked(path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; INSERT INTO tenant VALUES ('x', 1)"),
    ...{ code: "locked", why: /database is locked; another process holds its lock: end what works on the file/, history: "unavailable" },
  },
  {
    name: "a file that another process locks later, against writers",
    bring: (path) => ({ once: () => Promise.resolve(locked(path, "BEGIN IMMEDIATE")) }),
    ...{ code: "locked", why: /another process holds its lock/, history: "known" },
  },
  {
    name: "a disk that is full",
    options: { pagesMax: 40 },
    bring: (path) => ({ once: (memory) => filled(memory, path) }),
    ...{ code: "full", why: /the disk is full: free some space/, history: "known" },
  },
  {
    name: "a file that is overwritten with something else",
    bring: (path) => {
      copyFileSync(path, `${path}.sound`);
      overwrite(path, { at: 0, octets: 8192 });
      return () => copyFileSync(`${path}.sound`, path);
    },
    ...{
      code: "corrupt",
      why: /the file is damaged, or no store at all: put a backup in its place while Assay is stopped/,
      history: "unavailable",
    },
  },
  {
    name: "a file whose pages are damaged behind a sound beginning",
    bring: (path) => {
      copyFileSync(path, `${path}.sound`);
      overwrite(path, { at: 4096, octets: 4096 * 40 });
      return () => copyFileSync(`${path}.sound`, path);
    },
    ...{ code: "corrupt", why: /the file is damaged/, history: "unavailable" },
  },
  {
    name: "a store that a newer version has written",
    bring: (path) => {
      change(path, "INSERT INTO migrations VALUES (1000, 'of the future', '')");
      return () => change(path, "DELETE FROM migrations WHERE version = 1000");
    },
    ...{
      code: "newer-schema",
      why: /schema version 1000, this Assay knows \d+; .*install that version, or restore a backup/,
      history: "unavailable",
    },
  },
  {
    name: "a database of another program",
    bring: (path) => {
      rmSync(path);
      change(path, "CREATE TABLE theirs (x)");
      return () => rmSync(path);
    },
    ...{ code: "foreign", why: /a database of another program; name another file in memory\.url/, history: "unavailable" },
  },
  {
    name: "a folder that is not there",
    bring: (path) => {
      rmSync(join(path, ".."), { recursive: true });
      return () => void mkdirSync(join(path, ".."));
    },
    ...{ code: "cannot-open", why: /look at the path, its folder and their permissions/, history: "unavailable" },
  },
];

describe("faults: mail goes on, health() says why and what to do, and the store recovers by itself", { concurrency: true }, () => {
  for (const fault of faults) test(fault.name, () => assertEndured(fault));
  test("a batch that is tried again counts once against its source's share of new rows", assertShared);
});

test("fault: a folder that may not be written", { skip: skipAsRoot() }, () =>
  asNobody(() =>
    assertEndured({
      name: "read-only",
      bring: (path) => {
        chmodSync(path, 0o400);
        chmodSync(join(path, ".."), 0o500);
        return () => {
          chmodSync(join(path, ".."), 0o700);
          chmodSync(path, 0o600);
        };
      },
      ...{ code: "cannot-open", why: /look at the path, its folder and their permissions/, history: "unavailable" },
    }),
  ),
);

async function assertEndured({ name, options, bring, code, why, history }: Fault): Promise<void> {
  const path = join(mkdtempSync(join(folder, "fault-")), "assay.db");
  migrateStore(path, 0);
  const brought = bring(path);
  const memory = await openSqliteMemory(path, options);
  const release = typeof brought === "function" ? brought : await brought.once(memory);
  memory.record(lesson("contoso.com"));
  await until(() => memory.fault()?.code === code, `${name}: ${code}`);
  const before = memory.health().waiting;
  const startedAt = performance.now();
  for (let i = 0; i < 5; i += 1) memory.record(lesson("contoso.com"));
  const answers = await Promise.all(Array.from({ length: 20 }, () => memory.history(question("contoso.com"))));
  assert.ok(performance.now() - startedAt < limits.historyReadMs, "mail waited for the store");
  assert.ok(answers.every(({ status }) => status === history));
  const health = memory.health();
  assert.deepEqual([health.status, health.waiting, health.dropped], ["degraded", before + 5, 0]);
  assert.match(health.why ?? "", why);
  assert.ok(health.why?.includes(path));
  release();
  await memory.flush();
  await until(async () => (await seen(memory, "contoso.com")) === 6, `${name}: what was recorded is there`);
  assert.deepEqual(memory.health(), { status: "ok", why: null, waiting: 0, dropped: 0 });
  await memory.close();
}

async function assertShared(): Promise<void> {
  const path = join(folder, "share.db");
  const memory = await openSqliteMemory(path);
  const release = locked(path, "BEGIN IMMEDIATE");
  const mail = Array.from({ length: limits.historySourceUnauthenticatedPerDay }, (_, i) => `sender${i}.example`);
  for (const organization of mail) memory.record(lesson(organization, { kind: "unauthenticated", signed: false }));
  await until(() => memory.fault()?.code === "locked", "the lock is noticed");
  release();
  await memory.flush();
  const histories = await Promise.all(mail.map((organization) => memory.history(question(organization))));
  assert.ok(histories.every((history) => history.status === "known" && history.from.unauthenticated === 1));
  await memory.close();
}

function locked(path: string, sql: string): () => void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  return () => db.close();
}

function change(path: string, sql: string): void {
  locked(path, sql)();
}

function overwrite(path: string, { at, octets }: { readonly at: number; readonly octets: number }): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(octets, "not a page of a database "), 0, octets, at);
  closeSync(file);
}

/** Records until the disk is full. What takes the cause away makes room. */
async function filled(memory: SqliteMemory, path: string): Promise<() => void> {
  for (let i = 0; memory.fault() === null; i += 1) {
    for (let j = 0; j < 10; j += 1) memory.record(lesson(`sender${i}-${j}.example`));
    await Promise.race([memory.flush(), until(() => memory.fault() !== null, "the disk is full")]);
  }
  return () => change(path, "DELETE FROM pair WHERE kind <> ''; DELETE FROM token");
}

const small = smallDisk();

test("full disk: a real one, of 2 MB; it is said before it is full", { skip: typeof small === "string" && small }, async () => {
  assert.ok(typeof small !== "string");
  const { disk } = small;
  const memory = await openSqliteMemory(join(disk, "assay.db"));
  assert.match(memory.health().why ?? "", /[12] MB are free on its disk, less than 64 MB: free some space before it is full/);
  memory.record(lesson("contoso.com"));
  await memory.flush();
  const ballast = openSync(join(disk, "ballast"), "w");
  assert.throws(() => {
    for (;;) writeSync(ballast, Buffer.alloc(4096));
  }, /ENOSPC/);
  for (let i = 0; i < 100; i += 1) memory.record(lesson(`sender${i}.example`));
  await until(() => memory.health().waiting === 100 && memory.fault() !== null, "the full disk is noticed");
  assert.ok(["full", "io"].includes(memory.fault()?.code ?? ""), memory.fault()?.code);
  assert.match(memory.health().why ?? "", /full/);
  assert.ok([1, "unavailable"].includes(await seen(memory, "contoso.com")));
  closeSync(ballast);
  rmSync(join(disk, "ballast"));
  await memory.flush();
  await until(async () => (await seen(memory, "sender99.example")) === 1, "what was recorded is there");
  await memory.close();
});

/** Root may write everywhere: as root, the work is done with another user's rights. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  chownSync(folder, nobody, nobody);
  process.seteuid?.(nobody);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

function skipAsRoot(): string | false {
  if (process.geteuid?.() !== 0) return false;
  process.seteuid?.(nobody);
  try {
    accessSync(new URL("../../src/system/sqlite-writer.ts", import.meta.url));
    return false;
  } catch {
    return "root may write everywhere, and another user may not read these files";
  } finally {
    process.seteuid?.(0);
  }
}

/** Mounts a disk of 2 MB; a text says why not. */
function smallDisk(): { readonly disk: string } | string {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
  if (status !== 0) return "needs the right to mount a small disk";
  return { disk };
}

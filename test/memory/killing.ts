/**
 * Kills a process that records, again and again, at points that a seed chooses, and looks at what is left each time: the file opens
 * and is whole (PRAGMA integrity_check), what was acknowledged is there, and what is there is exactly the
 * first so many events, as the store in memory counts them. SIGKILL leaves the system's page cache: a power cut is not tested here.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inCoreMemory } from "../../src/memory/in-core.ts";
import { openSqliteReader } from "../../src/system/sqlite-reader.ts";
import { migrations } from "../../src/system/sqlite-schema.ts";
import type { HistoryQuestion, KnownHistory } from "../../src/verdict/history.ts";
import { isLesson, isSent, questionsOf, recordEvent, seeded, tenantOf, weight } from "./recording.ts";

const recorder = fileURLToPath(new URL("recorder.ts", import.meta.url));
const store = new URL("../../src/system/sqlite-memory.ts", import.meta.url).href;

export type Kills = {
  readonly kills: number;
  /** Killed before the store was open, and with events recorded that nobody had acknowledged but that were written. */
  readonly early: number;
  readonly ahead: number;
  readonly events: number;
};

/** What is killed on, and how it is looked at afterwards. */
export type KilledStores = {
  /** What the recorder is given: a path, or a URL. */
  open(folder: string, store: number): Promise<string>;
  /** How many events of a run the store holds; at least those that were acknowledged. Throws where it is not whole. */
  eventsIn(place: string, run: number, acknowledged: number): Promise<number>;
  /** Asks the store; null where it is not made yet. */
  asking(place: string): Promise<{ history(question: HistoryQuestion): Promise<KnownHistory>; close(): Promise<void> } | null>;
};

/** Kills `times` processes, some in a row on each of several stores; throws where a store is not what it must be. */
export async function killRecorders(times: number, seed: number, stores: KilledStores = files): Promise<Kills> {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), "assay-kill-"));
  const sum = { kills: 0, early: 0, ahead: 0, events: 0 };
  try {
    const cache = compiled(folder);
    for (let store = 0; sum.kills < times; store += 1) {
      const path = await stores.open(folder, store);
      const told: Told[] = [];
      for (let left = Math.min(times - sum.kills, 1 + Math.floor(random() * 12)); left > 0; left -= 1) {
        const acknowledged = await killed({ path, run: told.length, cache }, random);
        const events = await stores.eventsIn(path, told.length, acknowledged ?? 0);
        told.push(toldBy(told.length, events));
        await assertTold(await stores.asking(path), told);
        sum.kills += 1;
        sum.early += acknowledged === null ? 1 : 0;
        sum.ahead += events > (acknowledged ?? 0) ? 1 : 0;
        sum.events += events;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return sum;
}

const files: KilledStores = {
  open: (folder, store) => Promise.resolve(join(folder, `${store}.db`)),
  eventsIn: async (path, run, acknowledged) => eventsIn(path, run, acknowledged),
  asking: async (path) => {
    if (!isMade(path)) return null;
    const reader = openSqliteReader(path);
    return { history: async (question) => reader.history(question), close: async () => reader.close() };
  },
};

/** A cache of the compiled modules, so that a process is recording soon after it starts. Gives its folder. */
function compiled(folder: string): string {
  const cache = join(folder, "compiled");
  const script = `import { openSqliteMemory } from ${JSON.stringify(store)}; await (await openSqliteMemory(${JSON.stringify(join(folder, "first.db"))})).close();`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return cache;
}

type Recording = { readonly path: string; readonly run: number; readonly cache: string };

/** Starts a process on the store and kills it. Gives the number of events it had acknowledged; null where it had not opened the store. */
async function killed({ path, run, cache }: Recording, random: () => number): Promise<number | null> {
  const atStart = random() < 0.2;
  // Some are killed while a batch is written and the word of it is on its way.
  const onLate = !atStart && random() < 0.2;
  const lines = atStart ? 0 : 1 + Math.floor(random() * 8);
  const pauseMs = random() * (atStart ? 250 : 6);
  const seed = Math.floor(random() * 2 ** 31);
  const child = spawn(process.execPath, [recorder, path, String(run), String(seed)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  let [out, trouble] = ["", ""];
  const { promise: reached, resolve: isReached } = Promise.withResolvers<void>();
  const { promise: ended, resolve: hasEnded } = Promise.withResolvers<NodeJS.Signals | null>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    if (out.split("\n").length > lines && (!onLate || out.endsWith("late\n"))) isReached();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    trouble += text;
  });
  child.on("close", (_, signal) => {
    isReached();
    hasEnded(signal);
  });
  if (!atStart) await reached;
  if (!onLate) await sleep(pauseMs);
  child.kill("SIGKILL");
  assert.equal(await ended, "SIGKILL", `the recorder ended by itself: ${trouble}`);
  // A line that was cut off acknowledges nothing.
  const [last = null] = out
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== "late")
    .slice(-1);
  return last === null ? null : Number(last);
}

/** How many events of a run the store holds, by its simplest counts; at least those that were acknowledged. */
function eventsIn(path: string, run: number, acknowledged: number): number {
  const db = new DatabaseSync(path);
  try {
    const number = (sql: string, ...values: readonly SQLInputValue[]): number =>
      Number(Object.values(db.prepare(sql).get(...values) ?? {})[0] ?? 0);
    assert.deepEqual(Object.values(db.prepare("PRAGMA integrity_check").get() ?? {}), ["ok"]);
    if (number("SELECT count(*) FROM sqlite_schema WHERE name = 'learnt'") === 0) {
      assertMigrations(number);
      assert.equal(acknowledged, 0);
      return 0;
    }
    assertCounters(db);
    const lessons = number("SELECT messages FROM tenant WHERE tenant = ?", tenantOf(run)) / weight;
    const sent = number("SELECT count(DISTINCT message_id) FROM journal WHERE tenant = ?", tenantOf(run));
    const words = number("SELECT total(authenticated + complaints) FROM pair WHERE tenant = ? AND kind = 'prefix'", tenantOf(run)) / weight;
    return eventsOf({ lessons, sent, words }, acknowledged);
  } finally {
    db.close();
  }
}

/** Killed while the store was made: each migration is there wholly or not at all. */
function assertMigrations(number: (sql: string, ...values: readonly SQLInputValue[]) => number): void {
  const has = (name: string): number => number("SELECT count(*) FROM sqlite_schema WHERE name = ?", name);
  const version = has("migrations") === 0 ? 0 : number("SELECT coalesce(max(version), 0) FROM migrations");
  const [one, two] = [version >= 1 ? 1 : 0, version >= 2 ? 1 : 0];
  assert.deepEqual(["meta", "tenant", "token", "pair", "pair_is_gone", "contact", "journal"].map(has), [one, one, one, one, one, two, two]);
  assert.equal(has("meta") === 0 ? 0 : number("SELECT count(*) FROM meta"), 3 * one);
}

/** The number of events, from the first on, that has these sums; there is one, and it is not below what was acknowledged. */
export function eventsOf(sums: { readonly lessons: number; readonly sent: number; readonly words: number }, acknowledged: number): number {
  let [events, lessons, sent, words] = [0, 0, 0, 0];
  while (lessons < sums.lessons || sent < sums.sent || words < sums.words) {
    if (isLesson(events)) lessons += 1;
    else if (isSent(events)) sent += 1;
    // Authenticated lessons and words count alike in `words`.
    if ((isLesson(events) && events % 3 === 0) || (!isLesson(events) && !isSent(events))) words += 1;
    events += 1;
    assert.ok(events < 1_000_000, `no number of events has ${JSON.stringify(sums)}`);
  }
  assert.deepEqual({ lessons, sent, words }, sums, "events are half there");
  assert.ok(events >= acknowledged, `${acknowledged} events were acknowledged, ${events} are there`);
  return events;
}

/** Counters of tokens are what their pairs say. */
function assertCounters(db: DatabaseSync): void {
  const wrong = db
    .prepare(
      `SELECT * FROM (SELECT t.tenant, t.value, t.kind, t.organizations, t.failed_organizations, t.relayed, t.messages,
        (SELECT count(*) FROM pair p WHERE p.tenant = t.tenant AND p.value = t.value AND p.kind = t.kind) AS pairs,
        (SELECT count(*) FROM pair p WHERE p.tenant = t.tenant AND p.value = t.value AND p.kind = t.kind AND p.failures > 0) AS failed,
        (SELECT count(*) FROM pair p WHERE p.tenant = t.tenant AND p.value = t.value AND p.kind = t.kind AND p.relayed > 0) AS carried,
        (SELECT total(p.messages) FROM pair p WHERE p.tenant = t.tenant AND p.value = t.value AND p.kind = t.kind) AS seen
        FROM token t) WHERE organizations <> pairs OR failed_organizations <> failed OR relayed <> carried OR messages <> seen`,
    )
    .all();
  assert.deepEqual(wrong, []);
  const orphans = "SELECT count(*) AS orphans FROM pair p WHERE kind <> '' AND NOT EXISTS";
  const found = db.prepare(`${orphans} (SELECT 1 FROM token t WHERE t.tenant = p.tenant AND t.value = p.value AND t.kind = p.kind)`).get();
  assert.deepEqual({ ...found }, { orphans: 0 });
}

/** What the store in memory says of a run after its first `events`: for each question. */
type Told = readonly { readonly question: HistoryQuestion; readonly history: KnownHistory }[];

function toldBy(run: number, events: number): Told {
  const memory = inCoreMemory();
  for (let event = 0; event < events; event += 1) recordEvent(memory, run, event);
  const lastSent = Math.max(0, events - 1 - ((events + 1) % 5));
  return questionsOf(run, lastSent).map((question) => ({ question, history: comparable(memory.recall(question)) }));
}

/** Two recipients may fall on one bit of a bitmap, by a key that each store has of its own: whether there were any is left. */
function comparable(history: KnownHistory): KnownHistory {
  return { ...history, tokens: history.tokens.map((token) => ({ ...token, recipients: Math.min(1, token.recipients) })) };
}

/** The store says the same, of this run and of those before. */
async function assertTold(store: Awaited<ReturnType<KilledStores["asking"]>>, told: readonly Told[]): Promise<void> {
  if (store === null) return;
  try {
    for (const { question, history } of told.flat()) assert.deepEqual(comparable(await store.history(question)), history);
  } finally {
    await store.close();
  }
}

/** A process that is killed early may leave no store, or one that is still to be migrated. */
function isMade(path: string): boolean {
  const db = new DatabaseSync(path);
  try {
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get() === undefined) return false;
    return db.prepare("SELECT max(version) AS version FROM migrations").get()?.["version"] === migrations.length;
  } finally {
    db.close();
  }
}

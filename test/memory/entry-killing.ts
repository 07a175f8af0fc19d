/**
 * Kills a process that changes entries, again and again, at points that a seed chooses, and looks at what is left each time: the file is
 * whole, every change that was acknowledged is in the audit log, the log has no gap, and what it says from the first change on is exactly
 * what the book holds: no entry without its line, no line without its entry.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Entry, EntryBook } from "../../src/memory/entries.ts";
import { openSqliteEntryBook } from "../../src/system/sqlite-entry-book.ts";
import { seeded } from "./recording.ts";
import { all } from "./store-suite-entries.ts";

const recorder = fileURLToPath(new URL("entry-recorder.ts", import.meta.url));

export type EntryKills = {
  readonly kills: number;
  /** Killed before the book was open, and with a change committed that nobody had been told of. */
  readonly early: number;
  readonly ahead: number;
  readonly changes: number;
};

/** What is killed on: a path or URL for the recorder, and the book on it, once the store is found whole. */
export type KilledBooks = { place(folder: string, store: number): Promise<string>; open(place: string): Promise<EntryBook> };

export async function killEntryRecorders(times: number, seed: number, books: KilledBooks = files): Promise<EntryKills> {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), "assay-entry-kill-"));
  const sum = { kills: 0, early: 0, ahead: 0, changes: 0 };
  try {
    const cache = join(folder, "compiled");
    for (let store = 0; sum.kills < times; store += 1) {
      const path = await books.place(folder, store);
      let known = 0;
      for (let left = Math.min(times - sum.kills, 10); left > 0; left -= 1) {
        const told = await killed({ path, cache, seed: Math.floor(random() * 2 ** 31) }, random);
        const changes = await changesIn(await books.open(path), told ?? []);
        sum.kills += 1;
        sum.early += told === null ? 1 : 0;
        sum.ahead += changes > Math.max(known, ...(told ?? []).map(({ number }) => number)) ? 1 : 0;
        sum.changes += changes - known;
        known = changes;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return sum;
}

const files: KilledBooks = {
  place: (folder, store) => Promise.resolve(join(folder, `${store}.db`)),
  open: async (path) => {
    const db = new DatabaseSync(path);
    try {
      assert.deepEqual(Object.values(db.prepare("PRAGMA integrity_check").get() ?? {}), ["ok"]);
    } finally {
      db.close();
    }
    return openSqliteEntryBook(path);
  },
};

type Told = { readonly number: number; readonly id: string };
type Recording = { readonly path: string; readonly cache: string; readonly seed: number };

/** Gives the changes that it had acknowledged; null where it had not opened the book. */
async function killed({ path, cache, seed }: Recording, random: () => number): Promise<readonly Told[] | null> {
  const atStart = random() < 0.1;
  const lines = 1 + Math.floor(random() * 25);
  const child = spawn(process.execPath, [recorder, path, String(seed)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  let [out, trouble] = ["", ""];
  const { promise: reached, resolve: isReached } = Promise.withResolvers<void>();
  const { promise: ended, resolve: hasEnded } = Promise.withResolvers<NodeJS.Signals | null>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    if (out.split("\n").length > lines) isReached();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    trouble += text;
  });
  child.on("close", (_, signal) => {
    isReached();
    hasEnded(signal);
  });
  if (!atStart) await reached;
  await sleep(random() * (atStart ? 300 : 4));
  child.kill("SIGKILL");
  assert.equal(await ended, "SIGKILL", `the recorder ended by itself: ${trouble}`);
  // A line that was cut off acknowledges nothing.
  const [opened, ...rest] = out.split("\n").slice(0, -1);
  return opened === undefined ? null : rest.map((line) => ({ number: Number(line.split(" ")[0]), id: line.split(" ")[1] ?? "" }));
}

/** How many changes the store holds; throws where it is not what it must be. */
async function changesIn(book: EntryBook, told: readonly Told[]): Promise<number> {
  try {
    const changes = (await all(book.changes({ tenant: "" }))).toReversed();
    assert.deepEqual(
      changes.map(({ number }) => number),
      changes.map((_, i) => i + 1),
    );
    for (const { number, id } of told) {
      const change = changes[number - 1];
      assert.equal((change?.after ?? change?.before)?.entry.id, id, `change ${number} was acknowledged`);
    }
    const entries = new Map<string, unknown>();
    for (const { before, after } of changes) {
      const id = (after ?? before)?.entry.id ?? "";
      assert.deepEqual(entries.get(id), comparable(before), "a change begins where the one before it ended");
      if (after === null) entries.delete(id);
      else entries.set(id, comparable(after));
    }
    const held = (await all(book.list({ tenant: "" }))).map((entry) => [entry.entry.id, comparable(entry)] as const);
    assert.deepEqual(new Map(held.toSorted(byId)), new Map([...entries].toSorted(byId)));
    return changes.length;
  } finally {
    await book.close();
  }
}

/** When an entry matched is no change. */
function comparable(entry: Entry | null): unknown {
  return entry === null ? undefined : { ...entry.entry, matchedDay: null };
}

function byId([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

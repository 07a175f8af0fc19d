/**
 * `npm run bench:memory [-- --pairs N] [-- --json]`: the embedded store against itself, in one run. It records messages until the store
 * holds 1,000,000 pairs, then measures (1) reading the history of a message against looking up one pair by its primary key on the same
 * file, at most 6 of them, and (2) rows recorded in a second, durably, against plain inserts of as many rows a batch into a table of
 * the same columns, key and size in the same file, at least half. Medians of rounds in turn; exit status 1 past a bound.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { openForWriting } from "../src/system/sqlite-file.ts";
import { openSqliteMemory } from "../src/system/sqlite-memory.ts";
import { openSqliteReader } from "../src/system/sqlite-reader.ts";
import { inTransaction, placed } from "../src/system/sqlite-upserts.ts";
import { lessonFrom, pairsAMessage, questionFrom, seeded } from "./memory-mail.ts";
import { median } from "./stopwatch.ts";

const lookupsMax = 6;
const rateMin = 0.5;
const rounds = 25;
const readsARound = 4000;
const recordsARound = 2000;
const recordingRounds = 25;
/** Of the table of pairs. */
const [keyColumns, otherColumns] = [4, 12];
const { values: options } = parseArgs({
  options: { pairs: { type: "string", default: "1000000" }, json: { type: "boolean", default: false } },
});
const organizations = Math.ceil(Number(options.pairs) / pairsAMessage);
const random = seeded(7);
const folder = await mkdtemp(join(tmpdir(), "assay-memory-"));
const path = join(folder, "assay.db");
const memory = await openSqliteMemory(path);
try {
  await fill();
  const reading = await measureReading();
  const recording = await measureRecording();
  report({ ...reading, ...recording });
} finally {
  await memory.close();
  await rm(folder, { recursive: true, force: true });
}

async function fill(): Promise<void> {
  const startedAt = performance.now();
  for (let i = 0; i < organizations; i += 1) {
    memory.record(lessonFrom(i, 20_690 + Math.floor(i / 20_000)));
    if (i % 5000 === 4999) await memory.flush();
  }
  await memory.flush();
  const seconds = (performance.now() - startedAt) / 1000;
  if (memory.health().dropped > 0) throw new Error("the store dropped lessons");
  if (!options.json) console.log(`filled in ${seconds.toFixed(1)} s, ${((await stat(path)).size / 1e6).toFixed(0)} MB`);
}

type Reading = { readonly pairs: number; readonly lookupUs: number; readonly historyUs: number; readonly lookups: number };

async function measureReading(): Promise<Reading> {
  const { db, close } = openSqliteReader(path);
  const pairs = countOf(db, "pair WHERE kind <> ''");
  const lookup = db.prepare("SELECT * FROM pair WHERE tenant = ? AND organization = ? AND value = ? AND kind = ?");
  const [lookupUs, historyUs, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const lessons = Array.from({ length: readsARound }, () => lessonFrom(anyOrganization(), 20_711));
    const keys = lessons.map(({ tenant, organization, tokens }) => {
      const token = tokens[Math.floor(random() * tokens.length)];
      if (token === undefined) throw new Error("a lesson without tokens");
      return [tenant, organization, placed(token), token.kind];
    });
    const questions = lessons.map(() => questionFrom(anyOrganization(), 20_711));
    let found = 0;
    const one = timed(() => {
      for (const key of keys) if (lookup.get(...key) !== undefined) found += 1;
    });
    if (found !== readsARound) throw new Error(`only ${found} of ${readsARound} pairs are there`);
    let known = 0;
    const startedAt = performance.now();
    for (const question of questions) {
      const history = await memory.history(question);
      if (history.status === "known" && history.tokens.every(({ authenticated }) => authenticated > 0)) known += 1;
    }
    const whole = ((performance.now() - startedAt) * 1000) / readsARound;
    if (known !== readsARound) throw new Error(`the history of only ${known} of ${readsARound} messages is known`);
    lookupUs.push(one / readsARound);
    historyUs.push(whole);
    ratios.push((whole * readsARound) / one);
  }
  close();
  return { pairs, lookupUs: median(lookupUs), historyUs: median(historyUs), lookups: median(ratios) };
}

type Recording = { readonly plainRate: number; readonly recordedRate: number; readonly messagesRate: number; readonly share: number };

/** One message in ten is from an organization that is new and opens rows; the others are spread evenly, so that few meet in a batch. */
async function measureRecording(): Promise<Recording> {
  const db = openForWriting(path);
  const insert = plainTable(db);
  const [plainRates, recordedRates, messagesRates, shares]: [number[], number[], number[], number[]] = [[], [], [], []];
  let fresh = organizations;
  for (let round = 0; round < recordingRounds; round += 1) {
    const lessons = Array.from({ length: recordsARound }, (_, i) => {
      if (i % 10 === 0) fresh += 1;
      return lessonFrom(i % 10 === 0 ? fresh : anyOrganization(), 20_711);
    });
    const before = memory.counts();
    const startedAt = performance.now();
    for (const lesson of lessons) memory.record(lesson);
    await memory.flush();
    const seconds = (performance.now() - startedAt) / 1000;
    const after = memory.counts();
    const rows = after.rowsWritten - before.rowsWritten;
    const batch = Math.round(rows / (after.batches - before.batches));
    const values = plainRows(2 * organizations + round * rows, rows);
    const plain = rows / (timed(() => insert(values, batch)) / 1_000_000);
    recordedRates.push(rows / seconds);
    messagesRates.push(recordsARound / seconds);
    plainRates.push(plain);
    shares.push(rows / seconds / plain);
  }
  db.close();
  return { plainRate: median(plainRates), recordedRate: median(recordedRates), messagesRate: median(messagesRates), share: median(shares) };
}

type PlainRow = readonly (string | number)[];

/** A copy of the table of pairs, and INSERT into it in transactions of `batch` rows. */
function plainTable(db: DatabaseSync): (rows: readonly PlainRow[], batch: number) => void {
  const { sql } = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'pair'").get() ?? {};
  db.exec(`${String(sql).replace("TABLE pair", "TABLE plain")}; INSERT INTO plain SELECT * FROM pair; PRAGMA wal_checkpoint(TRUNCATE)`);
  const insert = db.prepare(`INSERT INTO plain VALUES (${Array.from({ length: keyColumns + otherColumns }, () => "?").join(", ")})`);
  return (rows, batch) => {
    for (let from = 0; from < rows.length; from += batch)
      inTransaction(db, () => {
        for (const row of rows.slice(from, from + batch)) insert.run(...row);
      });
  };
}

/** Rows of organizations that nobody has seen. */
function plainRows(first: number, count: number): readonly PlainRow[] {
  const rows: PlainRow[] = [];
  for (let i = first; rows.length < count; i += 1) {
    const { tenant, organization, tokens } = lessonFrom(i, 20_711);
    const others = Array.from({ length: otherColumns }, (_, at) => (at < 7 ? 1.5 * (i + 1) : at));
    for (const token of tokens) rows.push([tenant, organization, placed(token), token.kind, ...others]);
  }
  return rows.slice(0, count);
}

function report(figures: Reading & Recording): void {
  const { pairs, lookupUs, historyUs, lookups, plainRate, recordedRate, messagesRate, share } = figures;
  if (options.json) console.log(JSON.stringify({ ...figures, lookupsMax, rateMin }));
  else {
    console.log(`${pairs} pairs`);
    console.log(`one pair by its primary key  ${lookupUs.toFixed(1)} µs`);
    console.log(`history of a message         ${historyUs.toFixed(1)} µs, as ${lookups.toFixed(2)} look-ups (at most ${lookupsMax})`);
    console.log(`plain inserts                ${plainRate.toFixed(0)} rows/s`);
    console.log(
      `recorded                     ${recordedRate.toFixed(0)} rows/s, ${messagesRate.toFixed(0)} messages/s: ${share.toFixed(2)} of plain inserts (at least ${rateMin})`,
    );
  }
  if (lookups > lookupsMax) console.error(`✗ the history of a message costs ${lookups.toFixed(2)} look-ups, the bound is ${lookupsMax}`);
  if (share < rateMin) console.error(`✗ recording reaches ${share.toFixed(2)} of the rate of plain inserts, the bound is ${rateMin}`);
  process.exitCode = lookups > lookupsMax || share < rateMin ? 1 : 0;
}

function anyOrganization(): number {
  return Math.floor(random() * organizations);
}

function countOf(db: DatabaseSync, table: string): number {
  return Number(Object.values(db.prepare(`SELECT count(*) FROM ${table}`).get() ?? {})[0]);
}

/** Microseconds. */
function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return (performance.now() - startedAt) * 1000;
}

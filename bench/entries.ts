/**
 * `npm run bench:entries [-- --json]`: what the operator's entries cost a message: its two look-ups in a store with 20,000 pairs and 5,000 list
 * entries against those in a store without any, in turn, in one run. Exit status 1
 * where the look-ups among many take more than 3 times those among none, or more than 0.5 ms a message, or are more than two statements.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { EntriesQuestion } from "../src/memory/entries.ts";
import { openSqliteEntryBook } from "../src/system/sqlite-entry-book.ts";
import { openSqliteMemory, type SqliteMemory } from "../src/system/sqlite-memory.ts";
import { median } from "./stopwatch.ts";

const pairs = 20_000;
const lists = 5000;
const bounds = { times: 3, ms: 0.5, statements: 2 };
const rounds = 25;
const messagesARound = 400;
const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const folder = await mkdtemp(join(tmpdir(), "assay-entries-"));
const empty = await openSqliteMemory(join(folder, "empty.db"));
const full = await openSqliteMemory(join(folder, "full.db"));
try {
  const seconds = await fill(join(folder, "full.db"));
  const before = full.counts().statements;
  const [none, many]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    none.push(await msAMessage(empty, round));
    many.push(await msAMessage(full, round));
  }
  const statements = (full.counts().statements - before) / (rounds * messagesARound);
  report({ ms: median(many), emptyMs: median(none), statements, seconds });
} finally {
  await Promise.all([empty.close(), full.close()]);
  await rm(folder, { recursive: true, force: true });
}

type Figures = { readonly ms: number; readonly emptyMs: number; readonly statements: number; readonly seconds: number };

function report({ ms, emptyMs, statements, seconds }: Figures): void {
  const times = ms / emptyMs;
  if (options.json) console.log(JSON.stringify({ pairs, lists, ms, emptyMs, times, statements }));
  else {
    console.log(`${pairs} pairs and ${lists} list entries made in ${seconds.toFixed(1)} s`);
    console.log(
      `look-ups of a message: ${(1000 * ms).toFixed(0)} µs, among no entries ${(1000 * emptyMs).toFixed(0)} µs: ${times.toFixed(2)} times`,
    );
    console.log(`statements a message: ${statements.toFixed(2)}`);
  }
  const faults = [
    times > bounds.times ? `${times.toFixed(2)} times the look-ups among none, the bound is ${bounds.times}` : null,
    ms > bounds.ms ? `${ms.toFixed(2)} ms a message, the bound is ${bounds.ms}` : null,
    statements > bounds.statements ? `${statements} statements a message, the bound is ${bounds.statements}` : null,
  ].filter((fault) => fault !== null);
  for (const fault of faults) console.error(`✗ ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/** Every entry as an operator makes it: checked for its like, durable, in the audit log. */
async function fill(path: string): Promise<number> {
  const startedAt = performance.now();
  const book = openSqliteEntryBook(path);
  const author = { tenant: "", by: "bench", now: Date.now() };
  const common = { id: "", note: null, by: "bench", madeDay: 20_690, matchedDay: null, expiry: { kind: "never" } as const };
  for (let i = 0; i < pairs; i += 1) {
    const user = { kind: "domain", domain: `from${i % 5000}.example` } as const;
    const infrastructure = { kind: "domain", domain: `host${i}.example` } as const;
    await book.make({ shape: "pair", entry: { ...common, action: "allow", user, infrastructure, evenIfAuthenticated: false } }, author);
  }
  for (let i = 0; i < lists; i += 1) {
    const subject = { kind: "domain", domain: `listed${i}.example` } as const;
    const entry = { ...common, kind: "sender", action: "block", subject, recipient: null, scopes: [], needsAuthentication: false } as const;
    await book.make({ shape: "list", entry }, author);
  }
  await book.close();
  return (performance.now() - startedAt) / 1000;
}

async function msAMessage(memory: SqliteMemory, round: number): Promise<number> {
  const startedAt = performance.now();
  for (let i = 0; i < messagesARound; i += 1) {
    const found = await memory.entries(questionOf(round * messagesARound + i));
    if (found.status !== "known") throw new Error("the store is unavailable");
  }
  return (performance.now() - startedAt) / messagesARound;
}

/** As many keys as an ordinary message has; one pair of them is there, and one list entry. */
function questionOf(i: number): EntriesQuestion {
  const users = [`ann@from${i % 5000}.example`, `from${i % 5000}.example`, "*"];
  const hosts = [`host${i % pairs}.example`, "192.0.2.0/24", `mail.host${i % pairs}.example`, `signer${i}.example`];
  const pairKeys = users.flatMap((user) => hosts.map((host) => `${user}, ${host}`));
  const listKeys = [
    `sender listed${i % lists}.example`,
    `sender ann@listed${i % lists}.example`,
    "client 192.0.2.7/32",
    "recipient b@fabrikam.com",
  ];
  return { tenant: "", pairKeys, listKeys };
}

/** Replay of 100,000 recorded decisions: through the real store, in bounded memory, each agreeing with its record to the last field. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { countFlips } from "../../src/gateway/replay/flips.ts";
import { countReadiness } from "../../src/gateway/replay/readiness.ts";
import { redecide } from "../../src/gateway/replay/redecide.ts";
import type { Journal } from "../../src/memory/journal.ts";
import { openSqliteJournal } from "../../src/system/sqlite-journal-file.ts";
import { openSqliteMemory } from "../../src/system/sqlite-memory.ts";
import { seriesStart, trafficNumber } from "../decisions.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-replay-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "assay.db");
const decisions = 100_000;
const policy = { mode: "observe" } as const;

test("100,000 decisions are recorded", { timeout: 300_000 }, async (t) => {
  const memory = await openSqliteMemory(path);
  const startedAt = Date.now();
  for (let n = 0; n < decisions; n += 1) {
    memory.recordDecision(trafficNumber(n, { policy, at: seriesStart + n * 6000 }));
    if (n % 5000 === 4999) await memory.flush();
  }
  await memory.flush();
  assert.equal(memory.health().dropped, 0);
  await memory.close();
  const journal = openSqliteJournal(path, "read");
  const size = await journal.size();
  await journal.close();
  assert.equal(size.decisions, decisions);
  t.diagnostic(
    `${Math.round(statSync(path).size / decisions)} bytes of the file a decision, ${Math.round(size.bytes / decisions)} counted`,
  );
  t.diagnostic(`recorded in ${Date.now() - startedAt} ms, made and decided too`);
});

test("and decided again by the same policy agree to the last field, in bounded memory", { timeout: 300_000 }, async (t) => {
  const flips = countFlips({});
  const { heapBytes, ms } = await streamed(async (one) => {
    const redecided = redecide(one, policy);
    flips.add(one, redecided instanceof Promise ? await redecided : redecided);
  });
  const { decisions: seen, identical, flipped, explained } = flips.report();
  assert.deepEqual([seen, identical, flipped, explained], [decisions, decisions, 0, 0]);
  assert.ok(heapBytes < heapMax, `${heapBytes} bytes`);
  t.diagnostic(`${ms} ms, the heap grew by ${Math.round(heapBytes / 1e6)} MB at most`);
});

test("by another policy the flips are counted in bounded memory", { timeout: 300_000 }, async (t) => {
  const flips = countFlips({});
  const enforcing = { mode: "enforce", preset: "strict", honorReject: "always" } as const;
  const { heapBytes, ms } = await streamed(async (one) => flips.add(one, await redecide(one, enforcing)));
  const { flipped, senders, otherSenders } = flips.report();
  assert.equal(flipped, decisions / 10);
  assert.equal(senders.reduce((sum, { messages }) => sum + messages, 0) + otherSenders, flipped);
  assert.ok(heapBytes < heapMax, `${heapBytes} bytes`);
  t.diagnostic(`${ms} ms, the heap grew by ${Math.round(heapBytes / 1e6)} MB at most`);
});

test("readiness too", { timeout: 300_000 }, async (t) => {
  const readiness = countReadiness(() => policy);
  const { heapBytes, ms } = await streamed((one) => readiness.add(one));
  assert.equal(readiness.report().rules.find(({ rule }) => rule === "dmarc_quarantine")?.messages, decisions / 20);
  assert.ok(heapBytes < heapMax, `${heapBytes} bytes`);
  t.diagnostic(`${ms} ms, the heap grew by ${Math.round(heapBytes / 1e6)} MB at most`);
});

/** The journal itself, unpacked, is ten times this. */
const heapMax = 64 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

type Recorded = Exclude<Awaited<ReturnType<typeof firstOf>>, { readonly unreadable: string }>;

async function firstOf(journal: Journal) {
  for await (const one of journal.read({ since: 0 })) return one;
  return assert.fail("nothing is recorded");
}

/** How far the heap grew at most, looked at every 10,000 decisions. */
async function streamed(work: (one: Recorded) => Promise<void>): Promise<{ readonly heapBytes: number; readonly ms: number }> {
  const journal = openSqliteJournal(path, "read");
  const startedAt = Date.now();
  const heapBefore = heapUsed();
  let heapBytes = 0;
  let seen = 0;
  for await (const one of journal.read({ since: 0 })) {
    if ("unreadable" in one) assert.fail(one.unreadable);
    else await work(one);
    seen += 1;
    if (seen % 10_000 === 0) heapBytes = Math.max(heapBytes, heapUsed() - heapBefore);
  }
  assert.equal(seen, decisions);
  await journal.close();
  return { heapBytes, ms: Date.now() - startedAt };
}

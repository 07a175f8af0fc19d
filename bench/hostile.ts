/**
 * `npm run bench:hostile [-- --only TEXT] [-- --json]`: what hostile input costs. For each input of test/hostile: CPU time at most
 * 150 ms + 20 ms a MB (start-up and key making apart), the event loop never held over 100 ms, at most 60 DNS questions, the right
 * verdict; and a stream of 200 MB with a heap under 100 MB. Each input runs three times; the dearest run counts. Exit status 1
 * past a bound. The loop's hold is the CPU time of the main thread between two turns, so another process cannot lengthen it.
 */
import { parseArgs } from "node:util";
import { limits } from "../src/base/limits.ts";
import { type Inspection, inspect, type MessageSource } from "../src/index.ts";
import { inChunks } from "../test/hostile/chunks.ts";
import { hostileInputs } from "../test/hostile/inputs.ts";
import { longStream } from "../test/hostile/long-stream.ts";
import { clock, type Envelope, makeWorld } from "../test/hostile/world.ts";
import { costOf } from "./stopwatch.ts";

const holdMsMax = 100;
const heapBytesMax = 100_000_000;
/** A stream's chunks are promises: a microsecond each, which only shows where they are tiny. */
const cpuMsMax = ({ bytes, chunks = 0 }: { bytes: number; chunks?: number }): number => 150 + 20 * (bytes / 1e6) + chunks / 1000;

type Row = {
  readonly name: string;
  readonly bytes: number;
  readonly cpuMs: number;
  readonly cpuMsMax: number;
  readonly holdMs: number;
  readonly asked: number;
  readonly faults: string[];
};

const { values: options } = parseArgs({ options: { only: { type: "string" }, json: { type: "boolean", default: false } } });
const world = makeWorld();
const wanted = (name: string): boolean => name.includes(options.only ?? "");
const rows: Row[] = [];
await warmUp();
for (const input of hostileInputs(world).filter(({ name }) => wanted(name))) {
  const bytes = input.message();
  add(await dearest({ name: input.name, bytes: bytes.length, envelope: input.envelope, expect: input.expect, source: () => bytes }));
}
const single = "1 MB in chunks of one byte";
if (wanted(single)) {
  const bytes = world.sign(
    Buffer.from(`From: <ceo@${world.victim.name}>\r\nTo: a\r\nSubject: slow\r\n\r\n${"one line of text\r\n".repeat(55_555)}`),
  );
  add(
    await dearest({
      name: single,
      bytes: bytes.length,
      envelope: world.honest,
      expect: compauthPass,
      source: () => inChunks(bytes, 1),
      chunks: bytes.length,
    }),
  );
}
const long = "a stream of 200 MB";
if (wanted(long)) add(await streamed());
const failed = rows.filter(({ faults }) => faults.length > 0);
console.log(options.json ? JSON.stringify({ rows }) : `${rows.length - failed.length} of ${rows.length} within the bounds`);
process.exitCode = failed.length > 0 ? 1 : 0;

function add(row: Row): void {
  rows.push(row);
  if (options.json) return;
  const figures = `${row.cpuMs.toFixed(1).padStart(8)} of ${row.cpuMsMax.toFixed(0).padStart(5)} ms CPU  ${row.holdMs.toFixed(1).padStart(6)} ms held  ${String(row.asked).padStart(2)} questions`;
  console.log(`${row.faults.length === 0 ? "✓" : "✗"} ${row.name.padEnd(66)} ${(row.bytes / 1e6).toFixed(2).padStart(7)} MB ${figures}`);
  for (const fault of row.faults) console.log(`    ${fault}`);
}

type Trial = {
  readonly name: string;
  readonly bytes: number;
  readonly envelope: Envelope;
  readonly expect: (inspection: Inspection) => void;
  readonly source: () => MessageSource;
  readonly chunks?: number;
};

async function dearest(trial: Trial): Promise<Row> {
  const ownMs = await costOfSource(trial);
  const runs: { cpuMs: number; holdMs: number; asked: number }[] = [];
  const faults: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { resolver, asked } = world.resolver();
    const source = trial.source();
    let inspection: Inspection | undefined;
    let holdMs = 0;
    const cost = await costOf(async () => {
      const heart = startHeart();
      inspection = await inspect({ message: source, ...trial.envelope }, { resolver, clock, authservId: "mx.receiver.example" });
      holdMs = await heart.stop();
    });
    runs.push({ cpuMs: cost.cpuUs / 1000 - ownMs, holdMs, asked: asked.length });
    faults.push(...faultOf(() => inspection !== undefined && trial.expect(inspection)));
  }
  const worst = (pick: (run: (typeof runs)[number]) => number): number => Math.max(...runs.map(pick));
  const row = { ...trial, cpuMs: worst((run) => run.cpuMs), holdMs: worst((run) => run.holdMs), asked: worst((run) => run.asked) };
  if (row.cpuMs > cpuMsMax(trial)) faults.push(`CPU ${row.cpuMs.toFixed(0)} ms`);
  if (row.holdMs > holdMsMax) faults.push(`the event loop was held ${row.holdMs.toFixed(0)} ms`);
  if (row.asked > limits.messageDnsQueriesMax) faults.push(`${row.asked} DNS questions`);
  const { name, bytes, cpuMs, holdMs, asked } = row;
  return { name, bytes, cpuMs, cpuMsMax: cpuMsMax(trial), holdMs, asked, faults: [...new Set(faults)] };
}

async function streamed(): Promise<Row> {
  const bytes = 200_000_000;
  const stream = longStream(world, bytes);
  let heapMax = 0;
  let buffersMax = 0;
  const onChunk = (): void => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    heapMax = Math.max(heapMax, heapUsed);
    buffersMax = Math.max(buffersMax, arrayBuffers);
  };
  const row = await dearest({ name: long, bytes, envelope: world.honest, expect: compauthPass, source: () => stream(onChunk) });
  const faults = heapMax > heapBytesMax ? [...row.faults, `the heap grew to ${heapMax} bytes`] : row.faults;
  return { ...row, name: `${long} (heap ${(heapMax / 1e6).toFixed(0)} MB, buffers in flight ${(buffersMax / 1e6).toFixed(0)} MB)`, faults };
}

/** What a stream costs that nobody looks at is not Assay's. */
async function costOfSource({ source }: Trial): Promise<number> {
  const stream = source();
  if (stream instanceof Uint8Array) return 0;
  const cost = await costOf(async () => {
    for await (const _ of stream);
  });
  return cost.cpuUs / 1000;
}

function compauthPass({ verdict }: Inspection): void {
  if (verdict.compauth !== "pass") throw new Error(`compauth ${verdict.compauth}, not pass`);
}

function faultOf(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message.replaceAll("\n", " ") : String(error)];
  }
}

/** Beats at every turn of the event loop; the longest pause is the longest that anything held it. */
function startHeart(): { stop: () => Promise<number> } {
  let last = threadMs();
  let longest = 0;
  let beating = true;
  const beat = (): void => {
    const now = threadMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (beating) setImmediate(beat);
  };
  setImmediate(beat);
  return {
    stop: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      beating = false;
      return longest;
    },
  };
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Ordinary mail first: what the compiler does once is no message's cost. */
async function warmUp(): Promise<void> {
  const message = world.sign(
    Buffer.from(`From: <ceo@${world.victim.name}>\r\nTo: a\r\nSubject: b\r\n\r\n${"  some text \r\n".repeat(200)}`),
  );
  for (let i = 0; i < 200; i++) {
    await inspect({ message, ...world.honest }, { resolver: world.resolver().resolver, clock, authservId: "mx.receiver.example" });
  }
}

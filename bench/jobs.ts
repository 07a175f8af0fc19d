/**
 * `npm run bench:jobs [-- --messages N] [-- --json]`: `assay check --jobs 2` over a directory of generated messages against
 * `--jobs 1`, in wall time, start-up included. Both orders in turn, the best of three runs each. Exit status 1 where two jobs
 * do not reach 1.7 times one, or where the two print anything different.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { keySource } from "./keys.ts";
import { kinds, messageMill } from "./mail.ts";
import { zoneFile } from "./zone.ts";

const gainMin = 1.7;
const runs = 3;
const { values: options } = parseArgs({
  options: { messages: { type: "string", default: "4000" }, json: { type: "boolean", default: false } },
});
const messages = Number(options.messages);
const folder = await mkdtemp(join(tmpdir(), "assay-jobs-"));
try {
  await fill(folder);
  const best = new Map<number, { seconds: number; output: string }>();
  for (let i = 0; i < runs * 2; i++) {
    // 1 2, 2 1, 1 2: neither always runs on the warmer machine.
    const jobs = (i + (i >> 1)) % 2 === 0 ? 1 : 2;
    const run = await check(folder, jobs);
    const before = best.get(jobs);
    if (before !== undefined && before.output !== run.output) throw new Error(`--jobs ${jobs} printed something else the second time`);
    if (before === undefined || run.seconds < before.seconds) best.set(jobs, run);
  }
  const [one, two] = [best.get(1), best.get(2)];
  if (one === undefined || two === undefined) throw new Error("a run is missing");
  const gain = one.seconds / two.seconds;
  const figures = { messages, cores: availableParallelism(), oneJobSeconds: one.seconds, twoJobsSeconds: two.seconds, gain };
  if (options.json) console.log(JSON.stringify(figures));
  else {
    console.log(`${messages} messages, ${figures.cores} cores`);
    console.log(`--jobs 1  ${one.seconds.toFixed(2)} s  ${(messages / one.seconds).toFixed(0)} messages/s`);
    console.log(`--jobs 2  ${two.seconds.toFixed(2)} s  ${(messages / two.seconds).toFixed(0)} messages/s  ${gain.toFixed(2)} times`);
  }
  if (gain < gainMin) console.error(`✗ two jobs are ${gain.toFixed(2)} times one, the bound is ${gainMin}`);
  if (one.output !== two.output) console.error("✗ the two print different verdicts");
  process.exitCode = gain < gainMin || one.output !== two.output ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function fill(into: string): Promise<void> {
  const kind = kinds.find(({ id }) => id === "4k-rsa");
  if (kind === undefined) throw new Error("no such kind");
  const mill = messageMill({ kind, keys: keySource(), seed: 5, signedAt: Math.floor(Date.now() / 1000) - 3600, domains: "warm" });
  for (let i = 0; i < messages; i++) {
    const { bytes, mailFrom } = mill.next();
    const path = Buffer.from(`Return-Path: <${mailFrom}>\r\n`);
    await writeFile(join(into, `${String(i).padStart(6, "0")}.eml`), Buffer.concat([path, bytes]));
  }
  await writeFile(join(into, "zone.json"), JSON.stringify(zoneFile(mill.zone)));
}

async function check(folder: string, jobs: number): Promise<{ seconds: number; output: string }> {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, "check", "--json", "--jobs", String(jobs), "--zone", join(folder, "zone.json"), folder], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  const seconds = (performance.now() - startedAt) / 1000;
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  if (lines.length !== messages) throw new Error(`--jobs ${jobs} printed ${lines.length} lines for ${messages} messages`);
  return { seconds, output: digest(lines) };
}

/** The verdicts in their order, without what differs from run to run. */
function digest(lines: readonly string[]): string {
  const hash = createHash("sha256");
  for (const line of lines) hash.update(JSON.stringify({ ...JSON.parse(line), id: null, at: null, source: null }));
  return hash.digest("hex");
}

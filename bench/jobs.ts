/**
 * `npm run bench:jobs [-- --messages N] [-- --json]`: `assay check --jobs 2` over a directory of generated messages against
 * `--jobs 1`, in wall time, start-up included; the best of three runs each, in turn. Beside it stands what a second core is worth
 * on this machine: for signatures alone (bench/second-core.ts), and for two programs that share nothing and check one half of the
 * messages each, which no sharing of work can beat. Exit status 1 where the two print anything different, or two jobs do not reach 1.7 times one.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { keySource } from "./keys.ts";
import { kinds, messageMill } from "./mail.ts";
import { worthOfSecondCore } from "./second-core.ts";
import { zoneFile } from "./zone.ts";

const gainMin = 1.7;
const runs = 3;
const { values: options } = parseArgs({
  options: { messages: { type: "string", default: "16000" }, json: { type: "boolean", default: false } },
});
const messages = Number(options.messages);
const folder = await mkdtemp(join(tmpdir(), "assay-jobs-"));
try {
  await fill();
  const best = { one: Number.POSITIVE_INFINITY, two: Number.POSITIVE_INFINITY, apart: Number.POSITIVE_INFINITY };
  const printed = new Set<string>();
  for (let i = 0; i < runs; i++) {
    const one = await check(1);
    const two = await check(2);
    const halves = await Promise.all(halfPaths().map((half) => check(1, { path: half, count: messages / 2 })));
    best.one = Math.min(best.one, one.seconds);
    best.two = Math.min(best.two, two.seconds);
    best.apart = Math.min(best.apart, Math.max(...halves.map(({ seconds }) => seconds)));
    for (const { output } of [one, two]) printed.add(output);
  }
  report({ ...best, machine: await worthOfSecondCore(runs) }, printed.size === 1);
} finally {
  await rm(folder, { recursive: true, force: true });
}

type Figures = { readonly one: number; readonly two: number; readonly apart: number; readonly machine: number };

function report({ one, two, apart, machine }: Figures, same: boolean): void {
  const gain = one / two;
  const ceiling = one / apart;
  if (options.json)
    console.log(JSON.stringify({ messages, cores: availableParallelism(), one, two, apart, gain, ceiling, machine, bound: gainMin, same }));
  else {
    const line = (name: string, seconds: number): string =>
      `${name}  ${seconds.toFixed(2)} s  ${(messages / seconds).toFixed(0)} messages/s`;
    console.log(
      `${messages} messages, ${availableParallelism()} cores; a second core is worth ${machine.toFixed(2)} times for signatures alone, ${ceiling.toFixed(2)} for two programs`,
    );
    console.log(`${line("--jobs 1", one)}\n${line("--jobs 2", two)}  ${gain.toFixed(2)} times`);
  }
  if (gain < gainMin) console.error(`✗ two jobs are ${gain.toFixed(2)} times one, the bound is ${gainMin}`);
  if (!same) console.error("✗ the runs print different verdicts");
  process.exitCode = gain < gainMin || !same ? 1 : 0;
}

async function fill(): Promise<void> {
  const kind = kinds.find(({ id }) => id === "4k-rsa");
  if (kind === undefined) throw new Error("no such kind");
  const mill = messageMill({ kind, keys: keySource(), seed: 5, signedAt: Math.floor(Date.now() / 1000) - 3600, domains: "warm" });
  for (const path of [mailPath(), ...halfPaths()]) await mkdir(path);
  for (let i = 0; i < messages; i++) {
    const { bytes, mailFrom } = mill.next();
    const path = Buffer.from(`Return-Path: <${mailFrom}>\r\n`);
    const name = `${String(i).padStart(6, "0")}.eml`;
    await writeFile(join(mailPath(), name), Buffer.concat([path, bytes]));
    await link(join(mailPath(), name), join(halfPaths()[i % 2] ?? "", name));
  }
  await writeFile(zonePath(), JSON.stringify(zoneFile(mill.zone)));
}

function zonePath(): string {
  return join(folder, "zone.json");
}

function mailPath(): string {
  return join(folder, "mail");
}

function halfPaths(): readonly string[] {
  return ["even", "odd"].map((half) => join(folder, half));
}

type Share = { readonly path: string; readonly count: number };

async function check(
  jobs: number,
  { path, count }: Share = { path: mailPath(), count: messages },
): Promise<{ seconds: number; output: string }> {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, "check", "--json", "--jobs", String(jobs), "--zone", zonePath(), path], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  const seconds = (performance.now() - startedAt) / 1000;
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  if (lines.length !== count) throw new Error(`--jobs ${jobs} printed ${lines.length} lines for ${count} messages`);
  return { seconds, output: digest(lines) };
}

/** The verdicts in their order, without what differs from run to run. */
function digest(lines: readonly string[]): string {
  const hash = createHash("sha256");
  for (const line of lines) hash.update(JSON.stringify({ ...JSON.parse(line), id: null, at: null, source: null }));
  return hash.digest("hex");
}

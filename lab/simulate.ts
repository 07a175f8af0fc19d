/**
 * The simulator: npm run simulate [-- --seed N … --messages N --mix MIX --json --svg FILE]
 * Without options: the three evaluation seeds, each with the default mix and with one drawn from the ranges; every run is judged from
 * an empty memory. MIX is "default", "drawn", or name=value,… over the default. --messages: legitimate messages that count, a run.
 * Exit status: 0 every bound is kept; 1 one is not; 2 usage. Nothing outside this machine is asked.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { Plan } from "./generator.ts";
import { changedMix, defaultMix, drawnMix, evaluationSeeds, type Mix, mixNames, ranges } from "./mix.ts";
import { plot } from "./plot.ts";
import { boundsOf, reportOf } from "./report.ts";
import { sum, type Tally } from "./tally.ts";

type Run = { readonly title: string; readonly plan: Plan };
type Part = { readonly title: string; readonly runs: number; readonly tally: Tally };

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const asked = readArguments(args);
  if (typeof asked === "string") {
    process.stderr.write(`${asked}\n`);
    return 2;
  }
  const began = performance.now();
  const tallies = await runAll(asked.runs);
  const parts = [...new Set(asked.runs.map(({ title }) => title))].map((title): Part => {
    const own = tallies.filter((_, i) => asked.runs[i]?.title === title);
    return { title, runs: own.length, tally: sum(own) };
  });
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(asked.json ? `${JSON.stringify(parts.map(jsonOf))}\n` : parts.map(textOf).join("\n"));
  if (!asked.json) process.stdout.write(`\n${asked.runs.length} runs in ${seconds.toFixed(0)} s\n`);
  const [first] = parts;
  if (asked.svg !== null && first !== undefined) writeFileSync(asked.svg, plot(first));
  return parts.every(({ tally }) => boundsOf(tally).every(({ kept }) => kept)) ? 0 : 1;
}

type Asked = { readonly runs: readonly Run[]; readonly json: boolean; readonly svg: string | null };

function readArguments(args: string[]): Asked | string {
  let values: ReturnType<typeof parse>["values"];
  try {
    ({ values } = parse(args));
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\nusage: npm run simulate -- [--seed N]… [--messages N] [--mix MIX]… [--json] [--svg FILE]\n\n${mixHelp()}`;
  }
  const messages = Number(values.messages);
  if (!Number.isInteger(messages) || messages < 60) return `--messages must be a whole number of at least 60, not '${values.messages}'`;
  const seeds = values.seed?.map(Number) ?? evaluationSeeds;
  if (!seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)) return "--seed must be a whole number from 0";
  const runs: Run[] = [];
  for (const text of values.mix ?? ["default", "drawn"]) {
    for (const seed of seeds) {
      const mix = mixFor(text, seed);
      if (typeof mix === "string") return mix;
      runs.push({ title: text, plan: { seed, mix, messages } });
    }
  }
  return { runs, json: values.json, svg: values.svg ?? null };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    options: {
      seed: { type: "string", multiple: true },
      messages: { type: "string", default: "350000" },
      mix: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      svg: { type: "string" },
    },
  });
}

function mixFor(text: string, seed: number): Mix | string {
  if (text === "default") return defaultMix;
  return text === "drawn" ? drawnMix(seed) : changedMix(defaultMix, text);
}

function mixHelp(): string {
  const width = Math.max(...mixNames.map((name) => name.length));
  const lines = mixNames.map((name) => {
    const { default: value, low, high, meaning } = ranges[name];
    return `  ${name.padEnd(width)}  ${value} (${low} to ${high})  ${meaning}`;
  });
  return ["MIX: default, drawn (each share from its range, by seed), or name=value,… of", ...lines].join("\n");
}

/** One worker a core, each taking the next run that waits. */
async function runAll(runs: readonly Run[]): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  let next = 0;
  const take = async (): Promise<void> => {
    for (let at = next++; at < runs.length; at = next++) {
      const run = runs[at];
      if (run !== undefined) tallies[at] = await runOne(run.plan);
    }
  };
  await Promise.all(Array.from({ length: Math.min(runs.length, availableParallelism()) }, take));
  return tallies;
}

function runOne(plan: Plan): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./trial-worker.ts", import.meta.url), { workerData: plan });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => code !== 0 && reject(new Error(`a simulation ended with status ${code}`)));
  });
}

function textOf({ title, runs, tally }: Part): string {
  return `=== mix ${title}, ${runs} ${runs === 1 ? "run" : "runs"}\n\n${reportOf(tally)}`;
}

function jsonOf({ title, runs, tally }: Part): object {
  return {
    mix: title,
    runs,
    outcomes: tally.outcomes,
    moves: tally.moves,
    wrong: tally.wrong,
    missed: tally.missed,
    bounds: boundsOf(tally),
  };
}

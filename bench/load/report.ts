/** The figures of the load benchmark as text, and the bounds that were passed. */
import { median } from "../stopwatch.ts";
import type { Contestant } from "./contest.ts";
import type { LongBodies } from "./long-bodies.ts";
import { type Figures, figuresOf } from "./round.ts";

export const bounds = {
  /** Assay's rate, in that of the faster peer. */
  ratioMin: 1,
  /** The most of Assay's resident memory in the second half of the run, in that of the first half. */
  growthMax: 1.15,
  longBodiesMegabytesMax: 400,
} as const;

export type Part = { readonly title: string; readonly contestants: readonly Contestant[] };

export type PartFigures = {
  readonly title: string;
  readonly rows: readonly (Figures & {
    readonly name: string;
    readonly title: string;
    readonly checked: number;
    readonly faults: number;
  })[];
  /** Null: nobody to compare with. */
  readonly ratio: number | null;
};

export function partFigures({ title, contestants }: Part): PartFigures {
  const rows = contestants.map(({ name, title: of, turns, checked, faults }) => ({
    ...{ name, title: of, checked, faults: faults.length },
    ...figuresOf(turns),
  }));
  return { title, rows, ratio: ratioOf(contestants) };
}

/** Turn by turn, in which all had the same mail and much the same machine; their median. */
function ratioOf(contestants: readonly Contestant[]): number | null {
  const ours = contestants.find(({ name }) => name === "assay");
  const peers = contestants.filter(({ name }) => name !== "assay" && name !== "none");
  if (ours === undefined || peers.length === 0) return null;
  const ratios = ours.turns.map(({ messages, seconds }, i) => {
    const best = Math.max(...peers.map(({ turns }) => (turns[i]?.messages ?? 0) / (turns[i]?.seconds ?? 1)));
    return messages / seconds / best;
  });
  return median(ratios);
}

export function tableOf({ title, rows, ratio }: PartFigures): string {
  const floor = rows.find(({ name }) => name === "none");
  const head = [title, "messages/s", "latency ms", "p99", "added ms", "p99", "CPU s/1000", "MB max", "growth", "verdicts"];
  const lines = rows.map((row) => {
    const { latencyMs: own } = row;
    const added =
      floor === undefined || row === floor ? ["", ""] : [own.median - floor.latencyMs.median, own.p99 - floor.latencyMs.p99].map(tenths);
    const ofFilter =
      row === floor ? ["", "", ""] : [row.cpuSecondsPer1000.toFixed(3), row.residentMegabytesMax.toFixed(0), row.growth.toFixed(2)];
    const verdicts = row.checked === 0 ? "" : `${row.checked}, ${row.faults} wrong`;
    return [row.title, row.messagesPerSecond.toFixed(0), tenths(own.median), tenths(own.p99), ...added, ...ofFilter, verdicts];
  });
  const widths = head.map((cell, column) => Math.max(cell.length, ...lines.map((line) => (line[column] ?? "").length)));
  const text = [head, ...lines].map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
  if (ratio !== null) text.push(`Assay's rate in that of the faster peer: ${ratio.toFixed(2)} (at least ${bounds.ratioMin})`);
  return text.join("\n");
}

function tenths(ms: number): string {
  return ms.toFixed(1);
}

export type BodiesFigures = {
  readonly connections: number;
  readonly megabytesEach: number;
  readonly seconds: number;
  readonly residentMegabytesBefore: number;
  readonly residentMegabytesMax: number;
  readonly faults: readonly string[];
};

export function bodiesFigures(
  { seconds, residentBytesBefore, residentBytesMax }: LongBodies,
  about: Pick<BodiesFigures, "connections" | "megabytesEach" | "faults">,
): BodiesFigures {
  return { ...about, seconds, residentMegabytesBefore: residentBytesBefore / 1e6, residentMegabytesMax: residentBytesMax / 1e6 };
}

export function bodiesLine(figures: BodiesFigures): string {
  const { connections, megabytesEach, seconds, residentMegabytesBefore: before, residentMegabytesMax: max } = figures;
  const rate = (connections * megabytesEach) / seconds;
  return `${connections} connections, ${megabytesEach} MB each: ${max.toFixed(0)} MB at most (bound ${bounds.longBodiesMegabytesMax}), ${before.toFixed(0)} before; ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s`;
}

/** What is wrong, one line each. */
export function broken(parts: readonly Part[], figures: readonly PartFigures[], bodies: BodiesFigures | null): readonly string[] {
  const wrong = parts.flatMap(({ title, contestants }) =>
    contestants.flatMap(({ title: who, faults }) => faults.slice(0, 5).map((fault) => `${title}, ${who}: ${fault}`)),
  );
  for (const { title, rows, ratio } of figures) {
    if (ratio !== null && ratio < bounds.ratioMin)
      wrong.push(`${title}: Assay's rate is ${ratio.toFixed(2)} of the faster peer's, the bound is ${bounds.ratioMin}`);
    const growth = rows.find(({ name }) => name === "assay")?.growth ?? 1;
    if (growth > bounds.growthMax)
      wrong.push(
        `${title}: Assay's memory grew to ${growth.toFixed(2)} times that of the first half of the run, the bound is ${bounds.growthMax}`,
      );
  }
  if (bodies === null) return wrong;
  wrong.push(...bodies.faults.slice(0, 5));
  if (bodies.residentMegabytesMax > bounds.longBodiesMegabytesMax)
    wrong.push(`long bodies: ${bodies.residentMegabytesMax.toFixed(0)} MB, the bound is ${bounds.longBodiesMegabytesMax}`);
  return wrong;
}

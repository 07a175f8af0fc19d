/** What one turn of one contestant came to, and the figures of several turns. */
import { median } from "../stopwatch.ts";

export type Turn = {
  readonly messages: number;
  readonly seconds: number;
  /** From the end of each message, as its client sends it, to the answer; milliseconds. */
  readonly endMs: readonly number[];
  /** Processor time of the filter's processes. */
  readonly cpuSeconds: number;
  /** The most resident memory of the filter's processes together. */
  readonly residentBytesMax: number;
};

export type Figures = {
  readonly messages: number;
  /** The median of the turns. */
  readonly messagesPerSecond: number;
  readonly latencyMs: { readonly median: number; readonly p99: number };
  readonly cpuSecondsPer1000: number;
  readonly residentMegabytesMax: number;
  /** The most resident memory in the second half of the run, as a multiple of the most in the first half. */
  readonly growth: number;
};

export function figuresOf(turns: readonly Turn[]): Figures {
  const messages = sum(turns.map((turn) => turn.messages));
  const latencies = turns.flatMap((turn) => turn.endMs);
  const residentMax = turns.map(({ residentBytesMax }) => residentBytesMax);
  const half = Math.ceil(turns.length / 2);
  return {
    messages,
    messagesPerSecond: median(turns.map((turn) => turn.messages / turn.seconds)),
    latencyMs: { median: median(latencies), p99: percentile(latencies, 0.99) },
    cpuSecondsPer1000: (1000 * sum(turns.map(({ cpuSeconds }) => cpuSeconds))) / messages,
    residentMegabytesMax: Math.max(...residentMax) / 1e6,
    growth: turns.length < 2 ? 1 : Math.max(...residentMax.slice(half)) / Math.max(...residentMax.slice(0, half)),
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}

/**
 * Metrics in Prometheus' text format (prom-client, a registry of our own). Labels are from closed lists or bounded: nothing that a sender
 * writes becomes one. Several processes each count for themselves; their values are joined where they are asked for. docs/observability.md
 * names them all.
 */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, Registry } from "prom-client";
import type { DoorMeans } from "../gateway/dialogue/door.ts";
import type { Observer } from "../gateway/dialogue/journey.ts";
import type { MemoryHealth } from "../memory/memory.ts";
import type { BreakerState } from "./breaker.ts";
import { dnsMetrics } from "./metrics-dns.ts";
import { journeyMetrics } from "./metrics-journey.ts";
import { processMetrics } from "./metrics-process.ts";
import { type Held, stateMetrics } from "./metrics-state.ts";
import type { AnsweredQuestion } from "./resolver.ts";

/** What is asked for when metrics are read; what is left out stays 0. */
export type MetricSources = {
  readonly version: string;
  readonly inFlight?: (() => number) | undefined;
  readonly store?: (() => MemoryHealth | null) | undefined;
  readonly breaker?: (() => BreakerState) | undefined;
  readonly held?: (() => Held | null) | undefined;
  /** Lines of the log that were lost. */
  readonly logLost?: (() => number) | undefined;
};

export interface Metrics {
  /** For the journey. */
  readonly observer: Observer;
  /** For the doors. */
  readonly onConnection: DoorMeans["onConnection"];
  /** For the resolver. */
  readonly onAnswered: (answered: AnsweredQuestion) => void;
  readonly onCache: (outcome: "hit" | "miss") => void;
  /** For the breaker. */
  readonly onBreaker: (state: BreakerState) => void;
  /** A fault of ours outside any message. */
  readonly onFault: () => void;
  /** Of this process alone. */
  text(): Promise<string>;
  /** The same as values, to be sent to another process: see `aggregateMetrics`. */
  json(): Promise<MetricsPart>;
  /** Names of all metrics. */
  readonly names: readonly string[];
  /** Ends what watches the process. */
  close(): void;
}

export type MetricsPart = readonly MetricObjectWithValues<MetricValue<string>>[];

export function openMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const journey = journeyMetrics(registry);
  const dns = dnsMetrics(registry);
  const state = stateMetrics(registry, sources);
  const watched = processMetrics(registry, sources.version);
  return {
    observer: journey.observer,
    onConnection: state.onConnection,
    onAnswered: dns.onAnswered,
    onCache: dns.onCache,
    onBreaker: dns.onBreaker,
    onFault: journey.onFault,
    text: () => registry.metrics(),
    json: () => registry.getMetricsAsJSON(),
    names: registry.getMetricsAsArray().map(({ name }) => name),
    close: () => watched.close(),
  };
}

/** The metrics of several processes as one text: counts are added, states are the worst of all. What is no such part is left out. */
export function aggregateMetrics(parts: readonly unknown[]): Promise<string> {
  const readable = parts.filter(Array.isArray) as MetricObjectWithValues<MetricValue<string>>[][]; // from our own processes, by `json`
  // The library's type has one part where it takes a list of them.
  const aggregate = AggregatorRegistry.aggregate as unknown as (list: readonly MetricsPart[]) => Registry;
  return aggregate(readable).metrics();
}

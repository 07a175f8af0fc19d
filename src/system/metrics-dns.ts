/** Metrics of DNS: what was asked and how it ended, what the cache saved, and whether the breaker is open. */
import { Counter, Histogram, type Registry } from "prom-client";
import type { BreakerState } from "./breaker.ts";
import type { AnsweredQuestion } from "./resolver.ts";

export type DnsMetrics = {
  readonly onAnswered: (answered: AnsweredQuestion) => void;
  readonly onCache: (outcome: "hit" | "miss") => void;
  readonly onBreaker: (state: BreakerState) => void;
};

export function dnsMetrics(registry: Registry): DnsMetrics {
  const registers = [registry];
  const questions = new Counter({
    name: "assay_dns_questions_total",
    help: "Questions that the cache could not answer, by type and outcome; withheld: not asked, the breaker is open.",
    labelNames: ["type", "outcome"],
    registers,
  });
  const seconds = new Histogram({
    name: "assay_dns_question_seconds",
    help: "Time to the answer of questions that were asked.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const lookups = new Counter({
    name: "assay_dns_cache_lookups_total",
    help: "Looks into the cache of DNS answers.",
    labelNames: ["outcome"],
    registers,
  });
  const changes = new Counter({
    name: "assay_dns_breaker_changes_total",
    help: "How often the breaker has opened and closed.",
    labelNames: ["state"],
    registers,
  });
  for (const outcome of ["hit", "miss"]) lookups.inc({ outcome }, 0);
  for (const state of ["open", "closed"]) changes.inc({ state }, 0);
  return {
    onAnswered: ({ type, outcome, ms }) => {
      questions.inc({ type, outcome });
      if (outcome !== "withheld") seconds.observe(ms / 1000);
    },
    onCache: (outcome) => lookups.inc({ outcome }),
    onBreaker: (state) => changes.inc({ state }),
  };
}

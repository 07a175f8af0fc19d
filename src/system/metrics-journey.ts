/** Metrics of the journey: what was decided, what was answered at which stage, how long it took, and what went wrong with us. */
import { Counter, Histogram, type Registry } from "prom-client";
import { limits } from "../base/limits.ts";
import type { Observer } from "../gateway/dialogue/journey.ts";

export function journeyMetrics(registry: Registry): { readonly observer: Observer; readonly onFault: () => void } {
  const counted = counters(registry);
  // There from the start: the first one must be seen as an increase.
  for (const stage of ["mail", "rcpt", "data", "none"]) counted.faults.inc({ stage }, 0);
  for (const outcome of ["again", "accepted"]) counted.deferrals.inc({ outcome }, 0);
  for (const disposition of ["accept", "refuse"]) counted.uninspected.inc({ disposition }, 0);
  const seconds = new Histogram({
    name: "assay_stage_seconds",
    help: "Time to the answer at each stage; data: from the end of the header to the decision.",
    labelNames: ["stage"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60],
    registers: [registry],
  });
  const bounded = boundedReplies();
  return {
    observer: {
      onAnswer: ({ stage, reply, ms }) => {
        seconds.observe({ stage }, ms / 1000);
        if (reply !== null) counted.replies.inc({ stage, ...bounded(stage, reply) });
      },
      onDecision: ({ disposition, ms, deferrals }) => {
        const { inspection } = disposition;
        seconds.observe({ stage: "data" }, ms / 1000);
        if (inspection !== null) {
          const { compauth, reason } = inspection.verdict;
          counted.verdicts.inc({ compauth, reason });
          counted.actions.inc({ action: inspection.action.kind, withheld: String(inspection.action.withheld) });
        } else counted.uninspected.inc({ disposition: disposition.kind });
        if (disposition.kind === "refuse") {
          counted.replies.inc({ stage: "data", ...bounded("data", disposition.reply) });
          if (disposition.reply.code === 451) counted.deferrals.inc({ outcome: "again" });
        } else {
          if (disposition.hold !== null) counted.holds.inc();
          if (deferrals > 0 && isUndecided(inspection)) counted.deferrals.inc({ outcome: "accepted" });
        }
      },
      onFault: (_, { stage }) => counted.faults.inc({ stage }),
    },
    onFault: () => counted.faults.inc({ stage: "none" }),
  };
}

function counters(registry: Registry) {
  const registers = [registry];
  return {
    verdicts: new Counter({
      name: "assay_verdicts_total",
      help: "Messages by composite verdict and reason code.",
      labelNames: ["compauth", "reason"],
      registers,
    }),
    actions: new Counter({
      name: "assay_actions_total",
      help: "Messages by action; withheld: observed, and not done.",
      labelNames: ["action", "withheld"],
      registers,
    }),
    replies: new Counter({
      name: "assay_replies_total",
      help: "Refusals by stage and reply code.",
      labelNames: ["stage", "code", "enhanced"],
      registers,
    }),
    uninspected: new Counter({
      name: "assay_uninspected_total",
      help: "Messages that were not inspected: for a fault of ours, because too many came at once, or because the door refused them for what they are.",
      labelNames: ["disposition"],
      registers,
    }),
    deferrals: new Counter({
      name: "assay_deferrals_total",
      help: "Messages that could not be decided: told to come again, or accepted after they had come often enough.",
      labelNames: ["outcome"],
      registers,
    }),
    holds: new Counter({ name: "assay_holds_total", help: "Messages that were to be held back from delivery.", registers }),
    faults: new Counter({
      name: "assay_faults_total",
      help: "Faults of ours, by stage; none: outside any message.",
      labelNames: ["stage"],
      registers,
    }),
  };
}

function isUndecided(inspection: { readonly action: { readonly kind: string; readonly withheld: boolean } } | null): boolean {
  return inspection === null || (inspection.action.kind === "tempfail" && !inspection.action.withheld);
}

type Codes = { readonly code: string; readonly enhanced: string };

/** Replies come from a table of ours, and from the operator's rules: past a number of them they are counted together. */
function boundedReplies(): (stage: string, reply: { readonly code: number; readonly enhanced: string }) => Codes {
  const seen = new Set<string>();
  return (stage, { code, enhanced }) => {
    const key = `${stage} ${code} ${enhanced}`;
    if (!seen.has(key)) {
      if (seen.size >= limits.metricSeriesMax) return { code: String(code), enhanced: "other" };
      seen.add(key);
    }
    return { code: String(code), enhanced };
  };
}

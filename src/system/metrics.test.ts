/** Metrics: what is counted for what happens, how many series there can be, and how the values of several processes become one. */
import assert from "node:assert/strict";
import test from "node:test";
import { inspectionWith } from "../../test/inspections.ts";
import { limits } from "../base/limits.ts";
import type { Disposition, Observed } from "../gateway/dialogue/journey.ts";
import { aggregateMetrics, type MetricSources, type Metrics, openMetrics } from "./metrics.ts";

const client = { listener: "inbound", ip: "192.0.2.10", helo: null, tls: null, authenticatedAs: null } as const;
const inspection = inspectionWith();
const accepted = { kind: "accept", headers: [], removals: [], hold: null, inspection } as const;

function decided(disposition: Exclude<Disposition, { readonly kind: "gone" }>, deferrals = 0): Observed {
  return { client, mailFrom: null, rcptTo: [], queueId: null, disposition, ms: 30, deferrals };
}

async function withMetrics(run: (metrics: Metrics) => Promise<void> | void, sources: Partial<MetricSources> = {}): Promise<void> {
  const metrics = openMetrics({ version: "1.2.3", ...sources });
  try {
    await run(metrics);
  } finally {
    metrics.close();
  }
}

function has(text: string, ...lines: readonly string[]): void {
  for (const line of lines) assert.ok(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
}

test("decisions: verdict, action, latency", () =>
  withMetrics(async ({ observer, text }) => {
    observer.onDecision(decided(accepted));
    observer.onDecision(decided(accepted));
    has(
      await text(),
      'assay_verdicts_total{compauth="pass",reason="100"} 2',
      'assay_actions_total{action="deliver",withheld="true"} 2',
      'assay_stage_seconds_bucket{le="0.025",stage="data"} 0',
      'assay_stage_seconds_bucket{le="0.05",stage="data"} 2',
      'assay_stage_seconds_count{stage="data"} 2',
    );
  }));

test("refusals: by stage and code; deferrals apart", () =>
  withMetrics(async ({ observer, text }) => {
    const answered = { stage: "rcpt", client, mailFrom: null, recipient: null, ms: 1 } as const;
    observer.onAnswer({ ...answered, reply: null });
    observer.onAnswer({ ...answered, reply: { code: 450, enhanced: "4.7.25", text: "" } });
    observer.onDecision(decided({ kind: "refuse", reply: { code: 550, enhanced: "5.7.1", text: "" }, inspection }));
    observer.onDecision(decided({ kind: "refuse", reply: { code: 451, enhanced: "4.7.1", text: "" }, inspection }));
    observer.onDecision(decided({ kind: "refuse", reply: { code: 451, enhanced: "4.3.2", text: "" }, inspection: null }));
    const undecided = { ...inspection, action: { ...inspection.action, kind: "tempfail", withheld: false } } as const;
    observer.onDecision(decided({ ...accepted, inspection: undecided }, 3));
    observer.onDecision(decided({ ...accepted, hold: "why" }));
    has(
      await text(),
      'assay_replies_total{stage="rcpt",code="450",enhanced="4.7.25"} 1',
      'assay_replies_total{stage="data",code="550",enhanced="5.7.1"} 1',
      'assay_deferrals_total{outcome="again"} 2',
      'assay_deferrals_total{outcome="accepted"} 1',
      'assay_uninspected_total{disposition="refuse"} 1',
      "assay_holds_total 1",
      'assay_stage_seconds_count{stage="rcpt"} 2',
    );
  }));

for (const [count, other] of [
  [limits.metricSeriesMax - 1, 0],
  [limits.metricSeriesMax, 0],
  [limits.metricSeriesMax + 1, 1],
] as const) {
  test(`${count} kinds of reply: ${other} under "other" (replies come from the operator's rules too)`, () =>
    withMetrics(async ({ observer, text }) => {
      for (let i = 0; i < count; i += 1) {
        observer.onDecision(decided({ kind: "refuse", reply: { code: 550, enhanced: `5.7.${i}`, text: "" }, inspection: null }));
      }
      const lines = (await text()).split("\n").filter((line) => line.startsWith("assay_replies_total{"));
      assert.equal(lines.length, Math.min(count, limits.metricSeriesMax) + other);
      assert.equal(lines.filter((line) => line.includes('enhanced="other"')).length, other);
    }));
}

test("DNS: questions by type and outcome, time of those that were asked, the cache, the breaker", () =>
  withMetrics(
    async ({ onAnswered, onCache, onBreaker, text }) => {
      onAnswered({ type: "TXT", outcome: "found", ms: 4 });
      onAnswered({ type: "A", outcome: "withheld", ms: 0 });
      for (const outcome of ["hit", "hit", "miss"] as const) onCache(outcome);
      onBreaker("open");
      has(
        await text(),
        'assay_dns_questions_total{type="TXT",outcome="found"} 1',
        'assay_dns_questions_total{type="A",outcome="withheld"} 1',
        "assay_dns_question_seconds_count 1",
        'assay_dns_cache_lookups_total{outcome="hit"} 2',
        'assay_dns_cache_lookups_total{outcome="miss"} 1',
        'assay_dns_breaker_changes_total{state="open"} 1',
        "assay_dns_breaker_open 1",
      );
    },
    { breaker: () => "open" },
  ));

test("states are read when they are asked for", () => {
  let waiting = 3;
  return withMetrics(
    async ({ onConnection, text }) => {
      const door = { name: "milter", listener: "inbound" } as const;
      for (const event of ["opened", "opened", "closed", "refused"] as const) onConnection(event, door);
      has(
        await text(),
        "assay_messages_in_flight 7",
        "assay_store_degraded 1",
        "assay_store_waiting 3",
        "assay_store_dropped_total 5",
        "assay_held_messages 2",
        "assay_held_oldest_seconds 90",
        "assay_log_lost_total 1",
        'assay_connections{door="milter",listener="inbound"} 1',
        'assay_connections_total{door="milter",listener="inbound",outcome="opened"} 2',
        'assay_connections_total{door="milter",listener="inbound",outcome="refused"} 1',
      );
      waiting = 4;
      has(await text(), "assay_store_waiting 4", "assay_store_dropped_total 5");
    },
    {
      inFlight: () => 7,
      store: () => ({ status: "degraded", why: "full", waiting, dropped: 5 }),
      held: () => ({ messages: 2, oldestSeconds: 90 }),
      logLost: () => 1,
    },
  );
});

test("the process: version, memory, processor, event loop", () =>
  withMetrics(async ({ text }) => {
    const told = await text();
    has(told, 'assay_build_info{version="1.2.3"} 1');
    for (const name of [
      "assay_process_resident_memory_bytes",
      "assay_process_heap_bytes",
      "assay_process_cpu_seconds_total",
      "assay_process_start_time_seconds",
    ]) {
      const value = Number(new RegExp(`^${name} ([0-9.e+]+)$`, "m").exec(told)?.[1]);
      assert.ok(value > 0, name);
    }
    assert.match(told, /^assay_event_loop_lag_seconds [0-9.e-]+$/m);
  }));

test("several processes: counts are added, states are the worst; sent as JSON, as between processes", async () => {
  const parts: unknown[] = [];
  for (const [waiting, breaker] of [
    [1, "closed"],
    [2, "open"],
  ] as const) {
    const sources = {
      breaker: () => breaker,
      inFlight: () => waiting,
      store: () => ({ status: "ok", why: null, waiting, dropped: 0 }) as const,
    };
    await withMetrics(async ({ observer, json }) => {
      observer.onDecision(decided(accepted));
      parts.push(JSON.parse(JSON.stringify(await json())));
    }, sources);
  }
  const text = await aggregateMetrics([...parts, null, { no: "part" }]);
  has(
    text,
    'assay_verdicts_total{compauth="pass",reason="100"} 2',
    "assay_messages_in_flight 3",
    "assay_store_waiting 3",
    "assay_dns_breaker_open 1",
    'assay_build_info{version="1.2.3"} 1',
    'assay_stage_seconds_count{stage="data"} 2',
  );
  assert.equal(await aggregateMetrics([]).then((empty) => empty.trim()), "");
});

test("two registries of one process do not meet", () =>
  withMetrics((one) =>
    withMetrics(async (other) => {
      one.observer.onFault(new Error("x"), { stage: "data", queueId: null });
      one.onFault();
      has(await one.text(), 'assay_faults_total{stage="data"} 1', 'assay_faults_total{stage="none"} 1');
      has(await other.text(), 'assay_faults_total{stage="data"} 0', 'assay_faults_total{stage="none"} 0');
    }),
  ));

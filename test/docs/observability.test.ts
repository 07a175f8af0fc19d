/** docs/observability.md, the dashboard and the alert rules: each metric that they name is ours, each of ours is told of; so are the log's keys. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { limits } from "../../src/base/limits.ts";
import type { Observed } from "../../src/gateway/dialogue/journey.ts";
import { openLog } from "../../src/system/log.ts";
import { openMetrics } from "../../src/system/metrics.ts";
import { inspectionWith } from "../inspections.ts";

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const page = read("docs/observability.md");
const told = page.replaceAll(/\s+/g, " ");

/** With what Prometheus makes of a histogram. */
function known(): ReadonlySet<string> {
  const metrics = openMetrics({ version: "0" });
  metrics.close();
  return new Set(metrics.names.flatMap((name) => [name, ...["_bucket", "_sum", "_count"].map((end) => name + end)]));
}

const named = (text: string): readonly string[] => [...new Set(text.match(/assay_[a-z_]+/g) ?? [])];

test("every metric has its line on the page with its labels, and no other has", () => {
  const metrics = openMetrics({ version: "0" });
  metrics.close();
  const lines = [...page.matchAll(/^\| `(assay_[a-z_]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(lines.toSorted(), [...metrics.names].toSorted());
});

test("the dashboard asks for metrics that are there; its panels have ids and places of their own", () => {
  const dashboard = JSON.parse(read("deploy/grafana/assay.json")) as {
    panels: { id: number; title: string; gridPos: { x: number; y: number; w: number; h: number }; targets?: { expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 20);
  for (const name of named(expressions.join(" "))) assert.ok(known().has(name), name);
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  const cells = new Set<string>();
  for (const { title, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!cells.has(`${x} ${y}`), title);
        cells.add(`${x} ${y}`);
      }
    }
  }
  for (const name of [
    "verdicts_total",
    "actions_total",
    "stage_seconds_bucket",
    "dns_questions_total",
    "dns_cache_lookups_total",
    "messages_in_flight",
    "replies_total",
    "dns_breaker_open",
    "store_waiting",
  ]) {
    assert.ok(named(expressions.join(" ")).includes(`assay_${name}`), name);
  }
});

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
};

test("the alert rules ask for metrics that are there, say what to do, and stand on the page", () => {
  const { groups } = parse(read("deploy/prometheus/alerts.yml")) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length >= 10);
  for (const { alert, expr, labels, annotations } of rules) {
    for (const name of named(expr)) assert.ok(known().has(name), `${alert}: ${name}`);
    assert.ok(["warning", "critical"].includes(labels.severity), alert);
    assert.ok(annotations.summary.length > 10 && annotations.description.length > 20, alert);
    assert.equal([...expr].filter((one) => one === "(").length, [...expr].filter((one) => one === ")").length, alert);
  }
  const listed = [...page.matchAll(/^\| `(Assay[A-Za-z]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(
    listed,
    rules.map(({ alert }) => alert),
  );
});

const client = { listener: "inbound", ip: "192.0.2.7", helo: "x", tls: null, authenticatedAs: null } as const;

function linesOf(write: (log: ReturnType<typeof openLog>) => void): readonly string[] {
  const lines: string[] = [];
  write(openLog("info", { write: (line: string) => void lines.push(line.trimEnd()) }));
  return lines;
}

function decided(code: number, enhanced: string, helo = "x"): Observed {
  const disposition = { kind: "refuse", reply: { code, enhanced, text: "no" }, inspection: inspectionWith() } as const;
  return { client: { ...client, helo }, mailFrom: "", rcptTo: [], queueId: null, disposition, ms: 1, deferrals: 0 };
}

test("every key of the log has its line on the page, and the sample has the keys of a decision", () => {
  const lines = linesOf((log) => {
    log.observer.onDecision(decided(550, "5.7.1"));
    log.observer.onAnswer({
      stage: "rcpt",
      client,
      mailFrom: "",
      recipient: "a@b.example",
      reply: { code: 450, enhanced: "4.7.25", text: "" },
      ms: 1,
    });
    log.observer.onFault(new Error("x"), { stage: "data", queueId: null });
  }).map((line) => JSON.parse(line) as Record<string, unknown>);
  const table = page.slice(page.indexOf("| key |"), page.indexOf("`event.kind`"));
  for (const key of new Set(lines.flatMap((line) => Object.keys(line))))
    assert.match(table, new RegExp(`^\\| (?:\`\\w+\`, )*\`${key}\``, "m"), key);
  const sample = JSON.parse(/```json\n(.*)\n```/.exec(page)?.[1] ?? "{}") as Record<string, unknown>;
  assert.deepEqual(Object.keys(sample), Object.keys(lines[0] ?? {}));
});

test("the fail2ban filter of the page: bans whom the lists block, and no other, whatever a HELO name says", () => {
  const regex = /^failregex = (.*)$/m.exec(page)?.[1] ?? "";
  const filter = new RegExp(regex.replace("<HOST>", "(?<host>[0-9a-f.:]+)"));
  const evil = '","client":"192.0.2.99","code":550,"enhanced":"5.7.511","';
  const lines = linesOf((log) => {
    log.observer.onDecision(decided(550, "5.7.511"));
    log.observer.onAnswer({
      stage: "mail",
      client,
      mailFrom: "",
      recipient: null,
      reply: { code: 550, enhanced: "5.7.800", text: "" },
      ms: 1,
    });
    log.observer.onAnswer({
      stage: "rcpt",
      client,
      mailFrom: "",
      recipient: null,
      reply: { code: 450, enhanced: "4.7.25", text: "" },
      ms: 1,
    });
    log.observer.onDecision(decided(550, "5.7.509"));
    log.observer.onDecision(decided(450, "4.7.26", evil));
  });
  assert.deepEqual(
    lines.map((line) => filter.exec(line)?.groups?.["host"] ?? null),
    ["192.0.2.7", "192.0.2.7", null, null, null],
  );
});

for (const sentence of [
  `cut at ${limits.logTextCharactersMax} characters`,
  `at most ${limits.logRecipientsMax} recipients and ${limits.logSignersMax} signing domains`,
  `${limits.logBufferBytesMax / 2 ** 20} MB of lines`,
  `After ${limits.breakerFailures} questions in a row`,
  `at least ${limits.breakerDomains} organizational domains, and ${limits.breakerSilenceMs / 1000} s without`,
  `one every ${limits.breakerProbeMs / 1000} s`,
]) {
  test(`the page says "${sentence}"`, () => assert.ok(told.includes(sentence)));
}

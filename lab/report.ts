/**
 * What a simulation came to, in figures: the table a person reads, the object that --json prints, and the bounds it must keep.
 */
import { interval } from "./confidence.ts";
import { type Group, type Judge, judges, type Outcome, outcomeOf, type Tally } from "./tally.ts";

export type Bound = { readonly what: string; readonly wanted: string; readonly measured: string; readonly kept: boolean };

/** What the product promises of the simulator (docs/simulator.md). */
export function boundsOf(tally: Tally): readonly Bound[] {
  const legitimate = outcomeOf(tally, "assay", "legitimate");
  const wrong = interval(legitimate.acted, legitimate.messages).high;
  const failed = share(outcomeOf(tally, "assay", "spoofs, unprotected"), "failed");
  const acted = share(outcomeOf(tally, "assay", "spoofs, established"), "acted");
  const weekOne = outcomeOf(tally, "assay", "week one, without records").acted;
  const caught = (judge: Judge): number => outcomeOf(tally, judge, "spoofs").acted;
  const wrongOf = (judge: Judge): number => outcomeOf(tally, judge, "legitimate").acted;
  return [
    { what: "spoofs of unprotected domains that fail", wanted: "at least 95%", measured: percent(failed), kept: failed >= 0.95 },
    { what: "spoofs of established domains acted on", wanted: "at least 90%", measured: percent(acted), kept: acted >= 0.9 },
    { what: "legitimate mail acted on, upper bound", wanted: "at most 1 in 10,000", measured: perTenThousand(wrong), kept: wrong <= 1e-4 },
    { what: "week one: legitimate mail without records acted on", wanted: "none", measured: String(weekOne), kept: weekOne === 0 },
    ...(["dmarc", "best-guess", "best-guess, our standing"] as const).map((judge) => {
      const alone = judge !== "best-guess, our standing";
      return {
        what: `spoofs acted on, against ${titles[judge]}`,
        wanted: `${alone ? "more than" : "at least"} ${caught(judge)}`,
        measured: String(caught("assay")),
        kept: alone ? caught("assay") > caught(judge) : caught("assay") >= caught(judge),
      };
    }),
    ...(["best-guess, our standing", "best-guess, every fail"] as const).map((judge) => ({
      what: `wrong actions, against ${titles[judge]}`,
      wanted: `at most ${wrongOf(judge)}`,
      measured: String(wrongOf("assay")),
      kept: wrongOf("assay") <= wrongOf(judge),
    })),
  ];
}

export const titles: Readonly<Record<Judge, string>> = {
  assay: "Assay",
  dmarc: "DMARC alone",
  "best-guess": "best-guess SPF",
  "best-guess, our standing": "best-guess SPF with our standing",
  "best-guess, every fail": "best-guess SPF, every fail acted on",
};

export function share(outcome: Outcome, of: "failed" | "soft" | "acted"): number {
  return outcome.messages === 0 ? 0 : outcome[of] / outcome.messages;
}

/** The report as text. */
export function reportOf(tally: Tally): string {
  const legitimate: readonly Group[] = [
    "legitimate",
    "legitimate, enforced",
    "legitimate, p=none",
    "legitimate, no DMARC",
    "legitimate, direct",
    "legitimate, stray",
    "legitimate, forwarder",
    "legitimate, list",
    "legitimate, bounce",
    "legitimate, never-authenticating",
    "week one, all legitimate",
    "week one, without records",
  ];
  const kinds = ["fresh", "own-domain", "provider", "patient", "volume"] as const;
  const spoofs: readonly Group[] = [
    "spoofs",
    "spoofs, enforced",
    "spoofs, unprotected",
    ...kinds.map((kind) => `spoofs, unprotected, ${kind}` as const),
    "spoofs, established",
    ...kinds.map((kind) => `spoofs, established, ${kind}` as const),
    "spoofs, never-authenticating",
  ];
  return [
    ...section(
      "Legitimate mail, per 10,000 (95% interval)",
      ["messages", "false fails", "softpass", "wrong actions"],
      legitimate.map((group) => legitimateLine(tally, group)),
    ),
    ...section(
      "Spoofs",
      ["messages", "fail", "softpass", "acted on"],
      spoofs.map((group) => spoofLine(tally, group)),
    ),
    ...section(
      "Against the baselines",
      ["unprotected: fail", "established: acted on", "all: acted on", "false fails / 10,000", "wrong / 10,000"],
      judges.map((judge) => judgeLine(tally, judge)),
    ),
    ...moveLines(tally),
    ...list("Legitimate mail acted on", tally.wrong),
    ...list("Spoofs of established domains not acted on", tally.missed),
    ...section(
      "Bounds",
      ["wanted", "measured", ""],
      boundsOf(tally).map(({ what, wanted, measured, kept }) => [what, wanted, measured, kept ? "kept" : "NOT KEPT"]),
    ),
  ].join("\n");
}

function legitimateLine(tally: Tally, group: Group): readonly string[] {
  const outcome = outcomeOf(tally, "assay", group);
  const { messages, failed, soft, acted } = outcome;
  return [
    group,
    String(messages),
    withInterval(failed, messages),
    messages === 0 ? "–" : perTenThousand(soft / messages),
    withInterval(acted, messages),
  ];
}

function spoofLine(tally: Tally, group: Group): readonly string[] {
  const outcome = outcomeOf(tally, "assay", group);
  return [
    group,
    String(outcome.messages),
    percent(share(outcome, "failed")),
    percent(share(outcome, "soft")),
    percent(share(outcome, "acted")),
  ];
}

function judgeLine(tally: Tally, judge: Judge): readonly string[] {
  const of = (group: Group): Outcome => outcomeOf(tally, judge, group);
  const legitimate = of("legitimate");
  return [
    titles[judge],
    percent(share(of("spoofs, unprotected"), "failed")),
    percent(share(of("spoofs, established"), "acted")),
    percent(share(of("spoofs"), "acted")),
    withInterval(legitimate.failed, legitimate.messages),
    withInterval(legitimate.acted, legitimate.messages),
  ];
}

function withInterval(times: number, messages: number): string {
  if (messages === 0) return "–";
  const { low, high } = interval(times, messages);
  return `${perTenThousand(times / messages)} (${perTenThousand(low)}–${perTenThousand(high)})`;
}

/** Days until mail of a domain that moved passes again; those that failed not once needed none. */
function moveLines({ moves }: Tally): readonly string[] {
  const rows = (["authenticating", "never-authenticating"] as const).map((kind) => {
    const these = moves.filter((move) => move.kind === kind);
    const learnt = these.flatMap(({ days }) => (days === null || days === 0 ? [] : [days])).toSorted((a, b) => a - b);
    const median = learnt[Math.floor(learnt.length / 2)];
    const at = these.filter(({ days }) => days === 0).length;
    const never = these.filter(({ days }) => days === null).length;
    return [
      kind,
      String(these.length),
      String(at),
      String(learnt.length),
      median === undefined ? "–" : String(median),
      String(learnt.at(-1) ?? "–"),
      String(never),
    ];
  });
  return section("Domains that moved", ["moved", "at once", "learnt", "median days", "longest", "not yet"], rows);
}

function list(title: string, counts: Readonly<Record<string, number>>): readonly string[] {
  const most = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  if (most.length === 0) return [];
  const shown = most.slice(0, 12).map(([what, times]) => `  ${String(times).padStart(6)}  ${what}`);
  const rest = most.slice(12).reduce((sum, [, times]) => sum + times, 0);
  return [title, ...shown, ...(rest > 0 ? [`  ${String(rest).padStart(6)}  others`] : []), ""];
}

function section(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const table = [["", ...heads], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length))) ?? [];
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [title, ...table.map((row) => `  ${line(row)}`), ""];
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(2)}%`;
}

export function perTenThousand(value: number): string {
  return (10_000 * value).toFixed(value < 1e-3 ? 2 : 1);
}

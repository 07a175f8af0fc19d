/**
 * Counts of one or several simulations: for each way of judging and each group of messages how many there were, how many failed and
 * how many were acted on (junk or stronger), day by day for the plot, and what became of domains that moved. Tallies add up.
 */
import type { AttackKind, Route } from "./message.ts";

/** The baselines act on what an enforced policy asks for; on what Assay's history finds suspicious too; or on every fail. */
export type Judge = "assay" | "dmarc" | "best-guess" | "best-guess, our standing" | "best-guess, every fail";
export const judges: readonly Judge[] = ["assay", "dmarc", "best-guess", "best-guess, our standing", "best-guess, every fail"];

export type Protection = "enforced" | "p=none" | "no DMARC";

export type Group =
  | "legitimate"
  | `legitimate, ${Protection}`
  | `legitimate, ${Route}`
  | "legitimate, never-authenticating"
  | "week one, without records"
  | "week one, all legitimate"
  | "spoofs"
  | "spoofs, enforced"
  | "spoofs, unprotected"
  | "spoofs, established"
  | "spoofs, never-authenticating"
  | `spoofs, unprotected, ${AttackKind}`
  | `spoofs, established, ${AttackKind}`;

export type Outcome = { messages: number; failed: number; soft: number; acted: number };

/** Days and failing messages until a moved domain's mail passes again, or soft-passes; null: not by the end. */
export type Move = { readonly kind: "authenticating" | "never-authenticating"; readonly days: number | null; readonly messages: number };

export type Tally = {
  readonly outcomes: Record<string, Outcome>;
  /** By day: legitimate messages, fails and actions among them; unprotected spoofs and fails among them, for each judge. */
  readonly byDay: Record<string, Outcome[]>;
  readonly moves: Move[];
  /** Legitimate mail that was acted on, and spoofs of established domains that were not: reason, standing and where it came from. */
  readonly wrong: Record<string, number>;
  readonly missed: Record<string, number>;
};

export function emptyTally(): Tally {
  return { outcomes: {}, byDay: {}, moves: [], wrong: {}, missed: {} };
}

export type Judged = { readonly failed: boolean; readonly soft: boolean; readonly acted: boolean };

export function count(tally: Tally, { judge, groups }: { readonly judge: Judge; readonly groups: readonly Group[] }, judged: Judged): void {
  for (const group of groups) {
    const key = `${judge}/${group}`;
    const outcome = tally.outcomes[key] ?? nothing();
    tally.outcomes[key] = outcome;
    add(outcome, judged);
  }
}

export function countDay(tally: Tally, at: { readonly series: string; readonly day: number }, judged: Judged): void {
  const days = tally.byDay[at.series] ?? [];
  tally.byDay[at.series] = days;
  while (days.length <= at.day) days.push(nothing());
  const outcome = days[at.day];
  if (outcome !== undefined) add(outcome, judged);
}

export function outcomeOf(tally: Tally, judge: Judge, group: Group): Outcome {
  return tally.outcomes[`${judge}/${group}`] ?? nothing();
}

export function sum(tallies: readonly Tally[]): Tally {
  const total = emptyTally();
  for (const { outcomes, byDay, moves, wrong, missed } of tallies) {
    for (const [key, outcome] of Object.entries(outcomes)) total.outcomes[key] = plus(total.outcomes[key] ?? nothing(), outcome);
    for (const [series, days] of Object.entries(byDay)) {
      const known = total.byDay[series] ?? [];
      total.byDay[series] = Array.from({ length: Math.max(known.length, days.length) }, (_, day) =>
        plus(known[day] ?? nothing(), days[day] ?? nothing()),
      );
    }
    for (const [what, times] of Object.entries(wrong)) total.wrong[what] = (total.wrong[what] ?? 0) + times;
    for (const [what, times] of Object.entries(missed)) total.missed[what] = (total.missed[what] ?? 0) + times;
    total.moves.push(...moves);
  }
  return total;
}

function nothing(): Outcome {
  return { messages: 0, failed: 0, soft: 0, acted: 0 };
}

function add(outcome: Outcome, { failed, soft, acted }: Judged): void {
  outcome.messages += 1;
  if (failed) outcome.failed += 1;
  if (soft) outcome.soft += 1;
  if (acted) outcome.acted += 1;
}

function plus(a: Outcome, b: Outcome): Outcome {
  return { messages: a.messages + b.messages, failed: a.failed + b.failed, soft: a.soft + b.soft, acted: a.acted + b.acted };
}

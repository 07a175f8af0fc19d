/** The totals of a batch, by verdict and reason, and the progress line that a terminal shows meanwhile. */
import type { Clock } from "../../dns/resolver.ts";
import { type Line, plain, type Style } from "./lines.ts";
import type { Output } from "./ports.ts";

export type Totals = { count(tally: string): void; lines(): readonly Line[]; line(): string };

export function totals(): Totals {
  const tallies = new Map<string, number>();
  let messages = 0;
  const sorted = (): [string, number][] => [...tallies].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return {
    count(tally) {
      messages += 1;
      tallies.set(tally, (tallies.get(tally) ?? 0) + 1);
    },
    lines: () => [
      plain(`${messages} message${messages === 1 ? "" : "s"}`),
      ...sorted().map(
        ([tally, n]): Line => [
          { text: `  ${tally.padEnd(16)}`, style: styleOf(tally) },
          { text: String(n).padStart(7), style: "plain" },
        ],
      ),
    ],
    line: () => [`${messages} messages`, ...sorted().map(([tally, n]) => `${tally}: ${n}`)].join(", "),
  };
}

const order: readonly string[] = ["pass", "softpass", "none", "fail", "undecided", "unreadable", "a"];

function rank(tally: string): number {
  return order.indexOf(tally.split(" ", 1)[0] ?? "");
}

function styleOf(tally: string): Style {
  if (tally.startsWith("pass")) return "good";
  return tally.startsWith("fail") || tally.startsWith("unreadable") || tally.startsWith("a ") ? "bad" : "unsure";
}

const refreshMs = 100;

/** A line on stderr that is written over and over; silent where nobody watches, or where the messages themselves scroll by. */
export function progress(err: Output, out: Output, clock: Clock): { show(text: () => string): Promise<void>; clear(): Promise<void> } {
  const watched = err.isTerminal && !out.isTerminal;
  let last = 0;
  return {
    async show(text) {
      const now = clock();
      if (!watched || now - last < refreshMs) return;
      last = now;
      await err.write(`\r\x1b[K${text()}`);
    },
    async clear() {
      if (watched && last > 0) await err.write("\r\x1b[K");
    },
  };
}

/**
 * `assay replay`: decides recorded mail again under the policy of a file, and prints what would flip, by rule and by sender, with messages
 * to look at. It streams: memory does not grow with the journal. Exit status: 0 nothing would flip, 1 something would, 2 wrong use, 3 a
 * store that cannot be used.
 */

import type { JudgePolicy } from "../../gateway/judge.ts";
import { judgePolicyFor } from "../../gateway/judge-policy.ts";
import { countFlips, type FlipReport, type SenderFlips } from "../../gateway/replay/flips.ts";
import { redecide } from "../../gateway/replay/redecide.ts";
import type { Journal, JournalFilter } from "../../memory/journal.ts";
import type { ExitStatus } from "./exit-status.ts";
import { dayText, onJournal, tenantIn } from "./journal-options.ts";
import { print } from "./lines.ts";
import { type Ports, UsageError } from "./ports.ts";
import { replayLines } from "./replay-lines.ts";
import { jsonLine } from "./shown.ts";

export type ReplayOptions = {
  readonly policy: string;
  readonly config?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly tenant?: string;
  readonly limit?: number;
  readonly json?: boolean;
};

export async function replay(options: ReplayOptions, ports: Ports): Promise<ExitStatus> {
  const { policy } = await ports.loadSettings(options.policy);
  const config = options.config ?? options.policy;
  const settings = await ports.loadSettings(config);
  const now = ports.clock();
  const since = options.since ?? now - 7 * 86_400_000;
  if (options.until !== undefined && options.until <= since) throw new UsageError("--until is a moment after --since");
  const filter = { since, until: options.until, tenant: tenantIn(options.tenant, settings) };
  return onJournal({ config, settings, purpose: "read" }, ports, async (journal) => {
    const report = await replayed(journal, filter, policy);
    const until = options.until ?? now;
    if (options.json === true) await ports.out.write(jsonLine(jsonOf(report, { since, until })));
    else {
      const between = `${dayText(since)} to ${dayText(until)}`;
      await ports.out.write(print(replayLines(report, { between, policy: options.policy, limit: options.limit ?? 20 }), ports.out));
    }
    return report.flipped > 0 ? 1 : 0;
  });
}

async function replayed(journal: Journal, filter: JournalFilter, policy: JudgePolicy): Promise<FlipReport> {
  const flips = countFlips(policy);
  const policies = new Map<string, JudgePolicy>();
  const policyOf = (tenant: string): JudgePolicy => {
    const found = policies.get(tenant) ?? judgePolicyFor(policy, tenant);
    policies.set(tenant, found);
    return found;
  };
  for await (const one of journal.read(filter)) {
    if ("unreadable" in one) flips.unreadable();
    else {
      const redecided = redecide(one, policyOf(one.tenant));
      flips.add(one, redecided instanceof Promise ? await redecided : redecided);
    }
  }
  return flips.report();
}

function jsonOf(report: FlipReport, { since, until }: { readonly since: number; readonly until: number }) {
  const { senders, ...rest } = report;
  return {
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    ...rest,
    senders: senders.map((one: SenderFlips) => ({ ...one, from: one.from === "" ? null : one.from })),
  };
}

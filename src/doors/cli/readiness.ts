/**
 * `assay readiness`: what each rule of policy.enforce alone would have done to the recorded mail of some days, by sender, and what to do
 * before it is switched on. It streams: memory does not grow with the journal. Exit status: 0, 2 wrong use, 3 a store that cannot be used.
 */
import { judgePolicyFor } from "../../gateway/judge-policy.ts";
import { actingRules } from "../../gateway/replay/only-rule.ts";
import { countReadiness, type ReadinessReport, type RuleHits, recipientsMax, type SenderHit } from "../../gateway/replay/readiness.ts";
import type { Advice } from "../../gateway/replay/readiness-advice.ts";
import { looksOf, stateOf } from "../../gateway/replay/readiness-state.ts";
import { argument } from "./entry-store.ts";
import type { ExitStatus } from "./exit-status.ts";
import { onJournal, tenantIn } from "./journal-options.ts";
import { print } from "./lines.ts";
import { type Ports, UsageError } from "./ports.ts";
import { type Found, type FoundRule, type FoundSender, readinessLines } from "./readiness-lines.ts";
import { jsonLine } from "./shown.ts";

export type ReadinessOptions = {
  readonly config?: string;
  readonly days?: number;
  readonly tenant?: string;
  readonly limit?: number;
  readonly json?: boolean;
};

const dayMs = 86_400_000;

export async function readiness(options: ReadinessOptions, ports: Ports): Promise<ExitStatus> {
  const { config } = options;
  if (config === undefined) throw new UsageError("name the store: --config FILE with memory.url");
  const settings = await ports.loadSettings(config);
  const tenant = tenantIn(options.tenant, settings);
  const days = options.days ?? 7;
  const now = ports.clock();
  const since = now - days * dayMs;
  return onJournal({ config, settings, purpose: "read" }, ports, async (journal) => {
    const counted = countReadiness((of) => judgePolicyFor(settings.policy, of));
    let oldest: number | null = null;
    for await (const one of journal.read({ since, tenant })) {
      if ("unreadable" in one) counted.unreadable();
      else {
        oldest ??= Date.parse(one.inspection.at);
        await counted.add(one);
      }
    }
    const recorded = oldest === null ? 0 : Math.min(days, (now - oldest) / dayMs);
    const options_ = ` --config ${argument(config)}${tenant === undefined || tenant === "" ? "" : ` --tenant ${tenant}`}`;
    const found = foundOf(counted.report(), {
      days,
      recorded,
      acting: actingRules(settings.policy),
      options: options_,
      limit: options.limit ?? 10,
    });
    await ports.out.write(options.json === true ? jsonLine(found) : print(readinessLines(found), ports.out));
    return 0;
  });
}

type Around = {
  readonly days: number;
  /** Days that the journal has of them. */
  readonly recorded: number;
  readonly acting: ReadonlySet<string>;
  /** ` --config FILE`, as a command that is offered needs it. */
  readonly options: string;
  readonly limit: number;
};

function foundOf(report: ReadinessReport, around: Around): Found {
  const { days, recorded } = around;
  // A day that is not whole yet is no reason to wait.
  const early = recorded < days - 1;
  return {
    days,
    recordedDays: Math.round(recorded * 10) / 10,
    early,
    decisions: report.decisions,
    unreadable: report.unreadable,
    notReplayable: report.notReplayable,
    rules: report.rules.map((hits) => ruleOf(hits, { ...around, early, report })),
  };
}

type WithReport = Around & { readonly early: boolean; readonly report: ReadinessReport };

function ruleOf(hits: RuleHits, around: WithReport): FoundRule {
  const order = { legitimate: 0, unknown: 1, hostile: 2 } as const;
  const senders = hits.senders.sorted().map((sender) => senderOf(sender, around));
  const count = (looks: FoundSender["looks"]): number => senders.filter((one) => one.looks === looks).length;
  return {
    rule: hits.rule,
    state: stateOf(hits, { acting: around.acting.has(hits.rule), early: around.early }),
    messages: hits.messages,
    recipients: hits.recipients.size,
    recipientsAtLeast: hits.recipients.size >= recipientsMax.rule,
    actions: Object.fromEntries(hits.actions),
    entries: Object.fromEntries(hits.entries),
    looks: { legitimate: count("legitimate"), unknown: count("unknown"), hostile: count("hostile") },
    senders: senders.toSorted((a, b) => order[a.looks] - order[b.looks] || b.messages - a.messages).slice(0, around.limit),
  };
}

function senderOf(sender: SenderHit, { options, report }: WithReport): FoundSender {
  const { from, infrastructure, messages, recipients, signs, latest, samples } = sender;
  const looks = looksOf(sender);
  // Nobody is helped to let in what history speaks against.
  const { command, fix }: Advice = looks === "hostile" ? { command: null, fix: null } : latest.advice;
  return {
    from: from === "" ? null : from,
    infrastructure,
    messages,
    recipients: recipients.size,
    recipientsAtLeast: recipients.size >= recipientsMax.sender,
    looks,
    signs: [...signs],
    standing: latest.standing,
    verdict: latest.verdict,
    suspicion: latest.suspicion,
    passedElsewhere: report.passed(from),
    command: command === null ? null : `assay ${command.map(argument).join(" ")}${options}`,
    fix,
    samples,
  };
}

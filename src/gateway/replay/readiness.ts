/**
 * What each rule alone would have done to recorded mail, by sender, in bounded memory: so that an administrator switches on one rule after
 * the other and knows whom it hits. Each message is decided again with that rule acting and all others observed (only-rule.ts). Whether a
 * sender looks legitimate is what history and evidence say of it; it is said why, and nothing is concluded from silence.
 */
import { limits } from "../../base/limits.ts";
import type { Decision } from "../../memory/journal.ts";
import { forwardingSigns } from "../../verdict/overrides/forwarding.ts";
import { shownInfrastructure } from "../../verdict/overrides/pair-shown.ts";
import type { Action } from "../../verdict/verdict.ts";
import type { DecidedInspection } from "../decided.ts";
import type { JudgePolicy } from "../judge.ts";
import type { FlipSample } from "./flips.ts";
import { type Largest, largest } from "./largest.ts";
import { everyRule, onlyRule, type RuleName, ruleNames } from "./only-rule.ts";
import { type Advice, adviceFor } from "./readiness-advice.ts";
import { type NotReplayable, redecide } from "./redecide.ts";

/** Why a sender may be honest, each seen on at least one of its messages. */
export type Sign = keyof typeof signWords;

export const signWords = {
  "good-standing": "history knows it to send for this domain",
  correspondence: "your people write to this domain",
  answer: "it answers mail of yours",
  authenticates: "it authenticates as its author",
  forwarded: "the author's signature was broken on the way, as lists and forwarders do",
} as const;

export type SenderHit = {
  /** From domain; "" where none can be read. */
  readonly from: string;
  readonly infrastructure: string;
  messages: number;
  /** Distinct ones; those past recipientsMax.sender are not counted. */
  readonly recipients: Set<string>;
  readonly signs: Set<Sign>;
  /** Messages that history or the operator speaks against, or in the name of a domain of ours. */
  hostile: number;
  /** Of its last message. A whole inspection of each sender would be too much to keep. */
  latest: LatestHit;
  readonly samples: FlipSample[];
};

export type LatestHit = Pick<DecidedInspection, "standing" | "suspicion"> & { readonly verdict: string; readonly advice: Advice };

export type RuleHits = {
  readonly rule: RuleName;
  messages: number;
  readonly recipients: Set<string>;
  readonly actions: Map<Action["kind"], number>;
  /** Entries, rules of the configuration and filters that did it. */
  readonly entries: Map<string, number>;
  readonly senders: Largest<SenderHit>;
};

/** Recipients that are told apart, of a rule and of one sender. */
export const recipientsMax = { rule: 1000, sender: 20 } as const;
const entriesMax = 200;

export type Readiness = {
  add(decision: Decision): Promise<void>;
  unreadable(): void;
  report(): ReadinessReport;
};

export type ReadinessReport = {
  readonly decisions: number;
  readonly unreadable: number;
  readonly notReplayable: Readonly<Partial<Record<NotReplayable, number>>>;
  readonly rules: readonly RuleHits[];
  /** Messages of this From domain that passed. */
  passed(from: string): number;
};

/** `policyOf` gives the policy of a decision's tenant: one value for one tenant. */
export function countReadiness(policyOf: (tenant: string) => JudgePolicy): Readiness {
  const variants = new Map<string, Variants>();
  const hits = ruleNames.map(emptyHits);
  const passes = largest<{ messages: number }>();
  const notReplayable: Partial<Record<NotReplayable, number>> = {};
  const counts = { decisions: 0, unreadable: 0 };
  const variantsOf = (tenant: string): Variants => {
    const found = variants.get(tenant) ?? variantsFor(policyOf(tenant));
    variants.set(tenant, found);
    return found;
  };
  return {
    async add(decision) {
      counts.decisions += 1;
      const { every, single, policy } = variantsOf(decision.tenant);
      const all = await redecide(decision, every);
      if (all.status === "not-replayable") {
        notReplayable[all.why] = (notReplayable[all.why] ?? 0) + 1;
        return;
      }
      const { inspection } = all;
      const domain = inspection.from.domain ?? "";
      if (inspection.verdict.compauth === "pass") passes.at(domain, () => ({ messages: 0 })).messages += 1;
      // Where nothing acts, and nothing was lifted, no rule alone would act either.
      if (!acts(inspection.action) && inspection.overrides.length === 0) return;
      for (const rule of hits) {
        const alone = await redecide(decision, single[rule.rule]);
        if (alone.status === "decided" && acts(alone.inspection.action)) addHit(rule, alone.inspection, policy);
      }
    },
    unreadable: () => {
      counts.unreadable += 1;
    },
    report: () => ({ ...counts, notReplayable: { ...notReplayable }, rules: hits, passed: (from) => passes.find(from)?.messages ?? 0 }),
  };
}

type Variants = { readonly policy: JudgePolicy; readonly every: JudgePolicy; readonly single: Readonly<Record<RuleName, JudgePolicy>> };

function variantsFor(policy: JudgePolicy): Variants {
  const single: Partial<Record<RuleName, JudgePolicy>> = {};
  for (const rule of ruleNames) single[rule] = onlyRule(policy, rule);
  return { policy, every: everyRule(policy), single: single as Record<RuleName, JudgePolicy> }; // each of ruleNames was set
}

function emptyHits(rule: RuleName): RuleHits {
  return { rule, messages: 0, recipients: new Set(), actions: new Map(), entries: new Map(), senders: largest<SenderHit>() };
}

/** Is something done to any recipient? */
export function acts({ kind, withheld, perRecipient }: Action): boolean {
  return !withheld && (kind !== "deliver" || perRecipient.some((one) => one.kind !== "deliver"));
}

function addHit(hits: RuleHits, inspection: DecidedInspection, policy: JudgePolicy): void {
  const { action, overrides } = inspection;
  const hit = action.perRecipient.filter(({ kind }) => kind !== "deliver");
  hits.messages += 1;
  const kind = hit[0]?.kind ?? action.kind;
  hits.actions.set(kind, (hits.actions.get(kind) ?? 0) + 1);
  for (const { recipient } of hit) addTo(hits.recipients, recipient, recipientsMax.rule);
  for (const { applied, entry } of overrides)
    if (applied && (hits.entries.has(entry) || hits.entries.size < entriesMax)) hits.entries.set(entry, (hits.entries.get(entry) ?? 0) + 1);
  const sender = senderOf(hits, inspection, policy);
  sender.messages += 1;
  for (const { recipient } of hit) addTo(sender.recipients, recipient, recipientsMax.sender);
  for (const sign of signsOf(inspection, policy)) sender.signs.add(sign);
  if (isHostile(inspection)) sender.hostile += 1;
  if (sender.samples.length < limits.journalSamplesMax) {
    const { id, at, transaction } = inspection;
    sender.samples.push({ id, at, messageId: transaction.messageId, mailFrom: transaction.mailFrom });
  }
}

function addTo(set: Set<string>, recipient: string, max: number): void {
  if (set.size < max) set.add(recipient.toLowerCase());
}

function senderOf({ rule, senders }: RuleHits, inspection: DecidedInspection, { localSuffixes }: JudgePolicy): SenderHit {
  const from = inspection.from.domain ?? "";
  const shown = shownInfrastructure(inspection, { localSuffixes });
  const infrastructure = shown?.infrastructure ?? "unknown";
  const { standing, suspicion, verdict } = inspection;
  const advice = adviceFor(rule, { from, allowable: shown?.allowable ?? null }, inspection);
  const latest = { standing, suspicion, verdict: `${verdict.compauth} ${verdict.reason}`, advice };
  const made = (): SenderHit => ({
    from,
    infrastructure,
    messages: 0,
    recipients: new Set(),
    signs: new Set(),
    hostile: 0,
    latest,
    samples: [],
  });
  const sender = senders.at(`${from} ${infrastructure}`, made);
  sender.latest = latest;
  return sender;
}

function signsOf(inspection: DecidedInspection, policy: JudgePolicy): readonly Sign[] {
  const { standing, history, verdict } = inspection;
  const signs: Sign[] = [];
  if (standing === "good" || standing === "allowed") signs.push("good-standing");
  if (history?.status === "known" && history.contact.wroteTo > 0) signs.push("correspondence");
  if (history?.status === "known" && history.answersOurs) signs.push("answer");
  if (verdict.compauth === "pass") signs.push("authenticates");
  if (forwardingSigns(inspection, policy).includes("body-changed")) signs.push("forwarded");
  return signs;
}

/** In the name of a domain of ours nobody vouched for: 010 and 601. */
function isHostile({ standing, verdict }: DecidedInspection): boolean {
  return standing === "suspicious" || standing === "blocked" || verdict.reason === "010" || verdict.reason === "601";
}

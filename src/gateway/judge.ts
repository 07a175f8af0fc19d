/**
 * The decision about one message, whole: facts and policy in, verdict, standing, suspicion, overrides and action out. Pure, so that what
 * the journal kept is decided again by the same function (gateway/replay/): it reads no header, asks nobody and knows no clock. What the
 * message's header says about rules and filters was read before, and comes as a value.
 */

import { actionOf } from "../verdict/action.ts";
import { decide } from "../verdict/decide.ts";
import { type DecisivePolicy, decisivePolicy } from "../verdict/decisive-policy.ts";
import type { FromDecision } from "../verdict/from-enforcement.ts";
import type { PairEntry } from "../verdict/history.ts";
import type { SenderNullMx } from "../verdict/null-mx.ts";
import { type Applied, applyOverrides, type Stamp } from "../verdict/overrides/apply.ts";
import { beforeDecision, type Matched } from "../verdict/overrides/before.ts";
import type { OverridePolicy } from "../verdict/overrides/claims.ts";
import type { Filter, FilterVerdict } from "../verdict/overrides/filters.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import type { NamedRule } from "../verdict/overrides/rule.ts";
import type { HeaderAnswers } from "../verdict/overrides/rule-evaluate.ts";
import type { Reply } from "../verdict/reply.ts";
import { type SenderMarks, senderMarks } from "../verdict/sender-marks.ts";
import { standingOf } from "../verdict/standing.ts";
import { suspicionOf } from "../verdict/suspicion.ts";
import type { Action, DecisionInput, Fact, History, Override, Policy, Standing, Verdict } from "../verdict/verdict.ts";
import { type GatePolicy, gated } from "./gates.ts";

/** What is known of the message. */
export type JudgedFacts = DecisionInput & {
  /** Its `entries` are the operator's pairs that match and are in force. */
  readonly history: History | null;
  /** Null: nobody looked for any, as without store and configuration. */
  readonly overrides: OverrideFacts | null;
  /** For the rule on null MX; null or left out: nobody asked. */
  readonly nullMx?: SenderNullMx | null;
};

/** What overrides read besides the evidence. */
export type OverrideFacts = {
  /** Entries of the store's lists that may concern the message, in force. */
  readonly lists: readonly ListEntry[];
  readonly filters: readonly FilterVerdict[];
  /** What the rules ask of the header. */
  readonly answers: HeaderAnswers;
};

/** The policy, with the overrides that stand in the configuration. */
export type JudgePolicy = Policy &
  Pick<OverridePolicy, "enforceFilters" | "safeSenders"> & {
    /** In the operator's order. */
    readonly rules?: readonly NamedRule[];
    readonly forwarders?: readonly ListEntry[];
    /** Whose field is read before the decision (readFilters); here so that replay knows which were. */
    readonly filters?: readonly Filter[];
    /** Relays of ours that may stand between a trusted hop and the client. */
    readonly trustedNetworks?: readonly string[];
    /** Rules beside the verdict: From enforcement, anonymous IPv6, null MX. None: nobody asks for them. */
    readonly gates?: GatePolicy;
  };

export type Judgement = {
  /** What the verdict read of the policy. */
  readonly policy: DecisivePolicy;
  readonly verdict: Verdict;
  readonly standing: Standing;
  readonly suspicion: readonly Fact[];
  readonly marks: SenderMarks;
  readonly overrides: readonly Override[];
  /** `smtp` is null: `reply` says what to answer. */
  readonly action: Action;
  readonly reply: Reply | null;
  /** Fields that rules add. */
  readonly stamps: readonly Stamp[];
  /** What From enforcement says; null: nobody asks. */
  readonly from: FromDecision | null;
  /** Of standing, suspicion, action and overrides, in the order in which they were weighed. */
  readonly facts: readonly Fact[];
};

export function judge(facts: JudgedFacts, policy: JudgePolicy): Judgement {
  const { transaction, from, evidence, history } = facts;
  const matched = matchedOf(facts.overrides, policy);
  const bypasses = matched === null ? none : beforeDecision(facts, matched, policy);
  const decisive = bypasses.length === 0 ? policy : { ...policy, bypasses: [...(policy.bypasses ?? none), ...bypasses] };
  const verdict = decide(facts, history, decisive);
  // Each stage reads what the one before has added; the evidence is shared, never copied.
  const decided = { transaction, from, evidence, history, verdict };
  const { standing, facts: ofStanding } = standingOf(decided, history, decisive);
  const suspicion = suspicionOf(decided, history, decisive);
  const done = actionOf({ transaction, from, evidence, history, verdict, standing, suspicion }, decisive);
  const pairs = history?.entries ?? noPairs;
  const { answers = noAnswers } = facts.overrides ?? {};
  const isTouched = matched !== null || pairs.length > 0;
  const applied = isTouched ? overridden({ decided, standing, pairs, done, answers }, { matched, policy: decisive }) : null;
  const gates =
    policy.gates === undefined
      ? null
      : gated(
          {
            decided: { input: facts, verdict, standing, answers },
            matched: matched ?? nothingMatched,
            nullMx: facts.nullMx ?? null,
            lastTry: policy.lastTry ?? false,
          },
          applied ?? done,
          policy.gates,
        );
  return {
    policy: decisivePolicy(decisive, facts),
    verdict,
    standing,
    suspicion,
    marks: senderMarks(facts, { verdict, standing }, policy),
    overrides: [...(applied?.overrides ?? none), ...(gates?.overrides ?? none)],
    action: (gates ?? applied ?? done).action,
    reply: (gates ?? applied ?? done).reply,
    stamps: applied?.stamps ?? none,
    from: gates?.from ?? null,
    facts: [...ofStanding, ...suspicion, ...done.facts, ...(applied?.facts ?? none), ...(gates?.facts ?? none)],
  };
}

const none: readonly never[] = [];
const noPairs: readonly PairEntry[] = [];
const noAnswers: HeaderAnswers = {};
const nothingMatched: Matched = { lists: none, rules: none, filters: none };

/** Null where there is nothing to look at, as for most messages: then the table's action stands. */
function matchedOf(found: OverrideFacts | null, { rules = none, forwarders = none }: JudgePolicy): Matched | null {
  const lists = found?.lists ?? none;
  const filters = found?.filters ?? none;
  if (lists.length + filters.length + rules.length + forwarders.length === 0) return null;
  return { lists: forwarders.length === 0 ? lists : [...lists, ...forwarders], rules, filters };
}

type Decided = {
  readonly decided: DecisionInput & { readonly verdict: Verdict };
  readonly standing: Standing;
  readonly pairs: readonly PairEntry[];
  readonly done: Pick<Applied, "action" | "reply">;
  readonly answers: HeaderAnswers;
};

function overridden(
  { decided, standing, pairs, done: { action, reply }, answers }: Decided,
  { matched, policy }: { readonly matched: Matched | null; readonly policy: JudgePolicy },
): Applied {
  const input = { input: decided, verdict: decided.verdict, standing, pairs, answers, action, reply };
  return applyOverrides(input, matched ?? nothingMatched, policy);
}

/** Puts the finished Inspection together: identity, verdict, what would be done, what to stamp. */
import type { Clock } from "../dns/resolver.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Header } from "../mail/header.ts";
import type { Transaction } from "../mail/transaction.ts";
import { headersOf, removalsOf } from "../stamp/headers.ts";
import { type Inspection, schemaVersion } from "../stamp/inspection.ts";
import { formatReply, type ReplyTrail } from "../stamp/smtp-replies.ts";
import { actionOf } from "../verdict/action.ts";
import { decisivePolicy } from "../verdict/decisive-policy.ts";
import { standingOf } from "../verdict/standing.ts";
import { suspicionOf } from "../verdict/suspicion.ts";
import type { History, Policy, Verdict } from "../verdict/verdict.ts";
import { version } from "./version.ts";

type Parts = {
  readonly transaction: Transaction;
  readonly from: FromResult;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly history: History | null;
  readonly header: Header;
};
type Context = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly authservId: string;
  readonly policy: Policy;
};

export function inspectionOf(parts: Parts, context: Context): Inspection {
  const { transaction, from, evidence, history, verdict, header } = parts;
  const { policy } = context;
  const now = context.clock();
  const id = inspectionId(now, context.random);
  const stampContext = { header, authservId: context.authservId, policy };
  const { standing, facts: standingFacts } = standingOf(parts, history, policy);
  const suspicion = suspicionOf(parts, history, policy);
  const { action, reply, facts: actionFacts } = actionOf({ ...parts, standing, suspicion }, policy);
  const decided: Omit<Inspection, "headers"> = {
    schemaVersion,
    id,
    at: new Date(now).toISOString(),
    version,
    policyVersion: null,
    transaction,
    from,
    evidence,
    history,
    policy: decisivePolicy(policy, parts),
    verdict,
    standing,
    suspicion: suspicion.map((fact) => fact.id.slice("suspicion-".length)),
    overrides: [],
    action: reply === null ? action : { ...action, smtp: formatReply(reply, trailOf(id, policy)) },
    actionFacts: [...standingFacts, ...suspicion, ...actionFacts],
    removals: removalsOf(stampContext),
  };
  return { ...decided, headers: headersOf(decided, stampContext) };
}

function trailOf(id: string, { replyTraceId, replyContact }: Policy): ReplyTrail {
  return { id: replyTraceId === false ? null : id, contact: replyContact ?? null };
}

/** 12 hex digits of time and 16 of chance: sorts by time, unique enough to quote in a reply. */
function inspectionId(now: number, random: () => number): string {
  const ms = Math.max(0, Math.floor(now));
  // Pieces of 24 bits and less stay small integers, which become text several times faster.
  const chance = (digits: 4 | 6): string => hex(Math.floor(random() * 16 ** digits), digits);
  return `${hex(Math.floor(ms / 0x100_0000), 6)}${hex(ms % 0x100_0000, 6)}${chance(6)}${chance(6)}${chance(4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

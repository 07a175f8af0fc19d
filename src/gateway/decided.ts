/** The Inspection as decided, without the fields that are stamped: identity, facts and judgement in one value. Journal and replay compare it. */
import type { FromResult } from "../evidence/from/result.ts";
import { type Inspection, schemaVersion } from "../stamp/inspection.ts";
import { formatReply } from "../stamp/smtp-replies.ts";
import type { Policy } from "../verdict/policy.ts";
import type { Action, DecisionInput, History } from "../verdict/verdict.ts";
import type { Judgement } from "./judge.ts";

export type DecidedInspection = Omit<Inspection, "headers">;

export type Identity = Pick<Inspection, "id" | "at" | "version" | "policyVersion" | "removals">;

type Facts = DecisionInput & { readonly from: FromResult; readonly history: History | null };

export function decidedInspection(
  { id, at, version, policyVersion, removals }: Identity,
  { transaction, from, evidence, history, judgement }: Facts & { readonly judgement: Judgement },
  reply: Pick<Policy, "replyTraceId" | "replyContact">,
): DecidedInspection {
  const { policy, verdict, standing, suspicion, marks, overrides, facts } = judgement;
  return {
    schemaVersion,
    id,
    at,
    version,
    policyVersion,
    transaction,
    from,
    evidence,
    history,
    policy,
    verdict,
    standing,
    suspicion: suspicion.length === 0 ? nothing : suspicion.map((fact) => fact.id.slice("suspicion-".length)),
    marks,
    overrides,
    action: answered(judgement, id, reply),
    actionFacts: facts,
    removals,
  };
}

const nothing: readonly never[] = [];

/** The action with the reply in words. */
function answered(
  { action, reply }: Judgement,
  id: string,
  { replyTraceId, replyContact }: Pick<Policy, "replyTraceId" | "replyContact">,
): Action {
  if (reply === null) return action;
  return { ...action, smtp: formatReply(reply, { id: replyTraceId === false ? null : id, contact: replyContact ?? null }) };
}

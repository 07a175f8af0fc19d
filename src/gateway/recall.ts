/**
 * The two moments at which an inspection meets the store (house rule 12): what is asked before the decision, and what the finished
 * inspection teaches. Without a store neither happens. A store that cannot answer says so, and the message goes on.
 */
import type { Evidence } from "../evidence/evidence.ts";
import { authorOf } from "../evidence/from/author.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Header } from "../mail/header.ts";
import { messageIdsOf } from "../mail/message-ids.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { Memory } from "../memory/memory.ts";
import type { Inspection } from "../stamp/inspection.ts";
import type { History, HistoryQuestion } from "../verdict/history.ts";
import { lessonOf } from "../verdict/lesson.ts";
import { organizationOf } from "../verdict/organization.ts";
import type { Policy } from "../verdict/policy.ts";
import { carrierOf, tokensOf } from "../verdict/tokens.ts";

type Parts = { readonly transaction: Transaction; readonly from: FromResult; readonly evidence: Evidence; readonly header: Header };
type Context = { readonly memory: Memory; readonly tenant?: string | undefined; readonly policy: Policy; readonly now: number };

/** What is known of this message's sender. */
export function recall(parts: Parts, { memory, tenant, policy, now }: Context): Promise<History> {
  return memory.history(questionOf(parts, { tenant: tenant ?? "", policy, day: dayOf(now) }));
}

/** Records what the inspection teaches, if anything. */
export function remember(inspection: Inspection, { memory, tenant, policy, now }: Context): void {
  const lesson = lessonOf({ ...inspection, policy }, tenant ?? "", dayOf(now));
  if (lesson !== null) memory.record(lesson);
}

type Asking = { readonly tenant: string; readonly policy: Policy; readonly day: number };

export function questionOf({ transaction, from, evidence, header }: Parts, { tenant, policy, day }: Asking): HistoryQuestion {
  const author = authorOf(from);
  const [domain] = author.domains;
  return {
    tenant,
    day,
    organization: author.single && domain !== undefined ? organizationOf(domain, policy) : null,
    carrier: carrierOf(transaction, from, evidence),
    tokens: tokensOf(transaction, from, evidence),
    recipients: transaction.rcptTo,
    returned: evidence.bounceOf,
    references: messageIdsOf(header),
  };
}

/** Days count from 1970-01-01 UTC. */
function dayOf(now: number): number {
  return Math.floor(now / 86_400_000);
}

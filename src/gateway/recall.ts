/**
 * What an inspection asks the store before the decision (house rule 12): the sender's history, and the operator's entries that can concern
 * the message, both at once. A store that cannot answer says so, and the message goes on; entries that a node still knows stay in force.
 */
import type { Evidence } from "../evidence/evidence.ts";
import { authorOf } from "../evidence/from/author.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Header } from "../mail/header.ts";
import { messageIdsOf } from "../mail/message-ids.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { Memory } from "../memory/memory.ts";
import type { History, HistoryQuestion } from "../verdict/history.ts";
import { organizationOf } from "../verdict/organization.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import { listKeysOf } from "../verdict/overrides/list-keys.ts";
import { inForce } from "../verdict/overrides/list-match.ts";
import { pairKeysOf } from "../verdict/overrides/pair-keys.ts";
import { matchedPairs } from "../verdict/overrides/pair-match.ts";
import type { Policy } from "../verdict/policy.ts";
import { carrierOf, tokensOf } from "../verdict/tokens.ts";

export type Parts = { readonly transaction: Transaction; readonly from: FromResult; readonly evidence: Evidence; readonly header: Header };

export type Store = {
  readonly memory: Memory;
  /** "" where there is one. */
  readonly tenant: string;
  readonly policy: Policy;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** `lists`: entries in force that can concern the message. */
export type Recalled = { readonly history: History; readonly lists: readonly ListEntry[] };

export async function recall(parts: Parts, { memory, tenant, policy, now }: Store): Promise<Recalled> {
  const today = dayOf(now);
  const [history, found] = await Promise.all([
    memory.history(questionOf(parts, { tenant, policy, day: today })),
    memory.entries({ tenant, pairKeys: pairKeysOf(parts, policy), listKeys: listKeysOf(parts) }),
  ]);
  if (found.status === "unavailable") return { history, lists: none };
  const terms = { today, profile: policy.profile };
  const entries = found.pairs.length === 0 ? none : matchedPairs(found.pairs, parts, terms);
  return { history: entries.length === 0 ? history : { ...history, entries }, lists: inForce(found.lists, terms) };
}

const none: readonly never[] = [];

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
export function dayOf(now: number): number {
  return Math.floor(now / 86_400_000);
}

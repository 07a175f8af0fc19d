/** Puts the finished Inspection together: identity, verdict, what would be done, what to stamp. */
import type { Clock } from "../dns/resolver.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Header } from "../mail/header.ts";
import type { Transaction } from "../mail/transaction.ts";
import { formatAuthenticationResults } from "../stamp/authentication-results.ts";
import { type Inspection, schemaVersion } from "../stamp/inspection.ts";
import { forgedFields } from "../stamp/removals.ts";
import { stampOf } from "../stamp/rfc8601.ts";
import type { History, Policy, Verdict } from "../verdict/verdict.ts";
import { version } from "./version.ts";

type Parts = {
  readonly transaction: Transaction;
  readonly from: FromResult;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly header: Header;
};
type Context = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly authservId: string;
  readonly policy: Policy;
  readonly history?: History | null | undefined;
};

export function inspectionOf(parts: Parts, context: Context): Inspection {
  const { transaction, from, evidence, verdict, header } = parts;
  const now = context.clock();
  const stamp = stampOf(
    { transaction, from, evidence, verdict },
    { authservId: context.authservId, compauth: context.policy.stampCompauth ?? true },
  );
  return {
    schemaVersion,
    id: inspectionId(now, context.random),
    at: new Date(now).toISOString(),
    version,
    policyVersion: null,
    transaction,
    from,
    evidence,
    history: context.history ?? null,
    verdict,
    // Until an operator's policy and a sender history exist, a pair's standing is unknown and everything is delivered.
    standing: "unknown",
    suspicion: [],
    overrides: [],
    action: { kind: "deliver", smtp: null, withheld: true, perRecipient: [] },
    headers: [`Authentication-Results: ${formatAuthenticationResults(stamp)}`],
    removals: forgedFields(header, [context.authservId, ...(context.policy.authservIds ?? [])]),
  };
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

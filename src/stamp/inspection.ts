/**
 * The Inspection: everything Assay knows and decided about one message, the one value that CLI, HTTP, log and console render
 * (design: contract.md). Published as schema/inspection.schema.json; `schemaVersion` changes when a reader must.
 */
import type { Evidence } from "../evidence/evidence.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { DecisivePolicy } from "../verdict/decisive-policy.ts";
import type { SenderMarks } from "../verdict/sender-marks.ts";
import type { Action, Fact, History, Override, Standing, Verdict } from "../verdict/verdict.ts";

export const schemaVersion = 1;

/** A field to take out of the message: the n-th (1-based, top to bottom) of that name. */
export type Removal = { readonly name: string; readonly index: number; readonly why: string };

export type Inspection = {
  readonly schemaVersion: typeof schemaVersion;
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly version: string;
  readonly policyVersion: string | null;
  readonly transaction: Transaction;
  readonly from: FromResult;
  readonly evidence: Evidence;
  readonly history: History | null;
  /** What the verdict read of the policy: with it and the history, `decide` gives the same from this value alone. */
  readonly policy: DecisivePolicy;
  readonly verdict: Verdict;
  readonly standing: Standing;
  readonly suspicion: readonly string[];
  /** What a mail client may show beside the author. */
  readonly marks: SenderMarks;
  readonly overrides: readonly Override[];
  readonly action: Action;
  /** What standing, suspicion and action rest on, in the order in which it was weighed. */
  readonly actionFacts: readonly Fact[];
  /** Complete fields to put on top, topmost first, folded, without the final line end. */
  readonly headers: readonly string[];
  /** Forged or stale fields to take out, highest index first. */
  readonly removals: readonly Removal[];
};

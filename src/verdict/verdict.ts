/**
 * The types of the verdict (design: compauth.md). Types only: `decide.ts` walks the table.
 */
import type { Evidence } from "../evidence/evidence.ts";
import type { FromEvidence } from "../evidence/from/author.ts";
import type { Transaction } from "../mail/transaction.ts";

export type { History } from "./history.ts";
export type { Policy } from "./policy.ts";

export type CompauthResult = "pass" | "softpass" | "fail" | "none";

/** One thing that was weighed: a row of the table, or evidence it rests on. `source` names the evidence, e.g. "evidence.dmarc". */
export type Fact = {
  readonly id: string;
  /** In plain words, one line. */
  readonly fact: string;
  readonly value: string | number | boolean | null;
  /** For terms of a score; null for a row that applies or does not. */
  readonly weight: number | null;
  readonly source: string;
};

export type Verdict = {
  readonly compauth: CompauthResult;
  /** Three digits. */
  readonly reason: string;
  /** One or two sentences for an administrator. */
  readonly explanation: string;
  readonly facts: readonly Fact[];
};

export type DecisionInput = { readonly transaction: Transaction; readonly from: FromEvidence; readonly evidence: Evidence };

export type Standing = "allowed" | "good" | "unknown" | "suspicious" | "blocked";
export type SmtpReply = { readonly code: number; readonly enhanced: string; readonly text: string };
export type Action = {
  readonly kind: "deliver" | "junk" | "quarantine" | "reject" | "tempfail";
  readonly smtp: SmtpReply | null;
  /** True in observe mode: the action is what would happen. */
  readonly withheld: boolean;
  readonly perRecipient: readonly { readonly recipient: string; readonly kind: Action["kind"] }[];
};
export type Override = {
  readonly kind: string;
  readonly scope: string;
  readonly entry: string;
  readonly by: string;
  readonly applied: boolean;
};

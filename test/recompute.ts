/**
 * The verdict once more, from an Inspection's JSON alone: what the evidence, the history and the published part of the policy give. Every
 * verdict must come out of it as it went in, or the record does not say what was decided by.
 */

import type { Inspection } from "../src/stamp/inspection.ts";
import { decide } from "../src/verdict/decide.ts";

export type Recomputed = { readonly compauth: string; readonly reason: string };

export function recompute(inspectionJson: string): Recomputed {
  const { transaction, from, evidence, history, policy } = JSON.parse(inspectionJson) as Pick<
    Inspection,
    "transaction" | "from" | "evidence" | "history" | "policy"
  >; // JSON of an Inspection, as written by the test before
  const { compauth, reason } = decide({ transaction, from, evidence }, history, policy);
  return { compauth, reason };
}

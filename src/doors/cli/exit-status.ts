/**
 * Exit status of `assay check` (contract: Command line): 0 pass, softpass or none; 1 composite authentication failed; 2 usage or an
 * unreadable input; 3 undecided for a temporary error. Of a batch, the first of 2, 3, 1, 0 that occurred.
 */
import type { Inspection } from "../../stamp/inspection.ts";

export type ExitStatus = 0 | 1 | 2 | 3;

export function statusOf(inspection: Inspection): ExitStatus {
  if (isUndecided(inspection)) return 3;
  return inspection.verdict.compauth === "fail" ? 1 : 0;
}

/** Dmarc, or an identifier that would align, is temperror, and compauth is not pass. */
export function isUndecided({ evidence, verdict }: Inspection): boolean {
  if (verdict.compauth === "pass") return false;
  // HELO never aligns; a null path is checked as identity mailfrom.
  const identifiers = [...evidence.spf.filter((spf) => spf.identity === "mailfrom"), ...evidence.dkim];
  return (
    evidence.dmarc.result === "temperror" || identifiers.some((one) => one.result === "temperror" && (one.aligned || one.alignedBestGuess))
  );
}

const order: readonly ExitStatus[] = [2, 3, 1, 0];

/** The status of both together. */
export function worse(one: ExitStatus, other: ExitStatus): ExitStatus {
  return order.find((status) => status === one || status === other) ?? 0;
}

/**
 * The two yardsticks: DMARC alone, and best-guess SPF (`a/24 mx/24 ptr` where a domain publishes no SPF record) aligned with From, as
 * Assay's verdict is. They read the same evidence and no history. Which of their fails are acted on is tally.ts' to name.
 */
import type { Evidence } from "../src/evidence/evidence.ts";
import { isAtOrBelow } from "../src/mail/domain.ts";

export type Baseline = "dmarc" | "best-guess";

/** Does it fail? */
export function failsDmarc({ dmarc }: Evidence): boolean {
  return dmarc.result === "fail";
}

/** RFC 7208's check where MAIL FROM has a record, else the guess; it counts only for the author's organization. */
export function failsBestGuess(evidence: Evidence, author: string): boolean {
  const { dmarc, spf, infrastructure, iprev } = evidence;
  // Where DMARC is enforced nobody has to guess.
  if (isEnforced(evidence)) return dmarc.result === "fail";
  if (dmarc.result === "temperror") return false;
  const aligned = spf.filter(({ identity, alignedBestGuess }) => identity === "mailfrom" && alignedBestGuess);
  if (aligned.some(({ result, broad }) => result === "pass" && !broad)) return false;
  if (!aligned.some(({ result }) => result === "none")) return true;
  const near = (infrastructure.fromMxHosts?.length ?? 0) + (infrastructure.fromNeighbours?.length ?? 0) > 0;
  const named = iprev.names.slice(0, iprev.confirmed).some((name) => isAtOrBelow(name, author));
  return !near && !named;
}

export function isEnforced({ dmarc: { policy } }: Evidence): boolean {
  return policy === "quarantine" || policy === "reject";
}

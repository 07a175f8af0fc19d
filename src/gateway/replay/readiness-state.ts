/** How far a rule is from being switched on, and what a sender looks like, from the counts of readiness. */
import type { RuleName } from "./only-rule.ts";
import type { RuleHits, SenderHit } from "./readiness.ts";

export type Looks = "legitimate" | "unknown" | "hostile";

/** Signs of honesty count unless something speaks against most of its mail. */
export function looksOf({ signs, hostile, messages }: Pick<SenderHit, "signs" | "hostile" | "messages">): Looks {
  if (hostile * 2 > messages) return "hostile";
  return signs.size > 0 ? "legitimate" : hostile > 0 ? "hostile" : "unknown";
}

/**
 * acts: it is switched on. early: too few days are recorded to say. fix: senders that look legitimate would be hit. look: senders that
 * nothing is known of would be hit. ready: nobody that looks legitimate or unknown would be.
 */
export type RuleState = "acts" | "early" | "fix" | "look" | "ready";

/** The operator's own entries and rules, and what another filter said, hit whom they are meant to hit. */
const ownWill: ReadonlySet<RuleName> = new Set(["blocks", "rules", "filters"]);

export function stateOf(hits: RuleHits, { acting, early }: { readonly acting: boolean; readonly early: boolean }): RuleState {
  if (acting) return "acts";
  const senders = hits.senders.sorted().map(looksOf);
  if (senders.includes("legitimate")) return "fix";
  if (early) return "early";
  return senders.includes("unknown") && !ownWill.has(hits.rule) ? "look" : "ready";
}

/**
 * Sender history as a likelihood (design: compauth.md "Sender history"): how likely is it that this infrastructure speaks for the From
 * organization, against its being anybody's? A sum of natural logarithms, each term a fact with its weight. Only explicitly
 * authenticated mail raises it, so nothing a stranger sends from anywhere can. It never decides on shared marks alone.
 */

import { senderHistoryOf } from "./policy.ts";
import type { RowContext } from "./row.ts";
import { termsOf } from "./score-terms.ts";
import { tier2Token } from "./tier2.ts";
import type { Fact } from "./verdict.ts";

export type Confidence = "high" | "medium" | "tier-2" | "none";

export type Score = {
  readonly confidence: Confidence;
  /** Null where there is no history to score by. */
  readonly total: number | null;
  readonly because: string | null;
  readonly terms: readonly Fact[];
};

/** Row 16, and what standing reads. */
export function scoreOf(context: RowContext): Score {
  if (context.history === null) return { confidence: "none", total: null, because: null, terms: [] };
  const { high, medium, weakMax } = senderHistoryOf(context.policy);
  const { terms, ownMark } = termsOf(context);
  const total = Math.round(terms.reduce((sum, { weight }) => sum + (weight ?? 0), 0) * 100) / 100;
  const scored = [...terms, { id: "score", fact: "score of sender history", value: total, weight: null, source: "history" }];
  const because = `Sender history scores ${total}.`;
  // Without a mark of the sender's own there is no more than likeness: it may soften a verdict, never pass.
  if (ownMark > weakMax && total >= high) return { confidence: "high", total, because, terms: scored };
  if (ownMark > weakMax && total >= medium) return { confidence: "medium", total, because, terms: scored };
  const tier2 = tier2Token(context);
  if (tier2 === null) return { confidence: "none", total, because: terms.length > 0 ? because : null, terms: scored };
  const words = `${tier2.kind} ${tier2.value} has long sent for this domain, which never authenticates, and was answered.`;
  const fact: Fact = { id: "score-tier-2", fact: words, value: tier2.days, weight: null, source: "history.tokens" };
  return { confidence: "tier-2", total, because: words, terms: [...scored, fact] };
}

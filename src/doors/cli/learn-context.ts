/** What every part of one run of `assay learn` needs: the store, whose words are ours, and where to count. Types only. */
import type { Ours } from "../../gateway/learn/ours.ts";
import type { Learning } from "../../memory/learning.ts";
import type { Policy } from "../../verdict/policy.ts";
import type { LearnTotals } from "./learn-totals.ts";
import type { TroubleItem } from "./sources.ts";

/** Mail of ours is read first. */
export type Pass = "sent" | "received";

export type LearnContext = {
  readonly store: Learning;
  readonly ours: Ours;
  readonly policy: Policy;
  /** Recipients of messages that do not say theirs. */
  readonly recipients: readonly string[];
  /** The first and the last day that are learnt. */
  readonly days: { readonly first: number; readonly last: number };
  readonly totals: LearnTotals;
  readonly report: (trouble: TroubleItem) => Promise<void>;
  readonly advance: () => Promise<void>;
};

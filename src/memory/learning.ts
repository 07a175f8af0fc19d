/**
 * The port by which `assay learn` fills a store from files: each message once, however often it is read and wherever a run was ended,
 * since what was learnt and that it was learnt become durable together. Implementations: system/sqlite-learning.ts and
 * postgres-learning.ts.
 */
import type { HistoryQuestion, KnownHistory, Lesson, Sent } from "../verdict/history.ts";

/** `id` names the message; it is kept as a fingerprint. */
export type Learnable = { readonly id: string; readonly day: number } & ({ readonly lesson: Lesson } | { readonly sent: Sent });

export interface Learning {
  isLearnt(id: string): Promise<boolean>;
  /** As of the last flush. */
  history(question: HistoryQuestion): Promise<KnownHistory>;
  /** Takes what is not learnt yet; durable from the next flush on, which comes by itself every limits.learnBatch messages. */
  learn(item: Learnable): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A store that cannot be used, in words, with what to do. */
export class LearningFault extends Error {
  override name = "LearningFault";
}

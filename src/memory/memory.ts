/**
 * The port of the store (house: memory is read once, first, and written once, last). `history` answers within
 * limits.historyReadMs or says `unavailable`; it never rejects. `record*` take what was decided and return at once: writes are
 * batched behind them. Implementations: system/sqlite-memory.ts, and memory/in-core.ts for one process's life.
 */
import type { History, HistoryQuestion, Lesson, Sent, Word } from "../verdict/history.ts";
import type { EntriesQuestion, FoundEntries } from "./entries.ts";
import type { Decision } from "./journal.ts";
import type { Sighting } from "./sightings.ts";

export interface Memory {
  history(question: HistoryQuestion): Promise<History>;
  /** The operator's entries that can concern a message; like `history` it answers in time or says `unavailable`, and never rejects. */
  entries(question: EntriesQuestion): Promise<FoundEntries>;
  record(lesson: Lesson): void;
  /** For the journal. */
  recordDecision(decision: Decision): void;
  /** For spoof intelligence. */
  recordSighting(sighting: Sighting): void;
  /** Entries that matched a message today: what keeps an idle entry in force. */
  recordMatched(matched: Matched): void;
  recordSent(sent: Sent): void;
  /** A complaint of a recipient, or the operator's word that a pair is good (`confirmed`). */
  recordWord(word: Word): void;
  /** Resolves when everything recorded so far is durable. */
  flush(): Promise<void>;
  health(): MemoryHealth;
  close(): Promise<void>;
}

/** Ids of pairs and list entries. */
export type Matched = { readonly tenant: string; readonly day: number; readonly entries: readonly string[] };

export type MemoryHealth = {
  readonly status: "ok" | "degraded";
  /** In words, with what to do; null when ok. */
  readonly why: string | null;
  /** Lessons waiting to be written, and those that had to be dropped. */
  readonly waiting: number;
  readonly dropped: number;
};

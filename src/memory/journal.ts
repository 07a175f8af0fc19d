/**
 * The port of the journal: each decision as the facts it was made from (no body; the subject only if enabled), so that it can be decided
 * again under another policy (`assay replay`) and counted (`assay readiness`). DNS answers are kept once, by their hash. Bounded in days
 * and bytes; what names an address can be erased. Written once, after the message; read as a stream.
 */
import type { MxRecord, RecordType } from "../dns/answer.ts";
import type { Inspection } from "../stamp/inspection.ts";
import type { SenderNullMx } from "../verdict/null-mx.ts";
import type { FilterVerdict } from "../verdict/overrides/filters.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import type { HeaderAnswers } from "../verdict/overrides/rule-evaluate.ts";
import type { Policy } from "../verdict/policy.ts";

/** What one message leaves behind. A value of JSON: it comes back from the store as it went in. */
export type Decision = {
  readonly tenant: string;
  /** Without `headers`, which are written again from the rest; everything else as it was decided. */
  readonly inspection: Omit<Inspection, "headers">;
  /** Null unless journal.subject is set. */
  readonly subject: string | null;
  /** What the overrides read besides the inspection, so that they can be resolved again; null: nobody looked for any. */
  readonly matched: RecordedOverrides | null;
  /** How the evidence was gathered, so far as it is not by default: under another policy it would have to be gathered again. */
  readonly gathered?: Gathering;
  readonly questions: readonly RecordedQuestion[];
};

export type RecordedOverrides = {
  /** Entries of the store that were found for the message; those of the configuration come from the configuration. */
  readonly lists: readonly ListEntry[];
  readonly filters: readonly FilterVerdict[];
  /** Every test of the header that the rules of that time made, those that did not hold too. */
  readonly answers: HeaderAnswers;
  /** Null or left out: nobody asked. */
  readonly nullMx?: SenderNullMx | null;
};

export type Gathering = Pick<Policy, "dmarcMode" | "fromProfile" | "localSuffixes" | "contactDomains"> & {
  /** The filters whose field was read, as filterMark (gateway/replay/) writes them. */
  readonly filtersRead?: readonly string[];
};

/** A question of the message with its answer; without time to live, so that the same answer is kept once. */
export type RecordedQuestion = { readonly name: string; readonly type: RecordType; readonly answer: RecordedAnswer };

/** As dns/answer.ts has it; the octets of a TXT record as characters of Latin-1. */
export type RecordedAnswer =
  | { readonly status: "found"; readonly records: readonly (string | MxRecord)[] }
  | {
      readonly status: "nodata" | "nxdomain" | "servfail" | "timeout" | "refused";
      readonly withheld?: "budget" | "deadline" | "name" | "breaker";
    };

export type JournalFilter = {
  readonly tenant?: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until?: number | undefined;
  /** Decisions come without their questions: for whoever does not read them, it is faster. */
  readonly answers?: "left-out" | undefined;
};

/** As the configuration has them; 0 days: no journal, and what there is of one goes. */
export type JournalBounds = { readonly days: number; readonly bytesMax: number };

/** What may stay at this moment: for Journal.prune. */
export function boundsAt(now: number, { days, bytesMax }: JournalBounds): { readonly before: number; readonly bytesMax: number } {
  return { before: now - days * 86_400_000, bytesMax };
}

export type JournalSize = { readonly decisions: number; readonly bytes: number; readonly oldest: number | null };

export interface Journal {
  /** The oldest first; a record that cannot be read is an `unreadable`, and the stream goes on. */
  read(filter: JournalFilter): AsyncIterable<Decision | { readonly unreadable: string }>;
  size(): Promise<JournalSize>;
  /** Takes out whatever names this address as author, sender or recipient; gives how many decisions. */
  erase(address: string): Promise<number>;
  /** Takes out what is older or more than the bounds; gives how many decisions. */
  prune(bounds: { readonly before: number; readonly bytesMax: number }): Promise<number>;
  close(): Promise<void>;
}

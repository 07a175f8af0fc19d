/**
 * The port of the operator's entries: pairs of spoof intelligence, and the one-sided lists (design: compauth.md "Spoof intelligence",
 * "Overrides"). A message asks once, by the keys that an entry about it can have (verdict/overrides/pair-keys.ts, list-keys.ts): two indexed
 * look-ups whatever the size of the lists. Every change is kept in an audit log and can be undone. Whether an entry is safe is asked
 * before (entry-check.ts, list-check.ts); the store keeps what it is given.
 */
import type { SpoofEntry } from "../verdict/overrides/entry.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";

/** One entry, of either shape. */
export type Entry = { readonly shape: "pair"; readonly entry: SpoofEntry } | { readonly shape: "list"; readonly entry: ListEntry };

/** "" where there is one tenant. */
export type EntriesQuestion = {
  readonly tenant: string;
  readonly pairKeys: readonly string[];
  readonly listKeys: readonly string[];
};

export type FoundEntries =
  | {
      readonly status: "known";
      readonly pairs: readonly SpoofEntry[];
      readonly lists: readonly ListEntry[];
      /** The store is away: these are the last ones known, of that moment (milliseconds since 1970); null: they are of now. */
      readonly staleSince: number | null;
    }
  | { readonly status: "unavailable" };

/** What is done to an entry: `before` null: made; `after` null: taken away; both: changed. */
export type EntryChange = {
  /** Counts up within the store: what was done later has the higher number. */
  readonly number: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly by: string;
  readonly before: Entry | null;
  readonly after: Entry | null;
  /** The change that this one undid; null: none. */
  readonly undoes: number | null;
};

export type EntryResult =
  | { readonly status: "done"; readonly change: EntryChange }
  /** `missing`: no such entry or change. `exists`: an entry of the same action for the same pair or subject is there (`existing`).
   * `changed-since`: to undo, the entry would have to be as that change left it, and is not. */
  | { readonly status: "missing" | "changed-since" }
  | { readonly status: "exists"; readonly existing: Entry }
  /** The tenant has as many entries of this shape as it may have. */
  | { readonly status: "full"; readonly max: number };

export type Author = { readonly tenant: string; readonly by: string; readonly now: number };

/** Which entries to list: all that are given must hold. */
export type EntryFilter = {
  readonly tenant: string;
  readonly shape?: Entry["shape"] | undefined;
  readonly action?: SpoofEntry["action"] | undefined;
  /** Part of the entry's text. */
  readonly text?: string | undefined;
};

/** Rejects with a StoreFault where the store cannot be used; what was acknowledged is durable and in force in every process within 5 s. */
export interface EntryBook {
  /** An entry whose id is "" is given a short one. */
  make(entry: Entry, author: Author): Promise<EntryResult>;
  /** Puts `entry` in the place of the one that has its id. */
  change(entry: Entry, author: Author): Promise<EntryResult>;
  remove(id: string, author: Author): Promise<EntryResult>;
  undo(change: number, author: Author): Promise<EntryResult>;
  get(id: string, tenant: string): Promise<Entry | null>;
  /** The newest first. */
  list(filter: EntryFilter): AsyncIterable<Entry>;
  /** The newest first; of one entry, or of all. */
  changes(filter: { readonly tenant: string; readonly id?: string | undefined }): AsyncIterable<EntryChange>;
  close(): Promise<void>;
}

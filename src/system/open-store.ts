/**
 * The store that memory.url names, whichever it is: one function for each use of it. What the other kind of store needs is not loaded. They
 * throw StoreFault for a store that cannot be used; on the way of mail a fault is a value.
 */
import type { MemoryUrl } from "../config/values.ts";
import type { EntryBook } from "../memory/entries.ts";
import type { Journal, JournalBounds } from "../memory/journal.ts";
import type { Learning } from "../memory/learning.ts";
import type { Memory } from "../memory/memory.ts";
import type { Insight } from "../memory/sightings.ts";
import { faultLine, StoreFault } from "./sqlite-fault.ts";
import type { Left } from "./sqlite-memory.ts";

export type StoreOptions = {
  /** Local suffixes of the policy, as alignment uses them. */
  readonly localSuffixes?: readonly string[] | undefined;
  /** How long and how large the journal may be; without it this process prunes none. */
  readonly journal?: JournalBounds | undefined;
};

/** Throws for a store that is not ours, or of a newer version: to go on would only hide it. Any other fault passes by itself. */
export async function openStore(url: MemoryUrl, options: StoreOptions): Promise<Memory> {
  const memory =
    url.kind === "sqlite"
      ? await (await import("./sqlite-memory.ts")).openSqliteMemory(url.path, options)
      : await (await import("./postgres-memory.ts")).openPostgresMemory(url.url, options);
  const fault = memory.fault();
  if (fault?.code !== "newer-schema" && fault?.code !== "foreign") return memory;
  await memory.close();
  if (url.kind === "sqlite") throw new StoreFault(fault.code, faultLine(url.path, fault));
  const { postgresFaultLine } = await import("./postgres-fault.ts");
  throw new StoreFault(fault.code, postgresFaultLine(await storeName(url), fault));
}

/** The reading side alone, for a thread beside the one that writes: what is recorded goes to `record`. */
export async function openStoreReading(url: MemoryUrl, record: Left): Promise<Memory> {
  return url.kind === "sqlite"
    ? (await import("./sqlite-memory.ts")).openSqliteReading(url.path, record)
    : (await import("./postgres-memory.ts")).openPostgresReader(url.url, record);
}

export async function openStoreEntries(url: MemoryUrl): Promise<EntryBook> {
  return url.kind === "sqlite"
    ? (await import("./sqlite-entry-book.ts")).openSqliteEntryBook(url.path)
    : (await import("./postgres-books.ts")).openPostgresEntryBook(url.url);
}

export async function openStoreInsight(url: MemoryUrl): Promise<Insight> {
  return url.kind === "sqlite"
    ? (await import("./sqlite-insight.ts")).openSqliteInsight(url.path)
    : (await import("./postgres-books.ts")).openPostgresInsight(url.url);
}

export async function openStoreJournal(url: MemoryUrl, purpose: "read" | "change"): Promise<Journal> {
  return url.kind === "sqlite"
    ? (await import("./sqlite-journal-file.ts")).openSqliteJournal(url.path, purpose)
    : (await import("./postgres-books.ts")).openPostgresJournal(url.url, purpose);
}

/** Throws LearningFault. */
export async function openStoreLearning(url: MemoryUrl, suffixes: readonly string[] | undefined): Promise<Learning> {
  return url.kind === "sqlite"
    ? (await import("./sqlite-learning.ts")).openSqliteLearning({ path: url.path, suffixes })
    : (await import("./postgres-learning.ts")).openPostgresLearning({ url: url.url, suffixes });
}

/** As it may be shown: a path, or a URL without its password. */
export async function storeName(url: MemoryUrl): Promise<string> {
  return url.kind === "sqlite" ? url.path : (await import("./postgres-fault.ts")).shownUrl(url.url);
}

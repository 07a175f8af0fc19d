/**
 * What the command line needs from outside and gets from main.ts: a way out, a resolver, a configuration, worker threads. So the
 * door itself knows no sockets, and a test can stand in for any of it.
 */
import type { MemoryUrl } from "../../config/values.ts";
import type { Clock, Resolver } from "../../dns/resolver.ts";
import type { JudgePolicy } from "../../gateway/judge.ts";
import type { EntryBook } from "../../memory/entries.ts";
import type { Journal, JournalBounds } from "../../memory/journal.ts";
import type { Learning } from "../../memory/learning.ts";
import type { Memory } from "../../memory/memory.ts";
import type { Insight } from "../../memory/sightings.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { ServeOptions } from "./serve.ts";

export type Output = {
  /** False once nobody reads any more (a pipe into `head`): time to stop, quietly. */
  write(text: string): Promise<boolean>;
  readonly isTerminal: boolean;
  readonly colour: boolean;
};

/** Where DNS answers come from. Plain data: a worker thread opens its own. */
export type ResolverChoice =
  | { readonly kind: "system" }
  | { readonly kind: "servers"; readonly servers: readonly string[] }
  | { readonly kind: "zone"; readonly file: string };

/** Wrong use, with what to do about it: ends the command with exit status 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What a configuration file settles for the command line. */
export type Settings = {
  readonly policy: JudgePolicy;
  /** Tells one policy from another in what is recorded. */
  readonly policyVersion: string;
  /** Whether decisions are recorded in the store, and with the subject. */
  readonly journal: "without-subject" | "with-subject" | null;
  /** How long and how large it may be; left out: nothing is taken out of it. */
  readonly journalBounds?: JournalBounds | undefined;
  readonly authservId: string | null;
  readonly dnsServers: readonly string[];
  readonly trustNetworks: readonly string[];
  readonly acceptedDomains: readonly string[];
  readonly memory: MemoryUrl | null;
  /** What may wait in the mail server's queue before it is told of. */
  readonly holdAlarm?: { readonly messages: number; readonly ms: number } | undefined;
};

/** A message on hold in the mail server's queue. */
export type HeldMail = {
  readonly queueId: string;
  /** Milliseconds since 1970. */
  readonly arrivedAt: number;
  readonly bytes: number;
  readonly sender: string;
  readonly recipients: readonly string[];
};

/** The other end of a worker thread: values in, values out. */
export type Worker = {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The thread ended by itself or by an error. */
  onEnd(listener: (error: Error | null) => void): void;
  stop(): void;
};

/** Operations on a store as a whole. */
export type Maintenance = {
  /** As it may be shown: a path, or a URL without its password. */
  name(): Promise<string>;
  /** Schema versions before and after; 0: there was no store. */
  migrate(): Promise<{ readonly from: number; readonly to: number }>;
  backupTo(path: string): Promise<void>;
  /** Everything into another store: all of it, or nothing. */
  copyTo(
    target: MemoryUrl,
    options: { readonly replace: boolean; readonly onProgress: (progress: CopyProgress) => Promise<void> },
  ): Promise<{ readonly tables: number; readonly rows: number }>;
};

export type CopyProgress = { readonly table: string; readonly rows: number; readonly of: number };

export type Ports = {
  readonly out: Output;
  readonly err: Output;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  readonly stdinIsTerminal: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hostName: () => string;
  /** Throws UsageError for a zone file or a server that cannot be used. */
  readonly openResolver: (choice: ResolverChoice) => Promise<Resolver>;
  /** Throws UsageError with all that is wrong in the file. */
  readonly loadSettings: (file: string) => Promise<Settings>;
  /** Opens the store to be filled from files. Throws UsageError for a kind of store that cannot be, LearningFault for one that fails. */
  readonly openLearning: (url: MemoryUrl, suffixes: readonly string[] | undefined) => Promise<Learning>;
  /** Opens the store to read and record history. Throws UsageError for a store that cannot be; one that fails answers all the same. */
  readonly openMemory: (
    url: MemoryUrl,
    localSuffixes: readonly string[] | undefined,
    journal?: JournalBounds | undefined,
  ) => Promise<Memory>;
  /** Throws UsageError for a store that cannot be; so do its methods where they fail. */
  readonly openMaintenance: (url: MemoryUrl) => Maintenance;
  /** Opens the store's entries to change them, making the store as needed. Throws UsageError or StoreFault. */
  readonly openEntries: (url: MemoryUrl) => Promise<EntryBook>;
  /** Opens a store that is there, to look at what was seen. Throws UsageError or StoreFault. */
  readonly openInsight: (url: MemoryUrl) => Promise<Insight>;
  /** Opens the journal of decisions of a store that is there. Throws UsageError or StoreFault. */
  readonly openJournal: (url: MemoryUrl, purpose: "read" | "change") => Promise<Journal>;
  /** The mail server's queue; null: of its usual instance. Its methods throw UsageError where it cannot be reached. */
  readonly openHeld: (configFolder: string | null) => {
    list(): Promise<readonly HeldMail[]>;
    release(queueIds: readonly string[]): Promise<number>;
  };
  /** Runs the service until it is told to end. Throws UsageError for a configuration that opens no door, or a place that is taken. */
  readonly serve: (options: ServeOptions) => Promise<ExitStatus>;
  /** The login of whoever runs the command. */
  readonly userName: () => string;
  readonly startWorker: (setup: unknown) => Worker;
};

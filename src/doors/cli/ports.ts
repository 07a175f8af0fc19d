/**
 * What the command line needs from outside and gets from main.ts: a way out, a resolver, a configuration, worker threads. So the
 * door itself knows no sockets, and a test can stand in for any of it.
 */
import type { MemoryUrl } from "../../config/values.ts";
import type { Clock, Resolver } from "../../dns/resolver.ts";
import type { Learning } from "../../memory/learning.ts";
import type { Memory } from "../../memory/memory.ts";
import type { Policy } from "../../verdict/verdict.ts";

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
  readonly policy: Policy;
  readonly authservId: string | null;
  readonly dnsServers: readonly string[];
  readonly trustNetworks: readonly string[];
  readonly acceptedDomains: readonly string[];
  readonly memory: MemoryUrl | null;
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
  /** Schema versions before and after; 0: there was no store. */
  migrate(): Promise<{ readonly from: number; readonly to: number }>;
  backupTo(path: string): Promise<void>;
};

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
  readonly openMemory: (url: MemoryUrl, localSuffixes: readonly string[] | undefined) => Promise<Memory>;
  /** Throws UsageError for a store that cannot be; so do its methods where they fail. */
  readonly openMaintenance: (url: MemoryUrl) => Maintenance;
  readonly startWorker: (setup: unknown) => Worker;
};

/** What the service is given by main.ts: the process as ports. Types only. */
import type { MemoryUrl } from "../config/values.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import type { ResolverChoice } from "../doors/cli/ports.ts";
import type { JournalBounds } from "../memory/journal.ts";
import type { Memory } from "../memory/memory.ts";
import type { DnsResolverOptions } from "../system/resolver.ts";
import type { Recording } from "./left.ts";

/** A zone file asks nobody: there is nothing to see or to break. */
export type ResolverHooks = Pick<DnsResolverOptions, "breaker" | "onAnswered" | "onCache">;

export type ServeMeans = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly hostName: () => string;
  readonly readFile: (file: string, what: string) => Uint8Array;
  readonly openResolver: (choice: ResolverChoice, hooks: ResolverHooks) => Promise<Resolver>;
  /** The store with its one writer. */
  readonly openMemory: (url: MemoryUrl, localSuffixes: readonly string[] | undefined, journal: JournalBounds) => Promise<Memory>;
  /** The reading side; what is recorded goes to `record`. */
  readonly openReading: (url: MemoryUrl, record: Recording) => Promise<Memory>;
};

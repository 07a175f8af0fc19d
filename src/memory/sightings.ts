/**
 * The port of spoof intelligence's queue (reference: eop.md §4): who was seen sending in whose name without being vouched for, by day. A
 * sighting is made from a finished inspection (gateway/), written once, and read by the insight and what-if views. Recipients are counted
 * as fingerprints, never kept.
 */
import type { Action, Standing } from "../verdict/verdict.ts";

/** One message that composite authentication did not vouch for, or that an entry decided on. */
export type Sighting = {
  readonly tenant: string;
  readonly day: number;
  /** The author's address as shown to the reader, and its domain. */
  readonly user: string;
  readonly domain: string;
  /** As shownInfrastructure (verdict/overrides/pair-shown.ts) gives it. */
  readonly infrastructure: string;
  readonly by: "dkim" | "ptr" | "prefix";
  readonly confirmed: boolean;
  readonly shared: boolean;
  readonly warning: string | null;
  /** What an allow entry can name on the right side; null: nothing on this message. */
  readonly allowable: string | null;
  /** `internal`: From is a domain of the recipient's own organization. */
  readonly spoof: "internal" | "external";
  readonly compauth: "pass" | "softpass" | "fail" | "none";
  readonly reason: string;
  readonly standing: Standing;
  readonly action: Action["kind"];
  readonly withheld: boolean;
  /** The entry that decided, and whose it is; null: none did. */
  readonly entry: { readonly id: string; readonly by: string; readonly action: "allow" | "block" } | null;
  readonly recipients: readonly string[];
  readonly sample: SightingSample;
};

/** Enough to find the message again, and why it failed. */
export type SightingSample = {
  readonly inspection: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly messageId: string | null;
  readonly mailFrom: string | null;
  readonly ip: string | null;
  readonly explanation: string;
};

/** What the queue shows of one pair over the days asked for. */
export type SeenPair = Omit<Sighting, "day" | "recipients" | "sample" | "user"> & {
  /** The addresses that were shown, the most frequent first, at most limits.sightingUsersMax. */
  readonly users: readonly string[];
  readonly messages: number;
  /** Messages a day, from the first day asked for to the last. */
  readonly perDay: readonly number[];
  /** Messages by what was done with them, or would have been (`withheld`). */
  readonly acted: number;
  readonly wouldAct: number;
  /** At least so many different ones. */
  readonly recipients: number;
  /** The first day and the last one of all that is kept. */
  readonly firstDay: number;
  readonly lastDay: number;
  /** The newest first, at most limits.sightingSamplesMax. */
  readonly samples: readonly SightingSample[];
};

export type InsightQuestion = {
  readonly tenant: string;
  /** The last day, and how many days up to it. */
  readonly day: number;
  readonly days: number;
  readonly domain?: string | undefined;
  readonly infrastructure?: string | undefined;
  readonly spoof?: Sighting["spoof"] | undefined;
  readonly standing?: Standing | undefined;
};

export interface Insight {
  /** The most messages first. */
  pairs(question: InsightQuestion): AsyncIterable<SeenPair>;
  /** Messages of those days whose pairs were too many to be kept. */
  uncounted(question: Pick<InsightQuestion, "tenant" | "day" | "days">): Promise<number>;
  close(): Promise<void>;
}

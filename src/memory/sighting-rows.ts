/**
 * Sightings as rows: one of each pair and day, and how two become one. Counts add, recipients are a bitmap, addresses and samples are
 * bounded lists, and what the later message said stands for the day. Pure: both databases read a row, merge and write it back.
 */
import { limits } from "../base/limits.ts";
import { recipientBit, unionOf } from "./rows.ts";
import type { Sighting, SightingSample } from "./sightings.ts";
import { type Fingerprint, fingerprintsOf } from "./teach.ts";

export type SightingKey = {
  readonly domain: string;
  readonly tenant: string;
  readonly infrastructure: string;
  readonly via: string;
  readonly day: number;
};

/** What the newest message of a day said. */
export type LatestSighting = Omit<Sighting, "tenant" | "day" | "user" | "recipients" | "sample">;

export type SightingRow = {
  readonly messages: number;
  readonly acted: number;
  readonly wouldAct: number;
  /** A bitmap. */
  readonly recipients: number;
  /** The most frequent first. */
  readonly users: readonly (readonly [address: string, messages: number])[];
  readonly latest: LatestSighting;
  /** The newest first. */
  readonly samples: readonly SightingSample[];
};

/** Null: a name that a key has no room for. */
export function sightingKey({ domain, tenant, infrastructure, by, day }: Sighting): SightingKey | null {
  return fits(domain) && fits(infrastructure) ? { domain, tenant, infrastructure, via: by, day } : null;
}

/** Stands for the pairs of a day that were too many to be kept: their messages are counted together. */
export function overflowKey({ tenant, day }: Pick<Sighting, "tenant" | "day">): SightingKey {
  return { domain: "", tenant, infrastructure: "", via: "", day };
}

export function sightingRow(sighting: Sighting, fingerprint: Fingerprint): SightingRow {
  const { tenant: _, day: __, user, recipients, sample, ...latest } = sighting;
  const acts = latest.action !== "deliver";
  return {
    messages: 1,
    acted: acts && !latest.withheld ? 1 : 0,
    wouldAct: acts && latest.withheld ? 1 : 0,
    recipients: fingerprintsOf(recipients, fingerprint).reduce((bits, each) => unionOf(bits, recipientBit(each)), 0),
    users: user === "" ? [] : [[short(user), 1]],
    latest: { ...latest, warning: shortOrNull(latest.warning) },
    samples: [shortSample(sample)],
  };
}

/** `later` is the one that was recorded later. */
export function mergeSightings(row: SightingRow, later: SightingRow): SightingRow {
  const samples = [...later.samples, ...row.samples].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  return {
    messages: row.messages + later.messages,
    acted: row.acted + later.acted,
    wouldAct: row.wouldAct + later.wouldAct,
    recipients: unionOf(row.recipients, later.recipients),
    users: mergeUsers(row.users, later.users),
    latest: later.latest,
    samples: samples.slice(0, limits.sightingSamplesMax),
  };
}

/** Once the list is full the least frequent address makes room for a new one, which takes over nothing of its count. */
function mergeUsers(a: SightingRow["users"], b: SightingRow["users"]): SightingRow["users"] {
  const counts = new Map(a);
  for (const [address, messages] of b) counts.set(address, (counts.get(address) ?? 0) + messages);
  return [...counts].sort(([, m], [, n]) => n - m).slice(0, limits.sightingUsersMax);
}

function shortSample(sample: SightingSample): SightingSample {
  const { inspection, at, messageId, mailFrom, ip, explanation } = sample;
  return {
    ...{ inspection: short(inspection), at, messageId: shortOrNull(messageId), mailFrom: shortOrNull(mailFrom), ip },
    explanation: short(explanation),
  };
}

function shortOrNull(text: string | null): string | null {
  return text === null ? null : short(text);
}

/** A lone surrogate, that a cut could leave, would not survive the way to the file. */
function short(text: string): string {
  return text.slice(0, limits.sightingTextCharactersMax).toWellFormed();
}

function fits(text: string): boolean {
  return text !== "" && text.length <= limits.historyKeyCharactersMax && !text.includes("\0");
}

/** Puts the finished Inspection together: identity, what was decided, what to stamp and what to take out. */
import type { Clock } from "../dns/resolver.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Header } from "../mail/header.ts";
import { headersOf, removalsOf } from "../stamp/headers.ts";
import type { Inspection } from "../stamp/inspection.ts";
import type { FromDecision } from "../verdict/from-enforcement.ts";
import type { HeaderReading } from "./arrival.ts";
import { type DecidedInspection, decidedInspection } from "./decided.ts";
import { type JudgedFacts, type JudgePolicy, judge } from "./judge.ts";
import { version } from "./version.ts";

type Context = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly authservId: string;
  readonly policy: JudgePolicy;
  /** The message as it arrived. */
  readonly header: Header;
  readonly policyVersion?: string | null | undefined;
  /** With the fields of filters that did not write them. */
  readonly read: Pick<HeaderReading, "removals"> | null;
};

export function inspectionOf(
  facts: JudgedFacts & { readonly from: FromResult },
  { clock, random, authservId, policy, policyVersion = null, header, read }: Context,
): Inspection {
  const now = clock();
  const judgement = judge(facts, policy);
  const stamped = { header, authservId, policy, stamps: judgement.stamps, assignedFrom: assignedBy(judgement.from) };
  const removals = read === null ? removalsOf(stamped) : [...removalsOf(stamped), ...read.removals];
  const identity = { id: inspectionId(now, random), at: new Date(now).toISOString(), version, policyVersion, removals };
  const { transaction, from, evidence, history } = facts;
  const decided = decidedInspection(identity, { transaction, from, evidence, history, judgement }, policy);
  return withHeaders(decided, headersOf(decided, stamped));
}

/** The address that takes the place of an empty From. */
function assignedBy(from: FromDecision | null): string | null {
  return from === null || from.withheld || from.outcome !== "assign" ? null : from.assigned;
}

function withHeaders(decided: DecidedInspection, headers: readonly string[]): Inspection {
  return { ...decided, headers };
}

/** 12 hex digits of time and 16 of chance: sorts by time, unique enough to quote in a reply. */
function inspectionId(now: number, random: () => number): string {
  const ms = Math.max(0, Math.floor(now));
  // Pieces of 24 bits and less stay small integers, which become text several times faster.
  const chance = (digits: 4 | 6): string => hex(Math.floor(random() * 16 ** digits), digits);
  return `${hex(Math.floor(ms / 0x100_0000), 6)}${hex(ms % 0x100_0000, 6)}${chance(6)}${chance(6)}${chance(4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

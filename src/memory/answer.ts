/**
 * The rows that a store found for a question, made into the History that the verdict reads: faded to the day of the question, counts
 * rounded to four decimals, so that every store gives the same and the JSON is short.
 */
import type { ContactHistory, HistoryQuestion, KnownHistory, OrganizationHistory, Token, TokenHistory } from "../verdict/history.ts";
import { type Decay, weightOf } from "./decay.ts";
import {
  bitsIn,
  type ContactRow,
  noFirstDay,
  noLastDay,
  type OrganizationRow,
  type PairRow,
  type TokenCounts,
  type TokenRow,
} from "./rows.ts";

/** What a store says of one token: the pair with the question's organization, and the token alone. */
export type FoundToken = {
  readonly pair: Omit<PairRow, "failures" | "relayed" | "messages"> | null;
  readonly token: (TokenRow & TokenCounts) | null;
};

export type Found = {
  /** All messages of the tenant, as stored. */
  readonly messages: number;
  readonly organization: OrganizationRow | null;
  /** One for each token of the question, in its order. */
  readonly tokens: readonly FoundToken[];
  readonly contacts: readonly ContactRow[];
  /** With the question's carrier. */
  readonly carried: readonly ContactRow[];
  readonly returnsOurs: boolean;
  readonly answersOurs: boolean;
};

export function answer(question: HistoryQuestion, found: Found, decay: Decay): KnownHistory {
  const now = weightOf(question.day, decay);
  return {
    status: "known",
    day: question.day,
    organization: question.organization,
    from: organizationHistory(found.organization, now),
    carrier: mostFamiliar(found.carried, now),
    tokens: question.tokens.map((token, i) => tokenHistory(token, found.tokens[i], now)),
    messages: faded(found.messages, now),
    contact: mostFamiliar(found.contacts, now),
    returnsOurs: found.returnsOurs,
    answersOurs: found.answersOurs,
    entries: [],
  };
}

function organizationHistory(row: Found["organization"], now: number): OrganizationHistory {
  if (row === null) return { authenticated: 0, signed: 0, unauthenticated: 0, days: 0, firstDay: null, lastDay: null };
  return {
    authenticated: faded(row.authenticated, now),
    signed: faded(row.signed, now),
    unauthenticated: faded(row.unauthenticated, now),
    days: bitsIn(row.days),
    firstDay: firstDayOf(row.firstDay),
    lastDay: lastDayOf(row.lastDay),
  };
}

function tokenHistory({ kind, value }: Token, { pair, token }: FoundToken = nothing, now: number): TokenHistory {
  return {
    kind,
    value,
    authenticated: faded(pair?.authenticated ?? 0, now),
    signed: faded(pair?.signed ?? 0, now),
    unauthenticated: faded(pair?.unauthenticated ?? 0, now),
    days: bitsIn(pair?.days ?? 0),
    recipients: bitsIn(pair?.recipients ?? 0),
    answered: pair?.answered === 1,
    complaints: faded(pair?.complaints ?? 0, now),
    firstDay: firstDayOf(pair?.firstDay ?? noFirstDay),
    lastDay: lastDayOf(pair?.lastDay ?? noLastDay),
    organizations: token?.organizations ?? 0,
    messages: faded(token?.messages ?? 0, now),
    failures: faded(token?.failures ?? 0, now),
    failedOrganizations: token?.failedOrganizations ?? 0,
    relayed: token?.relayed ?? 0,
  };
}

const nothing: FoundToken = { pair: null, token: null };

/** Of several recipients the one who wrote there most, then who heard from there most. */
function mostFamiliar(rows: readonly ContactRow[], now: number): ContactHistory {
  const [first, ...others] = rows;
  if (first === undefined) return { wroteTo: 0, heardFrom: 0, firstDay: null };
  const best = others.reduce((known, row) => (isMoreFamiliar(row, known) ? row : known), first);
  return { wroteTo: faded(best.wroteTo, now), heardFrom: faded(best.heardFrom, now), firstDay: firstDayOf(best.firstDay) };
}

function isMoreFamiliar(a: ContactRow, b: ContactRow): boolean {
  return a.wroteTo === b.wroteTo ? a.heardFrom > b.heardFrom : a.wroteTo > b.wroteTo;
}

function faded(stored: number, now: number): number {
  return stored === 0 ? 0 : Math.round((stored / now) * 10_000) / 10_000;
}

function firstDayOf(day: number): number | null {
  return day === noFirstDay ? null : day;
}

function lastDayOf(day: number): number | null {
  return day === noLastDay ? null : day;
}

/**
 * The rows of the store, and how two rows of one key become one. Counts are stored as decay.ts says. Merging is commutative and never
 * counts anything twice: counts add, bitmaps OR, days min and max. The statements of system/sqlite-upserts.ts do the same in SQL.
 * Keys start with the tenant: what one tenant has seen says nothing about another's mail.
 */

/** A first day and a last day that are no days: an empty span, which min and max leave to the other row. */
export const noFirstDay = 2_147_483_647;
export const noLastDay = -1;

/** A From organization; `days` with authenticated mail. */
export type OrganizationRow = {
  authenticated: number;
  signed: number;
  unauthenticated: number;
  days: number;
  firstDay: number;
  lastDay: number;
};

/** A From organization on a token. `days` and `recipients` of unauthenticated mail; `messages` is everything seen, `failures` and `relayed` of it. */
export type PairRow = {
  authenticated: number;
  signed: number;
  unauthenticated: number;
  complaints: number;
  failures: number;
  /** Verified mail that the token only carried. */
  relayed: number;
  messages: number;
  days: number;
  recipients: number;
  answered: number;
  firstDay: number;
  lastDay: number;
};

/** A token, whoever it spoke for. */
export type TokenRow = { messages: number; failures: number };

/** Of a token, never added but counted: pairs that exist, those that failed, those it carried verified mail for. */
export type TokenCounts = { organizations: number; failedOrganizations: number; relayed: number };

/** One of our recipients and a From organization. */
export type ContactRow = { wroteTo: number; heardFrom: number; firstDay: number };

export function mergeOrganizations(into: OrganizationRow, row: OrganizationRow): void {
  into.authenticated += row.authenticated;
  into.signed += row.signed;
  into.unauthenticated += row.unauthenticated;
  mergeDays(into, row);
}

export function mergePairs(into: PairRow, row: PairRow): void {
  into.authenticated += row.authenticated;
  into.signed += row.signed;
  into.unauthenticated += row.unauthenticated;
  into.complaints += row.complaints;
  into.failures += row.failures;
  into.relayed += row.relayed;
  into.messages += row.messages;
  into.recipients = unionOf(into.recipients, row.recipients);
  into.answered = Math.max(into.answered, row.answered);
  mergeDays(into, row);
}

export function mergeTokens(into: TokenRow, row: TokenRow): void {
  into.messages += row.messages;
  into.failures += row.failures;
}

export function mergeContacts(into: ContactRow, row: ContactRow): void {
  into.wroteTo += row.wroteTo;
  into.heardFrom += row.heardFrom;
  into.firstDay = Math.min(into.firstDay, row.firstDay);
}

type Days = Pick<PairRow, "days" | "firstDay" | "lastDay">;

function mergeDays(into: Days, row: Days): void {
  into.days = unionOf(into.days, row.days);
  into.firstDay = Math.min(into.firstDay, row.firstDay);
  into.lastDay = Math.max(into.lastDay, row.lastDay);
}

// Distinct days and recipients are bitmaps: each sets one bit, so that an order of arrival, a second writer or a repetition changes
// nothing. Two may fall on one bit: a bitmap proves at least as many as it has bits, never too many. 52: a double holds them exactly.
const bits = 52;

/** The bit of a day. */
export function dayBit(day: number): number {
  return 2 ** (((day % bits) + bits) % bits);
}

/** The bit of a recipient's fingerprint. */
export function recipientBit(fingerprint: string): number {
  let hash = 2_166_136_261; // FNV-1a: spreads; what must not be guessed is the fingerprint, which is keyed.
  for (let i = 0; i < fingerprint.length; i += 1) hash = Math.imul(hash ^ fingerprint.charCodeAt(i), 16_777_619) >>> 0;
  return 2 ** (hash % bits);
}

/** How many a bitmap proves. */
export function bitsIn(bitmap: number): number {
  let count = 0;
  for (let low = bitmap % half; low > 0; low &= low - 1) count += 1;
  for (let high = Math.floor(bitmap / half); high > 0; high &= high - 1) count += 1;
  return count;
}

const half = 2 ** 26;

/** Bitwise or, of numbers that are too long for JavaScript's operator. */
export function unionOf(a: number, b: number): number {
  if (a === 0 || a === b) return b;
  if (b === 0) return a;
  return (Math.floor(a / half) | Math.floor(b / half)) * half + ((a % half) | (b % half));
}

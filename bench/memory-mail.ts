/**
 * Lessons and questions for the store's benchmark: every other organization sends from a host of its own, the others through one of 300
 * sending services. Each message carries the tokens that ordinary mail carries: signer, envelope, prefix and address, reverse name with
 * its organization, HELO, MX host.
 */
import type { HistoryQuestion, Lesson, Token } from "../src/verdict/history.ts";

export const pairsAMessage = 8;

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function lessonFrom(i: number, day: number): Lesson {
  return {
    ...{ tenant: "", day, organization: organizationOf(i), kind: "authenticated", signed: true, failed: false, answered: false },
    ...{ tokens: tokensOf(i), carriers: [], carrier: null, recipients: [recipientOf(i)] },
  };
}

export function questionFrom(i: number, day: number): HistoryQuestion {
  const tokens = tokensOf(i);
  return {
    tenant: "",
    day,
    organization: organizationOf(i),
    carrier: null,
    tokens,
    recipients: [recipientOf(i)],
    returned: null,
    references: [],
  };
}

/** Spread over the alphabet, as names are. */
function organizationOf(i: number): string {
  return `${(Math.imul(i + 1, 2_654_435_761) >>> 0).toString(36)}-company.example`;
}

function tokensOf(i: number): readonly Token[] {
  const own = organizationOf(i);
  const service = `service${(i >> 1) % 300}.example`;
  const isHosted = i % 2 === 1;
  const host = isHosted ? `mta${i % 40}.${service}` : `mail.${own}`;
  const network = isHosted
    ? `198.${((i >> 1) % 300) >> 8}.${((i >> 1) % 300) & 255}`
    : `${10 + (i >>> 17)}.${(i >>> 9) & 255}.${(i >>> 1) & 255}`;
  return [
    { kind: "dkim", value: own },
    { kind: "spf", value: isHosted ? `bounce.${service}` : own },
    { kind: "prefix", value: `${network}.0/24` },
    { kind: "prefix", value: `${network}.${1 + (i % 40)}/32` },
    { kind: "ptr", value: host },
    { kind: "ptr", value: isHosted ? service : own },
    { kind: "helo", value: isHosted ? service : own },
    { kind: "mx", value: `mx.${own}` },
  ];
}

function recipientOf(i: number): string {
  return `user${i % 2000}@recipient.example`;
}

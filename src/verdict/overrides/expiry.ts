/**
 * When an entry ends: after so many days without a match, on a day, or never (design: compauth.md "Spoof intelligence"). Accepting
 * entries end after 90 idle days unless told otherwise; blocks stay. Days count from 1970-01-01 UTC; it knows no clock.
 */
import { limits } from "../../base/limits.ts";

export type Expiry =
  | { readonly kind: "idle"; readonly days: number }
  | { readonly kind: "day"; readonly day: number }
  | { readonly kind: "never" };

/** What an entry gets that says nothing. */
export function defaultExpiry(action: "allow" | "block" | "confirmed"): Expiry {
  return action === "block" ? { kind: "never" } : { kind: "idle", days: limits.entryIdleDays };
}

/** `never`, `idle 90d`, or the last day as `2027-01-31`. Null: none of these. */
export function parseExpiry(text: string): Expiry | null {
  const words = text.trim().toLowerCase();
  if (words === "never") return { kind: "never" };
  const idle = /^idle ([1-9][0-9]{0,3})d$/.exec(words);
  if (idle !== null) return { kind: "idle", days: Number(idle[1]) };
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(words)) return null;
  const at = Date.parse(`${words}T00:00:00Z`);
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== words) return null;
  return { kind: "day", day: Math.floor(at / dayMs) };
}

export function formatExpiry(expiry: Expiry): string {
  switch (expiry.kind) {
    case "never":
      return "never";
    case "idle":
      return `idle ${expiry.days}d`;
    case "day":
      return new Date(expiry.day * dayMs).toISOString().slice(0, 10);
    default:
      return expiry satisfies never;
  }
}

/** Is it over by `today`? `lastDay` is the day of the last match, or of the entry's making where it never matched. */
export function isExpired(expiry: Expiry, lastDay: number, today: number): boolean {
  switch (expiry.kind) {
    case "never":
      return false;
    case "idle":
      return today - lastDay > expiry.days;
    case "day":
      return today > expiry.day;
    default:
      return expiry satisfies never;
  }
}

const dayMs = 86_400_000;

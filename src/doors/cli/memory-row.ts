/** What the store said about a message's sender, as one row of its table. It renders Inspection.history and derives nothing. */
import type { Inspection } from "../../stamp/inspection.ts";
import type { KnownHistory, TokenHistory } from "../../verdict/history.ts";
import { cut } from "./shown.ts";

type MemoryRow = { readonly label: string; readonly result: string; readonly subject: string | null; readonly detail: string };

export function memoryRow({ history }: Inspection): MemoryRow {
  const label = "memory";
  if (history === null) return { label, result: "–", subject: null, detail: "no store configured" };
  if (history.status === "unavailable")
    return { label, result: "none", subject: null, detail: "the store could not be read, and the verdict does without it" };
  const subject = history.organization === null ? null : cut(history.organization, 72);
  if (subject === null) return { label, result: "none", subject, detail: "no author to look up" };
  if (history.from.authenticated + history.from.unauthenticated < seen)
    return { label, result: "new", subject, detail: `nothing has been learnt yet${contactWords(history)}` };
  return { label, result: "known", subject, detail: `${profileWords(history)}${infrastructureWords(history)}${contactWords(history)}` };
}

/** Less than this, faded, is next to nothing. */
const seen = 0.5;

/** `about 120 authenticated messages, on 31 days` */
function profileWords({ from }: KnownHistory): string {
  const { authenticated, unauthenticated, days } = from;
  if (authenticated < seen) return `about ${counted(unauthenticated, "message")}, none authenticated`;
  return `about ${counted(authenticated, "authenticated message")}, on ${counted(days, "day")}`;
}

function infrastructureWords({ tokens }: KnownHistory): string {
  const count = (token: TokenHistory): number => token.authenticated + token.unauthenticated;
  const best = tokens.reduce<TokenHistory | null>((most, token) => (most === null || count(token) > count(most) ? token : most), null);
  if (best === null) return "";
  return count(best) < seen ? "; none by this way" : `; about ${rounded(count(best))} by ${cut(best.value, 72)}`;
}

function contactWords({ contact }: KnownHistory): string {
  if (contact.wroteTo >= seen) return "; the recipient has written there";
  return contact.heardFrom >= seen ? "; the recipient has heard from there" : "";
}

function counted(count: number, what: string): string {
  const number = rounded(count);
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function rounded(count: number): number {
  return Math.max(1, Math.round(count));
}

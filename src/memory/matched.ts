/**
 * Which entries matched a message for the first time today, so that an entry that matches all day long is written once: what it is kept
 * for (an idle entry ends) counts in days. Bounded; an entry that falls out is written once more, which changes nothing.
 */
import { limits } from "../base/limits.ts";
import type { Matched } from "./memory.ts";

/** Gives what of it is new today; null: nothing. */
export function onceADay(): (matched: Matched) => Matched | null {
  let today = -1;
  const seen = new Set<string>();
  return ({ tenant, day, entries }) => {
    if (day !== today || seen.size > limits.matchedKeptMax) seen.clear();
    today = day;
    const fresh = entries.filter((id) => !seen.has(`${tenant} ${id}`));
    for (const id of fresh) seen.add(`${tenant} ${id}`);
    return fresh.length === 0 ? null : { tenant, day, entries: fresh };
  };
}

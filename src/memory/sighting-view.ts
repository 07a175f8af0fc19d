/** Rows of spoof intelligence, one a day, put together to what the queue shows of one pair. Pure. */
import { limits } from "../base/limits.ts";
import { bitsIn } from "./rows.ts";
import { mergeSightings, type SightingRow } from "./sighting-rows.ts";
import type { InsightQuestion, SeenPair } from "./sightings.ts";

export type DayRow = { readonly day: number; readonly row: SightingRow };

/** `rows` are all that are kept of the pair up to the question's last day, the earliest first. Null: none of the days asked for. */
export function seenPair(
  rows: readonly DayRow[],
  { tenant, day, days }: Pick<InsightQuestion, "tenant" | "day" | "days">,
): SeenPair | null {
  const asked = rows.filter((each) => each.day > day - days && each.day <= day);
  const [first, ...others] = asked;
  const [earliest, last] = [rows[0], asked.at(-1)];
  if (first === undefined || earliest === undefined || last === undefined) return null;
  const all = others.reduce((sum, { row }) => mergeSightings(sum, row), first.row);
  const perDay = Array.from({ length: days }, () => 0);
  for (const each of asked) perDay[each.day - (day - days) - 1] = each.row.messages;
  return {
    ...all.latest,
    tenant,
    users: all.users.map(([address]) => address),
    messages: all.messages,
    perDay,
    acted: all.acted,
    wouldAct: all.wouldAct,
    recipients: bitsIn(all.recipients),
    firstDay: earliest.day,
    lastDay: last.day,
    samples: all.samples.slice(0, limits.sightingSamplesMax),
  };
}

/** Does it belong to what was asked for? */
export function isAsked(pair: SeenPair, { spoof, standing }: Pick<InsightQuestion, "spoof" | "standing">): boolean {
  return (spoof === undefined || pair.spoof === spoof) && (standing === undefined || pair.standing === standing);
}

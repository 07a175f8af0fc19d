/**
 * Caps on how fast one source can make the store grow: a source is the client's prefix, and of its messages only so many a day may
 * open new rows. Rows that exist go on counting, so that a busy sender loses nothing; whoever invents names by the thousand does.
 */
import { limits } from "../base/limits.ts";
import type { Lesson } from "../verdict/history.ts";

export type Sources = {
  /** May this lesson open new rows? Counts it. */
  mayOpen(lesson: Lesson): boolean;
  /** Runs `work`; where it throws, what it has counted is taken back, since the same lessons come again. */
  attempt<T>(work: () => T): T;
  /** Runs `work`, whose outcome shows later: `takeBack` takes back what it has counted. */
  tentative<T>(work: () => T): { readonly value: T; takeBack(): void };
};

type Count = { authenticated: number; other: number };

export function countSources(): Sources {
  let day = -1;
  const counts = new Map<string, Count>();
  let attempted: { readonly count: Count; readonly by: keyof Count }[] | null = null;
  const tentative: Sources["tentative"] = (work) => {
    const counted: NonNullable<typeof attempted> = [];
    const takeBack = (): void => {
      for (const { count, by } of counted.splice(0)) count[by] -= 1;
    };
    attempted = counted;
    try {
      return { value: work(), takeBack };
    } catch (error) {
      takeBack();
      throw error;
    } finally {
      attempted = null;
    }
  };
  return {
    attempt: (work) => tentative(work).value,
    tentative,
    mayOpen: (lesson) => {
      if (lesson.day !== day) counts.clear();
      day = lesson.day;
      const source = sourceOf(lesson);
      let count = counts.get(source);
      if (count === undefined) {
        if (counts.size >= limits.historySourcesMax) return false;
        count = { authenticated: 0, other: 0 };
        counts.set(source, count);
      }
      const by = lesson.kind === "authenticated" ? "authenticated" : "other";
      count[by] += 1;
      attempted?.push({ count, by });
      return count[by] <= mostADay[by];
    },
  };
}

const mostADay: Readonly<Count> = {
  authenticated: limits.historySourceAuthenticatedPerDay,
  other: limits.historySourceUnauthenticatedPerDay,
};

function sourceOf({ tenant, tokens, carriers }: Lesson): string {
  const isPrefix = ({ kind }: Lesson["tokens"][number]): boolean => kind === "prefix";
  const prefix = tokens.find(isPrefix) ?? carriers.find(isPrefix);
  return `${tenant} ${prefix?.value ?? ""}`;
}

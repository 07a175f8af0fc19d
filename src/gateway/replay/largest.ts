/**
 * Counts by name in bounded memory: where there are more names than may be kept, the smaller half is counted together, so that what comes
 * often stays. A name that comes again after that begins anew: its count is then too small, never too large.
 */
import { limits } from "../../base/limits.ts";

export type Largest<T extends { messages: number }> = {
  /** The counter of this name, made where there is none. */
  at(name: string, make: () => T): T;
  find(name: string): T | null;
  /** The most messages first. */
  sorted(): readonly T[];
  /** Messages of those that are not kept. */
  others(): number;
};

export function largest<T extends { messages: number }>(max: number = limits.journalSendersMax): Largest<T> {
  const kept = new Map<string, T>();
  let others = 0;
  const sorted = (): [string, T][] => [...kept].sort(([a, one], [b, other]) => other.messages - one.messages || (a < b ? -1 : 1));
  return {
    at: (name, make) => {
      const found = kept.get(name);
      if (found !== undefined) return found;
      if (kept.size >= max) {
        for (const [small, { messages }] of sorted().slice(Math.ceil(max / 2))) {
          others += messages;
          kept.delete(small);
        }
      }
      const made = make();
      kept.set(name, made);
      return made;
    },
    find: (name) => kept.get(name) ?? null,
    sorted: () => sorted().map(([, counter]) => counter),
    others: () => others,
  };
}

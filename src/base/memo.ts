/**
 * Remembers what a pure function of one short text gave, for the few hundred names that most mail carries over and over.
 * Bounded: when it is full it forgets everything and starts again, so that nobody can make it grow. For names, words and
 * addresses only: nothing that depends on a message is kept.
 */
import { limits } from "./limits.ts";

/** `make` with a memory of limits.memoEntriesMax texts of at most limits.memoTextCharactersMax characters. */
export function memoized<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, { readonly value: T }>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found.value;
    const value = make(text);
    if (text.length <= limits.memoTextCharactersMax) {
      if (known.size >= limits.memoEntriesMax) known.clear();
      known.set(text, { value });
    }
    return value;
  };
}

/** `make` with a memory of the very object it was given, for as long as that object lives: the octets of a DNS answer in the cache. */
export function memoizedByObject<O extends object, T>(make: (object: O) => T): (object: O) => T {
  const known = new WeakMap<O, { readonly value: T }>();
  return (object) => {
    const found = known.get(object);
    if (found !== undefined) return found.value;
    const value = make(object);
    known.set(object, { value });
    return value;
  };
}

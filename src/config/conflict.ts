/**
 * What is wrong although each value by itself is right: two keys that exclude each other, a trust anchor that strangers share, a switch
 * that switches nothing. An error keeps the file out of force; a warning is said and the file holds. Types and makers only.
 */
export type Conflict = {
  readonly severity: "error" | "warning";
  readonly path: string;
  /** Of an error what is wanted instead; of a warning a sentence. */
  readonly says: string;
};

export function error(path: string, says: string): Conflict {
  return { severity: "error", path, says };
}

export function warning(path: string, says: string): Conflict {
  return { severity: "warning", path, says };
}

/** The finding for each item that has one. */
export function eachOf<T>(list: readonly T[], path: string, find: (item: T, path: string) => Conflict | null): readonly Conflict[] {
  return list.flatMap((item, index) => find(item, `${path}[${index}]`) ?? []);
}

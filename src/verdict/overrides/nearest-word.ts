/** The word that was probably meant: the nearest of a few by edits (insert, delete, replace, swap two neighbours). Null where all are far. */

export function nearestWord(written: string, words: readonly string[]): string | null {
  const wanted = written.toLowerCase();
  if (wanted.length > 32) return null; // no word of ours is near that
  const ranked = words.map((word) => ({ word, edits: editsBetween(wanted, word) })).sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (best === undefined) return null;
  // `spoofing` for spoof: far by edits, and yet no question what was meant.
  const begins = words.find((word) => word.length > 2 && wanted.startsWith(word));
  const near = best.edits <= Math.max(1, Math.floor(Math.max(best.word.length, wanted.length) / 3));
  return near ? best.word : (begins ?? null);
}

function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const here = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swaps = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = swaps ? (before[column - 2] ?? 0) + 1 : replaced;
      here.push(Math.min(replaced, swapped, (above[column] ?? 0) + 1, (here[column - 1] ?? 0) + 1));
    }
    before = above;
    above = here;
  }
  return above[to.length] ?? 0;
}

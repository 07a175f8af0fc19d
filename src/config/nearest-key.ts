/**
 * Which key was meant: the known one nearest to a key that does not exist, by edits (insert, delete, replace, swap two neighbours).
 * It offers nothing where every known key is far.
 */

/** `unknown` is a path such as `domains[1].nmae`, `known` are paths such as `domains[].name`; the answer keeps the index where it can. */
export function nearestKey(unknown: string, known: Iterable<string>): string | null {
  const wanted = unknown.replaceAll(/\[\d+\]/g, "[]");
  const ranked = [...known].map((path) => ({ path, distance: distanceOf(wanted, path) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined || best.distance > Math.max(1, Math.floor(leaf(wanted).length / 3))) return null;
  const inPlace = parent(wanted) === parent(best.path) && parent(unknown) !== "";
  return inPlace ? `${parent(unknown)}.${leaf(best.path)}` : best.path;
}

/** A key in its own table is judged by its name; one that stands in a wrong table must have the right name. */
function distanceOf(wanted: string, path: string): number {
  if (parent(wanted) === parent(path)) return edits(leaf(wanted), leaf(path));
  return leaf(wanted) === leaf(path) ? 1 : Number.POSITIVE_INFINITY;
}

function leaf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1).toLowerCase();
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

function edits(from: string, to: string): number {
  if (from.length > 64) return Number.POSITIVE_INFINITY; // no key of ours is near that
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const here = [row];
    for (let column = 1; column <= to.length; column += 1) {
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

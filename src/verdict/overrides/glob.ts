/**
 * Patterns of rules and filters: `*` stands for any run of characters, everything else for itself, without regard to case. No regular
 * expressions: each piece between two stars is searched once, left to right, so that no text from outside makes it go back.
 */

/** Does the pattern cover the whole text? */
export function globMatches(pattern: string, text: string): boolean {
  const lower = text.toLowerCase();
  const pieces = pattern.toLowerCase().split("*");
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return lower === first;
  const last = pieces.at(-1) ?? "";
  const end = lower.length - last.length;
  if (end < first.length || !lower.startsWith(first) || !lower.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = lower.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

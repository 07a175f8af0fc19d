/**
 * Text from outside, made fit for a terminal: no control character, no escape sequence, no bidirectional or invisible character
 * reaches the screen; each is shown as its code instead. Everything a rendering prints goes through here, once.
 */

/** The text with every character that could act on a terminal or hide written as `\u{…}`. */
export function shown(text: string): string {
  return text.replace(unfit, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

// Cc controls, Cf bidirectional, zero-width and tag characters, Cs lone surrogates, Co private, Cn unassigned, line ends, odd spaces.
const unfit = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u115f\u1160\u3164\uffa0\u2800]/gu;

/** A value as one line of JSON, as harmless on a terminal as `shown` is, and the same value to whoever parses it. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value);
  if (!beyondPrintable.test(text)) return `${text}\n`;
  const escaped = text.replace(unfit, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
  return `${escaped}\n`;
}

const beyondPrintable = /[^ -~]/;

/** At most `max` characters, the last an ellipsis where something was cut. */
export function cut(text: string, max: number): string {
  // A first cut by code units keeps the split cheap, however long the text is.
  const characters = Array.from(text.length > 4 * max ? text.slice(0, 4 * max) : text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join("")}…`;
}

/** How many columns the text takes: wide East Asian characters two, combining marks none. Near enough to line up columns. */
export function columns(text: string): number {
  let width = 0;
  for (const char of text)
    width += /\p{M}/u.test(char)
      ? 0
      : /[\u1100-\u115e\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
            char,
          )
        ? 2
        : 1;
  return width;
}

/** Padded to `width` columns. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - columns(text)));
}

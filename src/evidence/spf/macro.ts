/**
 * SPF macros (RFC 7208 §7): text → parts, once; parts and values → text. Parsing is total and strict; expanding is linear in what
 * it writes. It asks no DNS: the validated name that %{p} needs is a value like the others.
 */
export type MacroLetter = "s" | "l" | "o" | "d" | "i" | "p" | "v" | "h" | "c" | "r" | "t";

export type MacroExpand = {
  readonly letter: MacroLetter;
  /** How many right-hand parts to keep; null for all. */
  readonly keep: number | null;
  readonly reverse: boolean;
  /** Characters to split at; "" for the default, a dot. */
  readonly delimiters: string;
  /** An upper-case letter: the value is URL-escaped. */
  readonly escape: boolean;
};

export type MacroString = {
  readonly parts: readonly (string | MacroExpand)[];
  /** The expansion where it needs no values; null otherwise. */
  readonly fixed: string | null;
  /** %{p} occurs: the client's name has to be looked up and validated. */
  readonly usesName: boolean;
  /** What follows the last macro-expand; "" where one ends the string. */
  readonly tail: string;
  /** %{s} or %{l} occurs. RFC 8616 §4: with a non-ASCII local part the term matches nothing. */
  readonly usesLocalPart: boolean;
};

/** What the letters stand for (RFC 7208 §7.2). */
export type MacroValues = { readonly [letter in MacroLetter]: string };

export type MacroFault = { readonly fault: string; readonly position: number };

/** Which letters are allowed: c, r and t only in explanation text, where spaces are allowed too (RFC 7208 §7.1, §7.2). */
export type MacroContext = "domain-spec" | "macro-string" | "explain-string";

/** Reads a macro string; `position` of a fault counts from the start of `text`. */
export function parseMacroString(text: string, context: MacroContext): MacroString | MacroFault {
  const parts: (string | MacroExpand)[] = [];
  let literal = "";
  let position = 0;
  let tail = 0;
  while (position < text.length) {
    const character = text.charAt(position);
    if (character !== "%") {
      const code = text.charCodeAt(position);
      if (code < 0x20 || code > 0x7e || (code === 0x20 && context !== "explain-string"))
        return { fault: "not a visible ASCII character", position };
      literal += character;
      position += 1;
      continue;
    }
    const plain = plainMacros[text.charAt(position + 1)];
    if (plain !== undefined) {
      literal += plain;
      position += 2;
      tail = position;
      continue;
    }
    const read = readMacro(text, position, context);
    if ("fault" in read) return read;
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(read.macro);
    position = read.end;
    tail = position;
  }
  if (literal !== "") parts.push(literal);
  return complete(parts, text.slice(tail));
}

/** The text with every macro replaced. Values never hold macros: what they bring in is not expanded again. */
export function expandMacros(string: MacroString, values: MacroValues): string {
  if (string.fixed !== null) return string.fixed;
  let expanded = "";
  for (const part of string.parts) expanded += typeof part === "string" ? part : expandOne(part, values[part.letter]);
  return expanded;
}

// RFC 7208 §7.1: "%%" is a percent sign, "%_" a space, "%-" a URL-encoded space.
const plainMacros: Readonly<Record<string, string>> = { "%": "%", _: " ", "-": "%20" };
const letters = "slodipvhcrt";
const explainLetters = "crt";
const delimiterCharacters = ".-+,/_=";

function complete(parts: readonly (string | MacroExpand)[], tail: string): MacroString {
  const macros = parts.filter((part) => typeof part !== "string");
  return {
    parts,
    fixed: macros.length === 0 ? parts.join("") : null,
    tail,
    usesName: macros.some(({ letter }) => letter === "p"),
    usesLocalPart: macros.some(({ letter }) => letter === "s" || letter === "l"),
  };
}

/** RFC 7208 §7.1: macro-expand = "%{" macro-letter transformers *delimiter "}". */
function readMacro(text: string, start: number, context: MacroContext): { macro: MacroExpand; end: number } | MacroFault {
  // RFC 7208 §7.3: a "%" before anything else is a syntax error.
  if (text.charAt(start + 1) !== "{") return { fault: 'a "%" that starts no macro', position: start };
  let at = start + 2;
  const written = text.charAt(at);
  const letter = written.toLowerCase();
  if (!isMacroLetter(letter)) return { fault: "an unknown macro letter", position: at };
  if (context === "domain-spec" && explainLetters.includes(letter)) return { fault: "a macro letter for explanations only", position: at };
  at += 1;
  const digits = at;
  let keep: number | null = null;
  // More parts than any name has mean all parts, however large the number.
  for (; isDigit(text.charCodeAt(at)); at++) keep = Math.min((keep ?? 0) * 10 + text.charCodeAt(at) - 48, 1_000_000);
  // RFC 7208 §7.3: "If a DIGIT is specified, the value MUST be nonzero."
  if (keep === 0) return { fault: "zero parts of a macro", position: digits };
  const reverse = text.charAt(at).toLowerCase() === "r";
  if (reverse) at += 1;
  const from = at;
  while (at < text.length && delimiterCharacters.includes(text.charAt(at))) at += 1;
  if (text.charAt(at) !== "}") return { fault: "a macro without its closing brace", position: at };
  const macro = { letter, keep, reverse, delimiters: text.slice(from, at), escape: written !== letter };
  return { macro, end: at + 1 };
}

function expandOne(macro: MacroExpand, value: string): string {
  const { keep, reverse, delimiters } = macro;
  let expanded = value;
  // RFC 7208 §7.3: only transformers or delimiters split the value; the parts are rejoined with dots.
  if (keep !== null || reverse || delimiters !== "") {
    const parts = split(value, delimiters === "" ? "." : delimiters);
    if (reverse) parts.reverse();
    expanded = (keep === null || keep >= parts.length ? parts : parts.slice(-keep)).join(".");
  }
  return macro.escape ? urlEscape(expanded) : expanded;
}

function split(value: string, delimiters: string): string[] {
  if (delimiters.length === 1) return value.split(delimiters);
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    if (!delimiters.includes(value.charAt(i))) continue;
    parts.push(value.slice(start, i));
    start = i + 1;
  }
  parts.push(value.slice(start));
  return parts;
}

/** RFC 7208 §7.3, RFC 3986 §2.3: everything but the unreserved characters is escaped, by its UTF-8 octets. */
function urlEscape(text: string): string {
  let escaped = "";
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    escaped += byte < 0x80 && /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

function isMacroLetter(letter: string): letter is MacroLetter {
  return letter !== "" && letters.includes(letter);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/**
 * The lexical parts that structured fields share (RFC 5322 §3.2: CFWS, quoted-string), over text that is unfolded and free of
 * control characters. Each reader takes what it reads or gives null; comments are collected on the way. One pass.
 */
import { limits } from "../base/limits.ts";

export type Scanner = { readonly text: string; at: number; readonly comments: string[] };

export function openScanner(text: string): Scanner {
  return { text, at: 0, comments: [] };
}

export function atEnd(scanner: Scanner): boolean {
  return scanner.at >= scanner.text.length;
}

export function peek(scanner: Scanner): string {
  return scanner.text[scanner.at] ?? "";
}

export function take(scanner: Scanner, character: string): boolean {
  if (scanner.text[scanner.at] !== character) return false;
  scanner.at += 1;
  return true;
}

/** Skips white space and comments; false where a comment does not end or nests too deep. */
export function skipCfws(scanner: Scanner): boolean {
  for (;;) {
    while (scanner.text[scanner.at] === " ") scanner.at += 1;
    if (scanner.text[scanner.at] !== "(") return true;
    const comment = readComment(scanner);
    if (comment === null) return false;
    scanner.comments.push(comment);
  }
}

/** RFC 5322 §3.2.2: the text between the outer parentheses, quoted pairs resolved, inner parentheses as they stand. */
function readComment(scanner: Scanner): string | null {
  const { text, at: start } = scanner;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === openParenthesis) {
      depth += 1;
      if (depth > limits.commentDepthMax) return null;
    } else if (code === closeParenthesis) {
      depth -= 1;
      if (depth > 0) continue;
      scanner.at = at + 1;
      return withoutQuotedPairs(text.slice(start + 1, at));
    }
  }
  return null;
}

/** RFC 5322 §3.2.4: the content, quoted pairs resolved; null where it does not end. */
export function readQuoted(scanner: Scanner): string | null {
  const { text, at: start } = scanner;
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) {
      scanner.at = at + 1;
      return withoutQuotedPairs(text.slice(start + 1, at));
    }
  }
  return null;
}

const quote = 0x22;
const openParenthesis = 0x28;
const closeParenthesis = 0x29;
const backslash = 0x5c;

function withoutQuotedPairs(text: string): string {
  return text.includes("\\") ? text.replace(/\\(.)/gsu, "$1") : text;
}

/** Letters, digits, hyphen, underscore and dot, less `except`, letters or digits at both ends; null where there is none such. */
export function readKeyword(scanner: Scanner, except = ""): string | null {
  const word = readWhile(scanner, (code, character) => isKeyword(code) && character !== except);
  return word !== null && isKeywordText(word) ? word : null;
}

/** Does the text read back as one keyword? */
export function isKeywordText(text: string): boolean {
  if (text.length === 0 || text.length > limits.authenticationResultsNameBytesMax) return false;
  for (let i = 0; i < text.length; i += 1) if (!isKeyword(text.charCodeAt(i))) return false;
  return isAlphanumeric(text.charCodeAt(0)) && isAlphanumeric(text.charCodeAt(text.length - 1));
}

/** Whatever is no space, semicolon, parenthesis or quote, less `except`; null where there is none. */
export function readAtom(scanner: Scanner, except: string): string | null {
  return readWhile(scanner, (_, character) => !' ;()"'.includes(character) && character !== except);
}

/** A decimal number of at most nine digits; null where there is none. */
export function readDigits(scanner: Scanner): number | null {
  const start = scanner.at;
  const digits = readWhile(scanner, (code) => code >= 0x30 && code <= 0x39);
  if (digits !== null && digits.length <= 9) return Number(digits);
  scanner.at = start;
  return null;
}

function readWhile(scanner: Scanner, wanted: (code: number, character: string) => boolean): string | null {
  const { text, at: start } = scanner;
  let at = start;
  while (at < text.length && wanted(text.charCodeAt(at), text[at] ?? "")) at += 1;
  scanner.at = at;
  return at === start ? null : text.slice(start, at);
}

function isKeyword(code: number): boolean {
  return isAlphanumeric(code) || code === 0x2d || code === 0x2e || code === 0x5f;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

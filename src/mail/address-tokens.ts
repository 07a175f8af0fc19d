/**
 * Lexical tokens of address fields: RFC 5322 §3.2 with the UTF-8 of RFC 6532 §3.2 and the obsolete forms of §4.1.
 * One linear pass; nested comments are counted, never recursed into. Tokens are offsets into the text: nothing is copied.
 * It refuses to repair: what does not close runs to the end of the text and is reported.
 */
import { limits } from "../base/limits.ts";

/** A special character outside quotes is a kind of its own; `control` is a control character where none may stand. */
export type TokenKind = "atom" | "quoted" | "comment" | "literal" | "control" | "<" | ">" | "," | ":" | ";" | "@" | "." | "\\" | ")" | "]";

export type Token = {
  readonly kind: TokenKind;
  readonly start: number;
  /** Past the last character, quotes and brackets included. */
  readonly end: number;
  /** White space stands directly before. */
  readonly space: boolean;
};

/** With its first place. */
export type TokenFault = { readonly kind: "control-character" | "comment-too-deep" | "unterminated"; readonly at: number };

export type Lexed = {
  readonly tokens: readonly Token[];
  /** Each kind once. */
  readonly faults: readonly TokenFault[];
};

/** Cuts text into tokens. Folds may be there (CRLF and white space count as white space) or already undone. */
export function tokenize(text: string): Lexed {
  const tokens: Token[] = [];
  const lexing: Lexing = { text, faults: [], space: false };
  let at = 0;
  while (at < text.length) {
    const white = whiteSpaceAt(text, at);
    if (white > 0) {
      at += white;
      lexing.space = true;
      continue;
    }
    const token = tokenAt(lexing, at);
    tokens.push(token);
    at = token.end;
    lexing.space = false;
  }
  return { tokens, faults: lexing.faults };
}

type Lexing = {
  readonly text: string;
  readonly faults: TokenFault[];
  /** White space stands before the next token. */
  space: boolean;
};

/** The text of a quoted-string without its quotes and quoted-pairs (RFC 5322 §3.2.4). */
export function unquote(quoted: string): string {
  const closed = quoted.length > 1 && quoted.endsWith('"');
  const inner = quoted.slice(1, closed ? -1 : undefined);
  return inner.includes("\\") ? inner.replace(/\\(.)/gsu, "$1") : inner;
}

function tokenAt(lexing: Lexing, start: number): Token {
  const { text, faults, space } = lexing;
  const code = text.charCodeAt(start);
  switch (classOf(code)) {
    case atext: {
      let end = start + 1;
      while (end < text.length && classOf(text.charCodeAt(end)) === atext) end++;
      return { kind: "atom", start, end, space };
    }
    case special:
      return specialAt(lexing, start);
    default:
      note(faults, "control-character", start);
      return { kind: "control", start, end: start + 1, space };
  }
}

function specialAt(lexing: Lexing, start: number): Token {
  const { space } = lexing;
  const char = lexing.text.charAt(start);
  switch (char) {
    case '"':
      return { kind: "quoted", start, end: closing(lexing, start, '"'), space };
    case "[":
      return { kind: "literal", start, end: closing(lexing, start, "]"), space };
    case "(":
      return { kind: "comment", start, end: commentEnd(lexing, start), space };
    case "<":
    case ">":
    case ",":
    case ":":
    case ";":
    case "@":
    case ".":
    case "\\":
    case ")":
      return { kind: char, start, end: start + 1, space };
    default:
      return { kind: "]", start, end: start + 1, space };
  }
}

/** Past the closing character; a backslash takes the next character with it (RFC 5322 §3.2.1). */
function closing({ text, faults }: Lexing, start: number, close: string): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === close) return at + 1;
    // RFC 5322 §3.4.1: dtext has no "[".
    if (char === "[" && close === "]") note(faults, "unterminated", start);
    if (char === "\\") at++;
    if (isControl(text, at)) note(faults, "control-character", at);
  }
  note(faults, "unterminated", start);
  return text.length;
}

/** RFC 5322 §3.2.2: comments nest. A counter, not a stack: a hundred thousand parentheses cost as many steps. */
function commentEnd({ text, faults }: Lexing, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "(") {
      depth++;
      if (depth > limits.commentDepthMax) note(faults, "comment-too-deep", at);
    } else if (char === ")") {
      depth--;
      if (depth === 0) return at + 1;
    } else if (char === "\\") at++;
    if (isControl(text, at)) note(faults, "control-character", at);
  }
  note(faults, "unterminated", start);
  return text.length;
}

function note(faults: TokenFault[], kind: TokenFault["kind"], at: number): void {
  if (!faults.some((fault) => fault.kind === kind)) faults.push({ kind, at });
}

/** Length of the white space at this place: 1 for a blank or tab, 2 for a fold's line end, 0 for none. */
function whiteSpaceAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x20 || code === 0x09) return 1;
  if (code !== 0x0d || text.charCodeAt(at + 1) !== 0x0a) return 0;
  // RFC 5322 §3.2.2: a line end is white space only where white space follows it.
  const next = text.charCodeAt(at + 2);
  return next === 0x20 || next === 0x09 ? 2 : 0;
}

// DEVIATION: RFC 5322 §4.1 lets old quoted strings and comments carry control characters. No mail program writes them, parsers
// cut the field at them (NUL), and attackers count on it: they are a fault everywhere. C1 controls count as controls too.
function isControl(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code >= 0x20 && code < 0x7f) return false;
  // The two characters of a fold's line end are white space.
  return classOf(code) === control && code !== 0x09 && whiteSpaceAt(text, at) !== 2 && whiteSpaceAt(text, at - 1) !== 2;
}

const atext = 0;
const special = 1;
const control = 2;
const classes = new Uint8Array(0xa0);
for (let code = 0; code < 0x20; code++) classes[code] = control;
for (let code = 0x7f; code < 0xa0; code++) classes[code] = control;
classes[0x20] = control; // white space is taken off before
for (const char of '()<>[]:;@\\,."') classes[char.charCodeAt(0)] = special;

/** RFC 5322 §3.2.3 atext, and with RFC 6532 §3.2 every character from U+00A0 on. */
function classOf(code: number): number {
  return code < 0xa0 ? (classes[code] ?? control) : atext;
}

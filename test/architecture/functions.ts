/**
 * The functions of a file: where each begins, how long it is, and its positional parameters. Reads masked source, so it knows
 * no types; a parameter's type is the text behind its colon.
 */
import { lineAt, type Source } from "./sources.ts";

export type FunctionShape = {
  /** "" for an arrow function. */
  readonly name: string;
  readonly isExported: boolean;
  readonly line: number;
  readonly lines: number;
  readonly parameters: readonly string[];
  /** The text between parameters and body: the return type. */
  readonly returns: string;
};

/** Declared functions, methods, and arrow functions with a block for a body. */
export function functionsOf(source: Source): readonly FunctionShape[] {
  return [...declared(source.code), ...arrows(source.code)];
}

const keywords = new Set([
  "if",
  "for",
  "while",
  "switch",
  "catch",
  "return",
  "await",
  "typeof",
  "new",
  "super",
  "with",
  "function",
  "throw",
]);
// `function name(`, `function name<T>(`, and at the start of a line `static async name(` of a class or an object.
const head =
  /\bfunction\s*\*?\s*([\w$]*)\s*(?:<[^(]*>)?\s*\(|^[ \t]+(?:(?:static|async|override|get|set|private|public|protected)\s+)*\*?(#?[\w$]+)\s*(?:<[^(]*>)?\(/gm;

function declared(code: string): readonly FunctionShape[] {
  const found: FunctionShape[] = [];
  for (const match of code.matchAll(head)) {
    const name = match[1] ?? match[2] ?? "";
    if (match[1] === undefined && keywords.has(name)) continue;
    const open = match.index + match[0].length - 1;
    const close = closing(code, open);
    const body = bodyAfter(code, close + 1);
    if (body === -1) continue;
    found.push(shape(code, { name, start: match.index, open, close, body }));
  }
  return found;
}

function arrows(code: string): readonly FunctionShape[] {
  const found: FunctionShape[] = [];
  for (const match of code.matchAll(/=>\s*\{/g)) {
    const body = match.index + match[0].length - 1;
    const close = code.slice(0, match.index).trimEnd().length - 1;
    const open = code[close] === ")" ? opening(code, close) : close;
    found.push(shape(code, { name: "", start: open, open, close, body }));
  }
  return found;
}

type Place = { readonly name: string; readonly start: number; readonly open: number; readonly close: number; readonly body: number };

function shape(code: string, { name, start, open, close, body }: Place): FunctionShape {
  const line = lineAt(code, open);
  const lines = lineAt(code, closing(code, body)) - line + 1;
  const isExported = /\bexport\s+(?:async\s+)?$/.test(code.slice(Math.max(0, start - 20), start));
  return { name, isExported, line, lines, parameters: split(code.slice(open + 1, close)), returns: code.slice(close + 1, body).trim() };
}

/** The offset of a body's brace behind a parameter list, past a return type; -1 where a call or a signature ends instead. */
function bodyAfter(code: string, from: number): number {
  let at = from;
  let before = ")";
  while (at < code.length) {
    const one = code[at] ?? "";
    if (/\s/.test(one)) at += 1;
    else if (one === "{") {
      const isType = /[:|&<,(]$/.test(before) || /(?:\bis|=>|\bextends|\bkeyof|\breadonly)$/.test(code.slice(from, at).trimEnd());
      if (!isType) return at;
      at = closing(code, at) + 1;
      before = "}";
    } else if (before === ")" && one !== ":") return -1;
    else if (";=".includes(one) && code[at + 1] !== ">") return -1;
    else if (one === "(" || one === "[") {
      at = closing(code, at) + 1;
      before = "x";
    } else {
      before = one;
      at += 1;
    }
  }
  return -1;
}

const pairs: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    const one = code[at] ?? "";
    if (one in pairs) depth += 1;
    else if (one === ")" || one === "]" || one === "}") depth -= 1;
    if (depth === 0) return at;
  }
  return code.length;
}

function opening(code: string, close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    const one = code[at] ?? "";
    if (one in pairs) depth -= 1;
    else if (one === ")" || one === "]" || one === "}") depth += 1;
    if (depth === 0) return at;
  }
  return 0;
}

/** Parts between the commas that stand outside of all brackets. */
function split(list: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= list.length; at += 1) {
    const one = list[at] ?? ",";
    if ("([{<".includes(one)) depth += 1;
    else if (")]}".includes(one) || (one === ">" && list[at - 1] !== "=")) depth -= 1;
    else if (one === "," && depth === 0) {
      parts.push(list.slice(start, at).trim());
      start = at + 1;
    }
  }
  return parts.filter((part) => part !== "");
}

/**
 * Content-Type (RFC 2045 §5.1) as far as we read it: the media type and its parameters, values as tokens or quoted strings, comments
 * skipped (RFC 5322 §3.2.2). It refuses what cannot be read without guessing, and a parameter that is given twice.
 */
import { limits } from "../base/limits.ts";

export type ContentType = {
  /** `type/subtype` in lower case. */
  readonly type: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
};

/** Reads the unfolded value of a Content-Type field; null where it is none. Total. */
export function parseContentType(value: string): ContentType | null {
  if (value.length > limits.contentTypeCharactersMax) return null;
  const at = skipBlank(value, 0);
  const media = mediaType.exec(value.slice(at));
  if (media === null) return null;
  const parameters = readParameters(value, at + media[0].length);
  return parameters === null ? null : { type: media[0].toLowerCase(), parameters };
}

// RFC 2045 §5.1: token is any character but space, controls and tspecials.
const mediaType = /^[\w!#$%&'*+.^`{|}~-]+\/[\w!#$%&'*+.^`{|}~-]+/;
const token = /^[\w!#$%&'*+.^`{|}~-]+/;
/** What follows an equals sign: more than a token may hold, since many leave the quotes out. */
const bareValue = /^[^\s;()"]+/;

function readParameters(value: string, from: number): ReadonlyMap<string, string> | null {
  const parameters = new Map<string, string>();
  let at = skipBlank(value, from);
  while (at < value.length) {
    if (value.charAt(at) !== ";") return null;
    at = skipBlank(value, at + 1);
    if (at >= value.length || value.charAt(at) === ";") continue;
    const name = token.exec(value.slice(at))?.[0];
    if (name === undefined) return null;
    at = skipBlank(value, at + name.length);
    if (value.charAt(at) !== "=") return null;
    const read = readValue(value, skipBlank(value, at + 1));
    if (read === null || parameters.has(name.toLowerCase())) return null;
    parameters.set(name.toLowerCase(), read.text);
    at = skipBlank(value, read.end);
  }
  return parameters;
}

function readValue(value: string, at: number): { readonly text: string; readonly end: number } | null {
  if (value.charAt(at) === '"') return readQuoted(value, at + 1);
  const text = bareValue.exec(value.slice(at))?.[0];
  return text === undefined ? null : { text, end: at + text.length };
}

function readQuoted(value: string, from: number): { readonly text: string; readonly end: number } | null {
  let text = "";
  for (let at = from; at < value.length; at++) {
    const char = value.charAt(at);
    if (char === '"') return { text, end: at + 1 };
    if (char === "\\") at += 1;
    text += value.charAt(at);
  }
  return null;
}

/** Past white space and comments; a comment that does not close runs to the end. */
function skipBlank(value: string, from: number): number {
  let depth = 0;
  let at = from;
  for (; at < value.length; at++) {
    const char = value.charAt(at);
    if (depth > 0 && char === "\\") at += 1;
    else if (char === "(") depth += 1;
    else if (char === ")" && depth > 0) depth -= 1;
    else if (depth === 0 && !blanks.includes(char)) return at;
  }
  return Math.min(at, value.length);
}
const blanks = " \t\r\n";

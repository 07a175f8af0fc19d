/**
 * Tag=value lists (RFC 6376 §3.2): DKIM-Signature, ARC fields, key records. A list that breaks the grammar has no value at all:
 * one bad tag, or a tag that occurs twice, and the whole is null. Tag names keep their case, values their inner white space.
 * It refuses to guess: what a tag means, and which must be there, is for its reader.
 */
import { memoized } from "../base/memo.ts";
import type { LineEnd } from "./header.ts";

export type Tag = {
  /** Without the white space around it. */
  readonly value: string;
  /** Offsets into the text: all that stands between `=` and `;`, white space included. */
  readonly start: number;
  readonly end: number;
};

export type TagList = ReadonlyMap<string, Tag>;

/** Reads a tag-list; null where it breaks the grammar. `text` may be folded with line ends of that kind; octets over 0x7f may be in values. */
export function parseTagList(text: string, lineEnd: LineEnd = "crlf"): TagList | null {
  if (control.test(text) || !isFoldedWell(text, lineEnd)) return null;
  const tags = new Map<string, Tag>();
  let at = 0;
  while (at < text.length) {
    const semicolon = text.indexOf(";", at);
    const end = semicolon === -1 ? text.length : semicolon;
    const equals = text.indexOf("=", at);
    if (equals === -1 || equals >= end) {
      // RFC 6376 §3.2: the last tag may be followed by ";", and then nothing but white space is left.
      if (tags.size > 0 && semicolon === -1 && trim(text, at, end) === "") return tags;
      return null;
    }
    const name = trim(text, at, equals);
    // RFC 6376 §3.2: tags with duplicate names must not occur; if one does, the entire list is invalid.
    if (!isTagName(name) || tags.has(name)) return null;
    tags.set(name, { value: trim(text, equals + 1, end), start: equals + 1, end });
    at = end + 1;
  }
  return tags.size > 0 ? tags : null;
}

/** RFC 6376 §3.2: ALPHA *ALNUMPUNC. Most names are one small letter. */
function isTagName(name: string): boolean {
  const first = name.charCodeAt(0);
  return (name.length === 1 && first >= 0x61 && first <= 0x7a) || tagName.test(name);
}
const tagName = /^[A-Za-z][A-Za-z0-9_]*$/;
// RFC 6376 §3.2: VALCHAR has no controls; white space and line ends apart.
const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** RFC 5322 §3.2.2: a line end within folding white space is followed by white space; any other CR or LF is not text. */
function isFoldedWell(text: string, lineEnd: LineEnd): boolean {
  let after = 0;
  for (let lf = text.indexOf("\n"); lf !== -1; lf = text.indexOf("\n", after)) {
    const end = lineEnd === "crlf" ? lf - 1 : lf;
    if (lineEnd === "crlf" && text[end] !== "\r") return false;
    if (text.slice(after, end).includes("\r")) return false;
    after = lf + 1;
    if (text[after] !== " " && text[after] !== "\t") return false;
  }
  return !text.includes("\r", after);
}

/** The text from `start` to `end` without the folding white space around it. */
function trim(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isFws(text.charCodeAt(from))) from += 1;
  while (to > from && isFws(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isFws(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

/** RFC 6376 §2.10: base64string, with folding white space anywhere in it. Null where it is anything else, or empty. */
export function decodeBase64(value: string): Buffer | null {
  const written = withoutWhiteSpace(value);
  const padding = written.endsWith("==") ? 2 : written.endsWith("=") ? 1 : 0;
  const digits = written.length - padding;
  // One digit over a multiple of four carries six bits: no octet. The URL alphabet, which the decoder takes too, is not ours.
  if (digits === 0 || digits % 4 === 1 || written.includes("-") || written.includes("_")) return null;
  const octets = Buffer.from(written, "base64");
  // The decoder passes over what is no digit, and stops at a "=": then octets are missing.
  return octets.length === Math.floor((digits * 3) / 4) ? octets : null;
}

/** For values in which folding white space means nothing. */
export function withoutWhiteSpace(value: string): string {
  return fws.test(value) ? value.replace(/[ \t\r\n]+/g, "") : value;
}
const fws = /[ \t\r\n]/;

/** A colon-separated list (h=, q=, s=, t=): the elements without white space around them, lower case. RFC 6376 §3.5, §3.6.1. */
export const colonList: (value: string) => readonly string[] = memoized((value) => {
  const lower = value.toLowerCase();
  if (!fws.test(lower)) return lower.split(":");
  return lower.split(":").map((element) => trim(element, 0, element.length));
});

/**
 * The header section as offsets into its raw bytes (RFC 5322 §2.2). One scan; values are cut out only when asked for.
 * A field keeps its bytes exactly: signatures are computed over them. What is malformed stays in the list, marked, so
 * that nothing a mail client might show can hide here: `From :`, a folded name, a first line that starts with space.
 * It refuses to decode, unfold or repair.
 */
import { limits } from "../base/limits.ts";
import type { Defect } from "./defect.ts";

export type LineEnd = "crlf" | "lf";
export type NameDefect = "space-before-colon" | "folded-name" | "leading-space" | "no-colon" | "illegal-name";

/** One header field. Offsets are into `Header.bytes` and `Header.text`; `end` excludes the final line end. */
export type Field = {
  /** Lower case, without the white space of obsolete syntax; "" where no colon was found. */
  readonly name: string;
  readonly nameDefect: NameDefect | null;
  readonly start: number;
  /** Offset of the colon; equal to `end` where there is none. */
  readonly colon: number;
  readonly end: number;
};

export type Header = {
  readonly bytes: Uint8Array;
  /** The same bytes as latin1: one character an octet, so that offsets agree. */
  readonly text: string;
  readonly lineEnd: LineEnd;
  /** Top to bottom. */
  readonly fields: readonly Field[];
  readonly defects: ReadonlySet<Defect>;
};

/** The fields of that name (lower case), top to bottom. */
export function fieldsNamed(header: Header, name: string): readonly Field[] {
  return header.fields.filter((field) => field.name === name);
}

/** Raw value: everything after the colon, folds and all, as latin1. */
export function rawValue(header: Header, field: Field): string {
  return header.text.slice(Math.min(field.colon + 1, field.end), field.end);
}

/** Unfolded value (RFC 5322 §2.2.3: line ends before white space removed), trimmed of surrounding white space. */
export function unfoldedValue(header: Header, field: Field): string {
  const raw = rawValue(header, field);
  const flat = raw.includes("\n") ? raw.replace(header.lineEnd === "crlf" ? /\r\n(?=[ \t])/g : /\n(?=[ \t])/g, "") : raw;
  return flat.trim();
}

/**
 * Scans a header section: `bytes` runs from the first byte of the message to the end of the last header line, its line
 * end included or not. Total over the limits of base/limits.ts stops the scan with defect `header-too-large`; the
 * fields before are kept.
 */
export function scanHeader(bytes: Uint8Array, lineEnd: LineEnd): Header {
  const defects = new Set<Defect>();
  const fields: Field[] = [];
  let truncated = bytes;
  if (bytes.length > limits.headerBytesMax) {
    defects.add("header-too-large");
    truncated = bytes.subarray(0, limits.headerBytesMax);
  }
  const text = latin1(truncated);
  let start = 0;
  let lineStart = 0;
  while (lineStart < text.length) {
    const eol = nextLineEnd(text, lineStart, lineEnd);
    if (eol.at - lineStart > limits.lineBytesMax) defects.add("long-line");
    lineStart = eol.next;
    const continued = lineStart < text.length && isWsp(text.charCodeAt(lineStart));
    if (continued) continue;
    if (fields.length === limits.headerFieldsMax || eol.at - start > limits.headerFieldBytesMax) {
      defects.add("header-too-large");
      break;
    }
    fields.push(readField(text, start, eol.at, defects));
    start = lineStart;
  }
  textDefects(text, truncated, lineEnd, defects);
  if (fields.length === 0) defects.add("no-header");
  return { bytes: truncated, text, lineEnd, fields, defects };
}

/** latin1 view of bytes: one native call. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function nextLineEnd(text: string, from: number, lineEnd: LineEnd): { at: number; next: number } {
  const at = text.indexOf(lineEnd === "crlf" ? "\r\n" : "\n", from);
  if (at === -1) return { at: text.length, next: text.length };
  return { at, next: at + (lineEnd === "crlf" ? 2 : 1) };
}

function isWsp(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

// RFC 5322 §3.6.8: a name is printable US-ASCII without the colon.
const legalName = /^[!-9;-~]+$/;

function readField(text: string, start: number, end: number, defects: Set<Defect>): Field {
  const leadingSpace = start === 0 && isWsp(text.charCodeAt(0));
  if (leadingSpace) defects.add("leading-space");
  const line = text.slice(start, end);
  const found = line.indexOf(":") + start;
  if (found < start) {
    defects.add("malformed-field");
    return { name: "", nameDefect: leadingSpace ? "leading-space" : "no-colon", start, colon: end, end };
  }
  const written = text.slice(start, found);
  if (!leadingSpace && legalName.test(written)) {
    return { name: written.toLowerCase(), nameDefect: null, start, colon: found, end };
  }
  const name = written.trim();
  if (leadingSpace) return { name: name.toLowerCase(), nameDefect: "leading-space", start, colon: found, end };
  if (written.includes("\n")) {
    defects.add("malformed-field");
    return { name: name.toLowerCase(), nameDefect: "folded-name", start, colon: found, end };
  }
  if (legalName.test(name)) {
    defects.add("space-before-colon");
    return { name: name.toLowerCase(), nameDefect: "space-before-colon", start, colon: found, end };
  }
  defects.add("malformed-field");
  return { name: name.toLowerCase(), nameDefect: "illegal-name", start, colon: found, end };
}

function textDefects(text: string, bytes: Uint8Array, lineEnd: LineEnd, defects: Set<Defect>): void {
  if (text.includes("\0")) defects.add("nul");
  if (lineEnd === "lf") {
    defects.add("lf-only");
    if (text.includes("\r")) defects.add("bare-cr");
  } else {
    if (bareCr.test(text)) defects.add("bare-cr");
    if (bareLf.test(text)) defects.add("bare-lf");
  }
  if (eightBit.test(text) && !isUtf8(bytes)) defects.add("non-ascii-header");
}
const bareCr = /\r(?!\n)/;
const bareLf = /(?<!\r)\n/;
const eightBit = /[\x80-\xff]/;

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The header section as offsets into its raw bytes (RFC 5322 §2.2). One scan; values are cut out only when asked for.
 * A field keeps its bytes exactly: signatures are computed over them. What is malformed stays in the list, marked, so
 * that nothing a mail client might show can hide here: `From :`, a folded name, a first line that starts with space.
 * It refuses to decode, unfold or repair.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { limits } from "../base/limits.ts";
import { memoized } from "../base/memo.ts";
import type { Defect } from "./defect.ts";

export type LineEnd = "crlf" | "lf";
export type NameDefect = "space-before-colon" | "folded-name" | "leading-space" | "no-colon" | "illegal-name";

/** One header field. Offsets are into `Header.bytes` and `Header.text`; `end` excludes the final line end. */
export type Field = {
  /**
   * Lower case, without the white space of obsolete syntax and without what is no printable ASCII at its edges (a NUL, a byte order
   * mark), so that a disguised name is found by its name; "" where no colon was found.
   */
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
  /** Past a limit (defect `header-too-large`): looked at by nobody but who takes out fields that pass for ours. */
  readonly beyond: readonly Field[];
  readonly defects: ReadonlySet<Defect>;
};

/** The fields of that name (lower case), top to bottom. */
export function fieldsNamed(header: Header, name: string): readonly Field[] {
  return header.fields.filter((field) => field.name === name);
}

/** The same with those past a limit: as whoever edits the message counts them. */
export function allFieldsNamed(header: Header, name: string): readonly Field[] {
  const fields = fieldsNamed(header, name);
  return header.beyond.length === 0 ? fields : [...fields, ...header.beyond.filter((field) => field.name === name)];
}

/** Raw value: everything after the colon, folds and all, as latin1. */
export function rawValue(header: Header, field: Field): string {
  return header.text.slice(Math.min(field.colon + 1, field.end), field.end);
}

/** Unfolded value (RFC 5322 §2.2.3: line ends before white space removed), trimmed of surrounding blanks and tabs. */
export function unfoldedValue(header: Header, field: Field): string {
  const raw = rawValue(header, field);
  const flat = raw.includes("\n") ? raw.replace(header.lineEnd === "crlf" ? /\r\n(?=[ \t])/g : /\n(?=[ \t])/g, "") : raw;
  // Not trim(): its white space has octets that end UTF-8 characters (A0), and controls that must be seen.
  let start = 0;
  let end = flat.length;
  while (start < end && isWsp(flat.charCodeAt(start))) start++;
  while (end > start && isWsp(flat.charCodeAt(end - 1))) end--;
  return flat.slice(start, end);
}

/**
 * Scans a header section: `bytes` runs from the first byte of the message to the end of the last header line, its line
 * end included or not. What passes a limit of base/limits.ts is defect `header-too-large`: the
 * fields before are kept, of a field that is too long its beginning, and those after it apart, up to limits.headerBytesMax.
 */
export function scanHeader(bytes: Uint8Array, lineEnd: LineEnd): Header {
  const defects = new Set<Defect>();
  const fields: Field[] = [];
  const beyond: Field[] = [];
  let isOver = false;
  let truncated = bytes;
  if (bytes.length > limits.headerBytesMax) {
    defects.add("header-too-large");
    truncated = bytes.subarray(0, limits.headerBytesMax);
  }
  const text = latin1(truncated);
  const scan: Scan = { bytes: truncated, text, lineEnd, defects };
  let start = 0;
  let line = 0;
  while (line < text.length) {
    const eol = lineEndAfter(scan, line);
    if (eol.at - line > limits.lineBytesMax) defects.add("long-line");
    line = eol.next;
    if (line < text.length && isWsp(text.charCodeAt(line))) continue;
    const end = Math.min(eol.at, start + limits.headerFieldBytesMax);
    if (end < eol.at || fields.length === limits.headerFieldsMax) defects.add("header-too-large");
    isOver ||= fields.length === limits.headerFieldsMax;
    (isOver ? beyond : fields).push(readField(scan, start, end));
    isOver ||= end < eol.at;
    start = line;
  }
  octetDefects(scan);
  if (fields.length === 0) defects.add("no-header");
  return { bytes: truncated, text, lineEnd, fields, beyond: beyond.length === 0 ? nothingBeyond : beyond, defects };
}

const nothingBeyond: readonly Field[] = [];

type Scan = {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly lineEnd: LineEnd;
  readonly defects: Set<Defect>;
};

/** latin1 view of bytes: one native call. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The next line end of the message's kind: where it begins, and where the next line does. The other kind on the way is a defect. */
function lineEndAfter({ text, lineEnd, defects }: Scan, from: number): { at: number; next: number } {
  let lf = text.indexOf("\n", from);
  if (lineEnd === "lf") return lf === -1 ? { at: text.length, next: text.length } : { at: lf, next: lf + 1 };
  while (lf !== -1 && text.charCodeAt(lf - 1) !== 0x0d) {
    defects.add("bare-lf");
    lf = text.indexOf("\n", lf + 1);
  }
  const at = lf === -1 ? text.length : lf - 1;
  return { at, next: lf === -1 ? at : lf + 1 };
}

function isWsp(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

// RFC 5322 §3.6.8: a name is printable US-ASCII without the colon.
const legalName = /^[!-9;-~]+$/;
/** A legal name in lower case; null for any other. */
const nameInLowerCase = memoized((written) => (legalName.test(written) ? written.toLowerCase() : null));

function readField({ text, defects }: Scan, start: number, end: number): Field {
  const leadingSpace = start === 0 && isWsp(text.charCodeAt(0));
  if (leadingSpace) defects.add("leading-space");
  const colon = text.slice(start, end).indexOf(":") + start;
  if (colon < start) {
    defects.add("malformed-field");
    return { name: "", nameDefect: leadingSpace ? "leading-space" : "no-colon", start, colon: end, end };
  }
  const written = text.slice(start, colon);
  const legal = leadingSpace ? null : nameInLowerCase(written);
  if (legal !== null) return { name: legal, nameDefect: null, start, colon, end };
  const nameDefect = leadingSpace ? "leading-space" : nameDefectOf(written);
  if (nameDefect === "space-before-colon") defects.add("space-before-colon");
  else if (!leadingSpace) defects.add("malformed-field");
  return { name: bareName(written), nameDefect, start, colon, end };
}

function nameDefectOf(written: string): NameDefect {
  if (written.includes("\n")) return "folded-name";
  let end = written.length;
  while (end > 0 && isWsp(written.charCodeAt(end - 1))) end--;
  return legalName.test(written.slice(0, end)) ? "space-before-colon" : "illegal-name";
}

function bareName(written: string): string {
  let start = 0;
  let end = written.length;
  while (start < end && !isPrintable(written.charCodeAt(start))) start++;
  while (end > start && !isPrintable(written.charCodeAt(end - 1))) end--;
  return written.slice(start, end).toLowerCase();
}

function isPrintable(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

function octetDefects({ text, bytes, lineEnd, defects }: Scan): void {
  if (text.includes("\0")) defects.add("nul");
  if (lineEnd === "lf") {
    defects.add("lf-only");
    if (text.includes("\r")) defects.add("bare-cr");
  } else if (hasBareCr(text)) defects.add("bare-cr");
  if (!isAscii(bytes) && !isUtf8(bytes)) defects.add("non-ascii-header");
}

function hasBareCr(text: string): boolean {
  for (let at = text.indexOf("\r"); at !== -1; at = text.indexOf("\r", at + 1)) {
    if (text.charCodeAt(at + 1) !== 0x0a) return true;
  }
  return false;
}

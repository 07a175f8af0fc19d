/**
 * The signed part of a header: canonicalization of fields (RFC 6376 §3.4.1, §3.4.2), their selection by h= (§5.4.2), and the
 * octets that a signature covers (§3.7 step 2). One object a message; a field that h= names is canonicalized at most once
 * each way, however many signatures cover it. Text is latin1: one character an octet.
 */
import { keepOne } from "../../base/keep-one.ts";
import type { Field, Header } from "../../mail/header.ts";
import type { Canonicalization } from "./canonical-body.ts";

/** A stretch of a field's raw value that counts as empty: the b= tag of the signature itself. */
export type Cut = { readonly start: number; readonly end: number };

export type SignedFields = {
  readonly field: Field;
  readonly cut: Cut;
  readonly headers: readonly string[];
  readonly canonicalization: Canonicalization;
};

export class CanonicalHeader {
  readonly header: Header;
  private byName: ReadonlyMap<string, Instances> | null = null;
  /** Counts the signatures whose fields were selected. */
  private selections = 0;

  constructor(header: Header) {
    this.header = header;
  }

  /** RFC 6376 §3.7 step 2: the fields that h= names, each with CRLF, then the signature's own field without b= and without CRLF. */
  signedText(signature: SignedFields): string {
    const { field, canonicalization } = signature;
    this.byName ??= groupByName(this.header.fields);
    this.selections += 1;
    let text = "";
    for (const name of signature.headers) {
      const instances = this.byName.get(name);
      if (instances === undefined) continue;
      if (instances.selection !== this.selections) {
        instances.selection = this.selections;
        instances.left = instances.lines.length;
      }
      // RFC 6376 §5.4.2: from the bottom to the top; a name beyond the last instance stands for nothing at all.
      let next = instances.lines[--instances.left];
      // RFC 6376 §3.7: a signature never covers itself by h=; DKIM-Signature there means the others.
      if (next?.field === field) next = instances.lines[--instances.left];
      if (next !== undefined) text += next[canonicalization] ??= `${this.field(next.field, canonicalization)}\r\n`;
    }
    return text + this.fieldWithout(field, signature.cut, canonicalization);
  }

  /** One field in canonical form, without the final CRLF. */
  field(field: Field, canonicalization: Canonicalization): string {
    return this.canonicalize(field, this.header.text.slice(field.colon + 1, field.end), canonicalization);
  }

  /** The same of a signature's own field, with its b= emptied: RFC 6376 §3.7 counts the white space around the value to it. */
  fieldWithout(field: Field, cut: Cut, canonicalization: Canonicalization): string {
    const valueAt = field.colon + 1;
    const { text } = this.header;
    const value = text.slice(valueAt, valueAt + cut.start) + text.slice(valueAt + cut.end, field.end);
    return this.canonicalize(field, value, canonicalization);
  }

  private canonicalize(field: Field, value: string, canonicalization: Canonicalization): string {
    const { text, lineEnd } = this.header;
    if (canonicalization === "relaxed") return `${field.name}:${relaxedValue(value, lineEnd === "crlf" ? "\r\n" : "\n")}`;
    // RFC 6376 §3.4.1: exactly as it is; an LF message's line ends are CRLF on the wire.
    const raw = `${text.slice(field.start, field.colon + 1)}${value}`;
    return lineEnd === "lf" && raw.includes("\n") ? raw.replaceAll("\n", "\r\n") : raw;
  }
}

/** A field, and its canonical forms with CRLF once they have been made. */
type Line = { readonly field: Field; simple: string | null; relaxed: string | null };

/** The fields of one name, top to bottom, and how many of them the selection at work has left. */
type Instances = { readonly lines: Line[]; selection: number; left: number };

function groupByName(fields: readonly Field[]): ReadonlyMap<string, Instances> {
  const groups = new Map<string, Instances>();
  for (const field of fields) {
    if (field.name === "") continue; // no colon: not a field that anything could name
    const line: Line = { field, simple: null, relaxed: null };
    const group = groups.get(field.name);
    if (group === undefined) groups.set(field.name, { lines: [line], selection: 0, left: 0 });
    else group.lines.push(line);
  }
  return groups;
}

/** RFC 6376 §3.4.2: unfolded, each run of white space one space, none at either end. A line end within a field is always a fold. */
function relaxedValue(value: string, lineEnd: string): string {
  const flat = value.includes("\n") ? value.replaceAll(lineEnd, "") : value;
  const reduced = whiteRun.test(flat) ? flat.replace(whiteRuns, " ") : flat;
  const start = reduced.startsWith(" ") ? 1 : 0;
  const end = reduced.length > start && reduced.endsWith(" ") ? reduced.length - 1 : reduced.length;
  return reduced.slice(start, end);
}
const whiteRun = /\t| {2}/;
const whiteRuns = /[ \t]{2,}|\t/g;

keepOne(new CanonicalHeader({ bytes: new Uint8Array(0), text: "", lineEnd: "crlf", fields: [], beyond: [], defects: new Set() }));

/**
 * Header fields out of what people paste or pipe: a whole message, a header section, a part of one; indented, quoted with `>`, in a
 * code fence, double-spaced, without folding, in UTF-16, with a mail client's summary above it. What a real message looks like is
 * never repaired: its header ends at the first empty line, so that nothing in a body passes for a field.
 */
import { limits } from "../../base/limits.ts";
import { type Header, scanHeader, unfoldedValue } from "../../mail/header.ts";
import { decodeUtf8 } from "../../mail/utf8-text.ts";

/** One field as text. `name` is lower case, `written` the name as it stood; `place` counts from the top, 0 first. */
export type HeaderField = { readonly name: string; readonly written: string; readonly value: string; readonly place: number };

export type ReadHeaders = {
  readonly header: Header;
  readonly fields: readonly HeaderField[];
  /** What had to be done to the text, each as a sentence. */
  readonly remarks: readonly string[];
};

/** Null where there is not one header field. Total: any bytes give an answer; at most limits.headerBytesMax of them are read. */
export function readHeaders(bytes: Uint8Array): ReadHeaders | null {
  const remarks: string[] = [];
  const text = tidy(asOctets(bytes, remarks), remarks);
  const header = scanHeader(Buffer.from(text, "latin1"), "lf");
  const fields = header.fields.map((field, place) => ({
    name: field.name,
    written: decodeUtf8(header.text.slice(field.start, field.colon)).text.trim(),
    value: field.nameDefect === null ? decodeUtf8(unfoldedValue(header, field)).text : "",
    place,
    sound: field.nameDefect === null,
  }));
  const sound = fields.filter((field) => field.sound);
  if (sound.length === 0) return null;
  if (sound.length < fields.length)
    remarks.push(`${count(fields.length - sound.length, "line")} of it are no header fields and were left out.`);
  if (header.defects.has("header-too-large")) remarks.push("It is longer than any honest header; only the beginning was read.");
  return { header, fields: sound.map(({ sound: _, ...field }) => field), remarks };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** One character an octet, as header text is held; UTF-16 with its byte order mark becomes UTF-8 first. */
function asOctets(bytes: Uint8Array, remarks: string[]): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, limits.headerBytesMax * 2));
  const [first, second] = view;
  if (first === 0xff && second === 0xfe) return Buffer.from(view.subarray(2).toString("utf16le")).toString("latin1");
  if (first === 0xfe && second === 0xff) {
    const even = Buffer.from(view.subarray(2, view.length - (view.length % 2)));
    return Buffer.from(even.swap16().toString("utf16le")).toString("latin1");
  }
  if (bytes.byteLength > limits.headerBytesMax) remarks.push("Only the first 256 KiB were read.");
  return view
    .subarray(0, limits.headerBytesMax)
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "");
}

function tidy(octets: string, remarks: string[]): string {
  const unix = octets.includes("\n") ? octets.replace(/\r+\n/g, "\n") : octets.replaceAll("\r", "\n");
  // A no-break space is what web pages indent with (its UTF-8, as octets).
  const lines = unquoted(
    unix
      .replaceAll("\xc2\xa0", " ")
      .split("\n")
      .filter((line) => !line.trimStart().startsWith("```")),
  );
  const dedented = withoutIndentation(lines);
  const block = headerBlock(spacedDouble(dedented) ? dedented.filter((line) => line.trim() !== "") : dedented, remarks);
  return refolded(block, remarks).join("\n");
}

/** Without the `> ` of a quotation, where every line has it. */
function unquoted(lines: readonly string[]): readonly string[] {
  const written = lines.filter((line) => line.trim() !== "");
  if (written.length === 0 || !written.every((line) => line.trimStart().startsWith(">"))) return lines;
  return lines.map((line) => line.trimStart().replace(/^>+ ?/, ""));
}

/** Without the white space that every line begins with; a first line alone that is indented is moved to the margin. */
function withoutIndentation(lines: readonly string[]): readonly string[] {
  let common = Number.POSITIVE_INFINITY;
  for (const line of lines) if (line.trim() !== "") common = Math.min(common, line.length - line.trimStart().length);
  const dedented = Number.isFinite(common) && common > 0 ? lines.map((line) => line.slice(common)) : [...lines];
  const first = dedented.findIndex((line) => line.trim() !== "");
  return dedented.map((line, i) => (i === first ? line.trimStart() : line));
}

/** Does an empty line follow every line, as in what some web pages copy? */
function spacedDouble(lines: readonly string[]): boolean {
  const first = lines.findIndex((line) => line.trim() !== "");
  const head = lines.slice(first, first + 12);
  const written = head.filter((line) => line.trim() !== "").length;
  return first !== -1 && written >= 4 && head.every((line, i) => (line.trim() !== "") === (i % 2 === 0));
}

const fieldLine = /^([!-9;-~]{1,200})[ \t]*:/;
/** A block with one of these is a header section; one without may be a mail client's summary. */
const ofMail: ReadonlySet<string> = new Set(
  `received received-spf return-path delivered-to dkim-signature arc-seal arc-authentication-results message-id mime-version date
   x-forefront-antispam-report content-type`.split(/\s+/),
);

/** The lines up to the first empty one; of what precedes them, a summary without any field of mail's own is passed over. */
function headerBlock(lines: readonly string[], remarks: string[]): readonly string[] {
  const blocks: string[][] = [[]];
  for (const line of lines) {
    const last = blocks.at(-1);
    if (line.trim() !== "") last?.push(line);
    else if (last !== undefined && last.length > 0 && blocks.push([]) > blocksMax) break;
  }
  const namesOf = (block: readonly string[]) => block.flatMap((line) => fieldLine.exec(line)?.[1]?.toLowerCase() ?? []);
  const isHeader = (name: string) => ofMail.has(name) || name.includes("authentication-results");
  const at = blocks.findIndex((block) => namesOf(block).some(isHeader));
  if (at > 0) remarks.push("What stands above the first empty line has no field of a mail header's, and was passed over.");
  return blocks[at] ?? blocks.find((block) => namesOf(block).length > 0) ?? [];
}
const blocksMax = 5;

/** Where the folding is lost altogether, a line that is no field belongs to the one before; in a header with folds it does not. */
function refolded(lines: readonly string[], remarks: string[]): readonly string[] {
  const first = lines.findIndex((line) => fieldLine.test(line));
  const from = lines.slice(Math.max(first, 0));
  const stray = from.some((line) => !fieldLine.test(line));
  if (!stray || from.some((line) => /^[ \t]/.test(line))) return from;
  remarks.push("Folded lines had lost their white space; they were joined.");
  return from.map((line) => (fieldLine.test(line) ? line : ` ${line}`));
}

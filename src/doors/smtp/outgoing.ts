/**
 * The message as the next hop gets it: our fields on top, fields that are to go left out, everything else octet for octet. The header is
 * read as the inspection read it (mail/message.ts), so that the n-th field of a name is the same one.
 */
import { allFieldsNamed, type Field, type Header } from "../../mail/header.ts";
import { openMessage } from "../../mail/message.ts";
import type { Removal } from "../../stamp/inspection.ts";

export type Changes = { readonly headers: readonly string[]; readonly removals: readonly Removal[] };

export async function* outgoing(source: AsyncIterable<Buffer>, { headers, removals }: Changes): AsyncGenerator<Buffer> {
  const rest = removals.length === 0 ? source : without(removals, source);
  if (headers.length === 0) {
    yield* rest;
    return;
  }
  yield Buffer.from(headers.map((field) => `${field}\r\n`).join(""), "utf8");
  let isFirst = true;
  for await (const chunk of rest) {
    if (chunk.length === 0) continue;
    // RFC 5322 §2.2.3 (attack): a first line that begins with white space would continue our last field. So it is the body's first.
    if (isFirst && (chunk[0] === 0x20 || chunk[0] === 0x09)) yield Buffer.from("\r\n");
    isFirst = false;
    yield chunk;
  }
}

async function* without(removals: readonly Removal[], source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { header, body, headBytes } = await openMessage(source);
  yield* kept(header, removals);
  if (headBytes > header.bytes.length) yield Buffer.from("\r\n");
  if (body instanceof Uint8Array) yield bufferOf(body);
  else for await (const chunk of body) yield bufferOf(chunk);
}

function* kept(header: Header, removals: readonly Removal[]): Generator<Buffer> {
  const gone = removals
    .map(({ name, index }) => allFieldsNamed(header, name.toLowerCase())[index - 1])
    .filter((field): field is Field => field !== undefined)
    .sort((a, b) => a.start - b.start);
  const bytes = bufferOf(header.bytes);
  let from = 0;
  for (const field of gone) {
    if (field.start > from) yield bytes.subarray(from, field.start);
    from = Math.max(from, behind(header, field));
  }
  yield bytes.subarray(from);
}

/** Where the next field begins. A field that is too long to be read whole ends where its folds do. */
function behind({ text }: Header, field: Field): number {
  let at = text.indexOf("\r\n", field.end);
  while (at !== -1 && (text.charAt(at + 2) === " " || text.charAt(at + 2) === "\t")) at = text.indexOf("\r\n", at + 2);
  return at === -1 ? text.length : at + 2;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

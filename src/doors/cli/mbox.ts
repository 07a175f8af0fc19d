/**
 * mbox: where messages begin and end, and what was quoted in them (RFC 4155; the mboxo and mboxrd variants).
 * A message begins at a line `From ` that is the file's first or follows an empty line. On reading, one `>` is taken off
 * every line `>From `, `>>From `, … (mboxrd), and the empty line that ends a message in an mbox is not part of it.
 * Content-Length is not trusted: it is the sender's word. Memory: one chunk and at most mboxFromLineBytesMax besides.
 */
import { limits } from "../../base/limits.ts";

/** Where a message lies in the file, its From_ line apart, and the envelope sender that the line names, if it is an address. */
export type MboxSlice = { readonly start: number; readonly end: number; readonly sender: string | null };

/** Does this begin an mbox? */
export function startsMbox(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(0, 5).toString("latin1") === "From ";
}

/** The messages of an mbox as offsets, in order. */
export async function* mboxSlices(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<MboxSlice> {
  const scan = new MboxScan();
  let open: Mark | null = null;
  for await (const chunk of chunks) {
    for (const mark of scan.push(chunk)) {
      if (open !== null) yield { start: open.start, end: Math.max(mark.end, open.start), sender: open.sender };
      open = mark;
    }
  }
  if (open !== null) yield { start: open.start, end: Math.max(scan.finish(), open.start), sender: open.sender };
}

export type MboxMessage = { readonly sender: string | null; readonly chunks: AsyncIterable<Uint8Array> };

/** The messages of an mbox that can be read only once. Each is to be read before the next is asked for; what is left of it is skipped. */
export async function* mboxMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<MboxMessage> {
  const parts = mboxParts(chunks);
  let next = await parts.next();
  while (next.done !== true) {
    const part = next.value;
    if (part.kind === "bytes") {
      next = await parts.next();
      continue;
    }
    const body = contents();
    yield { sender: part.sender, chunks: body };
    for await (const _ of body) void _;
    if (next.value === part) next = await parts.next();
  }
  async function* contents(): AsyncGenerator<Uint8Array> {
    for (next = await parts.next(); next.done !== true && next.value.kind === "bytes"; next = await parts.next()) yield next.value.bytes;
  }
}

type Part = { readonly kind: "message"; readonly sender: string | null } | { readonly kind: "bytes"; readonly bytes: Uint8Array };

async function* mboxParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  const scan = new MboxScan();
  let held: Buffer = Buffer.alloc(0);
  let heldAt = 0;
  let reached = 0;
  const until = (end: number): Part[] => {
    const bytes = held.subarray(Math.max(0, reached - heldAt), Math.max(0, end - heldAt));
    reached = Math.max(reached, end);
    return bytes.length === 0 ? [] : [{ kind: "bytes", bytes }];
  };
  for await (const chunk of chunks) {
    const kept = held.subarray(Math.min(held.length, Math.max(0, reached - heldAt)));
    heldAt += held.length - kept.length;
    held = Buffer.concat([kept, chunk]);
    for (const mark of scan.push(chunk)) {
      yield* until(mark.end);
      reached = mark.start;
      yield { kind: "message", sender: mark.sender };
    }
    yield* until(scan.settled);
  }
  yield* until(scan.finish());
}

/** A From_ line: the message before it ends at `end`, the one after it starts at `start`. */
type Mark = { readonly end: number; readonly start: number; readonly sender: string | null };

/** Finds From_ lines in a file that comes in chunks; offsets count from the start of the file. */
class MboxScan {
  /** Bytes that are looked at again with the next chunk, and where in the file they lie. */
  #rest: Buffer = Buffer.alloc(0);
  #restAt = 0;
  #atStart = true;

  push(chunk: Uint8Array): readonly Mark[] {
    const data =
      this.#rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([this.#rest, chunk]);
    const marks: Mark[] = [];
    let keepFrom = 0;
    let at = this.#atStart ? -1 : data.indexOf("\nFrom ", 0, "latin1");
    while (at !== -1 || this.#atStart) {
      const blank = this.#atStart ? 0 : blankLineBefore(data, at);
      const lineEnd = blank === null ? -1 : data.indexOf(0x0a, at + 1);
      const tooLong = (lineEnd === -1 ? data.length : lineEnd) - at > limits.mboxFromLineBytesMax;
      if (blank !== null && lineEnd === -1 && !tooLong) return this.#keep(data, Math.max(keepFrom, at - 2), marks);
      if (blank !== null && (!tooLong || this.#atStart)) {
        const end = lineEnd === -1 ? data.length - 1 : lineEnd;
        marks.push({ end: this.#restAt + blank, start: this.#restAt + end + 1, sender: senderOf(data.toString("latin1", at + 1, end)) });
        keepFrom = end;
      }
      this.#atStart = false;
      at = data.indexOf("\nFrom ", Math.max(at + 1, keepFrom), "latin1");
    }
    return this.#keep(data, Math.max(keepFrom, data.length - lookBehind), marks);
  }

  /** Everything before this offset belongs to the message begun last. */
  get settled(): number {
    return this.#restAt;
  }

  /** The end of the last message: without the empty line that closes it. */
  finish(): number {
    const text = this.#rest.toString("latin1");
    const closing = text.endsWith("\n\r\n") ? 2 : text.endsWith("\n\n") ? 1 : 0;
    return this.#restAt + text.length - closing;
  }

  #keep(data: Buffer, from: number, marks: readonly Mark[]): readonly Mark[] {
    const kept = Math.max(0, from);
    this.#restAt += kept;
    this.#rest = Buffer.from(data.subarray(kept));
    return marks;
  }
}

/** "\n\r\n" and "From" of a line that the next chunk completes. */
const lookBehind = 9;

/** Where the empty line before the line end at `at` begins; null where the line is not empty. */
function blankLineBefore(data: Buffer, at: number): number | null {
  if (data[at - 1] === 0x0a) return at;
  return data[at - 1] === 0x0d && data[at - 2] === 0x0a ? at - 1 : null;
}

/** `From ada@contoso.com Fri Nov 21 …`: the address, where it is one with a real domain. */
function senderOf(line: string): string | null {
  const word = line.slice("From ".length).trim().split(/[ \t]/, 1)[0] ?? "";
  return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(word) ? word : null;
}

/** Takes one `>` off each line that is `From ` behind one or more of them. */
export async function* unquoteFromLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.from("\n");
  let first = true;
  for await (const chunk of chunks) {
    const data = Buffer.concat([rest, chunk]);
    const { pieces, restAt } = unquote(data);
    if (first && restAt > 0) pieces[0] = pieces[0]?.subarray(1) ?? Buffer.alloc(0);
    if (restAt > 0) first = false;
    rest = data.subarray(restAt);
    for (const piece of pieces) if (piece.length > 0) yield piece;
  }
  const last = first ? rest.subarray(1) : rest;
  if (last.length > 0) yield last;
}

/** The same for bytes that are whole. */
export function unquotedFromLines(bytes: Uint8Array): Uint8Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view[0] !== 0x3e && !view.includes("\n>", 0, "latin1")) return bytes;
  const { pieces } = unquote(Buffer.concat([lineFeed, view, lineFeed]));
  return Buffer.concat(pieces).subarray(1);
}
const lineFeed = Buffer.from("\n");

/** Settles all of `data` but an unfinished line start at its end. The pieces are views. */
function unquote(data: Buffer): { pieces: Buffer[]; restAt: number } {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = data.indexOf("\n>", 0, "latin1"); at !== -1; at = data.indexOf("\n>", at + 1, "latin1")) {
    let end = at + 1;
    while (data[end] === 0x3e && end - at <= quotesMax) end += 1;
    const seen = data.toString("latin1", end, end + 5);
    if (end + 5 > data.length && "From ".startsWith(seen)) return { pieces: [...pieces, data.subarray(from, at)], restAt: at };
    if (seen !== "From ") continue;
    pieces.push(data.subarray(from, at + 1));
    from = at + 2;
  }
  // A line end that closes the chunk may be followed by `>`.
  const restAt = data.length > from && data[data.length - 1] === 0x0a ? data.length - 1 : data.length;
  return { pieces: [...pieces, data.subarray(from, restAt)], restAt };
}

/** No honest text is quoted deeper. */
const quotesMax = 64;

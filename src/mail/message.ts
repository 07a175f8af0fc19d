/**
 * Opens a message: the header section is scanned at once, the body stays a stream (RFC 5322 §2.1).
 * The first line end fixes the kind of the message. In a CRLF message only CRLF ends a line; a bare LF or CR is data.
 * In an LF message each LF counts as CRLF (defect `lf-only`) and a CR is data. Nothing depends on where chunks end.
 * It refuses to hold the body: at most headerBytesMax and one chunk are in memory.
 */
import { limits } from "../base/limits.ts";
import { type Header, type LineEnd, scanHeader } from "./header.ts";

export type MessageSource = Uint8Array | AsyncIterable<Uint8Array>;

export type OpenMessage = {
  readonly header: Header;
  /** Bytes after the empty line; to be read once. A Uint8Array source gives a view, not a copy. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** False where the message ended before the empty line (defect `no-body-separator`). */
  readonly separated: boolean;
  /** Bytes before the body: the header section and the empty line. */
  readonly headBytes: number;
};

/** Opens a message. Returns at once for bytes, a promise for a stream. Never throws on content; a failing stream rejects. */
export function openMessage(source: MessageSource): OpenMessage | Promise<OpenMessage> {
  return source instanceof Uint8Array ? openBytes(source) : openStream(source);
}

function openBytes(bytes: Uint8Array): OpenMessage {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = lineEndOf(view) ?? "crlf";
  const end = headerEnd(view, kind);
  if (end === null) {
    const header = scanHeader(view, kind);
    return { header, body: view.subarray(view.length), separated: false, headBytes: view.length };
  }
  return { header: scanHeader(view.subarray(0, end.header), kind), body: view.subarray(end.body), separated: true, headBytes: end.body };
}

async function openStream(source: AsyncIterable<Uint8Array>): Promise<OpenMessage> {
  const chunks = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let ended = false;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) ended = true;
    else if (next.value.length > 0) {
      kept.push(next.value);
      keptBytes += next.value.length;
    }
    // Growing by doubling keeps the number of copies logarithmic, however small the chunks are.
    if (!ended && keptBytes < head.length && keptBytes < limits.headerBytesMax) continue;
    head = Buffer.concat([head, ...kept]);
    kept = [];
    keptBytes = 0;
    const kind = lineEndOf(head) ?? (ended ? "crlf" : null);
    const end = kind === null ? null : headerEnd(head, kind);
    if (kind !== null && end !== null) {
      const header = scanHeader(head.subarray(0, end.header), kind);
      return { header, body: rest(head.subarray(end.body), chunks), separated: true, headBytes: end.body };
    }
    if (ended) {
      const header = scanHeader(head, kind ?? "crlf");
      return { header, body: head.subarray(head.length), separated: false, headBytes: head.length };
    }
    if (head.length > limits.headerBytesMax) {
      // Past the limit (defect header-too-large): what follows is hashed by nobody, and only counted.
      const header = scanHeader(head, kind ?? "crlf");
      return { header, body: rest(head.subarray(head.length), chunks), separated: true, headBytes: head.length };
    }
  }
}

async function* rest(first: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** The kind that the first LF shows; null while there is none. */
function lineEndOf(bytes: Buffer): LineEnd | null {
  const at = bytes.subarray(0, limits.headerBytesMax).indexOf(0x0a);
  if (at === -1) return null;
  return at > 0 && bytes[at - 1] === 0x0d ? "crlf" : "lf";
}

/** Where the header section ends (its last line end included) and the body begins; null if the empty line has not come. */
function headerEnd(bytes: Buffer, kind: LineEnd): { header: number; body: number } | null {
  const eol = kind === "crlf" ? "\r\n" : "\n";
  if (bytes.subarray(0, eol.length).toString("latin1") === eol) return { header: 0, body: eol.length };
  const at = bytes.indexOf(eol + eol, 0, "latin1");
  if (at === -1) return null;
  return { header: at + eol.length, body: at + 2 * eol.length };
}

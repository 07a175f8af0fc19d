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

/** Opens a message. Returns at once for bytes, a promise for a stream. Never throws on content; a failing stream rejects, what is no message throws. */
export function openMessage(source: Uint8Array): OpenMessage;
export function openMessage(source: MessageSource): OpenMessage | Promise<OpenMessage>;
export function openMessage(source: MessageSource): OpenMessage | Promise<OpenMessage> {
  if (source instanceof Uint8Array) return openBytes(source);
  // The caller's mistake, which TypeScript would have told: said here, and not as a fault of whatever comes next.
  if (typeof source?.[Symbol.asyncIterator] !== "function") throw new TypeError("a message is a Uint8Array or an AsyncIterable of them");
  return openStream(source);
}

function openBytes(bytes: Uint8Array): OpenMessage {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = cutHead(view) ?? lastHead(view);
  return { header: head.header, body: view.subarray(head.bytes), separated: head.separated, headBytes: head.bytes };
}

async function openStream(source: AsyncIterable<Uint8Array>): Promise<OpenMessage> {
  const chunks = source[Symbol.asyncIterator]();
  let view: Buffer = Buffer.alloc(0);
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  for (;;) {
    const next = await chunks.next();
    if (next.done !== true) {
      kept.push(next.value);
      keptBytes += next.value.length;
      // Growing by doubling keeps the number of copies and scans logarithmic, however small the chunks are.
      if (keptBytes < Math.min(view.length, limits.headerBytesMax)) continue;
    }
    if (keptBytes > 0) view = Buffer.concat([view, ...kept]);
    kept = [];
    keptBytes = 0;
    const head = cutHead(view) ?? (next.done === true ? lastHead(view) : null);
    if (head === null) continue;
    const body = rest(view.subarray(head.bytes), next.done === true ? null : chunks);
    return { header: head.header, body, separated: head.separated, headBytes: head.bytes };
  }
}

async function* rest(first: Uint8Array, chunks: AsyncIterator<Uint8Array> | null): AsyncIterable<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    while (chunks !== null) {
      const next = await chunks.next();
      if (next.done === true) {
        chunks = null;
        return;
      }
      yield next.value;
    }
  } finally {
    // A reader that stops early lets go of the source.
    await chunks?.return?.();
  }
}

type Head = { readonly header: Header; readonly bytes: number; readonly separated: boolean };

/** The head of a message whose first bytes these are; null while they do not tell. Depends on the bytes alone, not on how many came. */
function cutHead(bytes: Buffer): Head | null {
  const kind = lineEndOf(bytes);
  const eol = kind === "lf" ? "\n" : "\r\n";
  const window = bytes.subarray(0, limits.headerBytesMax + eol.length);
  const end = kind === null ? null : headerEnd(window, eol);
  if (kind !== null && end !== null) return { header: scanHeader(bytes.subarray(0, end.header), kind), bytes: end.body, separated: true };
  if (bytes.length < limits.headerBytesMax + eol.length) return null;
  // Past the limit (defect header-too-large): what follows is verified by nobody, and only counted.
  return { header: scanHeader(window, kind ?? "crlf"), bytes: limits.headerBytesMax, separated: true };
}

/** The head of a message that ends before an empty line. */
function lastHead(bytes: Buffer): Head {
  return { header: scanHeader(bytes, lineEndOf(bytes) ?? "crlf"), bytes: bytes.length, separated: false };
}

/** The kind that the first LF shows; null while there is none. */
function lineEndOf(bytes: Buffer): LineEnd | null {
  const at = bytes.subarray(0, limits.headerBytesMax).indexOf(0x0a);
  if (at === -1) return null;
  return at > 0 && bytes[at - 1] === 0x0d ? "crlf" : "lf";
}

/** Where the header section ends (its last line end included) and the body begins; null if the empty line has not come. */
function headerEnd(bytes: Buffer, eol: string): { header: number; body: number } | null {
  if (bytes[eol.length - 1] === 0x0a && (eol === "\n" || bytes[0] === 0x0d)) return { header: 0, body: eol.length };
  const at = bytes.indexOf(eol + eol, 0, "latin1");
  if (at === -1) return null;
  return { header: at + eol.length, body: at + 2 * eol.length };
}

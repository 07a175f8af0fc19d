/**
 * The message inside DATA (RFC 5321 §4.5.2): finds its end, which is CRLF.CRLF and nothing else, and takes out the dots that were put in. A CR
 * or LF outside CRLF and a NUL are told of, never repaired (RFC 5321 §2.3.8): what one server takes for the end of a message and another
 * for its text is how a second message is smuggled past the first. Its results do not depend on where chunks end.
 */
import { blockBytesMax, type LineScan, lineDefects, scanLines } from "../../mail/octets.ts";

export type Decoded = {
  /** Of the message, dots taken out. May be a view of what was fed. */
  readonly bytes: Buffer;
  /** What came behind the end; null: the end has not come. */
  readonly behind: Buffer | null;
};

const lineEnd = Buffer.from("\r\n");
const dotLine = Buffer.from("\r\n.");
const nothing = Buffer.alloc(0);

export class DataDecoder {
  // As if a CRLF had come before: the end may stand on the first line.
  #held: Buffer = Buffer.from(lineEnd);
  #unsaid = lineEnd.length;
  readonly #scan: LineScan = { kind: "crlf", column: 0, found: 0 };

  /** True once a bare CR, a bare LF or a NUL was seen. */
  get isForbidden(): boolean {
    return (this.#scan.found & (lineDefects.nul | lineDefects.bareLf | lineDefects.bareCr)) !== 0;
  }

  /** The chunk is given away: its bytes may be moved within it. */
  feed(chunk: Buffer): Decoded {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const { end, to, behind } = unstuff(data);
    this.#held = behind === null ? Buffer.from(data.subarray(end)) : nothing;
    const bytes = data.subarray(Math.min(this.#unsaid, to), to);
    this.#unsaid -= Math.min(this.#unsaid, to);
    this.#look(bytes);
    return { bytes, behind };
  }

  #look(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(at + blockBytesMax, bytes.length);
      // A CR at the end of a block would count as bare.
      const next = end < bytes.length && bytes[end - 1] === 0x0d ? end - 1 : end;
      scanLines(this.#scan, nothing, bytes.subarray(at, next));
      at = next;
    }
  }
}

type Unstuffed = {
  /** Where the text ends after the dots were taken out. */
  readonly to: number;
  /** Where what is undecided begins. */
  readonly end: number;
  readonly behind: Buffer | null;
};

/** Moves the text together in its place. */
function unstuff(data: Buffer): Unstuffed {
  let from = 0;
  let to = 0;
  const keep = (until: number): void => {
    if (to !== from) data.copyWithin(to, from, until);
    to += until - from;
    from = until;
  };
  for (;;) {
    const at = data.indexOf(dotLine, from);
    const dot = at + lineEnd.length;
    if (at === -1) {
      const undecided = data.at(-1) === 0x0d ? 1 : data.at(-1) === 0x0a && data.at(-2) === 0x0d ? 2 : 0;
      const end = Math.max(from, data.length - undecided);
      keep(end);
      return { to, end, behind: null };
    }
    const after = data.subarray(dot + 1, dot + 3);
    if (after.equals(lineEnd)) {
      keep(dot);
      return { to, end: data.length, behind: data.subarray(dot + 3) };
    }
    if (after.length < 2 && (after.length === 0 || after[0] === 0x0d)) {
      keep(at);
      return { to, end: at, behind: null };
    }
    keep(dot);
    from = dot + 1;
  }
}

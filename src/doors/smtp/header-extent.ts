/**
 * How far the header section of a message reaches (RFC 5322 §2.1), while the message streams. Only mail/message.ts reads headers; this tells
 * one that is longer than it reads, wherever chunks end. Such a message is refused: what passes for ours past the limit would stay in it.
 */
import { limits } from "../../base/limits.ts";

const lineEnd = Buffer.from("\r\n");
const emptyLine = Buffer.from("\r\n\r\n");

export class HeaderExtent {
  // As if a CRLF had come before: the empty line may be the first one.
  #tail: Buffer = lineEnd;
  #bytes = 0;
  #isEnded = false;

  /** The next chunk, whose line ends are CRLF. True once the header, the end of its last line included, is longer than the limit. */
  isTooLong(chunk: Buffer): boolean {
    if (this.#isEnded) return false;
    const seam = Buffer.concat([this.#tail, chunk]);
    const at = seam.indexOf(emptyLine);
    const end = this.#bytes - this.#tail.length + at + lineEnd.length;
    this.#bytes += chunk.length;
    this.#tail = seam.subarray(1 - emptyLine.length);
    this.#isEnded = at !== -1;
    return this.#isEnded ? end > limits.headerBytesMax : this.#bytes >= limits.headerBytesMax + lineEnd.length;
  }
}

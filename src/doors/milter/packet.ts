/**
 * Milter packets: four octets of length, one command letter, its data (as Postfix and Sendmail speak it; there is no RFC). The reader
 * takes what TCP brings in pieces of any size and gives whole packets as places in those pieces, without copying where one lies in one
 * piece. It holds at most one packet of its own, never more than milterFrameBytesMax, and refuses lengths beyond it.
 */
import { limits } from "../../base/limits.ts";

/** A packet: its command letter's code, and where its data stands. Valid until the bytes are let go. */
export type Frame = { readonly command: number; readonly bytes: Buffer; readonly start: number; readonly end: number };

const lengthBytes = 4;

export class FrameReader {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  /** How far `bytes` is filled; beyond is room for the rest of a packet that came in pieces. */
  private filled = 0;
  private readonly later: Buffer[] = [];
  private laterBytes = 0;

  /** Octets that came and are not read yet. */
  get waiting(): number {
    return this.filled - this.at + this.laterBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.later.push(chunk);
    this.laterBytes += chunk.length;
  }

  next(): Frame | "incomplete" | "garbage" {
    for (;;) {
      const has = this.filled - this.at;
      const dataBytes = has < lengthBytes ? null : this.bytes.readUInt32BE(this.at);
      if (dataBytes !== null && (dataBytes < 1 || dataBytes > limits.milterFrameBytesMax)) return "garbage";
      const needed = lengthBytes + (dataBytes ?? 0);
      if (dataBytes !== null && has >= needed) return this.frame(needed);
      if (!this.takeMore(needed)) return "incomplete";
    }
  }

  private frame(needed: number): Frame {
    const start = this.at + lengthBytes;
    this.at += needed;
    return { command: this.bytes[start] ?? 0, bytes: this.bytes, start: start + 1, end: this.at };
  }

  /** Takes the next piece as it is, or fills up the packet that the last one began. False: there is no piece. */
  private takeMore(needed: number): boolean {
    const piece = this.later[0];
    if (piece === undefined) return false;
    const has = this.filled - this.at;
    if (has === 0) {
      this.later.shift();
      this.laterBytes -= piece.length;
      this.bytes = piece;
      this.at = 0;
      this.filled = piece.length;
      return true;
    }
    if (this.bytes.length - this.at < needed) {
      const room = Buffer.allocUnsafe(needed);
      this.bytes.copy(room, 0, this.at, this.filled);
      this.bytes = room;
      this.at = 0;
      this.filled = has;
    }
    const taken = piece.copy(this.bytes, this.filled, 0, needed - has);
    this.filled += taken;
    this.laterBytes -= taken;
    if (taken === piece.length) this.later.shift();
    else this.later[0] = piece.subarray(taken);
    return true;
  }
}

/** Code of a command letter. */
export function code(letter: string): number {
  return letter.charCodeAt(0);
}

/** What the mail server sends. */
export const command = {
  abort: code("A"),
  body: code("B"),
  connect: code("C"),
  macros: code("D"),
  endOfMessage: code("E"),
  helo: code("H"),
  quitForNew: code("K"),
  header: code("L"),
  mail: code("M"),
  endOfHeader: code("N"),
  negotiation: code("O"),
  quit: code("Q"),
  rcpt: code("R"),
  data: code("T"),
  unknown: code("U"),
} as const;

/** What we send: O negotiation, c continue, t temporary failure, y reply, p progress, q quarantine, i insert header, m change header. */
export type Reply = "O" | "c" | "t" | "y" | "p" | "q" | "i" | "m";

/** A packet to send. Strings are written as UTF-8, with the NUL that ends them; numbers as four octets. */
export function packet(reply: Reply, ...parts: readonly (string | number | Uint8Array)[]): Buffer {
  const data = parts.map(octets);
  const bytes = Buffer.allocUnsafe(lengthBytes + 1 + data.reduce((sum, part) => sum + part.length, 0));
  let at = bytes.writeUInt32BE(bytes.length - lengthBytes, 0);
  at = bytes.writeUInt8(code(reply), at);
  for (const part of data) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function octets(part: string | number | Uint8Array): Uint8Array {
  if (part instanceof Uint8Array) return part;
  if (typeof part === "string") return Buffer.from(`${part.replaceAll("\0", "")}\0`, "utf8");
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(part >>> 0, 0);
  return bytes;
}

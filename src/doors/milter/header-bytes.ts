/**
 * The header section as the client sent it, rebuilt from the fields that the mail server hands over one by one: DKIM signatures are
 * computed over these octets. Values come with folds as bare LF, and with the space behind the colon where that was agreed. One field of
 * the server's stays one field, whatever octets are in it, so that indexes mean the same to both sides.
 */
import type { Frame } from "./packet.ts";

export class HeaderBytes {
  /** A name that is no name of RFC 5322 §3.6.8 came: the server and the inspection may count it differently. */
  hasOddName = false;
  private readonly lead: Lead;
  private bytes: Buffer = none;
  private used = 0;

  constructor(lead: Lead) {
    this.lead = lead;
  }

  get length(): number {
    return this.used;
  }

  /** Adds the field of a header packet. False: there is none in it. */
  add({ bytes, start, end }: Frame): boolean {
    const nameEnd = bytes.indexOf(0, start);
    if (nameEnd === -1 || nameEnd >= end) return false;
    this.room(end - start + spare);
    this.name(bytes, start, nameEnd);
    const valueAt = nameEnd + 1;
    const first = valueAt < end ? bytes[valueAt] : nul;
    if (this.lead === "eaten" && first !== tab && first !== lf) this.put(space);
    this.value(bytes, valueAt, end);
    this.put(cr);
    this.put(lf);
    return true;
  }

  /** The empty line. */
  end(): void {
    this.room(spare);
    this.put(cr);
    this.put(lf);
  }

  /** What has come; it starts anew. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.used);
    this.bytes = none;
    this.used = 0;
    return taken;
  }

  private name(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += 1) {
      const octet = bytes[at] ?? 0;
      if (octet <= space || octet >= del) this.hasOddName = true;
      // Where the name ends is the server's to say.
      this.put(octet === lf || octet === cr || octet === colon ? question : octet);
    }
    if (start === end) this.hasOddName = true;
    this.put(colon);
  }

  private value(bytes: Buffer, start: number, end: number): void {
    let from = start;
    let at = start;
    for (; at < end; at += 1) {
      const octet = bytes[at];
      if (octet === nul) break;
      if (octet !== lf) continue;
      // Some servers send CRLF.
      this.copy(bytes, from, at > from && bytes[at - 1] === cr ? at - 1 : at);
      this.room(end - at + spare);
      this.put(cr);
      this.put(lf);
      const next = at + 1 < end ? bytes[at + 1] : nul;
      // A line that is no continuation would be a field, or the end of all.
      if (next !== space && next !== tab) this.put(space);
      from = at + 1;
    }
    this.copy(bytes, from, at);
  }

  private copy(bytes: Buffer, start: number, end: number): void {
    this.used += bytes.copy(this.bytes, this.used, start, end);
  }

  private put(octet: number): void {
    this.bytes[this.used] = octet;
    this.used += 1;
  }

  private room(needed: number): void {
    if (this.bytes.length - this.used >= needed) return;
    const grown = Buffer.allocUnsafe(Math.max(firstBytes, 2 * this.bytes.length, this.used + needed));
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
  }
}

/** `kept`: the values have their leading space; `eaten`: the server took one space off, where there was one. */
export type Lead = "kept" | "eaten";

const none = Buffer.alloc(0);
const firstBytes = 8192;
/** Colon, space and line end, or line end and space. */
const spare = 8;
const nul = 0x00;
const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const colon = 0x3a;
const question = 0x3f;
const del = 0x7f;

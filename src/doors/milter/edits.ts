/**
 * What becomes of a message, as milter packets: fields to remove and to put on top, a hold, and the last word. Removals come first, highest
 * index first, because once a field stands above the server's own Received, indexes may count that too. Insertions at index 0 go
 * bottommost first, so that the topmost ends on top. It asks for nothing that was not agreed on in the negotiation.
 */
import { limits } from "../../base/limits.ts";
import type { Disposition, SmtpReply } from "../../gateway/dialogue/journey.ts";
import { scanHeader } from "../../mail/header.ts";
import type { Removal } from "../../stamp/inspection.ts";
import type { Agreement } from "./negotiate.ts";
import { packet } from "./packet.ts";

export const continued = packet("c");
export const temporaryFailure = packet("t");
export const inProgress = packet("p");

export type Edited = {
  readonly agreement: Agreement;
  /** What is to be quarantined waits in the server's queue. */
  readonly hold: boolean;
  /** The header as it came, where a field has a name that the server may count otherwise than we do; else null. */
  readonly oddHeader: Uint8Array | null;
};

/** The answer to the end of a message, in one piece. */
export function answerToMessage(disposition: Exclude<Disposition, { readonly kind: "gone" }>, edited: Edited): Buffer {
  if (disposition.kind === "refuse") return refusal(disposition.reply);
  const { agreement, hold, oddHeader } = edited;
  const packets: Buffer[] = [];
  const removals = oddHeader === null ? disposition.removals : asServerCounts(disposition.removals, oddHeader);
  if (agreement.changes) for (const removal of removals) packets.push(removed(removal));
  if (agreement.inserts) for (const field of disposition.headers.toReversed()) packets.push(inserted(field, agreement));
  if (hold && agreement.quarantines && disposition.hold !== null) packets.push(packet("q", oneLine(disposition.hold)));
  // Continue, and not accept: filters behind us still see the message.
  packets.push(continued);
  return Buffer.concat(packets);
}

/** A reply with our own words, at any stage. */
export function refusal({ code, enhanced, text }: SmtpReply): Buffer {
  const kind = Math.floor(code / 100);
  if (kind !== 4 && kind !== 5) return temporaryFailure;
  // Postfix takes a reply whose two codes are of different classes for a broken filter.
  const line = `${code} ${kind}${enhanced.slice(1)} ${oneLine(text)}`;
  return packet("y", doubled(line.slice(0, limits.replyLineBytesMax)));
}

/** Sendmail takes the reply for a format, Postfix undoes it: each % stands twice. What would become too long is cut between characters. */
function doubled(line: string): string {
  let text = "";
  for (const character of line) {
    const written = character === "%" ? "%%" : character;
    if (text.length + written.length > limits.milterReplyTextBytesMax) break;
    text += written;
  }
  return text;
}

// RFC 5321 §4.2: a reply's text is printable ASCII.
function oneLine(text: string): string {
  return text.replace(/[^ -~]/gu, "?");
}

type Counted = { readonly name: string | Uint8Array; readonly index: number };

/** An empty value removes. */
function removed({ name, index }: Counted): Buffer {
  return packet("m", index, name, ...(typeof name === "string" ? [] : [nul]), "");
}

const nul = new Uint8Array(1);

/** Folds are bare LF on this way; servers write their own line ends. */
function inserted(field: string, { leadingSpace }: Agreement): Buffer {
  const colon = field.indexOf(":");
  const value = field.slice(colon + 1).replaceAll("\r", "");
  return packet("i", 0, field.slice(0, colon), leadingSpace || !value.startsWith(" ") ? value : value.slice(1));
}

/**
 * The inspection counts a disguised name among those that it disguises, so that none can hide; the server counts by the letter. Each
 * field to remove is found by our count, and named and counted as the server does.
 */
function asServerCounts(removals: readonly Removal[], header: Uint8Array): readonly Counted[] {
  const { fields, beyond, text } = scanHeader(header, "crlf");
  const [ours, servers] = [new Counts(), new Counts()];
  const placed = new Map<string, Counted>();
  for (const { name, start, colon } of [...fields, ...beyond]) {
    const letters = text.slice(start, colon);
    const index = servers.next(letters.toLowerCase());
    placed.set(`${ours.next(name)} ${name}`, { name: Buffer.from(letters, "latin1"), index });
  }
  return removals.flatMap(({ name, index }) => placed.get(`${index} ${name}`) ?? []);
}

/** Counts each name from 1. */
class Counts {
  private readonly seen = new Map<string, number>();

  next(name: string): number {
    const count = (this.seen.get(name) ?? 0) + 1;
    this.seen.set(name, count);
    return count;
  }
}

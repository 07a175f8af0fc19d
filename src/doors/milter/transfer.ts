/**
 * One message on its way through the door: its dialogue, its header as it is rebuilt, its body. A message that lies whole in what came is
 * handed to the dialogue in one piece; a longer one streams from the end of its header on, and the body is never held.
 */
import { limits } from "../../base/limits.ts";
import type { Dialogue, Disposition } from "../../gateway/dialogue/journey.ts";
import { HeaderBytes, type Lead } from "./header-bytes.ts";
import { MessageStream } from "./message-stream.ts";
import type { Frame } from "./packet.ts";

export type TransferMeans = {
  readonly lead: Lead;
  readonly queueId: () => string | null;
  /** Fewer octets wait than before. */
  readonly onRead: () => void;
};

export class Transfer {
  readonly dialogue: Dialogue;
  /** What may come next: recipients, header fields, or the body. */
  part: "envelope" | "header" | "body" = "envelope";
  recipients = 0;
  private readonly means: TransferMeans;
  private readonly header: HeaderBytes;
  /** The first part of the header as it went out, the line that ends it included. */
  private head: Buffer | null = null;
  private body: Buffer[] = [];
  private stream: MessageStream | null = null;
  private decided: Promise<Disposition> | null = null;
  /** The header is longer than what is inspected of one; it is kept no more. */
  private isTooLong = false;

  constructor(dialogue: Dialogue, means: TransferMeans) {
    this.dialogue = dialogue;
    this.means = means;
    this.header = new HeaderBytes(means.lead);
  }

  /** Octets that the inspection has not taken yet. */
  get waiting(): number {
    return this.stream?.waiting ?? 0;
  }

  /** The header, where a name in it is to be counted with care. */
  get oddHeader(): Uint8Array | null {
    return this.header.hasOddName ? this.head : null;
  }

  /** A recipient whom nobody waits for an answer about. */
  note(recipient: string): void {
    this.recipients += 1;
    if (this.recipients <= limits.milterRecipientsMax) this.dialogue.note(recipient);
  }

  addField(frame: Frame): boolean {
    this.part = "header";
    if (this.isTooLong) return true;
    const isField = this.header.add(frame);
    this.isTooLong = this.header.length > limits.headerBytesMax;
    if (this.isTooLong) this.header.take();
    return isField;
  }

  endHeader(): void {
    this.part = "body";
    this.header.end();
  }

  addBody({ bytes, start, end }: Frame): void {
    if (start === end || this.isTooLong) return;
    const piece = bytes.subarray(start, end);
    if (this.stream === null) this.body.push(piece);
    else this.stream.push(piece);
  }

  /** What has come is all for now: a message that has begun starts to flow. */
  pause(): void {
    if (this.part === "body" && !this.isTooLong) this.flow();
  }

  /** The message is whole. */
  finish(): Promise<Disposition> {
    if (this.isTooLong) return Promise.resolve(this.dialogue.refuseLongHeader(this.about()));
    if (this.decided === null) {
      this.head = this.header.take();
      this.decided = this.dialogue.data(this.body.length === 0 ? this.head : Buffer.concat([this.head, ...this.body]), this.about());
    } else if (this.stream !== null) {
      this.flow();
      this.stream.end();
    }
    this.body = [];
    return this.decided;
  }

  /** The message does not come to its end. */
  abandon(why: string): void {
    this.stream?.fail(new Error(why));
    this.body = [];
  }

  private flow(): void {
    if (this.stream === null) this.stream = this.begin();
    if (this.header.length > 0) {
      const taken = this.header.take();
      this.head ??= taken;
      this.stream.push(taken);
    }
    for (const piece of this.body) this.stream.push(piece);
    this.body = [];
  }

  private begin(): MessageStream {
    const stream = new MessageStream(this.means.onRead);
    this.decided = this.dialogue.data(stream, this.about());
    // A dialogue may answer without having read: then nothing may wait to be read.
    const drop = () => stream.drop();
    this.decided.then(drop, drop);
    return stream;
  }

  private about(): { readonly queueId: string | null } {
    return { queueId: this.means.queueId() };
  }
}

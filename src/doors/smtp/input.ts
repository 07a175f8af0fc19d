/**
 * The bytes of a client: command lines one at a time, and between DATA and its end the message, pulled. It is the parser that the SMTP server
 * hands its socket to, in the place of its own. Only CRLF ends a command (RFC 5321 §2.3.8): a line that ends otherwise is handed on with its
 * LF, to be refused. The next command waits until the last one was answered, and the socket waits with it.
 */
import { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import { limits } from "../../base/limits.ts";
import { DataDecoder } from "./data-decoder.ts";

export type Pulled = { readonly kind: "bytes"; readonly bytes: Buffer } | { readonly kind: "end" } | { readonly kind: "lost" };

/** A message on its way in. */
export interface MessageInput {
  /** The next chunk; one call at a time. `lost`: the client went away. */
  pull(): Promise<Pulled>;
  /** True once a bare CR, a bare LF or a NUL was seen. */
  readonly isForbidden: boolean;
}

const nothing = Buffer.alloc(0);

export class SmtpInput extends SMTPStream implements MessageInput {
  #pending: Buffer = nothing;
  /** Of the chunk that is being worked on. */
  #chunkBytes = 0;
  #taken: ((error?: Error | null) => void) | null = null;
  #decoder: DataDecoder | null = null;
  /** `answering`: nothing is read until the answer to what was read is given. */
  #mode: "commands" | "answering" | "data" | "ended" = "commands";
  #waiting: ((pulled: Pulled) => void) | null = null;
  #chunk: Buffer | null = null;
  #isLost = false;

  override _write(chunk: Buffer, _encoding: string, next: (error?: Error | null) => void): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#chunkBytes = chunk.length;
    this.#taken = next;
    this.#work();
  }

  /** A command that its line end did not follow is none. */
  override _flushData(): void {}

  /** Whether bytes have come that nobody has looked at. */
  get hasMore(): boolean {
    return this.#pending.length > 0 || this.writableLength > this.#chunkBytes;
  }

  get isForbidden(): boolean {
    return this.#decoder?.isForbidden ?? false;
  }

  /** What comes from now on is a message. */
  beginData(): void {
    this.#decoder = new DataDecoder();
    this.#mode = "data";
    this.#work();
  }

  /** After the answer to the message: what comes is commands again. */
  endData(): void {
    this.#decoder = null;
    this.#mode = "answering";
  }

  pull(): Promise<Pulled> {
    const chunk = this.#chunk;
    if (chunk !== null) {
      this.#chunk = null;
      this.#work();
      return Promise.resolve({ kind: "bytes", bytes: chunk });
    }
    if (this.#mode !== "data") return Promise.resolve({ kind: "end" });
    if (this.#isLost) return Promise.resolve({ kind: "lost" });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** The client is gone: nothing is handed on any more. */
  lose(): void {
    this.#isLost = true;
    this.#give({ kind: "lost" });
    this.#take();
  }

  #work(): void {
    if (this.isClosed || this.#isLost) this.#take();
    else if (this.#mode === "data") this.#decode();
    else if (this.#mode === "commands") this.#command();
  }

  #command(): void {
    const end = this.#pending.indexOf(0x0a);
    const isTooLong = (end === -1 ? this.#pending.length : end) > limits.proxyCommandBytesMax;
    if (isTooLong) this.#pending = nothing;
    if (isTooLong || end === -1) {
      this.#take(isTooLong ? this._commandTooLong() : null);
      return;
    }
    const isWhole = this.#pending[end - 1] === 0x0d;
    const line = Buffer.from(this.#pending.subarray(0, isWhole ? end - 1 : end + 1));
    this.#pending = this.#pending.subarray(end + 1);
    this.#mode = "answering";
    this.oncommand(line, () => {
      this.#mode = "commands";
      this.#work();
    });
  }

  #decode(): void {
    if (this.#chunk !== null) return;
    if (this.#pending.length === 0 || this.#decoder === null) {
      this.#take();
      return;
    }
    const { bytes, behind } = this.#decoder.feed(this.#pending);
    this.#pending = behind ?? nothing;
    if (behind !== null) this.#mode = "ended";
    if (bytes.length > 0) this.#hand(bytes);
    else if (behind !== null) this.#give({ kind: "end" });
    else this.#take();
  }

  #hand(bytes: Buffer): void {
    if (this.#waiting === null) this.#chunk = bytes;
    else {
      this.#give({ kind: "bytes", bytes });
      this.#work();
    }
  }

  #give(pulled: Pulled): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(pulled);
  }

  /** The chunk is used up: the socket may give the next one. */
  #take(error: Error | null = null): void {
    const taken = this.#taken;
    this.#taken = null;
    this.#chunkBytes = 0;
    taken?.(error);
  }
}

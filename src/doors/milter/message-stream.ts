/**
 * The octets of a message on their way from the connection to the inspection: pushed in by the one, pulled out by the other. It says how
 * many wait, so that the connection can be held; a message that breaks off fails where it is read, which the dialogue knows as `gone`.
 */

export class MessageStream implements AsyncIterable<Uint8Array> {
  private readonly chunks: Uint8Array[] = [];
  private readonly onRead: () => void;
  private waitingBytes = 0;
  private state: "open" | "ended" | "dropped" | { readonly failure: Error } = "open";
  private reader: { readonly resolve: (next: Next) => void; readonly reject: (error: Error) => void } | null = null;

  /** `onRead` is told whenever fewer octets wait than before. */
  constructor(onRead: () => void) {
    this.onRead = onRead;
  }

  get waiting(): number {
    return this.waitingBytes;
  }

  push(chunk: Uint8Array): void {
    if (this.state !== "open" || chunk.length === 0) return;
    const { reader } = this;
    if (reader !== null) {
      this.reader = null;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    this.chunks.push(chunk);
    this.waitingBytes += chunk.length;
  }

  end(): void {
    if (this.state !== "open") return;
    this.state = "ended";
    this.reader?.resolve(done);
    this.reader = null;
  }

  /** What waits is not read any more. */
  fail(failure: Error): void {
    if (this.state !== "open") return;
    this.state = { failure };
    this.clear();
    this.reader?.reject(failure);
    this.reader = null;
  }

  /** Nobody reads on: what comes is let go. */
  drop(): void {
    if (this.state === "open" || this.state === "ended") this.state = "dropped";
    this.clear();
    this.reader?.resolve(done);
    this.reader = null;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => this.next(),
      return: () => {
        this.drop();
        return Promise.resolve(done);
      },
    };
  }

  private next(): Promise<Next> {
    const chunk = this.chunks.shift();
    if (chunk !== undefined) {
      this.waitingBytes -= chunk.length;
      this.onRead();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (typeof this.state === "object") return Promise.reject(this.state.failure);
    if (this.state !== "open") return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  private clear(): void {
    this.chunks.length = 0;
    this.waitingBytes = 0;
    this.onRead();
  }
}

type Next = IteratorResult<Uint8Array, undefined>;
const done: Next = { done: true, value: undefined };

/**
 * The wire to the next hop: lines out, replies in, TLS on the way. Every wait has an end. A reply that nobody asked for, bytes that are no
 * reply, a timeout and a lost connection end the channel for good with a NextHopLost; it never carries on with a peer out of step.
 */
import net from "node:net";
import tls from "node:tls";
import { limits } from "../../base/limits.ts";
import type { Endpoint } from "../../config/values.ts";
import type { Reply } from "./reply.ts";
import { ReplyReader } from "./reply-reader.ts";

/** The next hop did not answer, or not as SMTP has it. */
export class NextHopLost extends Error {
  override name = "NextHopLost";
}

type Waiting = { readonly resolve: (reply: Reply) => void; readonly reject: (error: NextHopLost) => void };

export async function openChannel(endpoint: Endpoint): Promise<NextHopChannel> {
  const where = endpoint.kind === "unix" ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
  const socket = net.connect(where);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string, cause?: Error) => {
      socket.destroy();
      reject(new NextHopLost(`the next hop cannot be reached: ${why}`, { cause }));
    };
    const timer = setTimeout(() => fail("timeout"), limits.nextHopConnectMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      fail(error.message, error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve();
    });
  });
  return new NextHopChannel(socket);
}

export class NextHopChannel {
  #socket: net.Socket;
  #reader = new ReplyReader();
  #waiting: Waiting[] = [];
  /** Replies that came in one piece with the one before, until those who ask next have had their turn. */
  readonly #unasked: Reply[] = [];
  #lost: NextHopLost | null = null;
  #isSecure = false;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#lost === null;
  }

  get isSecure(): boolean {
    return this.#isSecure;
  }

  /** The next reply. Ends the channel where it does not come in time. */
  reply(ms: number): Promise<Reply> {
    return this.within(this.expect(), ms);
  }

  /** The next reply, without a time of its own. */
  expect(): Promise<Reply> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    const unasked = this.#unasked.shift();
    if (unasked !== undefined) return Promise.resolve(unasked);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  async within<T>(promise: Promise<T>, ms: number): Promise<T> {
    const timer = setTimeout(() => this.#end("timeout"), ms);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  ask(line: string, ms: number): Promise<Reply> {
    const reply = this.reply(ms);
    if (this.#lost === null) this.#socket.write(`${line}\r\n`);
    return reply;
  }

  /** Resolves when the next hop has room for more. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#lost !== null) throw this.#lost;
    if (this.#socket.write(bytes)) return;
    const socket = this.#socket;
    let freed = (): void => {};
    const room = new Promise<void>((resolve) => {
      freed = resolve;
      socket.once("drain", freed).once("close", freed);
    });
    await this.within(room, limits.nextHopBlockMs);
    socket.removeListener("drain", freed).removeListener("close", freed);
    if (this.#lost !== null) throw this.#lost;
  }

  /** RFC 3207 §4: after the 220. What was sent before the handshake is not believed. */
  async startTls(options: tls.ConnectionOptions): Promise<void> {
    if (this.#reader.isInside) this.#end("text before the TLS handshake");
    if (this.#lost !== null) throw this.#lost;
    const raw = this.#socket;
    raw.removeAllListeners("data");
    const secure = tls.connect({ ...options, socket: raw });
    this.#socket = secure;
    this.#reader = new ReplyReader();
    this.#listen();
    const done = new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("close", () => reject(this.#lost ?? new NextHopLost("the next hop ended the TLS handshake")));
    });
    await this.within(done, limits.nextHopGreetingMs);
    this.#isSecure = true;
  }

  /** Says QUIT without waiting for the answer, nor for those that are still awaited. */
  quit(): void {
    if (this.#lost !== null) return;
    this.#lost = new NextHopLost("closed");
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
    this.#socket.end("QUIT\r\n");
    const timer = setTimeout(() => this.#socket.destroy(), limits.nextHopConnectMs);
    timer.unref();
    this.#socket.once("close", () => clearTimeout(timer));
    this.#socket.resume();
  }

  destroy(): void {
    this.#end("closed");
  }

  #listen(): void {
    const socket = this.#socket;
    // Once there is TLS on top of it, a socket speaks for itself no more.
    const end = (why: string, cause?: Error): void => (socket === this.#socket ? this.#end(why, cause) : undefined);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => end(error.message, error));
    socket.on("end", () => end("the next hop closed the connection"));
    socket.on("close", () => end("the connection to the next hop was lost"));
  }

  #read(chunk: Buffer): void {
    if (this.#lost !== null) return;
    const found = this.#reader.feed(chunk);
    if (found === null) this.#end("what the next hop sent is no SMTP reply");
    for (const reply of found ?? []) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#unasked.push(reply);
      else waiting.resolve(reply);
    }
    if (this.#unasked.length > 0) setImmediate(() => this.#endOfUnasked());
  }

  #endOfUnasked(): void {
    const [reply] = this.#unasked;
    if (reply !== undefined) this.#end(`the next hop said unasked: ${reply.code} ${reply.lines.join(" ")}`);
  }

  #end(why: string, cause?: Error): void {
    if (this.#lost !== null) return;
    this.#lost = new NextHopLost(why, { cause });
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }
}

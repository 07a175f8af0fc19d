/**
 * A client's connection: the sockets, timers and TLS of the package smtp-server, with our parser and our session in the place of its own
 * (docs/decisions/0015-smtp-server-and-what-of-it.md). Each wait for the client has an end that dripping octets do not push back. A bug while a
 * command is answered is 451 and told of, never the end of the process.
 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { SMTPServer } from "smtp-server";
import { SMTPConnection } from "smtp-server/lib/smtp-connection.js";
import { limits } from "../../base/limits.ts";
import { SmtpInput } from "./input.ts";
import { type Reply, replies, replyBytes } from "./reply.ts";
import { type Peer, type ProxyParts, Session } from "./session.ts";

export type ConnectionMeans = {
  readonly proxy: ProxyParts;
  readonly peer: Peer;
  /** Most of the connections that may be are there. */
  readonly isCrowded: () => boolean;
  readonly onClosed: (connection: ProxyConnection) => void;
};

export class ProxyConnection extends SMTPConnection {
  readonly #means: ConnectionMeans;
  readonly #smtp: Session;
  #isEnding = false;
  /** The uppermost socket, TLS on top of another one also while it shakes hands. */
  #top: Socket;
  #timer: NodeJS.Timeout | undefined;
  #greetingTimer: NodeJS.Timeout | undefined;

  constructor(server: SMTPServer, socket: Socket, means: ConnectionMeans) {
    super(server, socket);
    this.#top = socket;
    this.#means = means;
    this.#smtp = new Session(means.proxy, means.peer);
    this.on("error", () => this.#destroy());
  }

  /** Listed hosts are ours, and are greeted at once. */
  override init(): void {
    this._setListeners(() => {
      if (this.#means.peer.isListed) return this.connectionReady(() => this.#awaitCommand());
      this.#greetingTimer = setTimeout(() => this.connectionReady(() => this.#awaitCommand()), limits.proxyGreetingMs);
    });
  }

  /** No more messages: at once, or when the one under way is answered. */
  drain(): void {
    this.#isEnding = true;
    if (!this.#smtp.isBusy && !this._handlerPending) this.#close(replies.closing);
  }

  /** What is under way is cut. */
  cut(): void {
    this.#close(replies.closing);
    this.#destroy();
  }

  override _createParser(): SmtpInput {
    const input = new SmtpInput();
    input.oncommand = (line: Buffer, callback?: () => void) => this._onCommand(line, callback);
    input.on("error", () => this.#close(replies.lineTooLong));
    return input;
  }

  override _onCommand(line: Buffer, callback?: () => void): void {
    if (callback === undefined || this._upgrading) return;
    if (!this._ready) {
      this.#close(replies.tooSoon);
      return;
    }
    clearTimeout(this.#timer);
    this._handlerPending = true;
    void this.#answer(line, callback).catch((error: unknown) => {
      this.#means.proxy.onFault(error, "a connection");
      this.#destroy();
    });
  }

  override _armTimeout(socket: Socket = this._socket): void {
    this.#top = socket;
    super._armTimeout(socket);
  }

  override _onTimeout(): void {
    if (this._handlerPending) this._armTimeout();
    else if (this._closing) this.#destroy();
    else this.#close(replies.timeout);
  }

  override _onClose(): void {
    const input = this.#input();
    clearTimeout(this.#timer);
    clearTimeout(this.#greetingTimer);
    super._onClose();
    input?.lose();
    this.#smtp.end();
    this.#means.onClosed(this);
  }

  async #answer(line: Buffer, callback: () => void): Promise<void> {
    const answer = await this.#smtp.command(line);
    const isCut = (answer.after === "data" || answer.after === "tls") && this.#input()?.hasMore === true;
    if (isCut) return this.#close(replies.unsynchronized);
    this.#say(answer.reply);
    if (answer.after === "data" && !(await this.#data())) return;
    if (answer.after === "tls") return this.#secure(callback);
    if (answer.after === "close") return this.#close(null);
    this._handlerPending = false;
    if (this.#isEnding && !this.#smtp.isBusy) return this.#close(replies.closing);
    this.#awaitCommand();
    this._whenWritable(callback);
  }

  /** False: the connection is over. */
  async #data(): Promise<boolean> {
    const input = this.#input();
    if (input === null) return false;
    input.beginData();
    const { reply, after } = await this.#smtp.data(input);
    input.endData();
    if (reply !== null) this.#say(reply);
    if (after === "close" || reply === null) this.#close(null);
    return after !== "close" && reply !== null;
  }

  #secure(callback: () => void): void {
    this._handlerPending = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#destroy(), limits.proxyHandshakeMs);
    this.upgrade(callback, () => {
      const socket = this._socket;
      const cipher = socket instanceof TLSSocket ? socket.getCipher().name : null;
      this.#smtp.secured({ version: socket instanceof TLSSocket ? socket.getProtocol() : null, cipher, subject: null });
      this.#awaitCommand();
    });
  }

  #awaitCommand(): void {
    clearTimeout(this.#timer);
    if (this._closing || this._closed) return;
    const ms = this.#means.isCrowded() ? limits.proxyCrowdedCommandMs : limits.proxyCommandMs;
    this.#timer = setTimeout(() => this.#close(replies.timeout), ms);
  }

  #say(reply: Reply): void {
    // Between the 220 to STARTTLS and the handshake nothing is said in clear.
    if (!this._upgrading && this._socket.writable) this._socket.write(replyBytes(reply));
  }

  #close(reply: Reply | null): void {
    clearTimeout(this.#timer);
    if (this._closing) return;
    if (reply !== null) this.#say(reply);
    this.close();
  }

  #destroy(): void {
    this.#top.destroy();
  }

  #input(): SmtpInput | null {
    return this._parser instanceof SmtpInput ? this._parser : null;
  }
}

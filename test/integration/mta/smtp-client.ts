/**
 * A small SMTP client for what swaks is too slow or too polite for: many messages, large ones, and connections that are cut at a chosen
 * place. It waits for every reply, and does nothing by itself.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type Reply = { readonly code: number; readonly text: string };

/** The server has gone before it answered. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

export type Envelope = { readonly from: string; readonly to: readonly string[] };

export type Answers = {
  readonly mail: Reply;
  readonly rcpt: readonly Reply[];
  readonly data: Reply | null;
  readonly end: Reply | null;
};

export class SmtpClient {
  readonly socket: Socket;
  private waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  private readonly come: Reply[] = [];
  private rest = "";
  private lines: string[] = [];
  private lost = false;

  /** Connects and reads the greeting. */
  static async open(port: number, localAddress?: string): Promise<SmtpClient> {
    const socket = connect({ port, host: "127.0.0.1", ...(localAddress === undefined ? {} : { localAddress }) });
    const client = new SmtpClient(socket);
    const greeting = await client.reply();
    if (greeting.code !== 220) throw new ConnectionLost(greeting.text);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("data", (text: string) => this.read(text));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.lost = true;
      for (const { reject } of this.waiting.splice(0)) reject(new ConnectionLost("the connection was closed"));
    });
  }

  private read(text: string): void {
    const lines = `${this.rest}${text}`.split("\r\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      this.lines.push(line);
      if (line[3] === "-") continue;
      const reply = { code: Number(line.slice(0, 3)), text: this.lines.join("\n") };
      this.lines = [];
      const first = this.waiting.shift();
      if (first === undefined) this.come.push(reply);
      else first.resolve(reply);
    }
  }

  reply(): Promise<Reply> {
    const come = this.come.shift();
    if (come !== undefined) return Promise.resolve(come);
    if (this.lost) return Promise.reject(new ConnectionLost("the connection is closed"));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async send(line: string): Promise<Reply> {
    this.socket.write(`${line}\r\n`, "latin1");
    return this.reply();
  }

  /** EHLO, and where the server allows it, the address of the client that it is to believe. */
  async greet(helo: string, xclient?: string): Promise<Reply> {
    const reply = await this.send(`EHLO ${helo}`);
    if (xclient === undefined) return reply;
    await this.send(`XCLIENT ${xclient}`);
    return this.send(`EHLO ${helo}`);
  }

  async envelope({ from, to }: Envelope): Promise<{ readonly mail: Reply; readonly rcpt: readonly Reply[] }> {
    const mail = await this.send(`MAIL FROM:<${from}>`);
    const rcpt: Reply[] = [];
    if (mail.code === 250) for (const one of to) rcpt.push(await this.send(`RCPT TO:<${one}>`));
    return { mail, rcpt };
  }

  /** One message, as far as it is taken. `onDot` is called when the final dot is about to be sent. */
  async convey(envelope: Envelope, message: string | Buffer, onDot: () => void = () => {}): Promise<Answers> {
    const { mail, rcpt } = await this.envelope(envelope);
    if (!rcpt.some(({ code }) => code === 250)) {
      if (mail.code === 250) await this.send("RSET");
      return { mail, rcpt, data: null, end: null };
    }
    const data = await this.send("DATA");
    if (data.code !== 354) return { mail, rcpt, data, end: null };
    await this.write(stuffed(message));
    onDot();
    return { mail, rcpt, data, end: await this.send(".") };
  }

  /** Resolves when the server has taken the bytes. */
  async write(bytes: Buffer): Promise<void> {
    if (!this.socket.write(bytes) && !this.lost) await Promise.race([once(this.socket, "drain"), once(this.socket, "close")]);
  }

  /** The way of a client that crashes: no QUIT. */
  cut(): void {
    this.socket.resetAndDestroy();
  }

  async quit(): Promise<void> {
    if (this.lost) return;
    const gone = once(this.socket, "close");
    this.socket.end("QUIT\r\n");
    await gone;
  }
}

/** RFC 5321 §4.5.2: a dot in front of each line that begins with one; every line ends with CRLF. */
function stuffed(message: string | Buffer): Buffer {
  const text = typeof message === "string" ? message.replace(/\r?\n/g, "\r\n") : message.toString("latin1");
  const whole = text.endsWith("\r\n") ? text : `${text}\r\n`;
  return Buffer.from(whole.replaceAll("\r\n.", "\r\n.."), "latin1");
}

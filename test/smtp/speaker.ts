/** A client of the tests: writes octets as they are given, and reads replies. It knows no more of SMTP than where a reply ends. */
import net from "node:net";
import tls from "node:tls";

export type Reply = { readonly code: number; readonly text: string };

export class Speaker {
  socket: net.Socket;
  private input = "";
  private readonly found: Reply[] = [];
  private waiting: (() => void) | null = null;
  isClosed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    this.listen();
  }

  static async to(place: string, options: { readonly localAddress?: string } = {}): Promise<Speaker> {
    const [, host = "", port = ""] = /^inet:\[?([^\]]*?)\]?:([0-9]+)$/.exec(place) ?? [];
    const socket = net.connect({ host, port: Number(port), ...options });
    socket.setNoDelay(true);
    const speaker = new Speaker(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    return speaker;
  }

  write(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** The next reply, lines joined by `|`; code 0: the connection ended, -1: nothing in time. */
  async reply(ms = 10_000): Promise<Reply> {
    const until = Date.now() + ms;
    while (this.found.length === 0 && !this.isClosed && Date.now() < until) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - Date.now());
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.found.shift() ?? { code: this.isClosed ? 0 : -1, text: "" };
  }

  async say(line: string): Promise<Reply> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** As one line: `250 2.1.0 Sender ok`. */
  async line(line: string): Promise<string> {
    const { code, text } = await this.say(line);
    return `${code} ${text}`;
  }

  async closed(ms = 10_000): Promise<boolean> {
    const until = Date.now() + ms;
    while (!this.isClosed && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    return this.isClosed;
  }

  async startTls(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
    this.socket.removeAllListeners("data");
    const secure = tls.connect({ ...options, socket: this.socket });
    this.socket = secure;
    this.listen();
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve).once("error", reject);
    });
    return secure;
  }

  end(): void {
    this.socket.destroy();
  }

  private listen(): void {
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.input += chunk.toString("latin1");
      for (let reply = this.take(); reply !== null; reply = this.take()) this.found.push(reply);
      this.waiting?.();
    });
    this.socket.on("close", () => {
      this.isClosed = true;
      this.waiting?.();
    });
  }

  private take(): Reply | null {
    const match = /^(?:[0-9]{3}-[^\n]*\r\n)*([0-9]{3})(?: [^\n]*)?\r\n/.exec(this.input);
    if (match === null) return null;
    this.input = this.input.slice(match[0].length);
    const lines = match[0].split("\r\n").slice(0, -1);
    return { code: Number(match[1]), text: lines.map((line) => line.slice(4)).join("|") };
  }
}

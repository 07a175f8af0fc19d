/**
 * The mail server's side of a milter connection, for tests: it speaks packets over a real socket, and shares no code with the door.
 */
import { connect, type Socket } from "node:net";

/** One packet of the server: `C`, `M` and so on, and its data; numbers are octets, strings end with the NUL that is written in them. */
export function sent(letter: string, ...parts: readonly (string | number | Buffer)[]): Buffer {
  const data = Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : Buffer.isBuffer(part) ? part : Buffer.from(part))),
  );
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length + 1, 0);
  head.write(letter, 4, "latin1");
  return Buffer.concat([head, data]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, at) => {
    bytes.writeUInt32BE(value >>> 0, 4 * at);
  });
  return bytes;
}

export const offers = {
  /** Postfix 3.7. */
  postfix: [6, 0x1ff, 0x1f_ffff],
  /** Sendmail 8.17: larger packets are offered too. */
  sendmail: [6, 0x1ff, 0x301f_ffff],
  /** A server of version 2: add, change and delete, and seven steps that can be left out. */
  old: [2, 0x3f, 0x7f],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;

export const optneg = (offer: readonly [number, number, number]): Buffer => sent("O", uint32(...offer));
export const macros = (stage: string, ...pairs: readonly string[]): Buffer => sent("D", stage, pairs.map((text) => `${text}\0`).join(""));
export const client = (ip = "192.0.2.1", host = "mail.good.example"): Buffer =>
  sent("C", `${host}\0`, ip.includes(":") ? "6" : "4", Buffer.from([0x9c, 0x40]), `${ip}\0`);
export const helo = (name = "mail.good.example"): Buffer => sent("H", `${name}\0`);
export const mail = (address: string, ...args: readonly string[]): Buffer =>
  sent("M", `<${address}>\0`, args.map((arg) => `${arg}\0`).join(""));
export const rcpt = (address: string): Buffer => sent("R", `<${address}>\0`);
/** The value as Postfix sends it once leading spaces are kept. */
export const field = (name: string, value: string): Buffer => sent("L", Buffer.from(`${name}\0${value}\0`, "latin1"));
export const eoh = sent("N");
export const body = (text: string | Buffer): Buffer => sent("B", text);
export const eom = sent("E");
export const abort = sent("A");
export const quit = sent("Q");

/** SMFIP_NR_RCPT. */
const silentRcpt = 0x8000;

/** What a server sends once MAIL and RCPT are answered. */
export function content(fields: readonly (readonly [string, string])[], text: string | Buffer = "body\r\n"): Buffer {
  return Buffer.concat([...fields.map(([name, value]) => field(name, value)), eoh, body(text), eom]);
}

export type Received = { readonly letter: string; readonly data: Buffer };

export class Mta {
  private readonly socket: Socket;
  private readonly received: Received[] = [];
  private bytes = Buffer.alloc(0);
  private wake: () => void = () => {};
  isClosed = false;
  /** Everything that came, as it came. */
  raw = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.wake();
    });
  }

  /** `place` as a Door says it. */
  static async at(place: string): Promise<Mta> {
    const [, port] = /^inet:.*:(\d+)$/.exec(place) ?? [];
    const socket = port === undefined ? connect(place.replace(/^unix:/, "")) : connect(Number(port), "127.0.0.1");
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new Mta(socket);
  }

  write(...packets: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(packets));
  }

  /** Resolves when the octets are on their way, so that back-pressure is felt. */
  async pushed(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.write(bytes, () => resolve());
    });
  }

  /** The next packet; throws where the door closes instead. */
  async next(): Promise<Received> {
    for (;;) {
      const one = this.received.shift();
      if (one !== undefined) return one;
      if (this.isClosed) throw new Error("the door closed the connection");
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** What has come and was not taken. */
  get pending(): number {
    return this.received.length;
  }

  /** Sends, and gives the letter of the answer. */
  async ask(...packets: readonly Buffer[]): Promise<string> {
    this.write(...packets);
    return (await this.next()).letter;
  }

  /** RCPT, and its answer where the negotiation left one. */
  async askRcpt(...packets: readonly Buffer[]): Promise<string> {
    if ((this.raw.readUInt32BE(13) & silentRcpt) === 0) return this.ask(...packets);
    this.write(...packets);
    return "c";
  }

  /** The answer to the end of a message: all packets up to the last word. */
  async verdict(...packets: readonly Buffer[]): Promise<readonly Received[]> {
    this.write(...packets);
    const all: Received[] = [];
    for (;;) {
      const one = await this.next();
      all.push(one);
      if ("catryd".includes(one.letter)) return all;
    }
  }

  async closed(): Promise<void> {
    while (!this.isClosed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  stopReading(): void {
    this.socket.pause();
  }

  cut(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.raw = Buffer.concat([this.raw, chunk]);
    this.bytes = Buffer.concat([this.bytes, chunk]);
    while (this.bytes.length >= 5) {
      const length = this.bytes.readUInt32BE(0);
      if (this.bytes.length < 4 + length) break;
      this.received.push({ letter: this.bytes.toString("latin1", 4, 5), data: this.bytes.subarray(5, 4 + length) });
      this.bytes = this.bytes.subarray(4 + length);
    }
    this.wake();
  }
}

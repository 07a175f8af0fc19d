/**
 * The mail server's side of the milter protocol for load: what Postfix 3.7 sends and waits for, in its order, one filter or several one
 * after the other, where each sees what those before it have put on top. It does nothing that the filter did not agree to in the negotiation.
 */
import { connect, type Socket } from "node:net";
import { body, client, eoh, eom, field, helo, macros, mail, offers, optneg, quit, rcpt } from "../../test/milter/mta.ts";

export type Field = readonly [name: string, value: string];

/** A message as packets. */
export type Packets = {
  readonly fields: readonly Field[];
  /** All header packets; `eaten`: without the space behind the colon. */
  readonly header: { readonly kept: Buffer; readonly eaten: Buffer };
  readonly body: readonly Buffer[];
};

/** Postfix sends at most so much of a body in one packet. */
const chunkBytes = 65_535;

export function packetsOf(message: Buffer): Packets {
  const end = message.indexOf("\r\n\r\n");
  const fields = message
    .toString("latin1", 0, end)
    .split(/\r\n(?![ \t])/)
    .map((line): Field => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).replaceAll("\r\n", "\n")];
    });
  const chunks: Buffer[] = [];
  for (let at = end + 4; at < message.length; at += chunkBytes) chunks.push(body(message.subarray(at, at + chunkBytes)));
  return { fields, header: { kept: headerOf(fields, "kept"), eaten: headerOf(fields, "eaten") }, body: chunks };
}

function headerOf(fields: readonly Field[], lead: "kept" | "eaten"): Buffer {
  return Buffer.concat(fields.map(([name, value]) => field(name, lead === "kept" ? value : value.replace(/^ /, ""))));
}

/** A packet from the filter. */
type Received = { readonly letter: string; readonly data: Buffer };

export type Verdict = { readonly letter: string; readonly inserted: readonly Field[] };

/** Steps that the filter does not want, and those that it does not answer. */
const step = {
  ...{ noConnect: 0x1, noHelo: 0x2, noMail: 0x4, noRcpt: 0x8, noBody: 0x10, noHeader: 0x20, noEndOfHeader: 0x40 },
  ...{ silentHeader: 0x80, noUnknown: 0x100, noData: 0x200, silentConnect: 0x1000, silentHelo: 0x2000, silentMail: 0x4000 },
  ...{ silentRcpt: 0x8000, silentData: 0x1_0000, silentEndOfHeader: 0x4_0000, silentBody: 0x8_0000, leadingSpace: 0x10_0000 },
} as const;

/** One connection to one filter. */
export class MilterConnection {
  private readonly socket: Socket;
  private readonly received: Received[] = [];
  private rest: Buffer = Buffer.alloc(0);
  private wake: (() => void) | null = null;
  private isClosed = false;
  private steps = 0;

  static async open(port: number): Promise<MilterConnection> {
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    const connection = new MilterConnection(socket);
    socket.write(optneg(offers.postfix));
    const { letter, data } = await connection.next();
    if (letter !== "O") throw new Error(`the negotiation was answered with ${letter}`);
    connection.steps = data.readUInt32BE(8);
    return connection;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.wake?.();
    });
  }

  async greet(ip: string, name: string): Promise<void> {
    const connectMacros = macros("C", "j", "mx.test", "{daemon_name}", "mx.test", "v", "Postfix 3.7.11");
    await this.tell([connectMacros, client(ip, name)], step.noConnect, step.silentConnect);
    await this.tell([helo(name)], step.noHelo, step.silentHelo);
  }

  async envelope(mailFrom: string, rcptTo: string): Promise<void> {
    await this.tell([macros("M", "{mail_addr}", mailFrom), mail(mailFrom)], step.noMail, step.silentMail);
    await this.tell([macros("R", "i", queueId, "{rcpt_addr}", rcptTo), rcpt(rcptTo)], step.noRcpt, step.silentRcpt);
    await this.tell([macros("T", "i", queueId), data], step.noData, step.silentData);
  }

  /** The whole message, with further fields on top of it. */
  async convey({ fields, header, body: chunks }: Packets, onTop: readonly Field[]): Promise<Verdict> {
    const lead = this.has(step.leadingSpace) ? "kept" : "eaten";
    const isSilent = this.has(step.silentHeader) && this.has(step.silentEndOfHeader) && this.has(step.silentBody);
    const wanted = (packets: readonly Buffer[], no: number): readonly Buffer[] => (this.has(no) ? [] : packets);
    const endOfHeader = wanted([macros("N", "i", queueId), eoh], step.noEndOfHeader);
    if (isSilent) {
      const whole = [...wanted([headerOf(onTop, lead), header[lead]], step.noHeader), ...endOfHeader, ...wanted(chunks, step.noBody)];
      return this.verdict(Buffer.concat([...whole, macros("E", "i", queueId), eom]));
    }
    for (const one of [...onTop, ...fields]) await this.tell([headerOf([one], lead)], step.noHeader, step.silentHeader);
    await this.tell([macros("N", "i", queueId), eoh], step.noEndOfHeader, step.silentEndOfHeader);
    for (const chunk of chunks) {
      // A filter that has seen enough says so.
      if ((await this.tell([chunk], step.noBody, step.silentBody)) === "s") break;
    }
    return this.end();
  }

  /** The header, to a filter that answers nothing before the end. */
  header({ header }: Packets): Promise<void> {
    return this.push(Buffer.concat([header.kept, macros("N", "i", queueId), eoh]));
  }

  /** Resolves when the octets are on their way, so that back-pressure is felt. */
  push(packet: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): Promise<Verdict> {
    return this.verdict(Buffer.concat([macros("E", "i", queueId), eom]));
  }

  private async verdict(packets: Buffer): Promise<Verdict> {
    this.socket.write(packets);
    const inserted: Field[] = [];
    for (;;) {
      const { letter, data: octets } = await this.next();
      if (letter === "i") inserted.push(fieldOf(octets.subarray(4)));
      else if (letter === "h") inserted.push(fieldOf(octets));
      else if ("catryd".includes(letter)) return { letter, inserted };
    }
  }

  /** Nothing is written to it any more. */
  close(): void {
    this.socket.end(quit);
  }

  private has(bit: number): boolean {
    return (this.steps & bit) !== 0;
  }

  /** The letter of the answer; null where none is waited for. */
  private async tell(packets: readonly Buffer[], no: number, silent: number): Promise<string | null> {
    if (this.has(no)) return null;
    this.socket.write(Buffer.concat(packets));
    if (this.has(silent)) return null;
    const { letter } = await this.next();
    if (letter !== "c" && letter !== "s")
      throw new Error(
        `the filter at port ${this.socket.remotePort} answered ${letter} to ${packets.map((one) => one.toString("latin1", 4, 60))}`,
      );
    return letter;
  }

  private async next(): Promise<Received> {
    for (;;) {
      const one = this.received.shift();
      if (one !== undefined && one.letter !== "p") return one;
      if (one !== undefined) continue;
      if (this.isClosed) throw new Error("the filter closed the connection");
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private take(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (bytes.length >= 5) {
      const end = 4 + bytes.readUInt32BE(0);
      if (bytes.length < end) break;
      this.received.push({ letter: bytes.toString("latin1", 4, 5), data: bytes.subarray(5, end) });
      bytes = bytes.subarray(end);
    }
    this.rest = bytes;
    this.wake?.();
  }
}

const queueId = "4Nq1zZ0000z3Yk";
const data = Buffer.from([0, 0, 0, 1, 0x54]);

function fieldOf(octets: Buffer): Field {
  const [name = "", value = ""] = octets.toString("utf8").split("\0");
  return [name, value];
}

/**
 * A mail server of the tests: speaks SMTP or LMTP, answers what it is told to answer, keeps every command and message, and cuts where it is
 * told to. What it acknowledged with 2xx at the end of DATA it has; nothing else.
 */
import net from "node:net";
import tls from "node:tls";

export type Stage =
  | "greeting"
  | "EHLO"
  | "STARTTLS"
  | "XCLIENT"
  | "XFORWARD"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "message"
  | "end"
  | "RSET"
  | "QUIT";
export type Letter = { readonly mail: string; readonly rcpt: readonly string[]; readonly body: Buffer };

export type SinkScript = {
  readonly lmtp?: boolean;
  /** Lines of the EHLO answer behind the first. */
  readonly features?: readonly string[];
  /** Lines said in place of the usual answer; null: the usual one. `count`: how often that stage has come before. */
  readonly answer?: (stage: Stage, argument: string, count: number) => string | null;
  /** Ends the connection at that stage, before (`silent`) or after what is said. */
  readonly cut?: (stage: Stage, count: number) => "silent" | "after" | null;
  /** Waited for before the answer. */
  readonly before?: (stage: Stage) => Promise<void> | null;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly path?: string;
};

export type Sink = {
  readonly port: number;
  readonly path: string | null;
  /** In the order they came, of all connections. */
  readonly commands: string[];
  /** Acknowledged. */
  readonly letters: Letter[];
  /** Every octet that came, of all connections, after the TLS layer. */
  readonly heard: () => string;
  readonly connections: () => number;
  readonly opened: () => number;
  script: SinkScript;
  /** After DATA, nothing is read. */
  isDeaf: boolean;
  close(): Promise<void>;
};

export async function openSink(script: SinkScript = {}): Promise<Sink> {
  const open = new Set<net.Socket>();
  let opened = 0;
  const heard: Buffer[] = [];
  const server = net.createServer((socket) => {
    opened++;
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    new Dialogue(socket, sink, heard).start();
  });
  await new Promise<void>((resolve) => {
    if (script.path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(script.path, resolve);
  });
  const address = server.address();
  const sink: Sink = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    path: script.path ?? null,
    commands: [],
    letters: [],
    heard: () => Buffer.concat(heard).toString("latin1"),
    connections: () => open.size,
    opened: () => opened,
    script,
    isDeaf: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
  return sink;
}

export const usualFeatures = ["PIPELINING", "SIZE 100000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"];

class Dialogue {
  private socket: net.Socket;
  private readonly sink: Sink;
  private readonly heard: Buffer[];
  private input: Buffer = Buffer.alloc(0);
  private inData = false;
  /** Of a message, without its end; the last of them is at least five octets. */
  private readonly kept: Buffer[] = [];
  private mail = "";
  private rcpt: string[] = [];
  private readonly counts = new Map<Stage, number>();
  private busy: Promise<void> = Promise.resolve();

  constructor(socket: net.Socket, sink: Sink, heard: Buffer[]) {
    this.socket = socket;
    this.sink = sink;
    this.heard = heard;
  }

  start(): void {
    this.listen();
    this.queue(() => this.say("greeting", "", "220 sink.example ESMTP"));
  }

  private listen(): void {
    this.socket.on("data", (chunk: Buffer) => {
      this.heard.push(chunk);
      this.queue(() => this.feed(chunk));
    });
  }

  private queue(work: () => Promise<unknown>): void {
    this.busy = this.busy.then(work).then(
      () => {},
      () => {},
    );
  }

  private async feed(chunk: Buffer): Promise<void> {
    // The end of a message stands in the last chunk, or in the four octets before it.
    if (this.inData && this.kept.length > 0 && !Buffer.concat([this.kept.at(-1) ?? chunk, chunk]).includes("\r\n.\r\n")) {
      if (chunk.length >= 5) this.kept.push(chunk);
      else this.kept.push(Buffer.concat([this.kept.pop() ?? chunk, chunk]));
      return;
    }
    this.input = Buffer.concat([...this.kept.splice(0), this.input, chunk]);
    for (;;) {
      if (this.inData) {
        if (this.input.length > 0 && this.script.cut?.("message", 0) != null) this.socket.destroy();
        const end = this.input.subarray(0, 3).equals(Buffer.from(".\r\n")) ? -2 : this.input.indexOf("\r\n.\r\n");
        if (end === -1 || this.socket.destroyed) {
          if (this.input.length >= 65_536) this.kept.push(this.input);
          if (this.input.length >= 65_536) this.input = Buffer.alloc(0);
          return;
        }
        const body = this.input.subarray(0, Math.max(0, end + 2));
        this.input = this.input.subarray(end + 5);
        this.inData = false;
        await this.endOfData(Buffer.from(body));
        continue;
      }
      const end = this.input.indexOf("\r\n");
      if (end === -1) return;
      const line = this.input.subarray(0, end).toString("utf8");
      this.input = this.input.subarray(end + 2);
      await this.command(line);
    }
  }

  private get script(): SinkScript {
    return this.sink.script;
  }

  private async command(line: string): Promise<void> {
    this.sink.commands.push(line);
    const verb = line.split(" ", 1)[0]?.toUpperCase() ?? "";
    switch (verb) {
      case "EHLO":
      case "LHLO": {
        const secure = this.socket instanceof tls.TLSSocket;
        const features = [...(this.script.features ?? usualFeatures), ...(this.script.tls !== undefined && !secure ? ["STARTTLS"] : [])];
        const lines = ["sink.example", ...features];
        await this.say("EHLO", line, lines.map((each, i) => `250${i === lines.length - 1 ? " " : "-"}${each}`).join("\r\n"));
        return;
      }
      case "HELO":
        return void (await this.say("EHLO", line, "250 sink.example"));
      case "STARTTLS":
        return this.secure(line);
      case "XCLIENT":
        return void (await this.say("XCLIENT", line, "220 sink.example ESMTP"));
      case "XFORWARD":
        return void (await this.say("XFORWARD", line, "250 2.0.0 Ok"));
      case "MAIL":
        if (await this.say("MAIL", line, "250 2.1.0 Sender ok")) this.mail = line;
        return;
      case "RCPT":
        if (await this.say("RCPT", line, "250 2.1.5 Recipient ok")) this.rcpt.push(line);
        return;
      case "DATA":
        this.inData = await this.say("DATA", line, "354 Go ahead");
        if (this.sink.isDeaf) this.socket.pause();
        return;
      case "RSET":
        this.mail = "";
        this.rcpt = [];
        return void (await this.say("RSET", line, "250 2.0.0 Reset"));
      case "NOOP":
        return void (await this.say("RSET", line, "250 2.0.0 Ok"));
      case "QUIT":
        await this.say("QUIT", line, "221 2.0.0 Bye");
        this.socket.end();
        return;
      default:
        this.socket.write("500 5.5.2 What?\r\n");
    }
  }

  private async endOfData(stuffed: Buffer): Promise<void> {
    const body = Buffer.from(stuffed.toString("latin1").replace(/(^|\r\n)\./g, "$1"), "latin1");
    const recipients = this.script.lmtp === true ? this.rcpt : [this.rcpt.join(",")];
    const taken: string[] = [];
    for (const recipient of recipients) {
      if (await this.say("end", recipient, "250 2.0.0 Ok: queued as 4Xyz", () => taken.push(recipient))) continue;
    }
    if (taken.length > 0) this.sink.letters.push({ mail: this.mail, rcpt: this.script.lmtp === true ? taken : this.rcpt, body });
    this.mail = "";
    this.rcpt = [];
  }

  /** True where the answer is 2xx or 3xx. `onTaken`: at the moment of saying so, whoever hears it. */
  private async say(stage: Stage, argument: string, usual: string, onTaken?: () => void): Promise<boolean> {
    const count = this.counts.get(stage) ?? 0;
    this.counts.set(stage, count + 1);
    await this.script.before?.(stage);
    const cut = this.script.cut?.(stage, count) ?? null;
    if (cut === "silent") {
      this.socket.destroy();
      return false;
    }
    const said = this.script.answer?.(stage, argument, count) ?? usual;
    const isGood = /^[23]/.test(said);
    if (isGood) onTaken?.();
    this.socket.write(`${said}\r\n`, "latin1", () => {
      if (cut === "after") this.socket.destroy();
    });
    return isGood;
  }

  private async secure(line: string): Promise<void> {
    if (!(await this.say("STARTTLS", line, "220 2.0.0 Go"))) return;
    const raw = this.socket;
    raw.removeAllListeners("data");
    this.socket = new tls.TLSSocket(raw, { isServer: true, ...this.script.tls });
    this.socket.on("error", () => {});
    this.listen();
  }
}

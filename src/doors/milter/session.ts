/**
 * One milter connection, from its negotiation to its end: connection, greeting, and any number of messages, each a dialogue of its own.
 * Packets are taken strictly in the order they came; while one waits for its answer, those behind it wait too. What is out of order, or
 * garbage, ends the connection: no mail server sends it. A fault of ours is a temporary failure of the message. It touches no socket.
 */
import { limits } from "../../base/limits.ts";
import type { Client, Dialogue, Service } from "../../gateway/dialogue/journey.ts";
import { answerToMessage, continued, inProgress, refusal, temporaryFailure } from "./edits.ts";
import { readAddress, readConnect, readHelo } from "./events.ts";
import { Macros } from "./macros.ts";
import { type Agreement, type Needs, negotiate } from "./negotiate.ts";
import { command, type Frame, FrameReader } from "./packet.ts";
import { Transfer } from "./transfer.ts";

export type Habits = {
  /** Services of the mail server whose mail is our own users'. */
  readonly outboundDaemons: readonly string[];
  /** What is to be quarantined waits in the server's queue. */
  readonly hold: boolean;
};

/** What the connection is carried by. */
export type Wire = {
  write(bytes: Buffer): void;
  /** Sends what is written, and closes. */
  finish(): void;
  /** Takes no more in, until told to. */
  hold(): void;
  resume(): void;
  /** `content`: within a message, packets follow each other closely. */
  expect(next: "negotiation" | "message" | "content"): void;
};

export type SessionMeans = {
  readonly service: Service;
  readonly listener: Client["listener"];
  readonly habits: () => Habits;
  /** So much is to do that waiting less counts for more than asking DNS early. */
  readonly isBusy: () => boolean;
  /** The server there said last that it is Postfix: it says so only after a connection was negotiated. */
  readonly isPostfix: () => boolean;
  readonly onServer: (isPostfix: boolean) => void;
  readonly onFault: (error: unknown, where: string) => void;
  readonly onAgreement: (agreement: Agreement) => void;
};

/** What the other side says is not the protocol. */
export class MilterProtocolError extends Error {
  override name = "MilterProtocolError";
}

export class Session {
  private readonly wire: Wire;
  private readonly means: SessionMeans;
  private readonly frames = new FrameReader();
  private readonly macros = new Macros();
  private agreement: Agreement | null = null;
  private connected: { readonly ip: string | null } | null = null;
  private helo: string | null = null;
  private message: Transfer | null = null;
  /** An answer is on its way. */
  private isBusy = false;
  private isHeld = false;
  private isDraining = false;
  private isOver = false;
  private progress: NodeJS.Timeout | null = null;

  constructor(wire: Wire, means: SessionMeans) {
    this.wire = wire;
    this.means = means;
    wire.expect("negotiation");
  }

  /** Octets that came and wait: packets behind an unanswered one, and content that was not inspected yet. */
  get waitingBytes(): number {
    return this.frames.waiting + (this.message?.waiting ?? 0);
  }

  receive(chunk: Buffer): void {
    if (this.isOver) return;
    this.frames.push(chunk);
    this.run();
  }

  /** The other side is gone, or has been silent for too long. */
  lost(): void {
    if (!this.isOver) this.close("lost");
  }

  /** Ends when no message is under way any more. */
  drain(): void {
    this.isDraining = true;
    if (this.message === null && !this.isBusy && !this.isOver) this.end();
  }

  /** Ends now; a message that waits for its answer is told to come again. */
  cut(): void {
    if (this.isOver) return;
    if (this.isBusy) this.wire.write(temporaryFailure);
    this.end();
  }

  private run(): void {
    try {
      while (!this.isBusy && !this.isOver) {
        const frame = this.frames.next();
        if (frame === "incomplete") break;
        const answer = frame === "garbage" ? this.refuse("a length that no packet has") : this.take(frame);
        if (answer !== undefined) this.wait(answer);
      }
      if (!this.isBusy && !this.isOver) this.message?.pause();
    } catch (error) {
      this.fail(error);
    }
    this.flow();
  }

  /** One for each packet whose answer takes time: never for content. */
  private wait(answer: Promise<void>): void {
    this.isBusy = true;
    const next = () => {
      this.isBusy = false;
      if (!this.isOver) this.run();
    };
    answer.then(next, (error: unknown) => {
      this.fail(error);
      next();
    });
  }

  private take(frame: Frame): Promise<void> | undefined {
    if (this.agreement === null) return this.open(frame);
    switch (frame.command) {
      case command.header:
        return this.field(frame, this.agreement);
      case command.body:
        return this.body(frame, this.agreement);
      case command.macros:
        this.macros.take(frame);
        return;
      case command.rcpt:
        return this.rcpt(frame, this.agreement);
      case command.mail:
        return this.mail(frame, this.agreement);
      case command.endOfHeader:
        return this.endOfHeader(this.agreement);
      case command.endOfMessage:
        return this.endOfMessage(frame, this.agreement);
      case command.connect:
        return this.connect(frame, this.agreement);
      case command.helo:
        return this.greet(frame, this.agreement);
      default:
        return this.other(frame);
    }
  }

  private other(frame: Frame): undefined {
    switch (frame.command) {
      case command.abort:
        // Also behind the end of a message. What is known of the connection stays.
        this.abandon("the mail server gave the message up");
        return this.drainIfIdle();
      case command.quitForNew:
        this.abandon("the mail server ended the connection");
        this.macros.endConnection();
        this.connected = null;
        this.helo = null;
        return this.drainIfIdle();
      case command.quit:
        return this.end();
      case command.negotiation:
        return this.refuse("a second negotiation");
      case command.data:
        // Where nobody waits for it, TCP holds the message back until what came with DATA is acknowledged: this does it.
        this.wire.write(this.agreement?.answers.data === false ? inProgress : continued);
        return;
      default:
        // Commands that the server does not know itself, and packets that we do not know.
        this.wire.write(continued);
    }
  }

  private open(frame: Frame): undefined {
    const negotiated = frame.command === command.negotiation ? negotiate(frame, this.needs()) : null;
    // Not worth a line in the log: anybody who tries the port.
    if (negotiated === null) return this.end();
    this.agreement = negotiated.agreement;
    this.wire.write(negotiated.reply);
    this.wire.expect("message");
    this.means.onAgreement(negotiated.agreement);
  }

  private needs(): Needs {
    const { mail, rcpt } = this.means.service.mayRefuse;
    // The answer to MAIL lets Postfix send it at once, and DNS be asked from there on.
    const isQuiet = !this.means.isBusy();
    return { isPostfix: this.means.isPostfix(), mail: mail || isQuiet, rcpt, data: isQuiet };
  }

  private connect(frame: Frame, { answers }: Agreement): undefined {
    if (this.connected !== null || this.message !== null) return this.refuse("a second connection");
    const connect = readConnect(frame);
    if (connect === null) return this.refuse("a connection that cannot be read");
    this.connected = connect;
    this.means.onServer(this.macros.isPostfix);
    if (answers.connect) this.wire.write(continued);
  }

  private greet(frame: Frame, { answers }: Agreement): undefined {
    if (this.connected === null || (this.message !== null && this.message.part !== "envelope")) return this.refuse("HELO out of order");
    this.helo = readHelo(frame);
    if (answers.helo) this.wire.write(continued);
  }

  private mail(frame: Frame, { leadingSpace, answers }: Agreement): Promise<void> | undefined {
    const { connected } = this;
    if (connected === null || (this.message !== null && this.message.part !== "envelope")) return this.refuse("MAIL out of order");
    const mailFrom = readAddress(frame);
    if (mailFrom === null) return this.refuse("MAIL without an address");
    const dialogue = this.means.service.open(this.client(connected.ip));
    const lead = leadingSpace ? "kept" : "eaten";
    this.message = new Transfer(dialogue, { lead, queueId: () => this.macros.queueId, onRead: () => this.flow() });
    if (answers.mail) return this.begin(mailFrom, dialogue);
    dialogue.begin(mailFrom);
    return undefined;
  }

  private async begin(mailFrom: string, dialogue: Dialogue): Promise<void> {
    const reply = await dialogue.mail(mailFrom);
    if (this.isOver) return;
    this.wire.write(reply === null ? continued : refusal(reply));
    if (reply !== null) this.endMessage();
  }

  private rcpt(frame: Frame, { answers }: Agreement): Promise<void> | undefined {
    const { message } = this;
    if (message === null || message.part !== "envelope") return this.refuse("RCPT out of order");
    const recipient = readAddress(frame);
    if (recipient === null) return this.refuse("RCPT without an address");
    const isRefused = this.macros.recipientIsRefused;
    this.macros.endRecipient();
    if (answers.rcpt && !isRefused) return this.ask(recipient, message);
    if (answers.rcpt) this.wire.write(continued);
    else if (!isRefused) message.note(recipient);
    return undefined;
  }

  private async ask(recipient: string, message: Transfer): Promise<void> {
    const { dialogue } = message;
    let answer = temporaryFailure;
    try {
      const reply = await dialogue.rcpt(recipient);
      answer = reply === null ? continued : refusal(reply);
    } catch (error) {
      // The message's other recipients are not touched by it.
      this.means.onFault(error, "milter");
    }
    if (answer === continued) message.recipients += 1;
    if (answer === continued && message.recipients > limits.milterRecipientsMax) dialogue.drop(recipient);
    if (!this.isOver) this.wire.write(answer);
  }

  private field(frame: Frame, { answers }: Agreement): undefined {
    const { message } = this;
    if (message === null || message.part === "body") return this.refuse("a header field out of order");
    if (message.part === "envelope") this.wire.expect("content");
    if (!message.addField(frame)) return this.refuse("a header field that cannot be read");
    if (answers.header) this.wire.write(continued);
  }

  private endOfHeader({ answers }: Agreement): undefined {
    const { message } = this;
    if (message === null || message.part === "body") return this.refuse("the end of a header out of order");
    message.endHeader();
    if (answers.endOfHeader) this.wire.write(continued);
  }

  private body(frame: Frame, { answers }: Agreement): undefined {
    if (this.message?.part !== "body") return this.refuse("a body out of order");
    this.message.addBody(frame);
    if (answers.body) this.wire.write(continued);
  }

  private endOfMessage(frame: Frame, agreement: Agreement): Promise<void> | undefined {
    if (this.message?.part !== "body") return this.refuse("the end of a message out of order");
    // Some servers send the last of the body with it.
    this.message.addBody(frame);
    return this.decided(this.message, agreement);
  }

  private async decided(message: Transfer, agreement: Agreement): Promise<void> {
    const told = setInterval(() => this.wire.write(inProgress), limits.milterProgressMs);
    this.progress = told;
    try {
      const disposition = await message.finish();
      if (this.isOver) return;
      const edited = { agreement, hold: this.means.habits().hold, oddHeader: message.oddHeader };
      // Where nobody is left to be answered, says the dialogue, the server still is.
      this.wire.write(disposition.kind === "gone" ? temporaryFailure : answerToMessage(disposition, edited));
      this.endMessage();
    } finally {
      clearInterval(told);
    }
  }

  private client(ip: string | null): Client {
    const { daemon, tls, authenticatedAs } = this.macros;
    const isOurs = this.means.listener === "submission" || (daemon !== null && this.means.habits().outboundDaemons.includes(daemon));
    return { listener: isOurs ? "submission" : "inbound", ip, helo: this.helo, tls, authenticatedAs };
  }

  private endMessage(): void {
    this.message = null;
    this.macros.endMessage();
    this.wire.expect("message");
    if (this.isDraining) this.end();
  }

  private abandon(why: string): void {
    this.message?.abandon(why);
    this.message = null;
    this.macros.endMessage();
    this.wire.expect("message");
  }

  private drainIfIdle(): undefined {
    if (this.isDraining) this.end();
  }

  private refuse(what: string): undefined {
    this.means.onFault(new MilterProtocolError(what), "milter");
    this.end();
  }

  /** A fault of ours. The server waits for an answer only where one is on its way. */
  private fail(error: unknown): void {
    this.means.onFault(error, "milter");
    if (this.isOver) return;
    if (!this.isBusy) {
      this.close("finish");
      return;
    }
    this.wire.write(temporaryFailure);
    this.message?.abandon("a fault of ours");
    this.endMessage();
  }

  private end(): undefined {
    if (!this.isOver) this.close("finish");
  }

  private close(how: "finish" | "lost"): void {
    this.isOver = true;
    if (how === "finish") this.wire.finish();
    if (this.progress !== null) clearInterval(this.progress);
    this.message?.abandon("the connection was lost");
    this.message = null;
  }

  /** Holds the connection while too much waits. */
  private flow(): void {
    // Unless an answer is awaited, what the reader holds is the beginning of one packet: the rest must come.
    const packets = this.isBusy ? this.frames.waiting : 0;
    const isFull = packets + (this.message?.waiting ?? 0) > limits.milterStreamBytesMax;
    if (isFull === this.isHeld || this.isOver) return;
    this.isHeld = isFull;
    if (isFull) this.wire.hold();
    else this.wire.resume();
  }
}

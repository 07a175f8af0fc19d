/**
 * One SMTP session of a client (RFC 5321 §4.1): which command may come when, and what is answered. It knows no socket. It decides about no
 * recipient and relays for nobody by itself: every RCPT that the journey has nothing against is asked of the next hop, whose word it is.
 * It has no AUTH: who has logged in is told with XCLIENT or XFORWARD by a listed host. No BDAT, no ETRN, no TURN.
 */

import { limits } from "../../base/limits.ts";
import type { Client, Service } from "../../gateway/dialogue/journey.ts";
import type { Tls } from "../../mail/transaction.ts";
import { type Features, isTaken, noFeatures, offered, refusedMail, refusedRcpt, toldParameters } from "./capabilities.ts";
import { forwardedOf } from "./client-name.ts";
import { type Address, addressLine, type Command, isPlainAscii, readAddress, readCommand } from "./command.ts";
import type { MessageInput } from "./input.ts";
import { type Ended, MailTransaction } from "./mail-transaction.ts";
import type { Hop, NextHop } from "./next-hop.ts";
import { NextHopLost } from "./next-hop-channel.ts";
import { ClientRefused } from "./next-hop-hello.ts";
import { type Forwarded, type Origin, readOrigin, xclientAttributes, xforwardAttributes } from "./origin.ts";
import type { PartialDeliveries } from "./partial-deliveries.ts";
import { isPositive, ownReply, type Reply, replies, replyOf } from "./reply.ts";
import type { SpoolPlace } from "./spool.ts";

/** What all sessions of a door share. */
export type ProxyParts = {
  readonly service: Service;
  readonly listener: Client["listener"];
  readonly nextHop: NextHop;
  readonly partial: PartialDeliveries;
  readonly hostname: () => string;
  readonly messageBytesMax: () => number;
  readonly spool: () => SpoolPlace;
  readonly offersTls: () => boolean;
  readonly onFault: (error: unknown, where: string) => void;
};

export type Peer = { readonly ip: string | null; readonly port: number | null; readonly isListed: boolean };

/** `data`: the message comes next. */
export type Answer = { readonly reply: Reply; readonly after: "next" | "close" | "tls" | "data" };

export class Session {
  readonly #proxy: ProxyParts;
  readonly #peer: Peer;
  #tls: Tls | null = null;
  #helo: string | null = null;
  #greeting: "HELO" | "EHLO" | null = null;
  /** What the next hop was known to offer when EHLO was answered; null: nobody knew. */
  #features: Features | null = null;
  #xclient: Origin | null = null;
  /** After XCLIENT, the client's own words come next: it may not say again who it is. */
  #isHandedOver = false;
  #xforward: Origin | null = null;
  #hop: Hop | null = null;
  #mail: MailTransaction | null = null;
  #errors = 0;
  #idle = 0;
  readonly #over = new AbortController();

  constructor(proxy: ProxyParts, peer: Peer) {
    this.#proxy = proxy;
    this.#peer = peer;
  }

  /** Whether a message is under way. */
  get isBusy(): boolean {
    return this.#mail !== null;
  }

  /** Never rejects. */
  async command(line: Buffer): Promise<Answer> {
    const command = readCommand(line);
    // RFC 5321 §2.3.8: what else there is in such a line nobody can say.
    if (command === null) return { reply: replies.badLine, after: "close" };
    if (command.verb !== "RCPT") this.#idle++;
    if (this.#idle > limits.proxyIdleCommandsMax) return { reply: replies.tooManyCommands, after: "close" };
    const answer = await this.#guarded(() => this.#answer(command));
    if ([500, 501, 502, 503, 555].includes(answer.reply.code)) this.#errors++;
    if (this.#errors > limits.proxyErrorsMax) return { reply: replies.tooManyErrors, after: "close" };
    return answer.reply.code === 421 ? { ...answer, after: "close" } : answer;
  }

  /** The message, behind the 354. Never rejects. */
  async data(input: MessageInput): Promise<Ended> {
    const mail = this.#mail;
    if (mail === null) return { reply: replies.noRecipients, after: "close" };
    try {
      const ended = await mail.data(input);
      return ended.reply?.code === 421 ? { ...ended, after: "close" } : ended;
    } catch (error) {
      // The rest of the message may still be on its way: it must not be read as commands.
      mail.hop.destroy();
      this.#proxy.onFault(error, "DATA");
      return { reply: replies.fault, after: "close" };
    } finally {
      this.#hop = mail.hop;
      if (this.#over.signal.aborted) mail.hop.quit();
      this.#forget();
      this.#errors = 0;
      this.#idle = 0;
    }
  }

  /** RFC 3207 §4.2: what was said before the handshake is forgotten. */
  secured(tls: Tls): void {
    this.#reset();
    this.#tls = tls;
    this.#helo = null;
    this.#greeting = null;
  }

  /** The client is gone. */
  end(): void {
    this.#over.abort();
    this.#mail?.cancel();
    this.#hop?.quit();
  }

  async #guarded(answer: () => Promise<Answer> | Answer): Promise<Answer> {
    try {
      return await answer();
    } catch (error) {
      this.#giveUp();
      if (error instanceof ClientRefused) return next(error.reply);
      if (error instanceof NextHopLost) return next(this.#mail === null ? replies.nextHopDown : replies.nextHopLost);
      this.#proxy.onFault(error, "a command");
      return next(replies.fault);
    }
  }

  #answer({ verb, rest, octets }: Command): Promise<Answer> | Answer {
    switch (verb) {
      case "EHLO":
      case "HELO":
        return this.#hello(verb, rest);
      case "MAIL":
        return this.#mailFrom(rest);
      case "RCPT":
        return this.#rcptTo(rest, octets);
      case "DATA":
        return this.#dataBegins(rest);
      case "RSET":
        this.#reset();
        return next(replies.ok);
      case "NOOP":
        return next(replies.ok);
      case "QUIT":
        return { reply: replies.bye, after: "close" };
      case "STARTTLS":
        return this.#startTls(rest);
      case "XCLIENT":
        return this.#isXclient(rest);
      case "XFORWARD":
        return this.#isXforward(rest);
      case "VRFY":
        return next(replies.cannotVerify);
      case "HELP":
        return next(replies.help);
      // RFC 3030 §2: octets follow at once, and must not be read as commands. Nor must what a browser was made to post.
      case "BDAT":
      case "GET":
      case "POST":
      case "PUT":
      case "OPTIONS":
      case "CONNECT":
        return { reply: replies.notImplemented, after: "close" };
      case "EXPN":
      case "AUTH":
        return next(replies.notImplemented);
      default:
        return next(replies.notUnderstood);
    }
  }

  async #hello(verb: "HELO" | "EHLO", rest: string): Promise<Answer> {
    if (!/^[^ ]+$/.test(rest) || rest.length > limits.proxyHelloCharactersMax) return next(replies.helloSyntax);
    // RFC 5321 §4.1.4: EHLO in a session is RSET too.
    this.#reset();
    this.#features = await this.#proxy.nextHop.features();
    this.#helo = rest;
    this.#greeting = verb;
    this.#isHandedOver = this.#xclient?.has("ADDR") ?? false;
    const lines = verb === "EHLO" ? this.#offer() : [];
    return next(replyOf(250, this.#proxy.hostname(), ...lines));
  }

  #offer(): readonly string[] {
    const extra = [
      ...(this.#mayStartTls() && this.#tls === null ? ["STARTTLS"] : []),
      ...(this.#maySpeakFor() ? [`XCLIENT ${xclientAttributes.join(" ")}`, `XFORWARD ${xforwardAttributes.join(" ")}`] : []),
    ];
    return offered(this.#features ?? noFeatures, { messageBytesMax: this.#proxy.messageBytesMax(), extra });
  }

  /** Not after XCLIENT (attack): what it said would be forgotten (RFC 3207 §4.2), and the client be taken for the listed host. */
  #mayStartTls(): boolean {
    return this.#proxy.offersTls() && this.#xclient === null;
  }

  #maySpeakFor(): boolean {
    return this.#peer.isListed && !this.#isHandedOver;
  }

  async #mailFrom(rest: string): Promise<Answer> {
    if (this.#greeting === null) return next(replies.helloFirst);
    if (this.#mail !== null) return next(replies.nestedMail);
    const address = readAddress("FROM", rest);
    if (address === null) return next(replies.mailSyntax);
    const wrong = this.#wrongIn(address);
    if (wrong !== null) return next(wrong);
    const client = this.#client();
    const dialogue = this.#proxy.service.open(client);
    const refusal = await dialogue.mail(address.path);
    if (refusal !== null) return next(ownReply(refusal));
    const told = forwardedOf(this.#origin(client), () => dialogue.reverseName());
    const { hop, reply } = await this.#mailAtNextHop(told, address);
    this.#hop = hop;
    if (!isPositive(reply)) return next(reply);
    const { nextHop, partial, onFault } = this.#proxy;
    this.#mail = new MailTransaction({
      ...{ dialogue, hop, partial, onFault, mailFrom: address.path },
      reopen: () => this.#opened(told, address),
      mailLine: (each) => mailLine(each, address),
      isLmtp: nextHop.protocol === "lmtp",
      spool: this.#proxy.spool(),
      messageBytesMax: this.#proxy.messageBytesMax(),
    });
    return next(reply);
  }

  #wrongIn(address: Address): Reply | null {
    // Who was offered what nobody knows: the next hop is down, or comes up just now. The client asks again later, and is told.
    if (this.#features === null) return replies.nextHopDown;
    if (!isPlainAscii(address.path) && !address.parameters.has("SMTPUTF8")) return replies.notAscii;
    return refusedMail(address, this.#features, this.#proxy.messageBytesMax());
  }

  /** A connection that waited since the last message may have ended without a word: then another is tried, once. */
  async #mailAtNextHop(told: Forwarded, address: Address): Promise<{ readonly hop: Hop; readonly reply: Reply }> {
    const kept = this.#hop?.isOpen && this.#hop.isFor(told.known) ? this.#hop : null;
    if (kept === null) this.#giveUp();
    if (kept !== null) {
      const reply = await kept.mail(mailLine(kept, address)).catch(isLost);
      if (reply !== null && reply.code !== 421) return { hop: kept, reply };
      kept.destroy();
    }
    const hop = await this.#opened(told, address);
    this.#hop = hop;
    return { hop, reply: await hop.mail(mailLine(hop, address)) };
  }

  /** Another connection, to a next hop that takes what was said at MAIL. */
  async #opened(told: Forwarded, address: Address): Promise<Hop> {
    const hop = await this.#proxy.nextHop.open(told, this.#over.signal);
    if (isTaken(address.parameters, hop.features)) return hop;
    hop.quit();
    throw new ClientRefused(replies.nextHopChanged);
  }

  async #rcptTo(rest: string, octets: number): Promise<Answer> {
    if (this.#mail === null) return next(this.#greeting === null ? replies.helloFirst : replies.mailFirst);
    const address = readAddress("TO", rest);
    if (address === null || address.path === "") return next(replies.rcptSyntax);
    const features = this.#features ?? noFeatures;
    const isForeign = !isPlainAscii(address.path) && !features.has("SMTPUTF8");
    const wrong = isForeign ? replies.notAscii : refusedRcpt(address, features);
    return next(await this.#mail.rcpt(address, { octets, wrong }));
  }

  #dataBegins(rest: string): Answer {
    if (this.#mail === null) return next(this.#greeting === null ? replies.helloFirst : replies.mailFirst);
    if (rest !== "") return next(replies.noArguments);
    if (this.#mail.recipients === 0) return next(replies.noRecipients);
    return { reply: replies.goAhead, after: "data" };
  }

  #startTls(rest: string): Answer {
    if (!this.#mayStartTls()) return next(replies.notImplemented);
    if (rest !== "") return next(replies.noArguments);
    if (this.#tls !== null) return next(replies.alreadyTls);
    this.#reset();
    return { reply: replies.startTls, after: "tls" };
  }

  #isXclient(rest: string): Answer {
    const { origin, refusal } = this.#told(rest);
    if (refusal !== null) return next(refusal);
    this.#reset();
    this.#xclient = new Map([...(this.#xclient ?? []), ...origin]);
    this.#helo = this.#xclient.get("HELO") ?? null;
    this.#greeting = null;
    return next(replyOf(220, `${this.#proxy.hostname()} ESMTP`));
  }

  #isXforward(rest: string): Answer {
    const { origin, refusal } = this.#told(rest);
    if (refusal !== null) return next(refusal);
    this.#xforward = new Map([...(this.#xforward ?? []), ...origin]);
    return next(replies.ok);
  }

  #told(rest: string): { readonly origin: Origin; readonly refusal: null } | { readonly origin: null; readonly refusal: Reply } {
    if (!this.#maySpeakFor()) return { origin: null, refusal: replies.notAuthorized };
    if (this.#mail !== null) return { origin: null, refusal: replies.inTransaction };
    const origin = readOrigin(rest);
    return origin === null ? { origin, refusal: replies.attributeSyntax } : { origin, refusal: null };
  }

  /** Who is connected, as far as those may say who are listed. What such a host says of itself is not what its client says. */
  #client(): Client {
    const told: Origin = new Map([...(this.#xclient ?? []), ...(this.#xforward ?? [])]);
    const { listener } = this.#proxy;
    const authenticatedAs = told.get("LOGIN") ?? null;
    if (!told.has("ADDR")) return { listener, ip: this.#peer.ip, helo: this.#helo, tls: this.#tls, authenticatedAs };
    const helo = this.#xforward?.has("ADDR") ? (this.#xforward.get("HELO") ?? null) : this.#helo;
    return { listener, ip: told.get("ADDR") ?? null, helo, tls: null, authenticatedAs };
  }

  /** What the next hop is told of the client. */
  #origin({ ip, helo, authenticatedAs }: Client): Origin {
    const told: Origin = new Map([...(this.#xclient ?? []), ...(this.#xforward ?? [])]);
    const port = told.has("ADDR") ? (told.get("PORT") ?? null) : this.#peer.port === null ? null : String(this.#peer.port);
    return new Map([
      ...(told.has("NAME") ? [["NAME", told.get("NAME") ?? null] as const] : []),
      ["ADDR", ip],
      ["PORT", port],
      ["PROTO", told.get("PROTO") ?? (this.#greeting === "HELO" ? "SMTP" : "ESMTP")],
      ["HELO", helo],
      ...(told.has("IDENT") ? [["IDENT", told.get("IDENT") ?? null] as const] : []),
      ...(told.has("SOURCE") ? [["SOURCE", told.get("SOURCE") ?? null] as const] : []),
      ["LOGIN", authenticatedAs],
    ]);
  }

  #reset(): void {
    this.#mail?.abort();
    this.#forget();
  }

  /** The transaction is over; with it what XFORWARD said of it. */
  #forget(): void {
    this.#mail = null;
    this.#xforward = null;
  }

  /** The connection to the next hop is of no use any more, and a message under way with it. */
  #giveUp(): void {
    this.#hop?.quit();
    this.#hop = null;
  }
}

function isLost(error: unknown): null {
  if (error instanceof NextHopLost) return null;
  throw error;
}

function next(reply: Reply): Answer {
  return { reply, after: "next" };
}

function mailLine(hop: Hop, { path, parameters }: Address): string {
  return addressLine("MAIL FROM", { path, parameters: toldParameters(parameters, hop.features) });
}

/**
 * The next hop as a session sees it. What it offers is known from every connection and asked for anew when that is old, by one probe for all
 * who wait. A Hop is one connection, good for several messages. It hides nothing that the next hop says and says nothing in its place.
 */

import { limits } from "../../base/limits.ts";
import type { NextHop as NextHopPlace } from "../../config/values.ts";
import type { Features } from "./capabilities.ts";
import { dotStuffed } from "./dot-stuffing.ts";
import { type NextHopChannel, NextHopLost } from "./next-hop-channel.ts";
import { type Greeted, greet, type HelloOptions } from "./next-hop-hello.ts";
import { type Forwarded, forwardCommands, type Origin } from "./origin.ts";
import { isPositive, type Reply, replies } from "./reply.ts";

export class NextHop {
  readonly #options: () => HelloOptions;
  readonly #onDown: (error: unknown) => void;
  #known: { readonly features: Features; readonly at: number } | null = null;
  #asking: Promise<Features | null> | null = null;
  #isDown = false;

  constructor(options: () => HelloOptions, onDown: (error: unknown) => void) {
    this.#options = options;
    this.#onDown = onDown;
  }

  get protocol(): NextHopPlace["protocol"] {
    return this.#options().place.protocol;
  }

  /** What it offers; null: nobody knows, for it does not answer. */
  async features(): Promise<Features | null> {
    if (this.#known === null) return this.#soon();
    if (Date.now() - this.#known.at > limits.nextHopFeaturesMs) void this.#ask();
    return this.#known.features;
  }

  /** `signal`: the client is gone, and nobody waits any more. */
  async open(told: Forwarded, signal: AbortSignal): Promise<Hop> {
    const greeted = await this.#greet(told, signal);
    return new Hop(greeted, this.protocol, told);
  }

  #soon(): Promise<Features | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), limits.nextHopProbeMs);
      void this.#ask().then((features) => {
        clearTimeout(timer);
        resolve(features);
      });
    });
  }

  #ask(): Promise<Features | null> {
    this.#asking ??= this.#greet(null, null)
      .then(({ channel, own }) => {
        channel.quit();
        return own;
      })
      .catch(() => null)
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }

  async #greet(told: Forwarded | null, signal: AbortSignal | null): Promise<Greeted> {
    try {
      const greeted = await greet(this.#options(), told, signal);
      this.#isDown = false;
      this.#known = { features: greeted.own, at: Date.now() };
      return greeted;
    } catch (error) {
      // Told once, and not for every message; a client that went away says nothing of the next hop.
      if (error instanceof NextHopLost && !this.#isDown && signal?.aborted !== true) {
        this.#isDown = true;
        this.#onDown(error);
      }
      throw error;
    }
  }
}

/** The end of a message: one reply, or to LMTP one for each recipient (RFC 2033 §4.2). */
export type Delivered =
  | { readonly kind: "replies"; readonly replies: readonly Reply[] }
  | { readonly kind: "refused"; readonly reply: Reply };

export class Hop {
  readonly #channel: NextHopChannel;
  readonly #protocol: NextHopPlace["protocol"];
  readonly #greeted: Greeted;
  readonly #told: Forwarded;
  #resetting: Promise<unknown> | null = null;
  /** MAIL was taken, and neither the message nor RSET has ended that. */
  #isInTransaction = false;

  constructor(greeted: Greeted, protocol: NextHopPlace["protocol"], told: Forwarded) {
    this.#channel = greeted.channel;
    this.#greeted = greeted;
    this.#protocol = protocol;
    this.#told = told;
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  get features(): Features {
    return this.#greeted.features;
  }

  /** Whether it speaks for that client: whose name was asked for when this connection began, and is not asked for again. */
  isFor(origin: Origin): boolean {
    const words = (each: Origin): string => JSON.stringify([...each]);
    return words(origin) === words(this.#told.known);
  }

  /** MAIL, behind what tells of the client. */
  async mail(line: string): Promise<Reply> {
    // RFC 5321 §4.1.4: where DATA was refused, or nobody was left to get the message, the transaction goes on, and this MAIL would be nested.
    if (this.#isInTransaction) this.reset();
    await this.#resetting;
    if (this.#greeted.forwards === "xforward") {
      for (const command of await forwardCommands("XFORWARD", this.#told, this.features.get("XFORWARD") ?? "")) {
        // Only its log would be the poorer: no reason to refuse mail.
        await this.#channel.ask(command, limits.nextHopCommandMs);
      }
    }
    const reply = await this.#answer(line);
    this.#isInTransaction = isPositive(reply);
    return reply;
  }

  rcpt(line: string): Promise<Reply> {
    return this.#answer(line);
  }

  /** RSET, without waiting for its answer. */
  reset(): void {
    if (!this.isOpen) return;
    this.#isInTransaction = false;
    this.#resetting = this.#channel.ask("RSET", limits.nextHopCommandMs).then(
      (reply) => (isPositive(reply) ? undefined : this.destroy()),
      () => {},
    );
  }

  /** The whole message, for that many recipients; a Reply with 2xx comes from nowhere but the next hop, after the end was said. */
  async deliver(message: AsyncIterable<Buffer>, recipients: number): Promise<Delivered> {
    const first = await this.#channel.ask("DATA", limits.nextHopCommandMs);
    if (first.code !== 354) return { kind: "refused", reply: this.#refusal(first) };
    const awaited = Array.from({ length: this.#protocol === "lmtp" ? recipients : 1 }, () => this.#channel.expect());
    const early: Reply[] = [];
    for (const each of awaited) each.then((reply) => early.push(reply)).catch(() => {});
    let isEndSaid = false;
    try {
      for await (const chunk of dotStuffed(message)) {
        if (early.length > 0) break;
        await this.#channel.write(chunk);
      }
      isEndSaid = early.length === 0;
      if (isEndSaid) await this.#channel.write(Buffer.from(".\r\n"));
    } catch (error) {
      // What we read from failed, and the message must not end here; or the connection ended, and the next hop may have said why.
      this.#channel.destroy();
      if (early.length === 0) throw error;
    }
    if (!isEndSaid) return { kind: "refused", reply: this.#tooEarly(early[0]) };
    this.#isInTransaction = false;
    const settled = await this.#channel.within(Promise.allSettled(awaited), limits.nextHopEndMs);
    if (settled.every(({ status }) => status === "rejected")) throw new NextHopLost("the next hop did not answer to the message");
    return {
      kind: "replies",
      replies: settled.map((each) => (each.status === "rejected" ? replies.nextHopLost : expectedReply(each.value))),
    };
  }

  quit(): void {
    this.#channel.quit();
  }

  destroy(): void {
    this.#channel.destroy();
  }

  async #answer(line: string): Promise<Reply> {
    return expectedReply(await this.#channel.ask(line, limits.nextHopCommandMs));
  }

  /** DATA was refused. 2xx would be no answer to it. */
  #refusal(reply: Reply): Reply {
    if (reply.code < 400) this.#channel.destroy();
    if (reply.code < 400) throw new NextHopLost(`DATA: the next hop said ${reply.code}`);
    return reply;
  }

  /** It answered before the message was whole: both sides are out of step. It can have refused it, and nothing else. */
  #tooEarly(reply: Reply | undefined): Reply {
    this.#channel.destroy();
    if (reply === undefined || reply.code < 400) throw new NextHopLost(`the next hop said ${reply?.code} before the end of the message`);
    return reply;
  }
}

/** RFC 5321 §4.2.1: 3xx is an answer to DATA alone. */
function expectedReply(reply: Reply): Reply {
  if (reply.code >= 300 && reply.code < 400) throw new NextHopLost(`the next hop said ${reply.code} where that is no answer`);
  return reply;
}

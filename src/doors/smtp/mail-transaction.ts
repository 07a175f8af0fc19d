/**
 * One message through the proxy, from the MAIL that the next hop took (RFC 5321 §3.3). The journey decides (gateway/dialogue), the next hop
 * answers: 2xx to the end of DATA comes from it alone, after it was given the whole message. Whatever goes wrong on the way is a temporary
 * failure, so that the client keeps the message. A message that is held back elsewhere is delivered here, marked as it is: a proxy has no queue.
 */

import { limits } from "../../base/limits.ts";
import type { Dialogue, Disposition } from "../../gateway/dialogue/journey.ts";
import { type Address, addressLine } from "./command.ts";
import type { MessageInput } from "./input.ts";
import { Intake } from "./intake.ts";
import type { Delivered, Hop } from "./next-hop.ts";
import { NextHopLost } from "./next-hop-channel.ts";
import { ClientRefused } from "./next-hop-hello.ts";
import { outgoing } from "./outgoing.ts";
import { combined, type Outcome, type PartialDeliveries } from "./partial-deliveries.ts";
import { isPositive, ownReply, type Reply, replies, spokenReply } from "./reply.ts";
import { Spool, type SpoolPlace } from "./spool.ts";

export type TransactionMeans = {
  readonly dialogue: Dialogue;
  readonly hop: Hop;
  /** Another connection, for the same client. */
  readonly reopen: () => Promise<Hop>;
  readonly mailFrom: string;
  /** MAIL as that next hop is told. */
  readonly mailLine: (hop: Hop) => string;
  readonly isLmtp: boolean;
  readonly partial: PartialDeliveries;
  readonly spool: SpoolPlace;
  readonly messageBytesMax: number;
  readonly onFault: (error: unknown, where: string) => void;
};

/** `close`: the connection cannot go on. `reply` null: nobody is there to hear it. */
export type Ended = { readonly reply: Reply | null; readonly after: "next" | "close" };

type Recipient = { readonly path: string; readonly line: string };

export class MailTransaction {
  readonly #means: TransactionMeans;
  readonly #recipients: Recipient[] = [];
  #hop: Hop;
  #asked = 0;
  /** Of the commands with the recipients that were accepted. */
  #octets = 0;
  #isCancelled = false;

  constructor(means: TransactionMeans) {
    this.#means = means;
    this.#hop = means.hop;
  }

  /** The connection that the next message may use. */
  get hop(): Hop {
    return this.#hop;
  }

  get recipients(): number {
    return this.#recipients.length;
  }

  /** `wrong`: what is said against it without anybody being asked. */
  async rcpt(address: Address, { octets, wrong }: { readonly octets: number; readonly wrong: Reply | null }): Promise<Reply> {
    const { dialogue } = this.#means;
    this.#asked++;
    // RFC 5321 §4.5.3.1.10: one command too many is no reason to lose the message; as many again are.
    if (this.#asked > 2 * limits.proxyRecipientsMax) return replies.tooManyCommands;
    if (wrong !== null) return wrong;
    const isTooMuch = this.#octets + octets > limits.proxyRecipientBytesMax;
    if (isTooMuch || this.#asked > limits.proxyRecipientsMax) return replies.tooManyRecipients;
    const refusal = await dialogue.rcpt(address.path);
    if (refusal !== null) return ownReply(refusal);
    const line = addressLine("RCPT TO", address);
    try {
      const reply = await this.#hop.rcpt(line);
      if (isPositive(reply)) {
        this.#recipients.push({ path: address.path, line });
        this.#octets += octets;
      } else dialogue.drop(address.path);
      return reply;
    } catch (error) {
      dialogue.drop(address.path);
      throw error;
    }
  }

  /** Behind the 354. The next hop has seen nothing of the message until it is whole and accepted. */
  async data(input: MessageInput): Promise<Ended> {
    const { dialogue, messageBytesMax, onFault, isLmtp, partial } = this.#means;
    const spool = new Spool(this.#means.spool);
    // A client may come again with each recipient alone.
    const isDigested = isLmtp && (this.#recipients.length > 1 || !partial.isEmpty);
    const onSpoolFault = (error: unknown): void => onFault(error, "spool");
    const intake = new Intake({ input, spool, messageBytesMax, isDigested, onSpoolFault });
    try {
      const disposition = await this.#decided(dialogue.data(intake.chunks()));
      if (disposition?.kind === "accept") await intake.keepRest();
      else await intake.dropRest();
      if (intake.trouble !== null || disposition?.kind !== "accept") return this.#refused(intake, disposition);
      return { reply: await this.#deliver(spool, intake, disposition), after: "next" };
    } finally {
      await spool.close();
    }
  }

  /** The message is given up: the next hop forgets it. */
  abort(): void {
    this.#hop.reset();
  }

  /** The client is gone: nothing is delivered that it was not told of, as far as that can be helped. */
  cancel(): void {
    this.#isCancelled = true;
    this.#hop.destroy();
  }

  /** Null: a fault of ours. */
  async #decided(answer: Promise<Disposition>): Promise<Disposition | null> {
    try {
      return await answer;
    } catch (error) {
      this.#means.onFault(error, "the end of DATA");
      return null;
    }
  }

  #refused({ trouble, isCut }: Intake, disposition: Disposition | null): Ended {
    this.abort();
    const after = isCut ? "close" : "next";
    switch (trouble) {
      case "forbidden":
        return { reply: this.#told(replies.bareLineEnd), after };
      case "too-large":
        return { reply: this.#told(replies.tooLarge), after };
      case "long-header":
        return { reply: ownReply(this.#means.dialogue.refuseLongHeader().reply), after };
      case "storage":
        return { reply: this.#told(replies.noStorage), after };
      case "late":
        return { reply: this.#told(replies.timeout), after };
      case "lost":
        return { reply: null, after };
      case null:
        return { reply: disposition?.kind === "refuse" ? ownReply(disposition.reply) : replies.fault, after };
      default:
        return trouble satisfies never;
    }
  }

  /** Of the door, not of the journey: without this nobody would hear of it. */
  #told(reply: Reply): Reply {
    this.#means.dialogue.refusedByDoor(spokenReply(reply));
    return reply;
  }

  async #deliver(spool: Spool, intake: Intake, accepted: Extract<Disposition, { kind: "accept" }>): Promise<Reply> {
    const digest = intake.digest(this.#means.mailFrom);
    const hasIt = digest === null ? () => false : this.#means.partial.of(digest, Date.now());
    const left = this.#recipients.filter(({ path }) => !hasIt(path));
    try {
      const outcomes =
        left.length === 0 ? [] : await this.#handed({ left, of: this.#recipients.length }, () => outgoing(spool.read(), accepted));
      const taken = outcomes.filter(({ reply }) => isPositive(reply)).map(({ recipient }) => recipient);
      if (digest !== null && taken.length > 0 && taken.length < outcomes.length) this.#means.partial.add(digest, taken, Date.now());
      return combined(outcomes, this.#recipients.length - left.length);
    } catch (error) {
      this.#hop.destroy();
      if (error instanceof NextHopLost) return replies.nextHopLost;
      if (error instanceof ClientRefused) return error.reply;
      this.#means.onFault(error, "delivery to the next hop");
      return replies.fault;
    }
  }

  /** To the recipients that are left. One reply from SMTP stands for all of them. */
  async #handed(
    { left, of }: { readonly left: readonly Recipient[]; readonly of: number },
    message: () => AsyncIterable<Buffer>,
  ): Promise<readonly Outcome[]> {
    if (this.#isCancelled) throw new NextHopLost("the client is gone");
    let taking = left;
    const outcomes: Outcome[] = [];
    if (!this.#hop.isOpen || left.length < of) {
      const again = await this.#envelopeAgain(left);
      taking = again.taking;
      outcomes.push(...again.refused);
    }
    if (taking.length === 0) return outcomes;
    const delivered = await this.#hop.deliver(message(), taking.length);
    return [...outcomes, ...taking.map(({ path }, i) => ({ recipient: path, reply: replyFor(delivered, i) }))];
  }

  /** While the message came, the next hop lost patience; or some recipients have the message already. */
  async #envelopeAgain(
    left: readonly Recipient[],
  ): Promise<{ readonly taking: readonly Recipient[]; readonly refused: readonly Outcome[] }> {
    if (this.#hop.isOpen) this.#hop.reset();
    else this.#hop = await this.#means.reopen();
    if (this.#isCancelled) throw new NextHopLost("the client is gone");
    const mail = await this.#hop.mail(this.#means.mailLine(this.#hop));
    if (!isPositive(mail)) return { taking: [], refused: left.map(({ path }) => ({ recipient: path, reply: mail })) };
    const taking: Recipient[] = [];
    const refused: Outcome[] = [];
    for (const recipient of left) {
      const reply = await this.#hop.rcpt(recipient.line);
      if (isPositive(reply)) taking.push(recipient);
      else refused.push({ recipient: recipient.path, reply });
    }
    // To SMTP a message goes to all that were accepted or to none: nothing was remembered that could tell them apart.
    if (this.#means.isLmtp || refused.length === 0) return { taking, refused };
    this.#hop.reset();
    return { taking: [], refused: left.map(({ path }) => ({ recipient: path, reply: replies.nextHopLost })) };
  }
}

function replyFor(delivered: Delivered, at: number): Reply {
  if (delivered.kind === "refused") return delivered.reply;
  return delivered.replies[delivered.replies.length === 1 ? 0 : at] ?? replies.nextHopLost;
}

/**
 * LMTP answers once for each recipient (RFC 2033 §4.2), and SMTP once for all. Where they differ, this says what the client is told, and
 * remembers who has the message already: the client comes again with all of them, and nobody gets a second copy
 * (docs/decisions/0014-lmtp-one-answer-for-many.md). The memory is the process's; without it there is a copy too many, never one too few.
 */
import { createHash } from "node:crypto";
import { limits } from "../../base/limits.ts";
import { asOctets, enhancedCodeOf, isPositive, type Reply, replyOf } from "./reply.ts";

export type Outcome = { readonly recipient: string; readonly reply: Reply };

/** `holders`: digests of the recipients, so that long addresses take no more room than short ones. */
type Partial = { readonly holders: ReadonlySet<string>; readonly until: number };

export class PartialDeliveries {
  readonly #known = new Map<string, Partial>();
  #holders = 0;

  /** Whether there is none to remember. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Whether a recipient has the message of that digest already. */
  of(digest: string, now: number): (recipient: string) => boolean {
    const holders = this.#holdersOf(digest, now);
    return (recipient) => holders.size > 0 && holders.has(digestOf(recipient));
  }

  add(digest: string, recipients: Iterable<string>, now: number): void {
    const holders = new Set([...this.#holdersOf(digest, now), ...Array.from(recipients, digestOf)]);
    this.#forget(digest);
    this.#known.set(digest, { holders, until: now + limits.partialDeliveryMs });
    this.#holders += holders.size;
    // Oldest first.
    for (const each of this.#known.keys()) {
      if (this.#known.size <= limits.partialDeliveriesMax && this.#holders <= limits.partialRecipientsMax) return;
      this.#forget(each);
    }
  }

  #holdersOf(digest: string, now: number): ReadonlySet<string> {
    const found = this.#known.get(digest);
    return found === undefined || found.until < now ? new Set() : found.holders;
  }

  #forget(digest: string): void {
    this.#holders -= this.#known.get(digest)?.holders.size ?? 0;
    this.#known.delete(digest);
  }
}

function digestOf(recipient: string): string {
  return createHash("sha256").update(recipient).digest("base64");
}

/** One answer for all. `before`: how many have it from an earlier try. */
export function combined(outcomes: readonly Outcome[], before: number): Reply {
  const taken = outcomes.filter(({ reply }) => isPositive(reply));
  const later = outcomes.find(({ reply }) => reply.code >= 400 && reply.code < 500);
  const never = outcomes.filter(({ reply }) => reply.code >= 500);
  // Who is to get it later decides: the client keeps the message, and comes again with all.
  if (later !== undefined) return later.reply;
  const [refused] = never;
  if (refused === undefined) return taken[0]?.reply ?? replyOf(250, "2.0.0 Delivered before");
  if (taken.length + before === 0) return refused.reply;
  // The sender must learn of it, and learns in the words of the refusal who has the message nevertheless.
  const enhanced = enhancedCodeOf(refused.reply) ?? "5.0.0";
  return replyOf(
    refused.reply.code,
    ...never.slice(0, namedMax).map(({ recipient, reply }) => `${enhanced} <${asOctets(recipient)}>: ${plainText(reply)}`),
    `${enhanced} Delivered to the other ${taken.length + before}`,
  );
}

const namedMax = 20;

/** The text alone, on one line that leaves room for a recipient before it. */
function plainText({ lines }: Reply): string {
  const texts = lines.map((line) => line.replace(/^[245]\.[0-9]{1,3}\.[0-9]{1,3} /, ""));
  return texts.join(" ").slice(0, 200);
}

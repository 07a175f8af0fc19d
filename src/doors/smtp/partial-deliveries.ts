/**
 * LMTP answers once for each recipient (RFC 2033 §4.2), and SMTP once for all. Where they differ, this says what the client is told, and
 * remembers who has the message already: the client comes again with all of them, and nobody gets a second copy
 * (docs/decisions/0014-lmtp-one-answer-for-many.md). The memory is the process's; without it there is a copy too many, never one too few.
 */
import { limits } from "../../base/limits.ts";
import { enhancedCodeOf, isPositive, type Reply, replyOf } from "./reply.ts";

export type Outcome = { readonly recipient: string; readonly reply: Reply };

export class PartialDeliveries {
  readonly #known = new Map<string, { readonly recipients: ReadonlySet<string>; readonly until: number }>();

  /** Who has the message of that digest already. */
  of(digest: string, now: number): ReadonlySet<string> {
    const found = this.#known.get(digest);
    return found === undefined || found.until < now ? new Set() : found.recipients;
  }

  add(digest: string, recipients: Iterable<string>, now: number): void {
    const all = new Set([...this.of(digest, now), ...recipients]);
    this.#known.delete(digest);
    this.#known.set(digest, { recipients: all, until: now + limits.partialDeliveryMs });
    const [oldest] = this.#known.keys();
    if (this.#known.size > limits.partialDeliveriesMax && oldest !== undefined) this.#known.delete(oldest);
  }
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
    ...never.slice(0, namedMax).map(({ recipient, reply }) => `${enhanced} <${recipient}>: ${plainText(reply)}`),
    `${enhanced} Delivered to the other ${taken.length + before}`,
  );
}

const namedMax = 20;

/** The text alone, on one line that leaves room for a recipient before it. */
function plainText({ lines }: Reply): string {
  const texts = lines.map((line) => line.replace(/^[245]\.[0-9]{1,3}\.[0-9]{1,3} /, ""));
  return texts.join(" ").slice(0, 200);
}

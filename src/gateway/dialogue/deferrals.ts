/**
 * How often one message was told to come again because it could not be decided, so that a fault that stays (a sender's broken DNS, a bug of
 * ours) delays mail and never loses it. A message is known by its envelope and Message-ID; the counts are this process's, and bounded: the
 * message that was seen longest ago is forgotten first.
 */
import { limits } from "../../base/limits.ts";

export type Deferred = {
  readonly ip: string | null;
  readonly mailFrom: string | null;
  readonly rcptTo: readonly string[];
  readonly messageId: string | null;
};

export class Deferrals {
  readonly #counts = new Map<string, number>();

  /** How often it was so far. */
  of(message: Deferred): number {
    return this.#counts.get(keyOf(message)) ?? 0;
  }

  /** Counts one more; gives how often it was before. */
  count(message: Deferred): number {
    const key = keyOf(message);
    const before = this.take(message);
    this.#counts.set(key, before + 1);
    if (this.#counts.size > limits.deferredMessagesKept) {
      const [oldest] = this.#counts.keys();
      if (oldest !== undefined) this.#counts.delete(oldest);
    }
    return before;
  }

  /** It is decided: gives how often it was, and forgets it. */
  take(message: Deferred): number {
    if (this.#counts.size === 0) return 0;
    const key = keyOf(message);
    const before = this.#counts.get(key) ?? 0;
    this.#counts.delete(key);
    return before;
  }

  get size(): number {
    return this.#counts.size;
  }
}

/** Without a Message-ID the client's address stands in: a sender tries again from there. */
function keyOf({ ip, mailFrom, rcptTo, messageId }: Deferred): string {
  return JSON.stringify([messageId ?? ip, mailFrom, rcptTo.length, rcptTo[0]]).slice(0, limits.deferredKeyCharactersMax);
}

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

  /** Counts one more where that is within `max`: true, told to come again. False: it has come often enough. */
  again(message: Deferred, max: number): { readonly again: boolean; readonly before: number } {
    const key = keyOf(message);
    const before = this.#counts.get(key) ?? 0;
    this.#counts.delete(key);
    if (before >= max) return { again: false, before };
    this.#counts.set(key, before + 1);
    if (this.#counts.size > limits.deferredMessagesKept) {
      const [oldest] = this.#counts.keys();
      if (oldest !== undefined) this.#counts.delete(oldest);
    }
    return { again: true, before };
  }

  get size(): number {
    return this.#counts.size;
  }
}

/** Without a Message-ID the client's address stands in: a sender tries again from there. */
function keyOf({ ip, mailFrom, rcptTo, messageId }: Deferred): string {
  return JSON.stringify([messageId ?? ip, mailFrom, rcptTo.length, rcptTo[0]]).slice(0, limits.deferredKeyCharactersMax);
}

/**
 * The message of an RSPAMC request: as many octets as were announced, streamed. Exim puts lines of its own above the message's header, which
 * are no part of it: `From …` as mailbox files have it, X-Envelope-From and X-Envelope-To. They are left out, in this place and order alone.
 */

/** `first` has come behind the head already; `onAll` is called once all octets are there. Fails where the client ends before. */
export async function* announcedOctets(
  chunks: AsyncIterator<Uint8Array>,
  { first, length, onAll }: { readonly first: Uint8Array; readonly length: number; readonly onAll: () => void },
): AsyncGenerator<Uint8Array> {
  let left = length;
  let chunk = first;
  for (;;) {
    const octets = chunk.subarray(0, left);
    left -= octets.length;
    if (left === 0) onAll();
    if (octets.length > 0) yield octets;
    if (left === 0) return;
    const next = await chunks.next();
    if (next.done === true) throw new Error("the message did not come to its end");
    chunk = next.value;
  }
}

const mailboxLines = ["From ", "X-Envelope-From: ", "X-Envelope-To: "].map((text) => Buffer.from(text, "latin1"));

export async function* withoutMailboxLines(message: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const lines = new MailboxLines();
  for await (const chunk of message) {
    const octets = lines.feed(chunk);
    if (octets.length > 0) yield octets;
  }
  const octets = lines.end();
  if (octets.length > 0) yield octets;
}

/** Holds no more than the beginning of one line. */
class MailboxLines {
  #stage: "start" | "inside" | "past" = "start";
  #next = 0;
  #held: Uint8Array = Buffer.alloc(0);

  feed(chunk: Uint8Array): Uint8Array {
    let octets = chunk;
    while (octets.length > 0 && this.#stage !== "past") octets = this.#stage === "start" ? this.#begun(octets) : this.#skipped(octets);
    return octets;
  }

  end(): Uint8Array {
    return this.#held;
  }

  /** At the start of a line: what is to be read on. */
  #begun(octets: Uint8Array): Uint8Array {
    const line = Buffer.concat([this.#held, octets]);
    // Without the first of them none of the others is Exim's.
    const wanted = this.#next === 0 ? mailboxLines.slice(0, 1) : mailboxLines.slice(this.#next);
    const found = wanted.find((opening) => line.subarray(0, opening.length).equals(opening));
    if (found === undefined && wanted.some((opening) => opening.subarray(0, line.length).equals(line))) {
      this.#held = line;
      return none;
    }
    this.#held = none;
    this.#stage = found === undefined ? "past" : "inside";
    if (found !== undefined) this.#next = mailboxLines.indexOf(found) + 1;
    return line;
  }

  #skipped(octets: Uint8Array): Uint8Array {
    const end = octets.indexOf(lineFeed);
    if (end < 0) return none;
    this.#stage = this.#next === mailboxLines.length ? "past" : "start";
    return octets.subarray(end + 1);
  }
}
const none = Buffer.alloc(0);
const lineFeed = 0x0a;

/**
 * A message on its way from a door. Where the client goes away in the middle, the door's source fails: that is told apart from a fault of
 * ours by wrapping what the source throws, and nothing else, into a SourceFault.
 */
import type { MessageSource } from "../../mail/message.ts";

export class SourceFault extends Error {
  override name = "SourceFault";
}

export function watched(message: MessageSource): MessageSource {
  return message instanceof Uint8Array ? message : stream(message);
}

async function* stream(message: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = message[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause: unknown) => {
        throw new SourceFault("the message did not come to its end", { cause });
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await chunks.return?.().catch(() => {});
  }
}

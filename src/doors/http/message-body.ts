/**
 * The body of a request: as a stream that is counted and never held, or, for JSON, whole up to a small limit. What is past a limit is not
 * read; the stream then fails, which ends the inspection, and the fault says why it did.
 */
import type { IncomingMessage } from "node:http";
import type { Header } from "../../mail/header.ts";
import { type MessageSource, openMessage } from "../../mail/message.ts";
import { fault, type HttpFault } from "./fault.ts";

export type StreamedBody = {
  readonly message: AsyncIterable<Uint8Array>;
  /** Why the stream failed, where that was not the client's going away. */
  readonly fault: () => HttpFault | null;
  /** Lets go of what was not read, so that the connection can be emptied behind the answer. */
  readonly close: () => void;
};

/** Null where the announced length is within the limit; a chunked body announces none (RFC 9112 §7.1). */
export function lengthFault(incoming: IncomingMessage, bytesMax: number): HttpFault | null {
  const announced = incoming.headers["content-length"];
  return announced !== undefined && Number(announced) > bytesMax ? tooLarge(bytesMax) : null;
}

export function streamedBody(incoming: IncomingMessage, bytesMax: number): StreamedBody {
  let found: HttpFault | null = null;
  async function* stream(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    // The connection stays, for the answer.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      const octets: Uint8Array = chunk;
      bytes += octets.length;
      if (bytes > bytesMax) {
        found = tooLarge(bytesMax);
        throw new Error(found.message);
      }
      yield octets;
    }
  }
  const message = stream();
  const close = (): void => void message.return(undefined).catch(() => {});
  return { message, fault: () => found, close };
}

/** A message whose header section has come. `isTooLong`: it goes on past limits.headerBytesMax, and nobody looks at the rest. */
export type WithHeader = { readonly message: MessageSource; readonly isTooLong: boolean };

/** Null where there is not one header field, or the header section did not come. */
export async function withHeader(message: MessageSource): Promise<WithHeader | null> {
  if (message instanceof Uint8Array) return known(message, openMessage(message).header);
  const chunks = message[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  async function* remembered(): AsyncGenerator<Uint8Array> {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      seen.push(next.value);
      yield next.value;
    }
  }
  async function* replayed(): AsyncGenerator<Uint8Array> {
    for (let chunk = seen.shift(); chunk !== undefined; chunk = seen.shift()) yield chunk;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  const opened = await Promise.resolve(openMessage(remembered())).catch(() => null);
  return opened === null ? null : known(replayed(), opened.header);
}

function known(message: MessageSource, header: Header): WithHeader | null {
  return hasField(header) ? { message, isTooLong: header.defects.has("header-too-large") } : null;
}

function hasField({ fields, defects }: Header): boolean {
  // Past a limit of the header the field itself may be missing from the list.
  if (defects.has("header-too-large")) return true;
  return fields.some(({ name, nameDefect }) => name !== "" && nameDefect !== "no-colon" && nameDefect !== "illegal-name");
}

/** The whole body as text; null where the client went away. */
export async function wholeBody(
  incoming: IncomingMessage,
  bytesMax: number,
): Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: HttpFault | null }> {
  const body = streamedBody(incoming, bytesMax);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body.message) chunks.push(chunk);
  } catch {
    return { ok: false, fault: body.fault() };
  }
  return { ok: true, text: Buffer.concat(chunks).toString("utf8") };
}

export function tooLarge(bytesMax: number): HttpFault {
  return fault("message-too-large", `at most ${bytesMax} bytes are taken; http.message_bytes_max of the configuration sets it`).fault;
}

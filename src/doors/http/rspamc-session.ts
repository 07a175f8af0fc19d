/**
 * RSPAMC/1.3, rspamd's protocol before it spoke HTTP, as Exim's `spamd_address = … variant=rspamd` speaks it: one request on a connection
 * (`CHECK`, `SYMBOLS` or `PING`), one answer, and the end, which Exim waits for. The same journey, access, limits and actions as POST /checkv2.
 * It opens no file for a caller, takes nothing behind the announced length, and answers whatever it cannot do with a line that is no verdict.
 */
import type { Socket } from "node:net";
import { limits } from "../../base/limits.ts";
import type { Clock } from "../../dns/resolver.ts";
import type { Service } from "../../gateway/dialogue/journey.ts";
import { type AccessRules, refusal } from "./access.ts";
import { type Asked, ask } from "./ask.ts";
import { checkAnswer } from "./check-answer.ts";
import { envelopeOfHeaders } from "./check-route.ts";
import { fault, type HttpFault } from "./fault.ts";
import { tooLarge } from "./message-body.ts";
import { rspamcAnswer, rspamcFault, rspamcPong } from "./rspamc-answer.ts";
import { headOctets, type RspamcHead, rspamcHead } from "./rspamc-head.ts";
import { announcedOctets, withoutMailboxLines } from "./rspamc-message.ts";

export type RspamcMeans = {
  readonly service: Service;
  readonly access: () => AccessRules;
  readonly messageBytesMax: () => number;
  readonly clock: Clock;
  readonly onFault: (error: unknown, where: string) => void;
};

/** `address`: of the client, undefined for a local socket. Resolves when the connection has ended; never fails. */
export async function serveRspamc(socket: Socket, address: string | undefined, means: RspamcMeans): Promise<void> {
  const chunks: AsyncIterator<Uint8Array> = socket.iterator({ destroyOnReturn: false });
  const late = new Deadline(socket);
  try {
    const text = await answerTo(chunks, late, { address, means });
    late.clear();
    if (text !== null && socket.writable) socket.end(text);
  } catch (error) {
    late.clear();
    means.onFault(error, "http");
    if (socket.writable) socket.end(rspamcFault(ours));
  }
  await emptied(socket, chunks);
}

type Asking = { readonly address: string | undefined; readonly means: RspamcMeans };

/** Null: nobody is left to be answered. */
async function answerTo(chunks: AsyncIterator<Uint8Array>, late: Deadline, { address, means }: Asking): Promise<string | null> {
  late.set(limits.httpHeadersMs);
  const octets = await headOctets(chunks).catch(() => null);
  if (octets === null) return null;
  if (!octets.ok) return rspamcFault(octets.fault ?? unfinished);
  const read = rspamcHead(octets.text);
  if (!read.ok) return rspamcFault(read.fault);
  const { head } = read;
  const refused = refusal({ address, header: (name) => head.headers[name]?.join(", ") }, "api", means.access());
  if (refused !== null) return rspamcFault(refused.code === "token-missing" ? tokenMissing : refused);
  if (head.verb === "PING") return rspamcPong;
  late.set(limits.httpRequestMs);
  const startedAt = means.clock();
  const asked = await inspected(
    head,
    means,
    announcedOctets(chunks, { first: octets.rest, length: head.length, onAll: () => late.clear() }),
  );
  if (!asked.ok) return rspamcFault(asked.fault);
  const { disposition } = asked;
  return rspamcAnswer(checkAnswer(disposition, (means.clock() - startedAt) / 1000), disposition);
}

async function inspected(
  { headers, length }: RspamcHead,
  { service, messageBytesMax }: RspamcMeans,
  octets: AsyncIterable<Uint8Array>,
): Promise<Asked> {
  const read = envelopeOfHeaders(headers);
  if (!read.ok) return read;
  const bytesMax = messageBytesMax();
  if (length > bytesMax) return { ok: false, fault: tooLarge(bytesMax) };
  const message = withoutMailboxLines(octets);
  const close = (): void => void message.return(undefined).catch(() => {});
  return ask(service, read.envelope, { message, fault: () => null, close, longHeader: "refused" });
}

/** What is still on its way is read and thrown away: an answer to a client that is sending would otherwise be lost with the connection. */
async function emptied(socket: Socket, chunks: AsyncIterator<Uint8Array>): Promise<void> {
  const cut = setTimeout(() => socket.destroy(), limits.httpIdleMs);
  try {
    while ((await chunks.next()).done !== true);
  } catch {
    // The connection has broken, which is an end too.
  }
  clearTimeout(cut);
  socket.destroySoon();
}

/** The time for what is to come next: then the client is told that it is late, and the connection ends. */
class Deadline {
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  set(ms: number): void {
    this.clear();
    this.#timer = setTimeout(() => {
      if (this.#socket.writable) this.#socket.end(rspamcFault(tooLate), () => this.#socket.destroy());
      else this.#socket.destroy();
    }, ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

const tooLate: HttpFault = fault(
  "message-late",
  `a request has ${limits.httpHeadersMs / 1000} s for its headers and ${limits.httpRequestMs / 1000} s for its message`,
).fault;
const unfinished: HttpFault = fault("bad-request", "the request did not come to its end").fault;
const ours: HttpFault = fault("fault", "a fault of ours; the log has it (journalctl -u assay)").fault;
const tokenMissing: HttpFault = fault(
  "token-missing",
  "http.tokens of the configuration has tokens, and Exim's spam condition can send none (a Password header would be read): put Assay's SMTP proxy in front of Exim",
).fault;

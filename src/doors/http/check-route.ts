/**
 * POST /checkv2: the protocol of rspamd's workers, for mail servers that speak it (Haraka, rspamd's own milter, and others; that milter asks
 * with GET): the message is the body, the envelope stands in request headers. Headers that name a file, a path or shared memory are refused: nothing on this machine
 * is read for a caller. Settings, flags and what a caller claims to have found out itself (Hostname, SPF) are not read.
 */
import type { IncomingMessage } from "node:http";
import type { Service } from "../../gateway/dialogue/journey.ts";
import type { Tls } from "../../mail/transaction.ts";
import { type Asked, ask } from "./ask.ts";
import { checked, type ReadEnvelope } from "./envelope.ts";
import { fault } from "./fault.ts";
import { lengthFault, streamedBody } from "./message-body.ts";

/** Busy and faults are answered as the temporary failures that they are. */
export async function checkRoute(
  incoming: IncomingMessage,
  { service, bytesMax }: { readonly service: Service; readonly bytesMax: number },
): Promise<Asked> {
  const read = envelopeOfHeaders(incoming.headersDistinct);
  if (!read.ok) return read;
  const tooLong = lengthFault(incoming, bytesMax);
  if (tooLong !== null) return { ok: false, fault: tooLong };
  return ask(service, read.envelope, { ...streamedBody(incoming, bytesMax), longHeader: "refused" });
}

const fileHeaders = ["file", "path", "shm", "shm-offset", "shm-length", "message-path"] as const;

type Headers = NodeJS.Dict<string[]>;

/** Each recipient is a header of its own, so that a comma in one is no separator. */
export function envelopeOfHeaders(headers: Headers): ReadEnvelope {
  const file = fileHeaders.find((name) => headers[name] !== undefined);
  if (file !== undefined)
    return fault(
      "file-input",
      `the header ${file} asks for a file of this machine to be read, which is never done: send the message as the body`,
    );
  if (headers["compression"] !== undefined) return fault("content-encoding", "the message is taken as it is: send it without Compression");
  const twice = single.find((name) => (headers[name]?.length ?? 0) > 1);
  if (twice !== undefined) return fault("bad-envelope", `the header ${twice} is given twice`);
  const one = (name: (typeof single)[number]): string | null => utf8(headers[name]?.[0] ?? null);
  const given = {
    ip: addressOf(one("ip")),
    helo: one("helo"),
    mailFrom: one("from"),
    rcptTo: (headers["rcpt"] ?? []).map((recipient) => utf8(recipient) ?? ""),
    tls: tlsOf(one("tls-version"), one("tls-cipher")),
    authenticatedAs: one("user") || null,
    queueId: one("queue-id"),
  };
  return checked(
    given,
    ([key = "", index]) => `${headerOf[String(key)] ?? String(key)}${index === undefined ? "" : ` (number ${Number(index) + 1})`}`,
  );
}
const single = ["ip", "helo", "from", "tls-version", "tls-cipher", "user", "queue-id"] as const;
const headerOf: Readonly<Record<string, string>> = {
  ip: "IP",
  helo: "Helo",
  mailFrom: "From",
  rcptTo: "Rcpt",
  authenticatedAs: "User",
  queueId: "Queue-ID",
};

/** `192.0.2.1`, `192.0.2.1:25`, `2001:db8::1`, `[2001:db8::1]:25` and `IPv6:2001:db8::1`: rspamd's milter adds the port, Sendmail's the word. */
function addressOf(text: string | null): string | null {
  if (text === null || text === "") return null;
  const address = /^\[([^\]]*)\](?::[0-9]{1,5})?$/.exec(text)?.[1] ?? /^([0-9.]{7,15}):[0-9]{1,5}$/.exec(text)?.[1] ?? text;
  return address.replace(/^IPv6:/i, "");
}

function tlsOf(version: string | null, cipher: string | null): Tls | null {
  return version === null && cipher === null ? null : { version, cipher, subject: null };
}

/** Header octets come as characters of Latin-1; an internationalized address is UTF-8 (RFC 6531 §3.3). */
function utf8(text: string | null): string | null {
  if (text === null || !/[\x80-\xff]/.test(text)) return text;
  const octets = Buffer.from(text, "latin1");
  const read = octets.toString("utf8");
  return read.includes("\ufffd") ? text : read;
}

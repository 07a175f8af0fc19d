/**
 * One message through the journey that every door's mail takes: MAIL, RCPT for each, the end of DATA. Nobody waits for an answer at MAIL or
 * RCPT here; what they would refuse stands in the Inspection, which is asked for with all recipients.
 */
import { limits } from "../../base/limits.ts";
import type { Dialogue, Disposition, Service } from "../../gateway/dialogue/journey.ts";
import type { MessageSource } from "../../mail/message.ts";
import type { AskedEnvelope } from "./envelope.ts";
import { fault, type HttpFault } from "./fault.ts";
import { type StreamedBody, withHeader } from "./message-body.ts";

/** What came of it, or why nothing did. */
export type Asked =
  | { readonly ok: true; readonly disposition: Exclude<Disposition, { readonly kind: "gone" }> }
  | { readonly ok: false; readonly fault: HttpFault };

export async function ask(service: Service, envelope: AskedEnvelope, body: AskedBody): Promise<Asked> {
  try {
    return await answered(service, envelope, body);
  } finally {
    body.close();
  }
}

export type AskedBody = Pick<StreamedBody, "fault" | "close"> & {
  readonly message: MessageSource;
  /** `refused`: the answer decides what becomes of the message, as at the doors that take mail; forged results behind the limit would stay. */
  readonly longHeader: "refused" | "inspected";
};

async function answered(service: Service, envelope: AskedEnvelope, body: AskedBody): Promise<Asked> {
  const read = await withHeader(body.message);
  const early = body.fault();
  if (early !== null) return { ok: false, fault: early };
  if (read === null) return noHeader;
  const opened = await begun(service, envelope);
  const { queueId, rcptTo } = envelope;
  if (read.isTooLong && body.longHeader === "refused") return { ok: true, disposition: opened.refuseLongHeader({ queueId }) };
  const disposition = await opened.data(read.message, { queueId, asked: rcptTo });
  if (disposition.kind !== "gone") return { ok: true, disposition };
  const late = body.fault();
  return late === null ? unfinished : { ok: false, fault: late };
}

const noHeader = fault("no-header", "not one header field: this is no mail. With curl, send it with --data-binary @FILE");
const unfinished = fault("bad-request", "the message did not come to its end");

async function begun(service: Service, envelope: AskedEnvelope): Promise<Dialogue> {
  const { ip, helo, mailFrom, rcptTo, tls, authenticatedAs } = envelope;
  const opened = service.open({ listener: "inbound", ip, helo, tls, authenticatedAs });
  if (mailFrom !== null) await opened.mail(mailFrom);
  // The first by itself: what is answered to the others can depend on it.
  const [first, ...others] = rcptTo;
  if (first !== undefined) await opened.rcpt(first);
  for (let at = 0; at < others.length; at += limits.httpRecipientsAtOnce) {
    await Promise.all(others.slice(at, at + limits.httpRecipientsAtOnce).map((recipient) => opened.rcpt(recipient)));
  }
  return opened;
}

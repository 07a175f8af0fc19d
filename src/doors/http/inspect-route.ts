/**
 * POST /v1/inspect: a message and its envelope in, the Inspection out. The message streams as message/rfc822 with the envelope in the query,
 * or stands in JSON. The answer is the Inspection also where the message would be refused: what would be done is in its `action`.
 */
import type { IncomingMessage } from "node:http";
import { z } from "@hono/zod-openapi";
import { limits } from "../../base/limits.ts";
import type { Disposition, Service } from "../../gateway/dialogue/journey.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import { replies } from "../../stamp/smtp-replies.ts";
import { type AskedBody, ask } from "./ask.ts";
import { type AskedEnvelope, envelopeOfJson, envelopeOfQuery } from "./envelope.ts";
import { fault, type HttpFault } from "./fault.ts";
import { lengthFault, streamedBody, wholeBody } from "./message-body.ts";

export type Inspected = { readonly ok: true; readonly inspection: Inspection } | { readonly ok: false; readonly fault: HttpFault };

/** In JSON: the message as text (UTF-8, line ends as they stand) or as base64, where its octets matter. */
export const inspectJson = z.strictObject({
  message: z.string().optional().describe("the message as text, taken as UTF-8, with its line ends as they stand"),
  messageBase64: z.base64().optional().describe("the message in base64: for any octets"),
  envelope: z.looseObject({}).optional().describe("see the schema of the envelope"),
});

export async function inspectRoute(
  incoming: IncomingMessage,
  query: URLSearchParams,
  { service, bytesMax }: { readonly service: Service; readonly bytesMax: number },
): Promise<Inspected> {
  const type = mediaType(incoming);
  if (type === "application/json") return inspectJsonBody(incoming, query, { service, bytesMax });
  if (!messageTypes.has(type)) return fault("content-type", typesWanted);
  const read = envelopeOfQuery(query);
  if (!read.ok) return read;
  const tooLong = lengthFault(incoming, bytesMax);
  if (tooLong !== null) return { ok: false, fault: tooLong };
  return inspected(service, read.envelope, streamedBody(incoming, bytesMax));
}

/** RFC 5322 messages, also with UTF-8 in the header (RFC 6532 §3.7). */
const messageTypes: ReadonlySet<string> = new Set(["message/rfc822", "message/global"]);
const typesWanted =
  "send the message as it is with Content-Type: message/rfc822 and the envelope in the query, or Content-Type: application/json with message and envelope";

let jsonInside = 0;

async function inspectJsonBody(
  incoming: IncomingMessage,
  query: URLSearchParams,
  { service, bytesMax }: { readonly service: Service; readonly bytesMax: number },
): Promise<Inspected> {
  if (query.size > 0) return fault("bad-envelope", "with JSON the envelope stands in the body, not in the query");
  const max = Math.min(bytesMax, limits.httpJsonBytesMax);
  const tooLong = lengthFault(incoming, max);
  if (tooLong !== null) return { ok: false, fault: largeJson(max) };
  if (jsonInside >= limits.httpJsonAtOnce) return fault("busy", "too many requests in JSON at once; come again, or send message/rfc822");
  jsonInside += 1;
  try {
    const body = await wholeBody(incoming, max);
    if (!body.ok) return body.fault === null ? clientGone : { ok: false, fault: largeJson(max) };
    const read = readJson(body.text);
    return read.ok ? await inspected(service, read.envelope, { message: read.message, fault: () => null, close: () => {} }) : read;
  } finally {
    jsonInside -= 1;
  }
}

type ReadJson =
  | { readonly ok: true; readonly message: Uint8Array; readonly envelope: AskedEnvelope }
  | { readonly ok: false; readonly fault: HttpFault };

function readJson(text: string): ReadJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fault("bad-json", `the body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : "it cannot be read"}`);
  }
  const read = inspectJson.safeParse(value);
  if (!read.success) {
    return fault(
      "bad-json",
      `${read.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`).join("; ")}; wants ${jsonWanted}`,
    );
  }
  const { message, messageBase64, envelope = {} } = read.data;
  if ((message === undefined) === (messageBase64 === undefined)) return fault("bad-json", `wants ${jsonWanted}`);
  const asked = envelopeOfJson(envelope);
  if (!asked.ok) return asked;
  return {
    ok: true,
    message: message === undefined ? Buffer.from(messageBase64 ?? "", "base64") : Buffer.from(message, "utf8"),
    envelope: asked.envelope,
  };
}
const jsonWanted = 'an object with "message" (text) or "messageBase64", and "envelope"';

async function inspected(service: Service, envelope: AskedEnvelope, body: Omit<AskedBody, "longHeader">): Promise<Inspected> {
  const asked = await ask(service, envelope, { ...body, longHeader: "inspected" });
  if (!asked.ok) return asked;
  const { inspection } = asked.disposition;
  return inspection === null ? { ok: false, fault: isBusy(asked.disposition) ? busy : ours } : { ok: true, inspection };
}

function isBusy(disposition: Disposition): boolean {
  return disposition.kind === "refuse" && disposition.reply.enhanced === replies["filter-busy"].enhanced;
}

const busy = fault("busy", "too many messages are inspected at once; come again (serve.messages_max of the configuration)").fault;
const ours = fault("fault", "a fault of ours kept this message from being inspected; the log has it (journalctl -u assay)").fault;
const clientGone = fault("bad-request", "the message did not come to its end");

function largeJson(max: number): HttpFault {
  return fault("message-too-large", `at most ${max} bytes are taken in JSON; send the message as message/rfc822 instead`).fault;
}

export function mediaType(incoming: IncomingMessage): string {
  return (incoming.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

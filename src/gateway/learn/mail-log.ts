/**
 * One line of a mail log: Postfix as it writes to syslog (RFC 3164 or RFC 5424 time stamps), and OpenDMARC's result for a queue id.
 * Every form is anchored and read by the process that wrote it, so that what a client puts into an address or a Message-ID cannot
 * pass for another field. Lines of other programs are not events.
 */

import { formatIpAddress, parseIpAddress } from "../../mail/ip-address.ts";
import { readMessageId } from "../../mail/message-ids.ts";

export type LogEvent = { readonly stamp: string; readonly queueId: string } & (
  | {
      readonly kind: "client";
      readonly ip: string;
      /** Resolved both ways by Postfix. */
      readonly name: string | null;
      readonly user: string | null;
      /** Handed back by a content filter: the client is that of another queue id. */
      readonly again: boolean;
    }
  | { readonly kind: "pickup" }
  | { readonly kind: "message-id"; readonly messageId: string | null }
  | { readonly kind: "from"; readonly sender: string }
  | { readonly kind: "delivered"; readonly recipient: string }
  | { readonly kind: "dmarc"; readonly domain: string; readonly result: string }
  | { readonly kind: "removed" }
);

/** Longer lines are no lines of Postfix. */
export const logLineBytesMax = 8 * 1024;

/** Does the text begin like a log in syslog's form? */
export function startsMailLog(head: string): boolean {
  const line = head.split("\n", 1)[0] ?? "";
  return syslog.test(line.slice(0, logLineBytesMax));
}

export function readLogLine(line: string): LogEvent | null {
  if (line.length > logLineBytesMax) return null;
  const [, stamp = "", program = "", said = ""] = syslog.exec(line) ?? [];
  const [, queueId = "", rest = ""] = queued.exec(said) ?? [];
  if (queueId === "") return null;
  const event = program === "opendmarc" ? dmarcEvent(rest) : program.startsWith("postfix") ? postfixEvent(program, rest) : null;
  return event === null ? null : { stamp, queueId, ...event };
}

const syslog =
  /^(?:<[0-9]{1,3}>[0-9]? ?)?([A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,16}(?:Z|[+-][0-9:]{4,6})?) [^\s]{1,255} ([A-Za-z][\w./-]{0,80})(?:\[[0-9]{1,10}\])?: (.*)$/s;
/** Short queue ids are hexadecimal, long ones base 52. */
const queued = /^(?:\[ID [0-9]{1,10} [\w.]{1,30}\] )?([0-9A-Za-z]{5,20}): (.*)$/s;

type Body<T = LogEvent> = T extends LogEvent ? Omit<T, "stamp" | "queueId"> : never;

function postfixEvent(program: string, text: string): Body | null {
  switch (program.slice(program.lastIndexOf("/") + 1)) {
    case "smtpd":
    case "submission":
    case "smtps":
      return clientEvent(text);
    case "pickup":
      return text.startsWith("uid=") ? { kind: "pickup" } : null;
    case "cleanup":
      return messageIdEvent(text);
    case "qmgr":
    case "nqmgr":
      return queueEvent(text);
    case "smtp":
    case "lmtp":
    case "local":
    case "virtual":
    case "pipe":
      return deliveryEvent(text);
    default:
      return null;
  }
}

function clientEvent(text: string): Body | null {
  const found = /^client=([\w.-]{1,255})\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?(?:, (.*))?$/s.exec(text);
  const address = found === null ? null : parseIpAddress(found[2] ?? "");
  if (found === null || address === null) return null;
  const [, name = "", , more = ""] = found;
  const user = /(?:^|, )sasl_username=([^\s,]{1,255})/.exec(more)?.[1] ?? null;
  const known = name !== "unknown" && name !== "localhost";
  return { kind: "client", ip: formatIpAddress(address), name: known ? name : null, user, again: more.includes("orig_queue_id=") };
}

function messageIdEvent(text: string): Body | null {
  return text.startsWith("message-id=") ? { kind: "message-id", messageId: readMessageId(text.slice("message-id=".length)) } : null;
}

function queueEvent(text: string): Body | null {
  if (text === "removed") return { kind: "removed" };
  const sender = /^from=<(.{0,512})>, size=[0-9]{1,15}, nrcpt=[0-9]{1,9} /s.exec(text)?.[1];
  return sender === undefined ? null : { kind: "from", sender };
}

/** An alias is delivered to `to`, the client asked for `orig_to`. */
function deliveryEvent(text: string): Body | null {
  const found = /^to=<([^<>\s]{3,320})>, (?:orig_to=<([^<>\s]{1,320})>, )?relay=/.exec(text);
  if (found === null || !/, status=sent \(/.test(text)) return null;
  const [, to = "", original] = found;
  return { kind: "delivered", recipient: original?.includes("@") === true ? original : to };
}

function dmarcEvent(text: string): Body | null {
  const [, domain = "", result = ""] = /^([\w.-]{1,253}) (pass|fail|none)$/.exec(text.trim()) ?? [];
  return domain === "" ? null : { kind: "dmarc", domain, result };
}

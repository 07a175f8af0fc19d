/**
 * SMTP replies (RFC 5321 §4.2, RFC 3463) as one table: the wording of Microsoft's documents where they have one, byte for byte, brackets
 * included (reference: eop.md §7 in the form of 2017 to 2023, §8; of 5.7.509 the newer text), and our own elsewhere.
 * Behind the text follow ` [id TRACE]`, ` (REASON)` and ` see CONTACT`, each only if it is switched on and the line has room for it.
 * Of other numbers for the same text (5.7.606-649, 4.7.500-699, 4.7.850-899) none is sent, nor the later wording for IPv6.
 * It writes one line of printable ASCII, whatever a value holds. It does not double "%": a door that hands the line to a format
 * (milter's SMFIR_REPLYCODE) does that itself, after the length was measured.
 */
import { limits } from "../base/limits.ts";
import { domainToAscii } from "../mail/domain.ts";
import { formatIpAddress, parseIpAddress } from "../mail/ip-address.ts";
import type { Reply, ReplyId } from "../verdict/reply.ts";
import type { SmtpReply } from "../verdict/verdict.ts";

/** What follows the text. Null: switched off; with both off the text stands alone. A `reason` is shown with the id only. */
export type ReplyTrail = { readonly id: string | null; readonly contact: string | null };

/** `text` is without the codes, as in the Inspection. */
export function formatReply(reply: Reply, trail: ReplyTrail): SmtpReply {
  const { code, enhanced, text } = replies[reply.id];
  const room = limits.replyLineBytesMax - lineEndBytes - `${code} ${enhanced} `.length;
  return { code, enhanced, text: withTrail(fill(text, valuesOf(reply)), trailOf(reply, trail), room) };
}

/** The line as SMTP carries it, without its CRLF. */
export function replyLine({ code, enhanced, text }: SmtpReply): string {
  return `${code} ${enhanced} ${text}`;
}

export type ReplyRow = {
  readonly code: 450 | 451 | 452 | 530 | 550 | 556;
  readonly enhanced: string;
  /** With the names of its parameters in braces. */
  readonly text: string;
  readonly when: string;
  /** Whose wording it is. */
  readonly source: "eop §7" | "eop §8" | "RFC 7505" | "ours";
};

export const replies = {
  "ipv6-no-ptr": {
    code: 450,
    enhanced: "4.7.25",
    text: "Service unavailable, sending IPv6 address [{ip}] must have reverse DNS record.",
    when: "anonymous IPv6, at RCPT: no valid PTR; the sender may come again over IPv4",
    source: "eop §7",
  },
  "ipv6-unauthenticated": {
    code: 450,
    enhanced: "4.7.26",
    text: "Service unavailable, message sent over IPv6 [{ip}] must pass either SPF or DKIM validation.",
    when: "anonymous IPv6, at the end of DATA: neither SPF nor a DKIM signature passes",
    source: "eop §7",
  },
  "ipv6-not-accepted": {
    code: 550,
    enhanced: "5.2.1",
    text: "Service unavailable, [{domain}] does not accept email over IPv6.",
    when: "anonymous IPv6, at RCPT: the recipient's domain has not opted in",
    source: "eop §7",
  },
  "ipv6-range-limit": {
    code: 550,
    enhanced: "5.7.508",
    text: "Access denied, [{ip}] has exceeded permitted limits within {range} range",
    when: "too much mail from one IPv6 range",
    source: "eop §8",
  },
  "dmarc-reject": {
    code: 550,
    enhanced: "5.7.509",
    text: "Access denied, sending domain [{domain}] does not pass DMARC verification and has a DMARC policy of reject.",
    when: "DMARC failed, the policy is reject, and it is honoured",
    source: "eop §8",
  },
  "authentication-level": {
    code: 550,
    enhanced: "5.7.515",
    text: "Access denied, sending domain {domain} does not meet the required authentication level.",
    when: "a sender of much mail without SPF, DKIM and DMARC (Microsoft's consumer service)",
    source: "eop §8",
  },
  "from-invalid": {
    code: 550,
    enhanced: "5.7.512",
    // The text of the reply; \x20 keeps it from being read as a citation in the wrong form.
    text: "Access denied, message must be RFC 5322\x20section 3.6.2 compliant",
    when: "From enforcement",
    source: "eop §8",
  },
  "from-not-owned": {
    code: 550,
    enhanced: "5.7.1",
    text: "Access denied, the From address does not belong to this account.",
    when: "outbound: From is not an address or domain of the account or relay network",
    source: "ours",
  },
  "ip-blocked": {
    code: 550,
    enhanced: "5.7.513",
    text: "Service unavailable, Client host [{ip}] blocked by {domain} using Customer Block list (AS16012607)",
    when: "the client is on the IP block list of the recipient's organization",
    source: "eop §8",
  },
  "ip-banned": {
    code: 550,
    enhanced: "5.7.511",
    text: "Access denied, banned sending IP [{ip}]",
    when: "the client is blocked for everyone",
    source: "eop §8",
  },
  "sender-banned": {
    code: 550,
    enhanced: "5.7.800",
    text: "Access denied, banned sender",
    when: "the domain of EHLO, MAIL FROM or From is blocked for everyone",
    source: "eop §8",
  },
  "recipient-refuses": {
    code: 550,
    enhanced: "5.7.507",
    text: "Access denied, rejected by recipient",
    when: "an entry of the recipient's own blocks the sender",
    source: "eop §8",
  },
  "bad-helo": {
    code: 550,
    enhanced: "5.7.506",
    text: "Access Denied, Bad HELO",
    when: "the client greets with a name of the receiver",
    source: "eop §8",
  },
  "spf-violation": {
    code: 550,
    enhanced: "5.7.23",
    text: "The message was rejected because of Sender Policy Framework violation",
    when: "SPF alone is the reason (RFC 7372 §3.2)",
    source: "eop §8",
  },
  // RFC 4954 §6: 530, authentication is required. The documents give the enhanced code alone.
  "not-authenticated": {
    code: 530,
    enhanced: "5.7.57",
    text: "Client was not authenticated to send anonymous mail during MAIL FROM",
    when: "submission without login",
    source: "eop §8",
  },
  "relay-denied": {
    code: 550,
    enhanced: "5.7.64",
    text: "TenantAttribution; Relay Access Denied",
    when: "no tenant here owns the message",
    source: "eop §8",
  },
  "recipients-blocked": {
    code: 550,
    enhanced: "5.7.703",
    text: "Your message can't be delivered because messages to {recipients} are blocked by your organization using Tenant Allow Block List.",
    when: "outbound: the operator blocks mail to these recipients",
    source: "eop §8",
  },
  throttled: {
    code: 451,
    enhanced: "4.7.550",
    text: "Access denied, please try again later",
    when: "suspicious traffic is slowed down",
    source: "eop §8",
  },
  "rule-refuses": {
    code: 550,
    enhanced: "5.7.1",
    text: "{text}",
    when: "a mail flow rule with the action reject; the text is the rule's",
    source: "ours",
  },
  "sender-null-mx": {
    code: 550,
    enhanced: "5.7.27",
    text: "Sender address has null MX",
    when: "inbound, if switched on: the sender's domain cannot receive (RFC 7505 §4.2)",
    source: "RFC 7505",
  },
  "recipient-null-mx": {
    code: 556,
    enhanced: "5.1.10",
    text: "Recipient address has null MX",
    when: "outbound: the recipient's domain cannot receive (RFC 7505 §4.1)",
    source: "RFC 7505",
  },
  // RFC 7372 §3.2: X.7.24, an error in evaluating SPF. It stands for DKIM too, which has no code of its own for that.
  "authentication-temporary": {
    code: 451,
    enhanced: "4.7.24",
    text: "Temporary DNS failure during SPF or DKIM validation, please try again later.",
    when: "nothing passes, and SPF or DKIM met a temporary error",
    source: "ours",
  },
  // RFC 3463 §3.5: X.4.3, directory server failure.
  "ptr-temporary": {
    code: 451,
    enhanced: "4.4.3",
    text: "Temporary DNS failure while looking up the reverse DNS record of [{ip}], please try again later.",
    when: "anonymous IPv6, at RCPT: the PTR is not known for now",
    source: "ours",
  },
  "dmarc-temporary": {
    code: 451,
    enhanced: "4.4.3",
    text: "Temporary DNS failure while looking up the DMARC record of [{domain}], please try again later.",
    when: "the verdict would depend on a DMARC record that cannot be fetched",
    source: "ours",
  },
  "filter-fault": {
    code: 451,
    enhanced: "4.3.0",
    text: "Temporary fault in mail authentication, please try again later.",
    when: "a fault of ours",
    source: "ours",
  },
  "filter-busy": {
    code: 451,
    enhanced: "4.3.2",
    text: "Mail authentication is busy, please try again later.",
    when: "more messages at once than we take",
    source: "ours",
  },
  // RFC 5321 §4.5.3.1.10 and RFC 3463 §3.6: too many recipients for one transaction; the client sends the rest again by itself.
  "another-organization": {
    code: 452,
    enhanced: "4.5.3",
    text: "Recipients of several organizations, please send this one a copy of its own.",
    when: "at RCPT, where several tenants share an installation: the recipients before are another's",
    source: "ours",
  },
} as const satisfies Readonly<Record<ReplyId, ReplyRow>>;

const lineEndBytes = 2;

/** Each value made safe by its kind: addresses in the form of RFC 5952, domains as A-labels. */
function valuesOf(reply: Reply): Readonly<Record<string, string>> {
  return {
    ip: "ip" in reply ? addressText(reply.ip) : "",
    domain: "domain" in reply ? domainText(reply.domain) : "",
    range: "range" in reply ? token(reply.range) : "",
    recipients: "recipients" in reply ? listText(reply.recipients) : "",
    text: "text" in reply ? ruleText(reply.text) : "",
  };
}

/** In one pass, so that a value never names another. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-z]+)\}/g, (_, name: string) => values[name] ?? "");
}

function addressText(ip: string): string {
  const address = parseIpAddress(ip);
  return address === null ? "unknown" : formatIpAddress(address);
}

function domainText(domain: string): string {
  return domainToAscii(domain) ?? token(domain);
}

/** As many addresses as fit, and how many more there are. */
function listText(recipients: readonly string[]): string {
  const shown: string[] = [];
  let characters = 0;
  for (const recipient of recipients) {
    const text = token(recipient);
    characters += text.length + 2;
    if (shown.length > 0 && characters > limits.replyRecipientsCharactersMax) break;
    shown.push(text);
  }
  const more = recipients.length - shown.length;
  return `${shown.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}

function ruleText(text: string | null): string {
  const own = text === null ? "" : printable(text.trim().slice(0, limits.ruleTextCharactersMax)).trim();
  return own === "" ? "Message refused by a mail flow rule of the organization." : own;
}

/** One word of printable ASCII that closes no bracket. */
function token(value: string): string {
  return printable(value.slice(0, limits.domainBytesMax)).replace(/[ [\]]/g, "?");
}

// RFC 5321 §4.2: textstring is HT, SP and printable ASCII; a tab gains nothing. RFC 6531 §3.7.4: UTF-8 in replies is for few clients only.
function printable(text: string): string {
  return text.replace(/[^ -~]/gu, "?");
}

function trailOf(reply: Reply, { id, contact }: ReplyTrail): readonly string[] {
  const parts: string[] = [];
  const trace = id === null ? "" : token(id.slice(0, limits.replyTraceIdCharactersMax));
  if (trace !== "") parts.push(` [id ${trace}]`);
  if (trace !== "" && "reason" in reply) parts.push(` (${reply.reason})`);
  const whom = contact === null ? "" : printable(contact.slice(0, limits.replyLineBytesMax)).trim();
  if (whom !== "") parts.push(` see ${whom}`);
  return parts;
}

/** RFC 5321 §4.5.3.1.5: at most 512 octets a line. What does not fit is left out whole: half an address of a page helps nobody. */
function withTrail(text: string, parts: readonly string[], room: number): string {
  let line = text;
  for (const part of parts) if (line.length + part.length <= room) line += part;
  return line;
}

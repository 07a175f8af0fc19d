/** The envelope as callers give it, made into a Transaction: addresses normalized, brackets off, nothing repaired. */
import type { Evidence } from "../evidence/evidence.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../mail/header.ts";
import { formatIpAddress, parseIpAddress } from "../mail/ip-address.ts";
import type { Tls, Transaction } from "../mail/transaction.ts";

export type Envelope = {
  /** Client address, IPv4 or IPv6; null or unreadable: SPF and iprev are `none`. */
  readonly ip?: string | null | undefined;
  readonly helo?: string | null | undefined;
  /** With or without angle brackets; "" or "<>" is the null path. */
  readonly mailFrom?: string | null | undefined;
  readonly rcptTo?: readonly string[] | string | null | undefined;
  readonly tls?: Tls | null | undefined;
  readonly authenticatedAs?: string | null | undefined;
  /** Which listener took the message; its inspection is then kept, and its id written into the report. */
  readonly listener?: string | null | undefined;
  readonly queueId?: string | null | undefined;
  /** Where it is not told by a login: a listener for submission has outbound mail alone. */
  readonly direction?: "inbound" | "outbound" | undefined;
};

/** `header` null: before the message has come. */
export function openTransaction(envelope: Envelope, header: Header | null): Transaction {
  const ip = envelope.ip == null ? null : parseIpAddress(envelope.ip);
  const messageId = header === null ? undefined : fieldsNamed(header, "message-id")[0];
  const rcptTo = envelope.rcptTo ?? [];
  return {
    ip: ip === null ? null : formatIpAddress(ip),
    ptr: null,
    helo: envelope.helo ?? null,
    mailFrom: envelope.mailFrom == null ? null : withoutBrackets(envelope.mailFrom),
    rcptTo: (typeof rcptTo === "string" ? [rcptTo] : rcptTo).map(withoutBrackets),
    tls: envelope.tls ?? null,
    authenticatedAs: envelope.authenticatedAs ?? null,
    listener: envelope.listener ?? null,
    direction: envelope.direction ?? (envelope.authenticatedAs == null ? "inbound" : "outbound"),
    queueId: envelope.queueId ?? null,
    messageId: header === null || messageId === undefined ? null : unfoldedValue(header, messageId),
    size: null,
    trustedHop: null,
  };
}

/** The transaction with what gathering the evidence has shown: the message's size, the client's confirmed name. */
export function completed(
  transaction: Transaction,
  { size, evidence: { iprev } }: { readonly size: number; readonly evidence: Pick<Evidence, "iprev"> },
): Transaction {
  const { ip, helo, mailFrom, rcptTo, tls, authenticatedAs, listener, direction, queueId, messageId, trustedHop } = transaction;
  const ptr = iprev.confirmed > 0 ? (iprev.names[0] ?? null) : null;
  return { ip, ptr, helo, mailFrom, rcptTo, tls, authenticatedAs, listener, direction, queueId, messageId, size, trustedHop };
}

/** Takes off one pair of angle brackets that encloses the whole path. */
function withoutBrackets(path: string): string {
  const trimmed = path.trim();
  return trimmed.startsWith("<") && trimmed.endsWith(">") ? trimmed.slice(1, -1) : trimmed;
}

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
};

export function openTransaction(envelope: Envelope, header: Header): Transaction {
  const ip = envelope.ip == null ? null : parseIpAddress(envelope.ip);
  const messageId = fieldsNamed(header, "message-id")[0];
  const rcptTo = envelope.rcptTo ?? [];
  return {
    ip: ip === null ? null : formatIpAddress(ip),
    ptr: null,
    helo: envelope.helo ?? null,
    mailFrom: envelope.mailFrom == null ? null : withoutBrackets(envelope.mailFrom),
    rcptTo: (typeof rcptTo === "string" ? [rcptTo] : rcptTo).map(withoutBrackets),
    tls: envelope.tls ?? null,
    authenticatedAs: envelope.authenticatedAs ?? null,
    listener: null,
    direction: envelope.authenticatedAs == null ? "inbound" : "outbound",
    queueId: null,
    messageId: messageId === undefined ? null : unfoldedValue(header, messageId),
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

/**
 * The envelope of a stored message: what the user gave, and for the rest what the message itself tells. The sender is the topmost
 * Return-Path (RFC 5321 §4.4), else the From_ line of an mbox. The client is that of the topmost Received field whose client
 * is not loopback, private or of the trusted networks: fields above it were written by our own hops, fields below it by strangers.
 * What was read is noted, since such fields are only as true as the place the message was taken from.
 */
import { limits } from "../../base/limits.ts";
import type { Envelope } from "../../gateway/envelope.ts";
import { type Field, fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import { formatIpAddress, type IpNetwork, parseIpAddress } from "../../mail/ip-address.ts";
import { isInAny, isPrivateAddress } from "../../mail/private-network.ts";
import { parseReceived, type Received } from "../../mail/received.ts";
import type { Tls } from "../../mail/transaction.ts";

/** What the user said; null where nothing. */
export type Given = {
  readonly ip: string | null;
  readonly helo: string | null;
  readonly mailFrom: string | null;
  readonly rcptTo: readonly string[];
  readonly tls: Tls | null;
};

/** Where each part came from, as far as it was read from the message; null where it was given or is not known. */
export type Read = {
  readonly ip: string | null;
  readonly helo: string | null;
  readonly mailFrom: string | null;
  readonly tls: string | null;
};

export type StoredMessage = {
  readonly header: Header;
  /** Of the mbox's From_ line. */
  readonly sender: string | null;
  readonly trustNetworks: readonly IpNetwork[];
};

export function readEnvelope(given: Given, stored: StoredMessage): { readonly envelope: Envelope; readonly read: Read } {
  const hop = given.ip !== null && given.helo !== null ? null : clientHop(given, stored);
  const from = hop === null ? null : hop.by === null ? "a Received field" : `the Received field of ${hop.by}`;
  const returnPath = given.mailFrom === null ? readReturnPath(stored.header) : null;
  const mailFrom = given.mailFrom ?? returnPath ?? stored.sender;
  const tls = given.tls ?? (given.ip === null ? (hop?.tls ?? null) : null);
  return {
    envelope: { ip: given.ip ?? hop?.ip ?? null, helo: given.helo ?? hop?.helo ?? null, mailFrom, rcptTo: given.rcptTo, tls },
    read: {
      ip: given.ip === null ? from : null,
      helo: given.helo === null && hop?.helo != null ? from : null,
      mailFrom: returnPath !== null ? "Return-Path" : given.mailFrom === null && stored.sender !== null ? "the mbox" : null,
      tls: given.tls === null && tls !== null ? from : null,
    },
  };
}

/** The Received field that tells of the client: the given address's, or the topmost of a stranger. */
function clientHop(given: Given, { header, trustNetworks }: StoredMessage): Received | null {
  const wanted = given.ip === null ? null : parseIpAddress(given.ip);
  for (const field of fieldsNamed(header, "received").slice(0, limits.receivedFieldsMax)) {
    const received = parseReceived(textOf(header, field));
    // What is below a field that cannot be trusted to be whole may be anybody's.
    if (received.broken) return null;
    const client = received.ip === null ? null : parseIpAddress(received.ip);
    if (client === null) continue;
    const found = wanted === null ? !isPrivateAddress(client) && !isInAny(client, trustNetworks) : formatIpAddress(wanted) === received.ip;
    if (found) return received;
  }
  return null;
}

/** The topmost Return-Path as it stands, `<>` being the null path; null without one, or where it is blank. Never repaired. */
function readReturnPath(header: Header): string | null {
  const field = fieldsNamed(header, "return-path")[0];
  if (field === undefined) return null;
  const value = textOf(header, field);
  return value === "" ? null : value;
}

/** RFC 6532: a field may be UTF-8; the header's text is one character an octet. */
function textOf(header: Header, field: Field): string {
  return Buffer.from(unfoldedValue(header, field), "latin1").toString("utf8");
}

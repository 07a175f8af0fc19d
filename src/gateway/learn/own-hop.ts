/**
 * The border in a stored message: the topmost Received field in which a host of ours tells of a client that is not ours (RFC 5321 §4.4).
 * Every field above it was written by us; everything below is the stranger's text. A field of a host that is not ours ends the
 * search: what a stranger wrote names no client.
 */
import { limits } from "../../base/limits.ts";
import { type Field, fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import { parsePath } from "../../mail/path.ts";
import { parseReceived } from "../../mail/received.ts";
import type { Tls } from "../../mail/transaction.ts";
import { isOurClient, isOurHost, type Ours } from "./ours.ts";
import { receivedDay } from "./received-day.ts";

export type NoHop =
  | "no-received" // no Received field at all
  | "not-ours" // a Received field of a host that is not ours comes first
  | "broken" // a Received field that cannot be read with certainty
  | "local" // all of its hops are ours: it never came in
  | "submission" // a user of ours handed it in (RFC 3848: a protocol with A)
  | "no-day"; // our Received field has no readable date

export type OwnHop = {
  readonly ip: string;
  readonly helo: string | null;
  /** The client's name where our server had resolved it both ways. */
  readonly name: string | null;
  readonly tls: Tls | null;
  readonly day: number;
  /** Whom it was for, as our own fields say; empty where they do not. */
  readonly recipients: readonly string[];
  readonly mailFrom: string | null;
  /** Fields above this offset are ours. */
  readonly border: Field;
};

export function ownHop(header: Header, ours: Ours): OwnHop | NoHop {
  const fields = fieldsNamed(header, "received").slice(0, limits.receivedFieldsMax);
  if (fields.length === 0) return "no-received";
  for (const field of fields) {
    const value = unfoldedValue(header, field);
    const received = parseReceived(value);
    if (received.broken || field.nameDefect !== null) return "broken";
    if (!isOurHost(received.by, ours)) return "not-ours";
    const client = received.ip === null ? null : parseIpAddress(received.ip);
    if (received.ip === null || client === null || isOurClient(client, ours)) continue;
    if (submission.test(value)) return "submission";
    const day = receivedDay(value);
    if (day === null) return "no-day";
    const { ip, helo, tls } = received;
    return { ip, helo, tls, day, name: verifiedName(value, ip), border: field, ...envelopeOf(header, field, value) };
  }
  return "local";
}

// RFC 3848: ESMTPA and ESMTPSA. A client that writes it into its HELO only keeps us from learning.
const submission = /\swith\s{1,8}(?:UTF8)?[EL]?S?MTPS?A\b/i;

/**
 * Postfix and Sendmail write `(name [address])` with a name that resolves to the address and back; others write what the client
 * said, or what nobody has checked. Of several comments the last is the server's: HELO comes before it.
 */
function verifiedName(value: string, ip: string): string | null {
  if (!/\(Postfix\)|\(8\.[0-9.]{1,12}\/[0-9A-Za-z./]{1,40}\)/.test(value)) return null;
  const by = value.lastIndexOf(" by ");
  let name: string | null = null;
  for (const [, said = "", address = ""] of value.slice(0, by === -1 ? value.length : by).matchAll(nameAndAddress)) {
    const client = parseIpAddress(address);
    const same = client !== null && parseReceived(`from x ([${address}])`).ip === ip;
    name = same && said !== "unknown" && said !== "localhost" ? said : null;
  }
  return name;
}
const nameAndAddress = /\(([A-Za-z0-9_.-]{1,253}) \[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]\)/g;

/** What our own fields, at and above the border, say of the envelope. */
function envelopeOf(header: Header, border: Field, value: string): { recipients: readonly string[]; mailFrom: string | null } {
  const above = (name: string): string | null => {
    const field = fieldsNamed(header, name).find((one) => one.start < border.start && one.nameDefect === null);
    return field === undefined ? null : unfoldedValue(header, field);
  };
  const written = /\sfor\s{1,8}<([^<>\s]{3,320})>/i.exec(value)?.[1];
  const recipient = [written, above("x-original-to"), above("envelope-to"), above("delivered-to")]
    .map((text) => (text == null ? null : addressIn(text)))
    .find((address) => address !== null);
  const returnPath = above("return-path");
  const path = returnPath === null ? null : parsePath(returnPath);
  return {
    recipients: recipient == null ? [] : [recipient],
    mailFrom: path?.kind === "null" ? "" : path?.kind === "mailbox" ? `${path.localPart}@${path.domain ?? path.literal}` : null,
  };
}

function addressIn(text: string): string | null {
  const path = parsePath(text.trim());
  return path.kind === "mailbox" && path.domain !== null ? `${path.localPart}@${path.domain}`.toLowerCase() : null;
}

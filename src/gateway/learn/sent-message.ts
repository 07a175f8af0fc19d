/**
 * What a message in a Sent folder teaches: whom its author writes to, and its Message-ID, which answers and bounces will name. Our own
 * user's program wrote it; but a message that came in (it was moved there, or the folder is none) carries Received fields of others
 * and teaches nothing here.
 */
import { limits } from "../../base/limits.ts";
import { authorOf } from "../../evidence/from/author.ts";
import { validateFrom } from "../../evidence/from/validate.ts";
import { parseAddressList } from "../../mail/address.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import { messageIdOf } from "../../mail/message-ids.ts";
import { parseReceived } from "../../mail/received.ts";
import { decodeUtf8 } from "../../mail/utf8-text.ts";
import type { Sent } from "../../verdict/history.ts";
import { isAccepted, isOurHost, type Ours } from "./ours.ts";

export type NotSent =
  | "no-author" // From does not name exactly one author
  | "not-own-domain" // the author is in none of the accepted domains
  | "no-recipient"
  | "came-in"; // a host that is not ours has received it

export type SentLesson = { readonly id: string; readonly sent: Sent };

/** `day`: when the message was put into the folder, by our own clock. */
export function readSentMessage(header: Header, day: number, ours: Ours): SentLesson | NotSent {
  const from = validateFrom(header);
  if (!authorOf(from).single || from.address === null) return "no-author";
  if (isAccepted(from.address, ours) === false) return "not-own-domain";
  if (fieldsNamed(header, "received").some((field) => !isOurHost(parseReceived(unfoldedValue(header, field)).by, ours))) return "came-in";
  const recipients = recipientsOf(header);
  if (recipients.length === 0) return "no-recipient";
  const messageId = messageIdOf(header);
  const sender = from.address.toLowerCase();
  const id = `out ${messageId ?? `${sender} ${day} ${recipients.join(" ")}`}`;
  return { id, sent: { tenant: "", day, sender, messageId, recipients } };
}

/** To, Cc and Bcc, each address once, in lower case. */
function recipientsOf(header: Header): readonly string[] {
  const found = new Set<string>();
  for (const name of ["to", "cc", "bcc"]) {
    for (const field of fieldsNamed(header, name)) {
      const text = decodeUtf8(unfoldedValue(header, field).slice(0, limits.recipientsFieldBytesMax)).text;
      for (const { localPart, domain } of parseAddressList(text).mailboxes) {
        const ascii = domainToAscii(domain);
        if (ascii !== null && localPart !== "") found.add(`${localPart}@${ascii}`.toLowerCase());
        if (found.size === limits.historyRecipientsMax) return [...found];
      }
    }
  }
  return [...found];
}

/**
 * What one message of a mail log teaches. A log knows the envelope and not the From field: mail of ours teaches whom we write to; mail
 * that came in teaches at most tier 2, for the domain that OpenDMARC named or else the envelope sender's, and only where the client
 * had a verified name. Nothing in a log says which identifier vouched for the client, so a DMARC pass teaches nothing here.
 */
import { domainToAscii } from "../../mail/domain.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import { parsePath } from "../../mail/path.ts";
import type { Policy } from "../../verdict/policy.ts";
import { type Arrival, arrivalOf } from "./arrival.ts";
import type { Logged } from "./log-transactions.ts";
import { isAccepted, isOurClient, type Ours } from "./ours.ts";
import type { SentLesson } from "./sent-message.ts";
import { evidenceOf } from "./stored-results.ts";

export type NotLogged =
  | "not-delivered" // rejected, deferred, bounced, or the log ends before
  | "local" // handed from one of our machines to another
  | "no-client" // the log begins after the message came
  | "relayed" // to somebody else's domain
  | "no-author" // null reverse path, or no readable one
  | "own-domain" // a stranger in the name of an accepted domain
  | "no-name" // the client has no verified name
  | "authenticated" // it passed, and the log does not say by what
  | "failed"
  | "no-day";

export type LoggedLesson =
  | { readonly kind: "sent"; readonly lesson: SentLesson }
  | { readonly kind: "received"; readonly arrival: Arrival };

/** `day`: of the log's own clock. */
export function readLogged(logged: Logged, day: number | null, { ours, policy }: { ours: Ours; policy: Policy }): LoggedLesson | NotLogged {
  if (logged.recipients.length === 0) return "not-delivered";
  if (day === null) return "no-day";
  const sender = addressOf(logged.sender);
  if (sender === null) return "no-author";
  return isHandedInByUs(logged, ours) ? sentOf(logged, { sender, day, ours }) : receivedOf(logged, { sender, day, ours, policy });
}

type Context = { readonly sender: { readonly address: string; readonly domain: string }; readonly day: number; readonly ours: Ours };

function isHandedInByUs({ client, user, pickedUp }: Logged, ours: Ours): boolean {
  if (user !== null || pickedUp) return true;
  const address = client === null ? null : parseIpAddress(client.ip);
  return address !== null && isOurClient(address, ours);
}

/** Mail of a user who logged in, or of our own machines in the name of an accepted domain; what a filter hands back is neither. */
function sentOf({ user, recipients, messageId, queueId }: Logged, { sender, day, ours }: Context): LoggedLesson | NotLogged {
  const own = isAccepted(sender.address, ours);
  if (own === false || (own === null && user === null)) return "local";
  const id = `out ${messageId ?? `${queueId} ${day}`}`;
  return { kind: "sent", lesson: { id, sent: { tenant: "", day, sender: sender.address, messageId, recipients } } };
}

function receivedOf(logged: Logged, { sender, day, ours, policy }: Context & { readonly policy: Policy }): LoggedLesson | NotLogged {
  const { client, dmarc, messageId, queueId } = logged;
  if (client === null) return "no-client";
  if (logged.again) return "local";
  const recipients = logged.recipients.filter((recipient) => isAccepted(recipient, ours) !== false);
  if (recipients.length === 0) return "relayed";
  if (dmarc?.result === "pass") return "authenticated";
  if (dmarc?.result === "fail") return "failed";
  if (client.name === null) return "no-name";
  const author = dmarc === null ? sender.domain : domainToAscii(dmarc.domain);
  if (author === null) return "no-author";
  if (isAccepted(author, ours) === true) return "own-domain";
  const evidence = evidenceOf([], author, policy);
  if (evidence === null) return "failed";
  const from = { result: "valid", reason: null, address: null, domain: author, displayName: null, advice: [], domains: [author] } as const;
  const told = { client: { ...client, helo: null, tls: null }, mailFrom: sender.address, recipients, from, evidence, references: [] };
  return { kind: "received", arrival: arrivalOf({ id: `in ${messageId ?? `${queueId} ${day} ${client.ip}`}`, day, ...told }) };
}

function addressOf(sender: string | null): { readonly address: string; readonly domain: string } | null {
  const path = sender === null ? null : parsePath(sender);
  if (path?.kind !== "mailbox" || path.domain === null) return null;
  return { address: `${path.localPart}@${path.domain}`.toLowerCase(), domain: path.domain };
}

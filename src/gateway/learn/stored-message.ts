/**
 * What a stored message that came in teaches (design: compauth.md "Sender history"): its header alone is read. Who connected is what our
 * own Received field says, what passed is what our own Authentication-Results say, and the lesson is made by the same rules as a live
 * one. Without results a message teaches at most tier 2, and nothing if it carries a signature of its author, which may have verified.
 */
import { limits } from "../../base/limits.ts";
import { authorOf } from "../../evidence/from/author.ts";
import type { FromResult } from "../../evidence/from/result.ts";
import { validateFrom } from "../../evidence/from/validate.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { fieldsNamed, type Header, rawValue } from "../../mail/header.ts";
import { messageIdOf, messageIdsOf } from "../../mail/message-ids.ts";
import { organizationOf } from "../../verdict/organization.ts";
import type { Policy } from "../../verdict/policy.ts";
import { type Arrival, arrivalOf } from "./arrival.ts";
import { isAccepted, type Ours } from "./ours.ts";
import { type NoHop, type OwnHop, ownHop } from "./own-hop.ts";
import { evidenceOf, ownResults, type StoredEvidence } from "./stored-results.ts";

export type NotLearnt =
  | NoHop
  | "no-author" // From does not name exactly one author domain
  | "own-domain" // an unauthenticated message in the name of an accepted domain
  | "failed" // our results say that it failed, or could not be judged
  | "unverified"; // signed by its author's organization, and no result of ours says whether the signature verified

export type StoredOptions = { readonly ours: Ours; readonly policy: Policy; readonly recipients: readonly string[] };

/** `id` is the same wherever the message is met again: in another folder, for another recipient, in a log. */
export function readStoredMessage(header: Header, { ours, policy, recipients }: StoredOptions): Arrival | NotLearnt {
  const hop = ownHop(header, ours);
  if (typeof hop === "string") return hop;
  const from = validateFrom(header, policy.fromProfile);
  const author = authorOf(from);
  const [domain] = author.domains;
  if (!author.single || domain === undefined) return "no-author";
  const results = ownResults(header, hop.border, ours);
  const evidence = evidenceOf(results, domain, policy);
  if (evidence === null) return "failed";
  if (evidence.dmarc.result === "none") {
    if (results.length === 0 && isSignedBy(header, organizationOf(domain, policy), policy)) return "unverified";
    if (isAccepted(domain, ours) === true) return "own-domain";
  }
  return arrival(header, { hop, from, evidence, recipients });
}

type Parts = {
  readonly hop: OwnHop;
  readonly from: FromResult;
  readonly evidence: StoredEvidence;
  readonly recipients: readonly string[];
};

function arrival(header: Header, { hop, from, evidence, recipients }: Parts): Arrival {
  const { day, name, ip, helo, tls } = hop;
  const messageId = messageIdOf(header);
  const verified = evidence.spf.find(({ identity }) => identity === "mailfrom")?.domain ?? null;
  // SPF of our filter says whom it checked; the local part is of no use to anybody.
  const mailFrom = verified === null ? hop.mailFrom : `postmaster@${verified}`;
  return arrivalOf({
    id: `in ${messageId ?? rawValue(header, hop.border).slice(0, limits.receivedFieldBytesMax)}`,
    day,
    client: { ip, helo, name, tls },
    mailFrom,
    recipients: hop.recipients.length > 0 ? hop.recipients : recipients,
    from,
    evidence,
    references: messageIdsOf(header),
  });
}

/** Does the message carry a signature that would align? Anybody may write one: it only keeps us from learning. */
function isSignedBy(header: Header, organization: string, policy: Policy): boolean {
  return fieldsNamed(header, "dkim-signature")
    .slice(0, limits.dkimSignaturesMax)
    .some((field) => {
      const domain = signerOf(rawValue(header, field));
      return domain !== null && organizationOf(domain, policy) === organization;
    });
}

function signerOf(value: string): string | null {
  const found = /(?:^|;)\s{0,80}d\s{0,8}=\s{0,8}([^;\s]{1,255})/.exec(value)?.[1];
  return found === undefined ? null : domainToAscii(found);
}

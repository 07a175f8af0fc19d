/**
 * What a mail client may show beside the author (reference: eop.md §9, "unauthenticated sender"): `?` where nobody vouches for the author, and
 * `via` the domain that did the sending where it is another's. Facts to be stamped; they decide nothing. Without spoof intelligence neither
 * is given.
 */
import { authorOf } from "../evidence/from/author.ts";
import { isAtOrBelow } from "../mail/domain.ts";
import { domainOfAddress } from "./overrides/address-form.ts";
import type { Policy } from "./policy.ts";
import type { DecisionInput, Standing, Verdict } from "./verdict.ts";

export type SenderMarks = {
  /** Neither SPF nor DKIM passes, nor DMARC or composite authentication. */
  readonly unverified: boolean;
  /** The domain of a signature, or else of MAIL FROM, that is neither the author's nor related to it; null: none is shown. */
  readonly via: string | null;
};

export function senderMarks(
  { transaction, from, evidence }: DecisionInput,
  { verdict, standing }: { readonly verdict: Verdict; readonly standing: Standing },
  { spoofIntelligence }: Pick<Policy, "spoofIntelligence">,
): SenderMarks {
  if (spoofIntelligence === false || transaction.direction === "outbound") return none;
  const { dmarc, spf, dkim } = evidence;
  const composite = verdict.compauth === "pass" || dmarc.result === "pass" || dmarc.result === "bestguesspass";
  const passes =
    dkim.some(({ result }) => result === "pass") || spf.some(({ identity, result }) => identity === "mailfrom" && result === "pass");
  const unverified = !composite && !passes;
  return unverified ? anonymous : withVia(viaOf(transaction.mailFrom, authorOf(from).domains[0], { dkim, standing }));
}

const none: SenderMarks = { unverified: false, via: null };
const anonymous: SenderMarks = { unverified: true, via: null };

function withVia(via: string | null): SenderMarks {
  return via === null ? none : { unverified: false, via };
}

type Signers = { readonly dkim: DecisionInput["evidence"]["dkim"]; readonly standing: Standing };

/** One identifier of the author's, or below it, and nothing is shown. */
function viaOf(mailFrom: string | null, author: string | undefined, { dkim, standing }: Signers): string | null {
  if (author === undefined || standing === "allowed") return null;
  const sender = mailFrom === null ? null : domainOfAddress(mailFrom);
  const signers = dkim.flatMap(({ result, domain }) => (result === "pass" && domain !== null ? domain : []));
  const identifiers = sender === null ? signers : [...signers, sender];
  const related = (domain: string): boolean => isAtOrBelow(domain, author) || isAtOrBelow(author, domain);
  return identifiers.some(related) ? null : (identifiers[0] ?? null);
}

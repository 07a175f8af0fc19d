/**
 * What a mail client may show beside the author (reference: eop.md §9, "unauthenticated sender"): `?` where nobody vouches for the author, and
 * `via` the domain that did the sending where it is another's. Facts to be stamped; they decide nothing. Without spoof intelligence neither
 * is given.
 */
import { authorOf } from "../evidence/from/author.ts";
import { isAtOrBelow } from "../mail/domain.ts";
import type { Policy } from "./policy.ts";
import type { DecisionInput, Standing, Verdict } from "./verdict.ts";

export type SenderMarks = {
  /** Neither SPF nor DKIM passes, nor DMARC or composite authentication. */
  readonly unverified: boolean;
  /** The domain of a verified signature, or else of an envelope that SPF passed, where none of them is the author's; null: none is shown. */
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
  // Only what is verified counts: an envelope that is merely written could silence either mark.
  const identifiers = [
    ...dkim.filter(({ result }) => result === "pass"),
    ...spf.filter(({ identity, result }) => identity === "mailfrom" && result === "pass"),
  ].flatMap(({ domain }) => domain ?? []);
  // SPF of the null path speaks for a host, not for a sender.
  const passes = dkim.some(({ result }) => result === "pass") || (transaction.mailFrom !== "" && identifiers.length > 0);
  if (!composite && !passes) return anonymous;
  return standing === "allowed" ? none : withVia(viaOf(identifiers, authorOf(from).domains[0]));
}

const none: SenderMarks = { unverified: false, via: null };
const anonymous: SenderMarks = { unverified: true, via: null };

function withVia(via: string | null): SenderMarks {
  return via === null ? none : { unverified: false, via };
}

/** One identifier of the author's, or below it, and nothing is shown. */
function viaOf(identifiers: readonly string[], author: string | undefined): string | null {
  if (author === undefined) return null;
  const related = (domain: string): boolean => isAtOrBelow(domain, author) || isAtOrBelow(author, domain);
  return identifiers.some(related) ? null : (identifiers[0] ?? null);
}

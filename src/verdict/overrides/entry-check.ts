/**
 * May this entry on a pair exist (design: compauth.md "Spoof intelligence")? A block always may. What would accept must rest on something
 * that strangers cannot show: not on the From side alone, not on infrastructure that many organizations share, and not at all where
 * nobody administers the recipients' policy. What is refused comes with the safe form, if the text or a message shows one.
 */
import { formatPair, formatUser, type Pair, parseInfrastructure, type SpoofEntry } from "./entry.ts";
import type { Refusal } from "./refusal.ts";
import { type AnchorContext, type AnchorFault, networkFault, ptrFault, signerFault } from "./trust-anchor.ts";

export type EntryContext = AnchorContext & {
  readonly profile?: "organization" | "consumer" | undefined;
  /** What messages of this pair came with: signers that verified, and what pair-shown.ts calls allowable. */
  readonly signers?: readonly string[] | undefined;
  readonly allowable?: string | null | undefined;
};

/** Null: it may. */
export function entryRefusal(pair: Pair, action: SpoofEntry["action"], context: EntryContext): Refusal | null {
  if (action === "block") return null;
  if (context.profile === "consumer") return { code: "consumer", why: "profile consumer has no entry that would accept", offer: null };
  const { user, infrastructure } = pair;
  switch (infrastructure.kind) {
    case "any": {
      const why = `anybody can write ${formatUser(user)} into From: name the infrastructure that sends it, ${forms}`;
      return {
        code: "from-alone",
        why,
        offer: formatPair({ user, infrastructure: seenInfrastructure(context) ?? { kind: "dkim", domain: placeholder } }),
      };
    }
    case "prefix":
      return because(networkFault(infrastructure.prefix, context), pair, context);
    case "ptr":
      return because(ptrFault(infrastructure.domain, context), pair, context);
    case "dkim":
      return because(signerFault(infrastructure.domain, context), pair, context);
    case "domain":
      // It would match either; a name that is fine as a signer's alone is offered as that.
      return because(ptrFault(infrastructure.domain, context) ?? signerFault(infrastructure.domain, context), pair, context);
    default:
      return infrastructure satisfies never;
  }
}

const forms = "as a verified DKIM domain, a confirmed PTR domain, an IPv4 /24 or an IPv6 /48";
/** RFC 6761 §6.4: a name that nobody has. Stands for what only the operator knows. */
const placeholder = "signer.invalid";

/** On shared infrastructure the DKIM form is what tells one organization from another. */
function because(fault: AnchorFault | null, pair: Pair, context: EntryContext): Refusal | null {
  if (fault === null) return null;
  const { infrastructure } = pair;
  const own = infrastructure.kind === "domain" && signerFault(infrastructure.domain, context) === null ? infrastructure.domain : null;
  const signer = own ?? seenSigner(context);
  const how = signer === null ? "; name the domain that signs this sender's mail alone, by DKIM" : "; the DKIM form is safe";
  const offer = formatPair({ user: pair.user, infrastructure: { kind: "dkim", domain: signer ?? placeholder } });
  return { code: fault.code, why: fault.why + how, offer };
}

function seenSigner(context: EntryContext): string | null {
  return context.signers?.find((domain) => signerFault(domain, context) === null) ?? null;
}

function seenInfrastructure(context: EntryContext): Pair["infrastructure"] | null {
  const signer = seenSigner(context);
  if (signer !== null) return { kind: "dkim", domain: signer };
  const read = context.allowable == null ? null : parseInfrastructure(context.allowable);
  return read?.status === "read" ? read.value : null;
}

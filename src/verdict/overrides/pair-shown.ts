/**
 * How the sending infrastructure of one message is shown, and what an entry on it could say (reference: eop.md §4a): a verified DKIM domain
 * that is not everybody's, else the organization of the reverse name, else the /24 or /48. 131.107.18.4 with the name
 * outbound.mail.protection.outlook.com shows as outlook.com, with the warning that it is shared. It decides nothing.
 */
import { domainToAscii } from "../../mail/domain.ts";
import { formatPrefix, parseIpAddress } from "../../mail/ip-address.ts";
import { confirmedNames } from "../facts.ts";
import { organizationOf } from "../organization.ts";
import { verifiedSigners } from "../tokens.ts";
import type { PairMessage } from "./pair-keys.ts";
import { type AnchorContext, networkFault, ptrFault, signerFault } from "./trust-anchor.ts";

export type ShownInfrastructure = {
  readonly infrastructure: string;
  readonly by: "dkim" | "ptr" | "prefix";
  /** A reverse name that resolves back; signatures and addresses always are. */
  readonly confirmed: boolean;
  readonly shared: boolean;
  /** One sentence; null: nothing to warn of. */
  readonly warning: string | null;
  /** The infrastructure that an allow entry can name; null: there is none on this message. */
  readonly allowable: string | null;
};

/** Null: no client address, no signature. */
export function shownInfrastructure(message: PairMessage, context: AnchorContext = {}): ShownInfrastructure | null {
  const signer = verifiedSigners(message.evidence).find((domain) => signerFault(domain, context) === null) ?? null;
  if (signer !== null) {
    return { infrastructure: signer, by: "dkim", confirmed: true, shared: false, warning: null, allowable: `dkim:${signer}` };
  }
  return byName(message, context) ?? byPrefix(message, context);
}

function byName(message: PairMessage, context: AnchorContext): ShownInfrastructure | null {
  const [chosen] = confirmedNames(message);
  const [first] = message.evidence.iprev.names;
  const name = chosen ?? (first === undefined ? null : domainToAscii(first));
  if (name === null) return null;
  const infrastructure = organizationOf(name, { localSuffixes: context.localSuffixes ?? [] });
  const fault = ptrFault(infrastructure, context);
  const confirmed = chosen !== undefined || message.evidence.iprev.confirmed > 0;
  const common = { infrastructure, by: "ptr", confirmed, shared: fault !== null } as const;
  if (fault !== null) return { ...common, warning: `${infrastructure} is shared: ${fault.why}`, allowable: null };
  if (chosen !== undefined) return { ...common, warning: null, allowable: infrastructure };
  const why = confirmed ? "is a name that the provider gave it" : "does not resolve back to it";
  return { ...common, warning: `${name} ${why}: an allow entry cannot name it`, allowable: byPrefix(message, context)?.allowable ?? null };
}

function byPrefix({ transaction, evidence }: PairMessage, context: AnchorContext): ShownInfrastructure | null {
  const client = transaction.ip === null ? null : parseIpAddress(transaction.ip);
  if (client === null) return null;
  const infrastructure = formatPrefix(client);
  const fault = networkFault(infrastructure, context);
  const unsure = evidence.iprev.result === "temperror";
  const warning =
    fault !== null ? `${infrastructure} is shared: ${fault.why}` : unsure ? "DNS did not say whether the client has a name" : null;
  return {
    infrastructure,
    by: "prefix",
    confirmed: true,
    shared: fault !== null,
    warning,
    allowable: fault === null ? infrastructure : null,
  };
}

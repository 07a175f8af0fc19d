/**
 * Outbound: does From belong to the account or relay network that hands the message over (design: compauth.md "Overrides")? Compared with
 * a list of addresses and domains, a value. No override is read here: none applies. Where the author is in doubt, From belongs to nobody.
 */
import { authorOf, type FromEvidence } from "../evidence/from/author.ts";
import type { Mailbox } from "../evidence/from/result.ts";
import { domainToAscii } from "../mail/domain.ts";
import { canonicalAddress } from "./overrides/address-form.ts";

/** What may stand in From. Domains: `contoso.com` that one, `*.contoso.com` those below it, `*` any (a list server's relay). */
export type Account = {
  /** For the explanation: login name or network. */
  readonly name: string;
  readonly addresses: readonly string[];
  readonly domains: readonly string[];
};

/** From as validated; with the mailboxes, where they were kept, so that each of several is looked at. */
export type ClaimedFrom = FromEvidence & { readonly mailboxes?: readonly Mailbox[] };

export type Ownership = "owned" | "not-owned" | "claims-nobody";

export function ownershipOf(from: ClaimedFrom, account: Account): Ownership {
  if (from.address === null && authorOf(from).domains.length === 0) return "claims-nobody";
  if (!authorOf(from).single || from.domain === null || from.address === null) return "not-owned";
  if (ownsDomain(account, from.domain)) return "owned";
  return addressesOf(from).every((address) => address !== null && owns(account, address)) ? "owned" : "not-owned";
}

/** Of one address, as an assigned MAIL FROM is. */
export function ownsAddress(account: Account, address: string): boolean {
  const domain = domainToAscii(address.slice(address.lastIndexOf("@") + 1));
  return domain !== null && (ownsDomain(account, domain) || owns(account, address));
}

/** Every address of the field; with null in it where there are more than is known. */
function addressesOf({ address, mailboxes, reason, advice }: ClaimedFrom): readonly (string | null)[] {
  if (mailboxes !== undefined && mailboxes.length > 0) return mailboxes.map((mailbox) => mailbox.address);
  const several = reason === "several-addresses" || advice.includes("several-addresses-one-domain");
  return several ? [address, null] : [address];
}

function ownsDomain({ domains }: Account, domain: string): boolean {
  return domains.some((entry) => {
    if (entry === "*") return true;
    const below = entry.startsWith("*.");
    const name = domainToAscii(below ? entry.slice(2) : entry);
    if (name === null) return false;
    return below ? domain.endsWith(`.${name}`) : domain === name;
  });
}

/** DEVIATION: RFC 5321 §2.4 leaves the case of a local part to its host. Accounts are compared without it, as every known host does. */
function owns({ addresses }: Account, address: string): boolean {
  const key = canonicalAddress(address);
  return key !== null && addresses.some((own) => canonicalAddress(own) === key);
}

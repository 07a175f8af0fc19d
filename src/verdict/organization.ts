/**
 * Whose a domain is, for everything that the verdict compares by the suffix list: pairs, PTR, history, accepted domains. The list with
 * its private section, the suffixes that ship with Assay, and the operator's. It asks no DNS.
 */
import { organizationalDomainByList, shippedSuffixes } from "../mail/public-suffix.ts";
import type { Policy } from "./policy.ts";

/** The organizational domain of an A-label; a name that has none (a suffix itself, a single label) is its own. */
export function organizationOf(domain: string, policy: Pick<Policy, "localSuffixes">): string {
  return organizationalDomainByList(domain, suffixesOf(policy)) ?? domain;
}

function suffixesOf({ localSuffixes }: Pick<Policy, "localSuffixes">): readonly string[] {
  return localSuffixes === undefined || localSuffixes.length === 0 ? shippedSuffixes : [...shippedSuffixes, ...localSuffixes];
}

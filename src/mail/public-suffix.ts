/**
 * Organizational domains by the Public Suffix List with its private section (via tldts), plus local suffixes that ship
 * with Assay. Used where RFC 9989's walk finds nothing: best-guess alignment, spoof pairs, PTR. Never for DMARC itself
 * in mode rfc9989.
 */

import { getDomain, getPublicSuffix } from "tldts";
import { memoized } from "../base/memo.ts";

/** Names under which strangers get their own subdomains though the list does not say so. onmicrosoft.com: one label a tenant. */
export const shippedSuffixes: readonly string[] = ["onmicrosoft.com"];
/** As tldts says, remembered: an ordinary message asks of the same names several times. */
const registrableDomain = memoized((name) => getDomain(name, options));
const options = { allowPrivateDomains: true, validateHostname: false } as const;

/** The registrable domain of an A-label name: one label below its public suffix; null for a suffix itself, an unlisted single label or an address. */
export function organizationalDomainByList(name: string, suffixes: readonly string[] = shippedSuffixes): string | null {
  for (const suffix of suffixes) {
    if (name === suffix) return null;
    if (name.endsWith(`.${suffix}`)) {
      const below = name.slice(0, -suffix.length - 1);
      return `${below.slice(below.lastIndexOf(".") + 1)}.${suffix}`;
    }
  }
  return registrableDomain(name);
}

/** Is the name a suffix that registries sell under (com, co.uk): the ICANN section of the list only? A TLD that is not listed counts. */
export const isIcannSuffix: (name: string) => boolean = memoized(
  (name) => getPublicSuffix(name, { allowPrivateDomains: false, validateHostname: false }) === name,
);

/**
 * How an operator writes whom an entry or a rule is about: an address, a domain (that name alone), or `*.domain` (all below it, not the
 * domain itself), as the documented lists do (reference: eop.md §4b). Addresses compare without regard to case and to quotes that
 * need not be there; domains as A-labels. parse and format are each other's inverse.
 */
import { limits } from "../../base/limits.ts";
import { memoized } from "../../base/memo.ts";
import { domainToAscii, isAtOrBelow } from "../../mail/domain.ts";
import { parsePath } from "../../mail/path.ts";

export type AddressForm =
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "domain"; readonly domain: string }
  | { readonly kind: "below"; readonly domain: string };

export function parseAddressForm(text: string): AddressForm | null {
  if (text.length > limits.entryTextCharactersMax) return null;
  if (text.includes("@")) {
    const address = canonicalAddress(text);
    return address === null ? null : { kind: "address", address };
  }
  if (text.startsWith("*.")) {
    const domain = domainToAscii(text.slice(2));
    return domain === null || isNumeric(domain) ? null : { kind: "below", domain };
  }
  const domain = parseDomain(text);
  return domain === null ? null : { kind: "domain", domain };
}

export function formatAddressForm(form: AddressForm): string {
  switch (form.kind) {
    case "address":
      return form.address;
    case "domain":
      return form.domain;
    case "below":
      return `*.${form.domain}`;
    default:
      return form satisfies never;
  }
}

/** A name of at least two labels that is no address. */
export function parseDomain(text: string): string | null {
  const domain = domainToAscii(text);
  return domain === null || !domain.includes(".") || isNumeric(domain) ? null : domain;
}

/** `192.0.2.1` passes for a name by its letters; no top-level domain is a number. */
function isNumeric(domain: string): boolean {
  return /(?:^|\.)[0-9]+$/.test(domain);
}

/** The form in which addresses compare; null where it is none. */
export const canonicalAddress: (text: string) => string | null = memoized((text) => {
  const path = parsePath(text);
  if (path.kind !== "mailbox" || path.domain === null) return null;
  const { localPart } = path;
  const bare = localPart.startsWith('"') ? unquoted(localPart) : localPart;
  return `${bare.normalize("NFC").toLowerCase()}@${path.domain}`;
});

/** RFC 5321 §4.1.2: quotes around what needs none say the same. */
function unquoted(localPart: string): string {
  const inner = localPart.slice(1, -1);
  return dotString.test(inner) ? inner : localPart;
}
const dotString = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;

/** The domain of an address as an A-label; null where there is none. */
export function domainOfAddress(address: string | null): string | null {
  const at = address?.lastIndexOf("@") ?? -1;
  return address === null || at < 0 ? null : domainToAscii(address.slice(at + 1));
}

/** Is this address, or a sender of this domain, meant? `address` canonical or null. */
export function meets(form: AddressForm, address: string | null, domain: string | null): boolean {
  switch (form.kind) {
    case "address":
      return form.address === address;
    case "domain":
      return form.domain === domain;
    case "below":
      return domain !== null && domain !== form.domain && isAtOrBelow(domain, form.domain);
    default:
      return form satisfies never;
  }
}

/** Every text that an entry about this address, or a sender of this domain, can have: a bounded list of keys. */
export function addressKeys(address: string | null, domain: string | null): readonly string[] {
  const keys = address === null ? [] : [address];
  if (domain === null) return keys;
  keys.push(domain);
  const labels = domain.split(".");
  for (let i = Math.max(1, labels.length - limits.entryAncestorsMax); i < labels.length; i++) keys.push(`*.${labels.slice(i).join(".")}`);
  return keys;
}

/**
 * May a name or a network be trusted as whose it is (design: compauth.md "Spoof intelligence")? Not where many organizations share it:
 * a listed provider, a name under which strangers register, a network that covers either, or what history saw with many From
 * organizations. It says why, and what to name instead; it asks no DNS.
 */
import { limits } from "../../base/limits.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import { type IpNetwork, isInNetwork, parseIpNetwork } from "../../mail/ip-address.ts";
import { organizationalDomainByList, shippedSuffixes } from "../../mail/public-suffix.ts";
import type { RefusalCode } from "./refusal.ts";
import { sharedProviders } from "./shared-providers.ts";

/** What is known besides the text of an entry. */
export type AnchorContext = {
  readonly localSuffixes?: readonly string[] | undefined;
  /** From organizations that history saw with a token (history.organizations); null or absent: not known. */
  readonly organizations?: ((kind: "dkim" | "ptr" | "prefix", value: string) => number | null) | undefined;
};

export type AnchorFault = { readonly code: Extract<RefusalCode, "shared" | "public-suffix" | "range">; readonly why: string };

/** A suffix of reverse names: of a host that answers for one organization. */
export function ptrFault(domain: string, context: AnchorContext): AnchorFault | null {
  if (isSuffix(domain, context)) return { code: "public-suffix", why: `strangers register names below ${domain}` };
  const provider = providerOfName(domain);
  if (provider !== null) return sharedBy(`hosts below ${domain} belong to ${provider}`);
  return manySeen("ptr", domain, context);
}

/** d= of a signature. One below a provider's name is a customer's own; the provider's name itself is on everybody's mail. */
export function signerFault(domain: string, context: AnchorContext): AnchorFault | null {
  if (isSuffix(domain, context)) return { code: "public-suffix", why: `strangers register names below ${domain}` };
  const provider = sharedProviders.find(({ domains }) => domains.includes(domain));
  if (provider !== undefined) return sharedBy(`${provider.name} signs everybody's mail as ${domain}`);
  return manySeen("dkim", domain, context);
}

/** A network whose every host is to be trusted. */
export function networkFault(text: string, context: AnchorContext): AnchorFault | null {
  const network = parseIpNetwork(text);
  if (network === null) return { code: "range", why: `${text} is no network` };
  const provider = providerOfNetwork(network);
  return provider === null
    ? manySeen("prefix", text, context)
    : sharedBy(`${text} is in the range that ${provider} sends everybody's mail from`);
}

/** Whose hosts carry names at or below this domain; null: nobody's on the list. */
export function providerOfName(domain: string): string | null {
  return sharedProviders.find(({ domains }) => domains.some((shared) => isAtOrBelow(domain, shared)))?.name ?? null;
}

export function providerOfNetwork(network: IpNetwork): string | null {
  return providerNetworks.find(({ of }) => overlap(of, network))?.name ?? null;
}

const providerNetworks: readonly { readonly name: string; readonly of: IpNetwork }[] = sharedProviders.flatMap(({ name, networks }) =>
  networks.flatMap((text) => parseIpNetwork(text) ?? []).map((of) => ({ name, of })),
);

function overlap(a: IpNetwork, b: IpNetwork): boolean {
  return isInNetwork(a.address, b.address, Math.min(a.bits, b.bits));
}

function isSuffix(domain: string, { localSuffixes }: AnchorContext): boolean {
  return organizationalDomainByList(domain, [...shippedSuffixes, ...(localSuffixes ?? [])]) === null;
}

function manySeen(kind: "dkim" | "ptr" | "prefix", value: string, { organizations }: AnchorContext): AnchorFault | null {
  const seen = organizations?.(kind, value) ?? null;
  return seen !== null && seen > limits.sharedOrganizationsMax ? sharedBy(`mail of ${seen} organizations was seen from ${value}`) : null;
}

function sharedBy(how: string): AnchorFault {
  return { code: "shared", why: `many organizations share it: ${how}` };
}

/**
 * Who runs a mail host, by its name: the large providers and the gateways that stand in front of others' mail. A name in a header
 * proves nothing; this only says whose it would be.
 */
import { domainToAscii } from "../../mail/domain.ts";
import { organizationalDomainByList } from "../../mail/public-suffix.ts";

export type ProviderId = "microsoft" | "google" | "yahoo" | "other" | "gateway";
export type Provider = { readonly id: ProviderId; readonly name: string };

const provider = (id: ProviderId, name: string, domains: string): readonly (readonly [string, Provider])[] =>
  domains.split(" ").map((domain) => [domain, { id, name }]);

const byOrganization: ReadonlyMap<string, Provider> = new Map([
  ...provider(
    "microsoft",
    "Microsoft 365",
    "outlook.com office365.com microsoft.com exchangelabs.com hotmail.com office.com office365.us outlook.cn",
  ),
  ...provider("google", "Google", "google.com gmail.com googlemail.com"),
  ...provider("yahoo", "Yahoo", "yahoo.com yahoodns.net aol.com"),
  ...provider("other", "iCloud", "icloud.com me.com apple.com"),
  ...provider("other", "Fastmail", "messagingengine.com fastmail.com"),
  ...provider("other", "Proton", "protonmail.ch proton.ch proton.me protonmail.com"),
  ...provider("other", "Zoho", "zoho.com zohomail.com zoho.eu zohomail.eu"),
  ...provider("gateway", "Proofpoint", "pphosted.com ppe-hosted.com"),
  ...provider("gateway", "Mimecast", "mimecast.com mimecast-offshore.com"),
  ...provider("gateway", "Barracuda", "barracudanetworks.com cudasvc.com"),
  ...provider("gateway", "Cisco", "iphmx.com"),
  ...provider("gateway", "Trend Micro", "trendmicro.com trendmicro.eu"),
  ...provider("gateway", "Broadcom", "messagelabs.com symanteccloud.com"),
  ...provider("gateway", "Sophos", "hydra.sophos.com sophos.com"),
]);

/** The organization a host name belongs to; providers with several domains are one. Null for what is no name. */
export function organizationOf(host: string | null): string | null {
  const ascii = legibleName(host);
  if (ascii === null) return null;
  const organization = organizationalDomainByList(ascii) ?? ascii;
  const known = byOrganization.get(organization);
  return known === undefined || known.id === "other" || known.id === "gateway" ? organization : known.id;
}

/** The provider whose name the host carries; null for any other. */
export function providerOf(host: string | null): Provider | null {
  const ascii = legibleName(host);
  return ascii === null ? null : (byOrganization.get(organizationalDomainByList(ascii) ?? ascii) ?? null);
}

/** The name, without what stands before and in a label that somebody blotted out: `[redacted].mail.protection.outlook.com`. */
function legibleName(host: string | null): string | null {
  if (host === null || isAddressLike(host)) return null;
  const labels = host.split(".");
  const blotted = labels.findLastIndex((label) => /[^\p{L}\p{M}\p{N}_-]/u.test(label));
  const rest = labels.slice(blotted + 1);
  return blotted === -1 ? domainToAscii(host) : rest.length < 2 ? null : domainToAscii(rest.join("."));
}

/** Addresses, also in pieces: `10.217.1.2`, `2002:a05:…`. */
function isAddressLike(text: string): boolean {
  return text.includes(":") || /^\[?[0-9.]+\]?$/.test(text);
}

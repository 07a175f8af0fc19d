/**
 * A spoof pair as an operator writes it (reference: eop.md §4b): a From domain, address or `*`, a comma, and a sending infrastructure:
 * a verified DKIM domain or confirmed PTR domain, one of both by `dkim:` or `ptr:`, an IPv4 /24, an IPv6 /48, or `*`. One side only may be
 * `*`. parsePair and formatPair are each other's inverse; `contoso.com, 192.168.100.100/24` normalises. It judges no safety
 * (entry-check.ts) and compares with no message (pair-match.ts).
 */
import { limits } from "../../base/limits.ts";
import { formatPrefix, parseIpNetwork } from "../../mail/ip-address.ts";
import { formatAddressForm, parseAddressForm, parseDomain } from "./address-form.ts";
import type { Expiry } from "./expiry.ts";
import { type Read, read, refused } from "./refusal.ts";

export type PairUser =
  | { readonly kind: "any" }
  | { readonly kind: "domain"; readonly domain: string }
  | { readonly kind: "address"; readonly address: string };

export type PairInfrastructure =
  | { readonly kind: "any" }
  /** A verified DKIM domain or the PTR's. */
  | { readonly kind: "domain"; readonly domain: string }
  | { readonly kind: "dkim"; readonly domain: string }
  | { readonly kind: "ptr"; readonly domain: string }
  /** CIDR text of a /24 or /48. */
  | { readonly kind: "prefix"; readonly prefix: string };

export type Pair = { readonly user: PairUser; readonly infrastructure: PairInfrastructure };

/** An entry as the store keeps it. Days count from 1970-01-01 UTC. */
export type SpoofEntry = Pair & {
  readonly id: string;
  readonly action: "allow" | "block" | "confirmed";
  /** Of a block: also where the message authenticates as the From domain. */
  readonly evenIfAuthenticated: boolean;
  readonly note: string | null;
  readonly by: string;
  readonly madeDay: number;
  /** Of the last message that it matched; null: none yet. */
  readonly matchedDay: number | null;
  readonly expiry: Expiry;
};

/** `contoso.com, fabrikam.com`. The comma that counts is the last: a quoted local part may hold others. */
export function parsePair(text: string): Read<Pair> {
  const comma = text.lastIndexOf(",");
  if (comma < 0) return refused("syntax", "a pair is two sides with a comma between them, such as `contoso.com, fabrikam.com`");
  return parsePairSides(text.slice(0, comma), text.slice(comma + 1));
}

export function parsePairSides(userText: string, infrastructureText: string): Read<Pair> {
  const user = parseUser(userText.trim());
  if (user.status === "refused") return user;
  const infrastructure = parseInfrastructure(infrastructureText.trim());
  if (infrastructure.status === "refused") return infrastructure;
  if (user.value.kind === "any" && infrastructure.value.kind === "any") return refused("both-any", "`*` may stand on one side only");
  return read({ user: user.value, infrastructure: infrastructure.value });
}

export function formatPair({ user, infrastructure }: Pair): string {
  return `${formatUser(user)}, ${formatInfrastructure(infrastructure)}`;
}

export function formatUser(user: PairUser): string {
  return user.kind === "any" ? "*" : formatAddressForm(user);
}

export function formatInfrastructure(infrastructure: PairInfrastructure): string {
  switch (infrastructure.kind) {
    case "any":
      return "*";
    case "domain":
      return infrastructure.domain;
    case "dkim":
    case "ptr":
      return `${infrastructure.kind}:${infrastructure.domain}`;
    case "prefix":
      return infrastructure.prefix;
    default:
      return infrastructure satisfies never;
  }
}

/** A note as it is kept: one line, bounded; null for none. */
export function noteOf(text: string | null | undefined): string | null {
  const line = (text ?? "").replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return line === "" ? null : line.slice(0, limits.entryNoteCharactersMax);
}

function parseUser(text: string): Read<PairUser> {
  if (text === "*") return read({ kind: "any" });
  const form = parseAddressForm(text);
  if (form === null) return refused("syntax", `${shown(text)} is no domain, address or \`*\``);
  if (form.kind === "below") return refused("syntax", "the From side is a domain, an address or `*`", form.domain);
  return read(form);
}

/** The right side of a pair. */
export function parseInfrastructure(text: string): Read<PairInfrastructure> {
  if (text === "*") return read({ kind: "any" });
  const tagged = /^(dkim|ptr):(.*)$/i.exec(text);
  if (tagged !== null) {
    const domain = parseDomain((tagged[2] ?? "").trim());
    if (domain === null) return refused("syntax", `${shown(tagged[2] ?? "")} is no domain name`);
    return read({ kind: tagged[1]?.toLowerCase() === "dkim" ? "dkim" : "ptr", domain });
  }
  const network = parseIpNetwork(text);
  if (network !== null) {
    const prefix = formatPrefix(network.address);
    const bits = network.address.family === 4 ? 24 : 48;
    return network.bits === bits
      ? read({ kind: "prefix", prefix })
      : refused("range", `an infrastructure is an IPv4 /24 or an IPv6 /48, not a /${network.bits}`, prefix);
  }
  const domain = parseDomain(text);
  return domain === null
    ? refused("syntax", `${shown(text)} is no domain, \`dkim:DOMAIN\`, \`ptr:DOMAIN\`, IPv4 /24, IPv6 /48 or \`*\``)
    : read({ kind: "domain", domain });
}

/** A text of others in a sentence of ours. */
function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return line === "" ? "nothing" : `\`${line.slice(0, 80)}\``;
}

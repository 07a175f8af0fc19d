/**
 * Entries of the one-sided lists: senders, recipients, safe senders, IP allow and block lists, domain lists, trusted forwarders. What an
 * entry is about is its subject: `ann@contoso.com`, `contoso.com`, `*.contoso.com`, `192.0.2.0/24`, `ptr:fabrikam.com`, `dkim:fabrikam.com`;
 * parseSubject and formatSubject are each other's inverse. Whether it may exist says list-check.ts, whom it concerns list-match.ts.
 */
import { type AddressForm, formatAddressForm, parseAddressForm, parseDomain } from "./address-form.ts";
import type { Expiry } from "./expiry.ts";
import { network } from "./network-text.ts";
import type { OverrideKind, Scope } from "./scope.ts";

export type ListKind = Exclude<OverrideKind, "pair" | "rule" | "filter">;

export type Subject =
  | AddressForm
  | { readonly kind: "network"; readonly network: string }
  | { readonly kind: "ptr" | "dkim"; readonly domain: string };

export type ListEntry = {
  readonly id: string;
  readonly kind: ListKind;
  readonly action: "allow" | "block";
  readonly subject: Subject;
  /** Of a safe sender the mailbox that it belongs to; of a forwarder the recipients' domain; null: every recipient. */
  readonly recipient: AddressForm | null;
  /** What it bypasses; none of a block. */
  readonly scopes: readonly Scope[];
  /** Of an entry about From that allows: only where the message authenticates as the From domain. */
  readonly needsAuthentication: boolean;
  readonly note: string | null;
  readonly by: string;
  readonly madeDay: number;
  readonly matchedDay: number | null;
  readonly expiry: Expiry;
};

export function parseSubject(text: string): Subject | null {
  const trimmed = text.trim();
  const tagged = /^(ptr|dkim):(.*)$/i.exec(trimmed);
  if (tagged !== null) {
    const domain = parseDomain((tagged[2] ?? "").trim());
    return domain === null ? null : { kind: tagged[1]?.toLowerCase() === "ptr" ? "ptr" : "dkim", domain };
  }
  const cidr = network(trimmed);
  return cidr === null ? parseAddressForm(trimmed) : { kind: "network", network: cidr };
}

export function formatSubject(subject: Subject): string {
  switch (subject.kind) {
    case "network":
      return subject.network;
    case "ptr":
    case "dkim":
      return `${subject.kind}:${subject.domain}`;
    default:
      return formatAddressForm(subject);
  }
}

/** What an entry of this kind bypasses if it does not say. */
export function defaultScopes(kind: ListKind, action: "allow" | "block"): readonly Scope[] {
  if (action === "block") return [];
  switch (kind) {
    case "ip-allow":
      return ["authentication", "from-validation"];
    case "recipient":
      return ["authentication"];
    case "sender":
    case "safe-sender":
    case "domain":
    case "forwarder":
      return ["spoof"];
    case "ip-block":
      return [];
    default:
      return kind satisfies never;
  }
}

/** A safe sender of one address counts as documented; every other entry about From is tied to authentication. */
export function needsAuthenticationByDefault(kind: ListKind, subject: Subject): boolean {
  if (kind === "safe-sender") return subject.kind !== "address";
  return kind === "sender" || kind === "domain";
}

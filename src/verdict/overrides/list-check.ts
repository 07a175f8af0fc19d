/**
 * May this list entry exist? An allow must not let unauthenticated mail through on the From domain alone, must not rest on what many
 * organizations share, and cannot exist under profile consumer; nothing waives the IPv6 rules. Refused with the safe form offered.
 */
import { parseIpNetwork } from "../../mail/ip-address.ts";
import { formatAddressForm } from "./address-form.ts";
import { formatSubject, type ListEntry, type ListKind, type Subject } from "./list-entry.ts";
import { listedBits } from "./list-keys.ts";
import { orderOf } from "./order.ts";
import type { Refusal } from "./refusal.ts";
import { type AnchorContext, networkFault, ptrFault, signerFault } from "./trust-anchor.ts";

export type ListContext = AnchorContext & { readonly profile?: "organization" | "consumer" | undefined };
type Checked = Pick<ListEntry, "kind" | "action" | "subject" | "recipient" | "scopes" | "needsAuthentication">;

/** Null: it may. */
export function listRefusal(entry: Checked, context: ListContext): Refusal | null {
  const { kind, action, subject } = entry;
  const form = formRefusal(entry);
  if (form !== null) return form;
  if (action === "block") return subject.kind === "network" ? sizeRefusal(subject.network, listedBits, "a block list") : null;
  if (context.profile === "consumer") return { code: "consumer", why: "profile consumer has no entry that would accept", offer: null };
  const scope = scopeRefusal(entry);
  if (scope !== null) return scope;
  if (kind === "recipient" && subject.kind !== "address") {
    return { code: "from-alone", why: "a whole domain of recipients would switch the protection off: name one mailbox", offer: null };
  }
  return fromRefusal(entry) ?? anchorRefusal(subject, context);
}

const subjectsOf: Readonly<Record<ListKind, readonly Subject["kind"][]>> = {
  sender: ["address", "domain", "below"],
  recipient: ["address", "domain", "below"],
  "safe-sender": ["address", "domain", "below"],
  "ip-allow": ["network"],
  "ip-block": ["network"],
  domain: ["address", "domain", "below"],
  forwarder: ["network", "ptr", "dkim"],
};

function formRefusal({ kind, action, subject, recipient }: Checked): Refusal | null {
  const fault = (why: string): Refusal => ({ code: "syntax", why, offer: null });
  if (orderOf(kind, action) === null) return fault(`there is no ${kind} entry that would ${action}`);
  if (!subjectsOf[kind].includes(subject.kind)) return fault(`${formatSubject(subject)} is nothing that a ${kind} entry can be about`);
  if (kind === "safe-sender" && recipient?.kind !== "address") return fault("a safe sender belongs to one mailbox: name it");
  if (kind !== "safe-sender" && kind !== "forwarder" && recipient !== null) return fault(`a ${kind} entry counts for every recipient`);
  return null;
}

function scopeRefusal({ kind, action, scopes }: Checked): Refusal | null {
  if (scopes.includes("ipv6-gate")) return { code: "ipv6-gate", why: "nothing waives the rules for anonymous IPv6", offer: null };
  const allowed = orderOf(kind, action)?.scopes ?? [];
  const foreign = scopes.find((scope) => !allowed.includes(scope));
  if (foreign !== undefined)
    return { code: "scope", why: `a ${kind} entry cannot bypass ${foreign}, only ${allowed.join(", ")}`, offer: null };
  return scopes.length > 0 ? null : { code: "scope", why: `say what it bypasses: ${allowed.join(", ")}`, offer: null };
}

/** Of entries about From: only one mailbox's own safe sender of one address may count without authentication. */
function fromRefusal({ kind, subject, needsAuthentication }: Checked): Refusal | null {
  const aboutFrom = kind === "sender" || kind === "domain" || kind === "safe-sender";
  if (!aboutFrom || needsAuthentication || (kind === "safe-sender" && subject.kind === "address")) return null;
  const text = formatSubject(subject);
  const pair = subject.kind === "below" ? `*, dkim:${subject.domain}` : `${text}, dkim:signer.invalid`;
  const why = `anybody can write ${text} into From: tie the entry to authentication, or name the infrastructure that sends it as a pair`;
  return { code: "from-alone", why, offer: subject.kind === "address" || subject.kind === "domain" ? pair : null };
}

const allowedBits = { v4: { least: 24 }, v6: { least: 48 } } as const;

function anchorRefusal(subject: Subject, context: ListContext): Refusal | null {
  const offer = "a pair with the DKIM domain of the sender";
  switch (subject.kind) {
    case "network": {
      const fault = networkFault(subject.network, context);
      if (fault !== null) return { ...fault, why: `${fault.why}; write ${offer} instead`, offer: null };
      return sizeRefusal(subject.network, allowedBits, "an allow list");
    }
    case "ptr": {
      const fault = ptrFault(subject.domain, context);
      return fault === null ? null : { ...fault, why: `${fault.why}; name the forwarder's DKIM domain instead`, offer: null };
    }
    case "dkim": {
      const fault = signerFault(subject.domain, context);
      return fault === null ? null : { ...fault, offer: null };
    }
    case "address":
    case "domain":
    case "below":
      return null;
    default:
      return subject satisfies never;
  }
}

type Sizes = { readonly v4: { readonly least: number }; readonly v6: { readonly least: number } };

// CF26 has /24 to /32 for both lists and says to write a rule for shorter ones; reference: eop.md §5.
function sizeRefusal(text: string, sizes: Sizes, list: string): Refusal | null {
  const network = parseIpNetwork(text);
  if (network === null) return { code: "range", why: `${text} is no network`, offer: null };
  const { least } = network.address.family === 4 ? sizes.v4 : sizes.v6;
  if (network.bits >= least) return null;
  return { code: "range", why: `${list} has networks of /${least} and smaller; for larger ones write a rule`, offer: null };
}

/** What an entry says of itself, for lists and logs. */
export function entryText({ kind, action, subject, recipient }: Checked): string {
  const whose = recipient === null ? "" : ` for ${formatAddressForm(recipient)}`;
  return `${kind} ${action} ${formatSubject(subject)}${whose}`;
}

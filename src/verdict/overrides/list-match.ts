/**
 * Does a list entry concern this message, for this recipient? The store finds entries by their keys; this compares, as narrowly for an
 * allow as design and sources ask: From alone with one author, confirmed names, verified signers. A block of a sender counts for MAIL FROM too.
 */
import { authorOf } from "../../evidence/from/author.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import { confirmedNames } from "../facts.ts";
import { verifiedSigners } from "../tokens.ts";
import { type AddressForm, canonicalAddress, domainOfAddress, meets } from "./address-form.ts";
import { isExpired } from "./expiry.ts";
import type { ListEntry } from "./list-entry.ts";
import { isInOneOf } from "./network-text.ts";
import type { PairMessage } from "./pair-keys.ts";

/** `recipient` null: none is known; entries of one recipient then concern nobody. */
export function concerns(entry: ListEntry, message: PairMessage, recipient: string | null): boolean {
  if (entry.recipient !== null && !isPath(entry.recipient, recipient)) return false;
  const { subject } = entry;
  switch (subject.kind) {
    case "network":
      return isInOneOf(message.transaction.ip, [subject.network]);
    case "ptr":
      return confirmedNames(message).some((name) => isAtOrBelow(name, subject.domain));
    case "dkim":
      return verifiedSigners(message.evidence).includes(subject.domain);
    case "address":
    case "domain":
    case "below":
      if (entry.kind === "recipient") return isPath(subject, recipient);
      return isAuthor(subject, message, entry.action) || (isSenderBlock(entry) && isPath(subject, message.transaction.mailFrom));
    default:
      return subject satisfies never;
  }
}

function isSenderBlock({ kind, action }: ListEntry): boolean {
  return kind === "sender" && action === "block";
}

function isAuthor(form: AddressForm, { from }: PairMessage, action: "allow" | "block"): boolean {
  const { single, domains } = authorOf(from);
  if (action === "allow" && !single) return false;
  const address = from.address === null ? null : canonicalAddress(from.address);
  return meets(form, address, null) || domains.some((domain) => meets(form, address, domain));
}

function isPath(form: AddressForm, path: string | null): boolean {
  return path !== null && meets(form, canonicalAddress(path), domainOfAddress(path));
}

/** The entries that count today. With profile consumer nothing that would accept does. */
export function inForce(
  entries: readonly ListEntry[],
  { today, profile }: { readonly today: number; readonly profile?: "organization" | "consumer" | undefined },
): readonly ListEntry[] {
  return entries
    .filter(({ action }) => action === "block" || profile !== "consumer")
    .filter(({ expiry, matchedDay, madeDay }) => !isExpired(expiry, matchedDay ?? madeDay, today));
}

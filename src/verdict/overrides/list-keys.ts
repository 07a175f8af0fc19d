/**
 * The keys by which list entries are found: an entry lies under one, a message asks for all it can match, so that one indexed IN finds
 * them whatever the size of the lists. Bounded: what is left out past limits.listKeysMax are safe senders of further recipients. What a
 * key finds, list-match.ts still compares.
 */
import { limits } from "../../base/limits.ts";
import { authorOf } from "../../evidence/from/author.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import { confirmedNames } from "../facts.ts";
import { verifiedSigners } from "../tokens.ts";
import { addressKeys, canonicalAddress, domainOfAddress, formatAddressForm } from "./address-form.ts";
import { formatSubject, type ListEntry } from "./list-entry.ts";
import { networkKey, networkKeysAround } from "./network-text.ts";
import type { PairMessage } from "./pair-keys.ts";

/** Networks that lists may hold, by the length of their prefix. */
export const listedBits = { v4: { least: 8, most: 32 }, v6: { least: 16, most: 128 } } as const;

/** The key that the store keeps an entry under. */
export function listKeyOf({ kind, subject, recipient }: Pick<ListEntry, "kind" | "subject" | "recipient">): string {
  const text = formatSubject(subject);
  if (kind === "safe-sender") return `safe ${recipient === null ? "" : formatAddressForm(recipient)} ${text}`;
  if (kind === "recipient") return `recipient ${text}`;
  return subject.kind === "network"
    ? `client ${networkKey(text) ?? text}`
    : subject.kind === "ptr" || subject.kind === "dkim"
      ? text
      : `sender ${text}`;
}

/** Every key of an entry that can match this message. */
export function listKeysOf(message: PairMessage): readonly string[] {
  const senders = senderTexts(message);
  const recipients = message.transaction.rcptTo.slice(0, limits.entryRecipientsMax).flatMap((path) => canonicalAddress(path) ?? []);
  const keys = new Set([
    ...clientKeys(message.transaction.ip),
    ...senders.map((text) => `sender ${text}`),
    ...recipients.flatMap((address) => addressKeys(address, domainOfAddress(address)).map((text) => `recipient ${text}`)),
    ...hostKeys(message),
    ...verifiedSigners(message.evidence).map((domain) => `dkim:${domain}`),
    ...recipients.flatMap((address) => fromTexts(message).map((text) => `safe ${address} ${text}`)),
  ]);
  return [...keys].slice(0, limits.listKeysMax);
}

/** Of the client alone: what a door can ask for when the connection opens. */
export function clientKeys(ip: string | null): readonly string[] {
  const address = ip === null ? null : parseIpAddress(ip);
  if (address === null) return [];
  return networkKeysAround(address, address.family === 4 ? listedBits.v4 : listedBits.v6).map((key) => `client ${key}`);
}

function fromTexts({ from }: PairMessage): readonly string[] {
  const address = from.address === null ? null : canonicalAddress(from.address);
  const domains = authorOf(from).domains;
  return [...addressKeys(address, null), ...domains.flatMap((domain) => addressKeys(null, domain))];
}

function senderTexts(message: PairMessage): readonly string[] {
  const { mailFrom } = message.transaction;
  const envelope = mailFrom === null ? [] : addressKeys(canonicalAddress(mailFrom), domainOfAddress(mailFrom));
  return [...fromTexts(message), ...envelope];
}

/** Suffixes of the client's confirmed names, down to two labels. */
function hostKeys(message: PairMessage): readonly string[] {
  return confirmedNames(message).flatMap((name) =>
    [name, ...addressKeys(null, name).flatMap((text) => (text.startsWith("*.") ? text.slice(2) : []))]
      .filter((suffix) => suffix.includes(".") && isAtOrBelow(name, suffix))
      .map((suffix) => `ptr:${suffix}`),
  );
}

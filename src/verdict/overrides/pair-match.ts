/**
 * Does an entry on a pair match a message (design: compauth.md "Spoof intelligence")? An allow is read narrowly: that From domain, one
 * author, a verified d=, a confirmed reverse name that somebody chose, or the prefix where there is no such name. A block is read widely:
 * names below the domain, several authors, reverse names that nothing confirms. A failed PTR question is not "no PTR".
 */
import { authorOf } from "../../evidence/from/author.ts";
import { domainToAscii, isAtOrBelow } from "../../mail/domain.ts";
import { formatPrefix, parseIpAddress } from "../../mail/ip-address.ts";
import { confirmedNames } from "../facts.ts";
import type { PairEntry } from "../history.ts";
import { verifiedSigners } from "../tokens.ts";
import { canonicalAddress } from "./address-form.ts";
import { formatInfrastructure, formatUser, type PairInfrastructure, type PairUser, type SpoofEntry } from "./entry.ts";
import { isExpired } from "./expiry.ts";
import type { PairMessage } from "./pair-keys.ts";

/** What of the message the infrastructure of the entry was found in. */
export type PairMatch = { readonly by: "dkim" | "ptr" | "prefix" | "any"; readonly value: string; readonly confirmed: boolean };

type Reading = "narrow" | "wide";

export function matches(
  { action, user, infrastructure }: Pick<SpoofEntry, "action" | "user" | "infrastructure">,
  message: PairMessage,
): PairMatch | null {
  const reading = action === "block" ? "wide" : "narrow";
  return isUser(user, message, reading) ? infrastructureOf(infrastructure, message, reading) : null;
}

/** The entries in force that match, as the decision reads them. With profile consumer nothing that would accept is in force. */
export function matchedPairs(
  entries: readonly SpoofEntry[],
  message: PairMessage,
  { today, profile }: { readonly today: number; readonly profile?: "organization" | "consumer" | undefined },
): readonly PairEntry[] {
  return entries
    .filter(({ action }) => action === "block" || profile !== "consumer")
    .filter(({ expiry, matchedDay, madeDay }) => !isExpired(expiry, matchedDay ?? madeDay, today))
    .filter((entry) => matches(entry, message) !== null)
    .map(({ id, action, user, infrastructure, evenIfAuthenticated, by }) => ({
      id,
      action,
      user: formatUser(user),
      infrastructure: formatInfrastructure(infrastructure),
      evenIfAuthenticated,
      by,
    }));
}

function isUser(user: PairUser, { from }: PairMessage, reading: Reading): boolean {
  const { single, domains } = authorOf(from);
  if (reading === "narrow" && !single) return false;
  switch (user.kind) {
    case "any":
      return true;
    case "address":
      return from.address !== null && canonicalAddress(from.address) === user.address;
    case "domain":
      return domains.some((domain) => (reading === "wide" ? isAtOrBelow(domain, user.domain) : domain === user.domain));
    default:
      return user satisfies never;
  }
}

function infrastructureOf(infrastructure: PairInfrastructure, message: PairMessage, reading: Reading): PairMatch | null {
  switch (infrastructure.kind) {
    case "any":
      return reading === "wide" ? { by: "any", value: "*", confirmed: true } : null;
    case "dkim":
      return bySigner(infrastructure.domain, message, reading);
    case "ptr":
      return byName(infrastructure.domain, message, reading);
    case "domain":
      return bySigner(infrastructure.domain, message, reading) ?? byName(infrastructure.domain, message, reading);
    case "prefix":
      return byPrefix(infrastructure.prefix, message, reading);
    default:
      return infrastructure satisfies never;
  }
}

function bySigner(domain: string, { evidence }: PairMessage, reading: Reading): PairMatch | null {
  const signer = verifiedSigners(evidence).find((one) => (reading === "wide" ? isAtOrBelow(one, domain) : one === domain));
  return signer === undefined ? null : { by: "dkim", value: signer, confirmed: true };
}

function byName(domain: string, message: PairMessage, reading: Reading): PairMatch | null {
  const confirmed = confirmedNames(message);
  const names = reading === "narrow" ? confirmed : message.evidence.iprev.names.flatMap((name) => domainToAscii(name) ?? []);
  const name = names.find((one) => isAtOrBelow(one, domain));
  return name === undefined ? null : { by: "ptr", value: name, confirmed: confirmed.includes(name) };
}

function byPrefix(prefix: string, message: PairMessage, reading: Reading): PairMatch | null {
  const { transaction, evidence } = message;
  const client = transaction.ip === null ? null : parseIpAddress(transaction.ip);
  if (client === null || formatPrefix(client) !== prefix) return null;
  // Where a name is known the name is the infrastructure, and while DNS does not answer nobody knows whether there is one.
  const named = evidence.iprev.result === "temperror" || confirmedNames(message).length > 0;
  return reading === "narrow" && named ? null : { by: "prefix", value: prefix, confirmed: true };
}

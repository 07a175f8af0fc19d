/**
 * The keys by which entries on pairs are found: the store keeps an entry under one key, and a message asks for all keys that an entry
 * about it can have, a bounded list, so that a look-up is one indexed IN whatever the number of entries. A key is the pair's text without
 * the tag of its infrastructure. What a key finds, pair-match.ts still compares.
 */
import { limits } from "../../base/limits.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import { authorOf, type FromEvidence } from "../../evidence/from/author.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { formatPrefix, parseIpAddress } from "../../mail/ip-address.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { organizationOf } from "../organization.ts";
import type { Policy } from "../policy.ts";
import { verifiedSigners } from "../tokens.ts";
import { canonicalAddress } from "./address-form.ts";
import { formatPair, type Pair } from "./entry.ts";

/** What the verdict knows of one message. */
export type PairMessage = { readonly transaction: Transaction; readonly from: FromEvidence; readonly evidence: Evidence };
type Suffixes = Pick<Policy, "localSuffixes">;

/** The key that the store keeps an entry under. */
export function pairKeyOf({ user, infrastructure }: Pair): string {
  const bare = infrastructure.kind === "dkim" || infrastructure.kind === "ptr";
  return formatPair({ user, infrastructure: bare ? { kind: "domain", domain: infrastructure.domain } : infrastructure });
}

/** Every key under which an entry may lie that matches this message: at most limits.pairKeysMax, the nearest ones first. */
export function pairKeysOf({ transaction, from, evidence }: PairMessage, policy: Suffixes = {}): readonly string[] {
  const users = usersOf(from, policy);
  const infrastructures = infrastructuresOf(transaction, evidence, policy);
  const keys: string[] = [];
  for (const user of [...users, "*"]) {
    for (const infrastructure of infrastructures) keys.push(`${user}, ${infrastructure}`);
    if (user !== "*") keys.push(`${user}, *`);
  }
  return keys.slice(0, limits.pairKeysMax);
}

/** The address, and each author domain with what it lies below: a block of a domain covers the names below it. */
function usersOf(from: FromEvidence, policy: Suffixes): readonly string[] {
  const address = from.address === null ? null : canonicalAddress(from.address);
  const { domains } = authorOf(from);
  const organizations = domains.map((domain) => organizationOf(domain, policy));
  const names = [...domains, ...organizations, ...domains.flatMap((domain) => lineage(domain, policy))];
  return distinct(address === null ? names : [address, ...names]).slice(0, limits.pairUsersMax - 1);
}

function infrastructuresOf({ ip }: Transaction, evidence: Evidence, policy: Suffixes): readonly string[] {
  const client = ip === null ? null : parseIpAddress(ip);
  const signers = verifiedSigners(evidence);
  const hosts = evidence.iprev.names.flatMap((name) => domainToAscii(name) ?? []);
  const organizations = [...signers, ...hosts].map((name) => organizationOf(name, policy));
  const below = [...signers, ...hosts].flatMap((name) => lineage(name, policy));
  const prefix = client === null ? [] : [formatPrefix(client)];
  return distinct([...prefix, ...signers, ...organizations, ...below]).slice(0, limits.pairInfrastructuresMax);
}

/** The name itself, and those above it down to its organization: the organization first, then the name, then what lies between. */
function lineage(name: string, policy: Suffixes): readonly string[] {
  const organization = organizationOf(name, policy);
  const between: string[] = [];
  for (let parent = parentOf(name); parent.length > organization.length; parent = parentOf(parent)) between.unshift(parent);
  return distinct([organization, name, ...between]).slice(0, limits.nameLineageMax);
}

function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

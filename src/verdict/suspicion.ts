/**
 * What makes a message look like somebody's disguise although nothing failed (design: compauth.md "Suspicion"): each a fact with its
 * weight. They never change compauth; action.ts moves a message to junk where they add up. Weights are our own: one fact that says who
 * is being played (2) and one that says that nobody knows the player (1) are wanted together.
 */

import type { FromEvidence } from "../evidence/from/author.ts";
import { authorOf } from "../evidence/from/author.ts";
import { findAddresses } from "../mail/find-addresses.ts";
import type { History, KnownHistory } from "./history.ts";
import { resembles, sameName } from "./look-alike.ts";
import { organizationOf } from "./organization.ts";
import { type Policy, senderHistoryOf } from "./policy.ts";
import { isEstablished } from "./profile.ts";
import { contextOf } from "./row.ts";
import { hasStrangeHost } from "./score-terms.ts";
import type { DecisionInput, Fact } from "./verdict.ts";

export function suspicionOf(input: DecisionInput, history: History | null, policy: Policy): readonly Fact[] {
  const [domain] = authorOf(input.from).domains;
  if (domain === undefined || input.transaction.direction === "outbound") return [];
  const facts: Fact[] = [];
  const known = knownDomains(policy);
  const like = resembles(domain, known);
  if (like !== null) facts.push(fact("look-alike", `${domain} looks like ${like.domain}: ${like.how}`, like.how === sameName ? 1 : 2));
  facts.push(...displayName(input.from, { domain, known, policy }));
  if (history?.status === "known") facts.push(...ofHistory(input, history, policy));
  return facts;
}

/** Mostly the configuration's own list, whose names are then looked at once. */
function knownDomains({ acceptedDomains = none, contactDomains = none }: Policy): readonly string[] {
  return contactDomains.length === 0 ? acceptedDomains : [...acceptedDomains, ...contactDomains];
}

const none: readonly string[] = [];

/** The name shows an address that From does not have: of ours or of a contact's, it plays somebody; else it may be a service's habit. */
function displayName(
  { advice, displayName: name }: FromEvidence,
  { domain, known, policy }: { readonly domain: string; readonly known: readonly string[]; readonly policy: Policy },
): readonly Fact[] {
  if (!advice.includes("address-in-display-name") && !advice.includes("encoded-address-in-display-name")) return [];
  const own = organizationOf(domain, policy);
  const organizations = new Set(known.map((one) => organizationOf(one, policy)));
  const shown = findAddresses(name ?? "").filter((one) => organizationOf(one.domain, policy) !== own);
  const played = shown.find((one) => organizations.has(organizationOf(one.domain, policy)));
  if (played !== undefined) return [fact("display-name", `the display name shows an address of ${played.domain}`, 2)];
  return shown.length === 0 ? [] : [fact("display-name", "the display name shows another address", 0)];
}

function ofHistory(input: DecisionInput, history: KnownHistory, policy: Policy): readonly Fact[] {
  const { from, contact, day } = history;
  const facts: Fact[] = [];
  if (contact.wroteTo <= 0 && contact.heardFrom <= 0) facts.push(fact("first-contact", "no recipient has heard from this domain", 1));
  const isNew = from.firstDay === null || day - from.firstDay < 2;
  const seen = from.authenticated + from.unauthenticated;
  if (isNew && seen >= burstMessages)
    facts.push(fact("burst", `${Math.floor(seen)} messages since this domain was first seen, yesterday or today`, 1));
  if (isEstablished(from, senderHistoryOf(policy), day) && hasStrangeHost(contextOf(input, history, policy))) {
    facts.push(fact("transport-changed", "the domain's mail never came from this host before", 1));
  }
  return facts;
}

const burstMessages = 20;

/** Enough to act on: the facts name somebody who is played, and nobody knows the player. */
export function isStrong(suspicion: readonly Fact[]): boolean {
  const weights = suspicion.map(({ weight }) => weight ?? 0);
  return weights.includes(2) && weights.reduce((sum, weight) => sum + weight, 0) >= 3;
}

function fact(id: string, words: string, weight: number): Fact {
  return { id: `suspicion-${id}`, fact: words, value: true, weight, source: "suspicion" };
}

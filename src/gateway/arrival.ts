/**
 * What the way a message came says before anything is weighed: the true client behind a gateway in front of us, what listed filters found
 * and whose fields of theirs must go, and what the mail flow rules ask of the header. Read once, from the header as it arrived.
 */
import { fieldsNamed, type Header } from "../mail/header.ts";
import type { Transaction } from "../mail/transaction.ts";
import { removalsOf } from "../stamp/headers.ts";
import type { Removal } from "../stamp/inspection.ts";
import { type FilterReading, readFilters } from "../verdict/overrides/filters.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import { isInOneOf } from "../verdict/overrides/network-text.ts";
import { type HeaderAnswers, headerAnswers } from "../verdict/overrides/rule-evaluate.ts";
import { behindHop, trueClient } from "../verdict/overrides/trusted-hop.ts";
import type { JudgePolicy, OverrideFacts } from "./judge.ts";

/** The envelope that every row runs on. A hop is believed of inbound mail alone, and by nobody with profile consumer. */
export function arrived(opened: Transaction, header: Header, policy: JudgePolicy): Transaction {
  const envelope = directed(opened, policy);
  const hops = policy.trustedHops ?? none;
  if (hops.length === 0 || envelope.direction === "outbound" || policy.profile === "consumer") return envelope;
  return behindHop(envelope, trueClient(envelope.ip, header, { hops, networks: policy.trustedNetworks }));
}

/** Mail of a relay of ours is outbound, whoever took it. */
export function directed(opened: Transaction, policy: JudgePolicy): Transaction {
  return isOwnRelay(opened, policy) ? { ...opened, direction: "outbound" } : opened;
}

/** Does a gateway of ours stand between us and the client? Then the client is known with the header, and not before. */
export function isBehindHop({ ip, direction }: Transaction, { trustedHops = none, profile }: JudgePolicy): boolean {
  return direction === "inbound" && profile !== "consumer" && ip !== null && isInOneOf(ip, trustedHops);
}

/** An account that does not log in, known by the address of its relay: its mail is our own. */
function isOwnRelay({ direction, ip }: Transaction, { gates }: JudgePolicy): boolean {
  if (direction === "outbound" || ip === null || gates === undefined) return false;
  return gates.accounts.some(({ login, networks }) => login === null && networks.length > 0 && isInOneOf(ip, networks));
}

export type HeaderReading = FilterReading & { readonly answers: HeaderAnswers };

/** Null where neither filters nor rules look at the header, as in most installations. */
export function readHeader(header: Header, transaction: Transaction, { policy, authservId }: Reader): HeaderReading | null {
  const { filters = none, rules = none } = policy;
  if (filters.length + rules.length === 0) return null;
  const { verdicts, removals } = filters.length === 0 ? nothing : readFilters(header, filters, transaction);
  if (rules.length === 0) return { verdicts, removals, answers: noAnswers };
  // A rule reads what will be delivered: a field that only passes for ours, or for a filter's, is gone before anybody looks.
  const forged = removalsOf({ header, authservId, policy, stamps: none, assignedFrom: null });
  return { verdicts, removals, answers: headerAnswers(rules, without(header, [...forged, ...removals])) };
}

type Reader = { readonly policy: JudgePolicy; readonly authservId: string };

function without(header: Header, removals: readonly Removal[]): Header {
  if (removals.length === 0) return header;
  const gone = new Set(removals.map(({ name, index }) => fieldsNamed(header, name)[index - 1]));
  return { ...header, fields: header.fields.filter((field) => !gone.has(field)) };
}

/** What was found for the overrides; null: nobody looked for any. */
export function overrideFacts(recalled: { readonly lists: readonly ListEntry[] } | null, read: HeaderReading | null): OverrideFacts | null {
  if (recalled === null && read === null) return null;
  return { lists: recalled?.lists ?? none, filters: read?.verdicts ?? none, answers: read?.answers ?? noAnswers };
}

const none: readonly never[] = [];
const noAnswers: HeaderAnswers = {};
const nothing: FilterReading = { verdicts: none, removals: none };

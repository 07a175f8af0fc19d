/**
 * What the way a message came says before anything is weighed: the true client behind a gateway in front of us, what listed filters found
 * and whose fields of theirs must go, and what the mail flow rules ask of the header. Read once, from the header as it arrived.
 */
import type { Header } from "../mail/header.ts";
import type { Transaction } from "../mail/transaction.ts";
import { type FilterReading, readFilters } from "../verdict/overrides/filters.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import { type HeaderAnswers, headerAnswers } from "../verdict/overrides/rule-evaluate.ts";
import { behindHop, trueClient } from "../verdict/overrides/trusted-hop.ts";
import type { JudgePolicy, OverrideFacts } from "./judge.ts";

/** The envelope that every row runs on. A hop is believed of inbound mail alone, and by nobody with profile consumer. */
export function arrived(envelope: Transaction, header: Header, policy: JudgePolicy): Transaction {
  const hops = policy.trustedHops ?? none;
  if (hops.length === 0 || envelope.direction === "outbound" || policy.profile === "consumer") return envelope;
  return behindHop(envelope, trueClient(envelope.ip, header, { hops, networks: policy.trustedNetworks }));
}

export type HeaderReading = FilterReading & { readonly answers: HeaderAnswers };

/** Null where neither filters nor rules look at the header, as in most installations. */
export function readHeader(header: Header, transaction: Transaction, { filters = none, rules = none }: JudgePolicy): HeaderReading | null {
  if (filters.length + rules.length === 0) return null;
  const { verdicts, removals } = filters.length === 0 ? nothing : readFilters(header, filters, transaction);
  return { verdicts, removals, answers: headerAnswers(rules, header) };
}

/** What was found for the overrides; null: nobody looked for any. */
export function overrideFacts(recalled: { readonly lists: readonly ListEntry[] } | null, read: HeaderReading | null): OverrideFacts | null {
  if (recalled === null && read === null) return null;
  return { lists: recalled?.lists ?? none, filters: read?.verdicts ?? none, answers: read?.answers ?? noAnswers };
}

const none: readonly never[] = [];
const noAnswers: HeaderAnswers = {};
const nothing: FilterReading = { verdicts: none, removals: none };

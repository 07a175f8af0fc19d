/**
 * Verdicts of other filters (design: compauth.md "Overrides", `[[filters]]`): a filter in front of us writes what it found into a field of
 * its own. The field is believed only on mail that came from that filter's networks, and is stripped from everyone else's, before anybody
 * reads it. Only the topmost field counts: what lies below was there when the filter got the message. Pure: the door strips.
 */
import { limits } from "../../base/limits.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import type { Transaction } from "../../mail/transaction.ts";
import type { Action } from "../verdict.ts";
import { globMatches } from "./glob.ts";
import { isInOneOf } from "./network-text.ts";

export const filterWords = ["clean", "bulk", "spam", "phish", "high-confidence-phish", "malware"] as const;
export type FilterWord = (typeof filterWords)[number];

export type Filter = {
  readonly name: string;
  /** Field name, lower case. */
  readonly header: string;
  /** Where the filter hands mail over from. */
  readonly networks: readonly string[];
  /** Patterns of its field's value, by what they say; the gravest that matches counts. */
  readonly words: Readonly<Partial<Record<FilterWord, readonly string[]>>>;
};

export type FilterVerdict = { readonly filter: string; readonly verdict: FilterWord; readonly seen: string };
/** As a door takes fields out: the n-th of that name, from 1. */
export type FilterRemoval = { readonly name: string; readonly index: number; readonly why: string };
export type FilterReading = { readonly verdicts: readonly FilterVerdict[]; readonly removals: readonly FilterRemoval[] };

export function readFilters(header: Header, filters: readonly Filter[], transaction: Transaction): FilterReading {
  const verdicts: FilterVerdict[] = [];
  const removals: FilterRemoval[] = [];
  const handedOver = (filter: Filter): boolean => [transaction.ip, transaction.trustedHop].some((ip) => isInOneOf(ip, filter.networks));
  const believed = new Set(filters.filter(handedOver).map((filter) => filter.header));
  for (const name of new Set(filters.map((filter) => filter.header))) {
    if (believed.has(name)) continue;
    const found = fieldsNamed(header, name).length;
    for (let index = found; index >= 1; index--)
      removals.push({ name, index, why: "a filter's field, and the message did not come from it" });
  }
  for (const filter of filters.filter(handedOver)) {
    const [field] = fieldsNamed(header, filter.header);
    if (field === undefined) continue;
    const seen = unfoldedValue(header, field).slice(0, limits.filterFieldCharactersMax);
    const verdict = filterWords.findLast((word) => filter.words[word]?.some((pattern) => globMatches(pattern, seen)));
    if (verdict !== undefined) verdicts.push({ filter: filter.name, verdict, seen: seen.slice(0, limits.ruleTextCharactersMax) });
  }
  return { verdicts, removals };
}

/** What is done about a verdict if nothing lifts it (reference: eop.md §9; phish, high-confidence phish and malware are held). */
export function filterAction(verdict: FilterWord): Action["kind"] {
  switch (verdict) {
    case "clean":
      return "deliver";
    case "bulk":
    case "spam":
      return "junk";
    case "phish":
    case "high-confidence-phish":
    case "malware":
      return "quarantine";
    default:
      return verdict satisfies never;
  }
}

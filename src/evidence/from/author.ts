/**
 * Does From yield exactly one author domain (design: compauth.md row 5)? A field that breaks only a rule of form still does;
 * one that readers could understand differently does not, whatever domain we happened to read.
 */
import type { FromReason, FromResult } from "./result.ts";

/** The author domains to evaluate, and whether DMARC has its one author (RFC 9989 §5.3.1). */
export type Author = { readonly single: boolean; readonly domains: readonly string[] };

export function authorOf(from: FromEvidence): Author {
  const formal = from.reason === null || reasonsOfForm.has(from.reason);
  // A caller of the library may have no more than the contract's fields: then `domain` is the only author.
  const domains = from.domains ?? (from.domain === null ? [] : [from.domain]);
  return { single: formal && domains.length === 1, domains };
}

/** A From result, perhaps without the list of further author domains. */
export type FromEvidence = Omit<FromResult, "domains"> & Partial<Pick<FromResult, "domains">>;

/** Broken form, one undisputed author: a reader that accepts the field at all sees this address. */
const reasonsOfForm: ReadonlySet<FromReason> = new Set<FromReason>([
  "several-addresses",
  "no-angle-brackets",
  "text-after-address",
  "unquoted-comma",
  "no-space-before-bracket",
  "unquoted-special",
  "space-in-address",
  "comment-in-address",
  "local-part",
  "invalid-utf-8",
]);

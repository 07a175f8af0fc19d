/**
 * Addresses that a reader would see in free text: `local@domain` wherever it stands, grammar or not. For display names, and
 * for fields that have no valid reading: each program reads those in its own way, so all that any may read are given.
 * One pass, bounded; it refuses single labels (`@handle`) and whatever is no domain name.
 */
import { limits } from "../base/limits.ts";
import { domainToAscii } from "./domain.ts";

export type FoundAddress = {
  readonly address: string;
  /** A-labels, lower case. */
  readonly domain: string;
};

/** The addresses in a text, in order. It looks at limits.addressesInTextMax at-signs and no more. */
export function findAddresses(text: string): readonly FoundAddress[] {
  if (!text.includes("@")) return [];
  const found: FoundAddress[] = [];
  let from = 0;
  let signs = 0;
  for (let at = text.indexOf("@"); at !== -1 && signs < limits.addressesInTextMax; at = text.indexOf("@", at + 1)) {
    const local = localBefore(text, from, at);
    from = at + 1;
    signs++;
    if (local === "") continue;
    const written = domainAfter(text, at + 1);
    const domain = written.includes(".") || beyondAscii.test(written) ? domainToAscii(written) : null;
    if (domain?.includes(".")) found.push({ address: `${local}@${written}`, domain });
  }
  return found;
}

const beyondAscii = /[^\0-\x7f]/;
// What ends a local part for every reader: white space, controls, brackets, quotes, separators.
const edge = /[\s\0-\x20\x7f-\x9f()<>[\]{}:;,"`\\@\ufffd]/;

function localBefore(text: string, from: number, at: number): string {
  // A quoted local part reaches back to the quote that opens it.
  if (at > from && text.charAt(at - 1) === '"') return text.slice(Math.max(text.lastIndexOf('"', at - 2), from), at);
  let start = at;
  while (start > from && !edge.test(text.charAt(start - 1))) start--;
  while (start < at && text.charAt(start) === "'") start++;
  return text.slice(start, at);
}

function domainAfter(text: string, start: number): string {
  // One character more than any name has: a longer run is no domain, and no reason to read on.
  const max = Math.min(text.length, start + limits.domainBytesMax + 2);
  let end = start;
  while (end < max && !edge.test(text.charAt(end)) && text.charAt(end) !== "'") end++;
  while (end > start && trailing.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
const trailing = /[.!?*/=|]/;

/**
 * The DNS Tree Walk and the Organizational Domain (RFC 9989 §4.10, §4.10.2). Names are asked in parallel; what the walk found is
 * then read off the answers in the RFC's order with its stop rules, so that the result is that of the sequential algorithm.
 * It refuses to guess: where an answer it needs is a temporary error there is no Organizational Domain.
 */
import { limits } from "../../base/limits.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { type Lookup, openLookup, type PolicyAt, type Trouble } from "./lookup.ts";
import type { DmarcRecord } from "./record.ts";

export type OrganizationalDomain = {
  /** Null where a temporary error ended the walk: see `trouble`. */
  readonly domain: string | null;
  /** The names asked (below _dmarc.), in the RFC's order, its stop rules applied. */
  readonly walked: readonly string[];
  /** Those of them with a record. */
  readonly found: readonly string[];
  readonly trouble: Trouble | null;
};

/** RFC 9989 §4.10.2 for one name, an A-label in lower case without final dot. Two rounds of questions at most. */
export async function organizationalDomain(name: string, resolver: Resolver): Promise<OrganizationalDomain> {
  const walk = await treeWalk(name, openLookup(resolver));
  return { domain: organizationOf(walk), walked: walk.walked, found: walk.found.map((at) => at.name), trouble: walk.trouble };
}

export type Walk = {
  readonly start: string;
  readonly walked: readonly string[];
  /** From the longest name to the shortest. */
  readonly found: readonly { readonly name: string; readonly record: DmarcRecord }[];
  /** Set where a temporary error ended the walk. */
  readonly trouble: Trouble | null;
};

/** RFC 9989 §4.10 steps 1, 4 and 7: the names of a walk that nothing stops, the starting name first. */
export function walkNames(start: string): readonly string[] {
  const labels = start.split(".");
  const names = [start];
  // Step 4: one label is removed, or as many as leave 7; so at most 8 names.
  const longest = Math.min(labels.length - 1, limits.dmarcWalkQueriesMax - 1);
  for (let kept = longest; kept >= 1; kept -= 1) names.push(labels.slice(-kept).join("."));
  return names;
}

/** Walks from `start`: its own name first, the others at once if that does not stop the walk. */
export async function treeWalk(start: string, lookup: Lookup): Promise<Walk> {
  const names = walkNames(start);
  if (!stops(await lookup.at(start))) await Promise.all(namesToAsk(names, lookup).map((name) => lookup.at(name)));
  return readWalk(names, lookup);
}

/** The names up to where answers that are known already stop the walk. */
export function namesToAsk(names: readonly string[], lookup: Lookup): readonly string[] {
  const stop = names.findIndex((name) => stops(lookup.known(name)));
  return stop === -1 ? names : names.slice(0, stop + 1);
}

// RFC 9989 §4.10 steps 2 and 6: a single record with psd=n or psd=y ends the walk; several records are discarded and it goes on.
function stops(at: PolicyAt | null): boolean {
  return at !== null && at.kind === "record" && at.record.psd !== "u";
}

/** The sequential algorithm over answers that are there. */
function readWalk(names: readonly string[], lookup: Lookup): Walk {
  const start = names[0] ?? "";
  const walked: string[] = [];
  const found: { name: string; record: DmarcRecord }[] = [];
  for (const name of names) {
    walked.push(name);
    const at = lookup.known(name);
    if (at === null || at.kind === "absent") continue;
    if (at.kind === "trouble") return { start, walked, found, trouble: at.trouble };
    found.push({ name, record: at.record });
    if (stops(at)) break;
  }
  return { start, walked, found, trouble: null };
}

/** RFC 9989 §4.10.2: selects the Organizational Domain from what a walk found; null after a temporary error. */
export function organizationOf(walk: Walk): string | null {
  if (walk.trouble !== null) return null;
  for (const { name, record } of walk.found) {
    // Step 1.
    if (record.psd === "n") return name;
    // Step 2: one label below a psd=y that is not where the walk started, whether that name was asked or skipped.
    if (record.psd === "y" && name !== walk.start) return oneLabelBelow(name, walk.start);
  }
  // Step 3: the fewest labels; without any record the initial target itself.
  return walk.found.at(-1)?.name ?? walk.start;
}

function oneLabelBelow(ancestor: string, descendant: string): string {
  const between = descendant.slice(0, -ancestor.length - 1);
  return `${between.slice(between.lastIndexOf(".") + 1)}.${ancestor}`;
}

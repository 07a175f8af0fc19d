/**
 * DMARC Policy Discovery (RFC 9989 §4.10.1): which record applies to an author domain, and which policy of it. The author's own
 * name is asked first; only without a record there are the others asked, all at once. It applies nothing: that is evaluate.ts.
 */
import { isTrouble } from "../../dns/answer.ts";
import type { Resolver } from "../../dns/resolver.ts";
import type { Lookup, PolicyAt, Trouble } from "./lookup.ts";
import type { DmarcRecord, PolicyTag } from "./record.ts";
import type { DmarcPolicy } from "./result.ts";
import { organizationOf, treeWalk, type Walk } from "./tree-walk.ts";

/**
 * policy: a record applies. none: DMARC does not apply. unusable: a record is there, none can be used (permerror).
 * trouble: a temporary error came before the answer (temperror). `walked`: names asked for it, in the RFC's order.
 */
export type Discovery =
  | {
      readonly kind: "policy";
      readonly policyDomain: string;
      readonly record: DmarcRecord;
      /** Null where it depends on whether the author domain exists, and DNS does not say. */
      readonly published: DmarcPolicy | null;
      readonly walked: readonly string[];
    }
  | { readonly kind: "none"; readonly walked: readonly string[] }
  | { readonly kind: "unusable"; readonly walked: readonly string[] }
  | { readonly kind: "trouble"; readonly trouble: Trouble; readonly walked: readonly string[] };

export type DiscoverDeps = {
  readonly lookup: Lookup;
  readonly dns: Resolver;
  /** The author's organization by the suffix list: a record there that cannot be used is a permerror too. */
  readonly listed: () => string | null;
  /** Settles when walks may begin: with several authors each one's own record is asked first. */
  readonly mayWalk?: Promise<unknown> | undefined;
};

export async function discover(author: string, deps: DiscoverDeps): Promise<Discovery> {
  const { lookup } = deps;
  const own = await lookup.at(author);
  const walked = [author];
  if (own.kind === "record") return apply(own.record, { author, policyDomain: author, walked, deps });
  if (own.kind === "trouble") return { kind: "trouble", trouble: own.trouble, walked };
  await deps.mayWalk;
  const walk = await treeWalk(author, lookup);
  if (walk.trouble !== null) return { kind: "trouble", trouble: walk.trouble, walked: walk.walked };
  const applicable = applicableRecord(walk);
  if (applicable !== null) return apply(applicable.record, { author, policyDomain: applicable.name, walked: walk.walked, deps });
  const listed = deps.listed();
  const claimed = isClaimed(own) || (listed !== null && isClaimed(lookup.known(listed)));
  return { kind: claimed ? "unusable" : "none", walked: walk.walked };
}

/** RFC 9989 §4.10.1: the Organizational Domain's record, else the Public Suffix Domain's. Records between them do not count. */
function applicableRecord(walk: Walk): Walk["found"][number] | null {
  const organization = organizationOf(walk);
  return walk.found.find((at) => at.name === organization) ?? walk.found.find((at) => at.record.psd === "y") ?? null;
}

function isClaimed(at: PolicyAt | null): boolean {
  return at?.kind === "absent" && at.claimed;
}

type Place = { readonly author: string; readonly policyDomain: string; readonly walked: readonly string[]; readonly deps: DiscoverDeps };

function apply(record: DmarcRecord, place: Place): Discovery | Promise<Discovery> {
  const { policyDomain, walked } = place;
  const use = useOf(record);
  if (use === "none-at-all") return { kind: "unusable", walked };
  const applied = (published: DmarcPolicy | null): Discovery => ({ kind: "policy", policyDomain, record, published, walked });
  const published = use === "as-none" ? "none" : publishedPolicy(record, place);
  return published instanceof Promise ? published.then(applied) : applied(published);
}

/** RFC 9989 §4.10.1: p for the domain itself, sp or np for what is below it; null where DNS does not say which. */
function publishedPolicy(record: DmarcRecord, { author, policyDomain, deps }: Place): DmarcPolicy | Promise<DmarcPolicy | null> {
  const p = validPolicy(record.p) ?? "none";
  if (author === policyDomain) return p;
  const forExisting = validPolicy(record.sp) ?? p;
  const forMissing = validPolicy(record.np) ?? forExisting;
  if (forExisting === forMissing) return forExisting;
  // RFC 9989 §3.2.13: a domain does not exist if a query for it, of whatever type, gives NXDOMAIN. No data means that it exists.
  return deps.dns.query(author, "A").then((answer) => {
    if (answer.status === "nxdomain") return forMissing;
    return isTrouble(answer) ? null : forExisting;
  });
}

/**
 * RFC 9989 §4.10.1: an invalid p, sp or np makes the record mean p=none if it asks for reports at a valid URI; otherwise DMARC
 * does not apply to the message. A missing p is p=none by §4.7.
 */
export function useOf(record: DmarcRecord): "as-published" | "as-none" | "none-at-all" {
  if (record.p !== "invalid" && record.sp !== "invalid" && record.np !== "invalid") return "as-published";
  return record.rua.length > 0 ? "as-none" : "none-at-all";
}

export function validPolicy(tag: PolicyTag): DmarcPolicy | null {
  return tag === "invalid" ? null : tag;
}

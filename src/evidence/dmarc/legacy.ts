/**
 * Policy discovery as RFC 7489 had it (§6.6.3, §3.2), for mode rfc7489 and for comparing: the Public Suffix List instead of the
 * walk, no np, t or psd; several records end discovery. DEVIATION: pct (§6.3) is read as 100, so that equal mail gets equal
 * verdicts: receivers drew lots for it, and RFC 9989 §A.6 withdrew it for that.
 */
import type { Discovery } from "./discover.ts";
import { useOf, validPolicy } from "./discover.ts";
import type { Lookup } from "./lookup.ts";
import type { DmarcRecord } from "./record.ts";

/** `listing`: the author's Organizational Domain by the list (RFC 7489 §3.2); null for a public suffix. */
export async function discoverLegacy(author: string, listing: () => string | null, lookup: Lookup): Promise<Discovery> {
  const walked = [author];
  const own = await lookup.at(author);
  if (own.kind === "record") return apply(own.record, { author, policyDomain: author, walked });
  if (own.kind === "trouble") return { kind: "trouble", trouble: own.trouble, walked };
  // RFC 7489 §6.6.3 steps 3 and 5: only an empty set sends us to the Organizational Domain; several records end it.
  if (own.several) return { kind: "unusable", walked };
  const listed = listing();
  if (listed === null || listed === author) return { kind: own.claimed ? "unusable" : "none", walked };
  walked.push(listed);
  const above = await lookup.at(listed);
  if (above.kind === "record") return apply(above.record, { author, policyDomain: listed, walked });
  if (above.kind === "trouble") return { kind: "trouble", trouble: above.trouble, walked };
  return { kind: own.claimed || above.claimed ? "unusable" : "none", walked };
}

type Place = { readonly author: string; readonly policyDomain: string; readonly walked: readonly string[] };

function apply(published: DmarcRecord, { author, policyDomain, walked }: Place): Discovery {
  // RFC 7489 knows neither np nor t nor psd, and step 6 treats a missing p like an invalid one.
  const record: DmarcRecord = { ...published, p: published.p ?? "invalid", np: null, testing: false, psd: "u" };
  const use = useOf(record);
  if (use === "none-at-all") return { kind: "unusable", walked };
  const p = validPolicy(record.p) ?? "none";
  const policy = author === policyDomain ? p : (validPolicy(record.sp) ?? p);
  return { kind: "policy", policyDomain, record, published: use === "as-none" ? "none" : policy, walked };
}

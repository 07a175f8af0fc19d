/**
 * Why an entry or a rule is not taken in: a closed code, a sentence for whoever wrote it, and the safe form of the same wish where
 * there is one. Nothing unsafe is repaired in silence: it is refused with the form offered.
 */
export type RefusalCode =
  | "syntax"
  | "both-any" // `*, *`
  | "from-alone" // would let unauthenticated mail through on what the sender writes himself
  | "shared" // infrastructure that many organizations share
  | "public-suffix" // a name under which strangers register
  | "range" // a network that is too large for what it is to do
  | "scope" // a scope that this kind of entry does not have
  | "ipv6-gate" // nothing waives the IPv6 rules
  | "consumer"; // profile consumer: no entry that would accept

export type Refusal = { readonly code: RefusalCode; readonly why: string; readonly offer: string | null };

/** What reading a text gives. */
export type Read<T> = { readonly status: "read"; readonly value: T } | { readonly status: "refused"; readonly refusal: Refusal };

export function read<T>(value: T): Read<T> {
  return { status: "read", value };
}

export function refused(
  code: RefusalCode,
  why: string,
  offer: string | null = null,
): { readonly status: "refused"; readonly refusal: Refusal } {
  return { status: "refused", refusal: { code, why, offer } };
}

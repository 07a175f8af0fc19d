/**
 * What DNS can say, as a union: records, no data, no such name, or one of three kinds of trouble. Nothing here throws.
 * Names are A-labels; records are typed by their question.
 */
export type RecordType = "A" | "AAAA" | "CNAME" | "MX" | "NS" | "PTR" | "SOA" | "TXT";

export type MxRecord = { readonly preference: number; readonly exchange: string };

/** One record of that type: TXT is the record's strings joined (RFC 7208 §3.3), as bytes; names have no final dot. */
export type RecordOf<T extends RecordType> = T extends "TXT" ? Uint8Array : T extends "MX" ? MxRecord : string;

export type Found<T extends RecordType = RecordType> = {
  readonly status: "found";
  readonly records: readonly RecordOf<T>[];
  readonly ttlSeconds: number;
  /** The AD bit, from a resolver that the operator declared trusted; otherwise false. */
  readonly authenticated: boolean;
};

/**
 * nodata: the name exists, without that type. nxdomain: neither it nor anything below exists (RFC 8020).
 * servfail, timeout, refused: nothing is known (a temporary error).
 */
export type NotFound = {
  readonly status: "nodata" | "nxdomain" | "servfail" | "timeout" | "refused";
  readonly ttlSeconds?: number;
  /** Set where we did not ask: the message's DNS budget or deadline was used up, the name cannot be carried by DNS, or the resolver is known to be down. */
  readonly withheld?: "budget" | "deadline" | "name" | "breaker";
};

export type Answer<T extends RecordType = RecordType> = Found<T> | NotFound;

/** Is this answer a temporary error: neither records nor a clear no? */
export function isTrouble(answer: Answer): answer is NotFound {
  return answer.status === "servfail" || answer.status === "timeout" || answer.status === "refused";
}

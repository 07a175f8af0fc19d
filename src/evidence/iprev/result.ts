/** Reverse DNS of the client (RFC 8601 §3). Reason null only for pass. */
export type IprevReason =
  | "no-client" // no client address is known
  | "no-ptr" // permerror: the address has no PTR record
  | "not-confirmed" // fail: names, but none resolves back to the client
  | "ptr-dns" // temperror: the PTR question failed
  | "forward-dns"; // temperror: no name confirmed, and a question for an address failed

export type IprevResult = {
  readonly result: "pass" | "fail" | "temperror" | "permerror" | "none";
  readonly reason: IprevReason | null;
  /** Confirmed names first (all of them for pass), then the unconfirmed, at most limits.iprevNamesMax. */
  readonly names: readonly string[];
  /** How many of `names` are confirmed. */
  readonly confirmed: number;
  /** The first name carries the address's digits or hex, or labels such as dyn, pool, dhcp, vps, static. */
  readonly generic: boolean;
};

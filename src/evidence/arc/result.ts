/** The ARC chain (RFC 8617 §5.2). */
import type { AuthenticationResults } from "../../mail/authentication-results.ts";

/** A sealer the operator believes; with `for`, only together with a forwarder or tenant that it is expected for (compauth.md row 8). */
export type TrustedSealer = string | { readonly domain: string; readonly for?: readonly string[] };

export type ArcReason =
  | "structure" // instances not 1..N, a field missing or repeated, a tag wrong
  | "too-many-sets" // more than limits.arcSetsMax
  | "cv" // a set says cv=fail, or cv does not fit its place
  | "message-signature" // the newest ARC-Message-Signature does not verify
  | "seal" // an ARC-Seal does not verify
  | "over-limit" // the seals would hash more than limits.arcHashedBytesMax
  | "header-too-large" // nothing of such a message is verified
  | "dns"; // temperror: a key could not be fetched

export type ArcSet = {
  readonly instance: number;
  /** d= of the ARC-Seal, A-label; null where unreadable. */
  readonly sealer: string | null;
  readonly cv: "none" | "pass" | "fail" | null;
  /** The set's ARC-Authentication-Results; null where unreadable. Only as believable as the sealer. */
  readonly results: AuthenticationResults | null;
  /** AS and AMS carry the same d=, and AMS covers From: what a trusted sealer's set needs. */
  readonly bound: boolean;
};

export type ArcResult = {
  readonly result: "none" | "pass" | "fail" | "temperror";
  readonly reason: ArcReason | null;
  /** RFC 8617 §5.2: the lowest instance whose AMS still verifies; 0 if all do; null without a passing chain. */
  readonly oldestPass: number | null;
  readonly sets: readonly ArcSet[];
  /** The newest sealer is one the operator trusts. */
  readonly trusted: boolean;
};

/** One DKIM signature's outcome (RFC 6376 §6.1, RFC 8601 §2.7.1), header and body apart. */
import type { SignatureOutcome, SignatureReason } from "../signature/result.ts";

export type DkimResult = {
  readonly result: SignatureOutcome;
  /** Null for pass. */
  readonly reason: SignatureReason | null;
  /** The signature over the header fields; "none" where it was not verified (no key, syntax, over a limit). */
  readonly headerResult: "pass" | "fail" | "none";
  /** The body hash; "none" where it was not computed. */
  readonly bodyResult: "pass" | "fail" | "none";
  /** d= as an A-label in lower case; null where it cannot be read. */
  readonly domain: string | null;
  readonly selector: string | null;
  /** a= as written, lower case: "rsa-sha256", "ed25519-sha256", …; null where it cannot be read. */
  readonly algorithm: string | null;
  readonly keyBits: number | null;
  /** False where l= leaves part of the body unsigned; null where the body was not hashed. */
  readonly bodyCovered: boolean | null;
  /** The first 8 characters of b=, which tell signatures apart in an Authentication-Results field (RFC 6008). */
  readonly signatureStart: string | null;
  /** What was seen, for a person: one line, no outside text unescaped; null for a plain pass. */
  readonly comment: string | null;
};

/** Words that DKIM signatures and ARC message signatures share: what can be wrong with one (RFC 6376 §6.1, design: contract.md). */
export type SignatureOutcome = "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";

export type SignatureReason =
  | "expired"
  | "not-yet-valid"
  | "body-hash"
  | "signature" // the four that fail
  | "no-key"
  | "revoked"
  | "key-syntax"
  | "syntax" // permerror
  | "weak-key"
  | "weak-algorithm"
  | "body-partly-signed"
  | "over-limit" // policy
  | "dns"; // temperror

export const outcomeOf: Readonly<Record<SignatureReason, SignatureOutcome>> = {
  expired: "fail",
  "not-yet-valid": "fail",
  "body-hash": "fail",
  signature: "fail",
  "no-key": "permerror",
  revoked: "permerror",
  "key-syntax": "permerror",
  syntax: "permerror",
  "weak-key": "policy",
  "weak-algorithm": "policy",
  "body-partly-signed": "policy",
  "over-limit": "policy",
  dns: "temperror",
};

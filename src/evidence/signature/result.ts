/** Words that DKIM signatures and ARC message signatures share: what can be wrong with one (RFC 6376 §6.1, design: contract.md). */
export type SignatureOutcome = "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";

export type SignatureReason =
  | "expired" // fail: x= is past
  | "not-yet-valid" // fail: t= is in the future by more than limits.clockSkewMs
  | "body-hash" // fail: bh= does not fit the body
  | "signature" // fail: b= does not fit the header fields
  | "no-key" // permerror: no key is published at the selector
  | "revoked" // permerror: the key record's p= is empty
  | "key-syntax" // permerror: the key record cannot be used with this signature
  | "syntax" // permerror: the signature field breaks its grammar or a rule of RFC 6376 §3.5
  | "weak-key" // policy: under 1024 or over 4096 bits (RFC 8301 §3.2)
  | "weak-algorithm" // policy: rsa-sha1 (RFC 8301 §3.1)
  | "body-partly-signed" // policy: l= leaves a part of the body unsigned
  | "over-limit" // policy: not verified, past a limit of ours
  | "dns"; // temperror: the key could not be fetched

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

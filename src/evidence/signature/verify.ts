/**
 * Verifies one signature over a message (RFC 6376 §6.1.3) and says what came of it: header and body apart, and the one reason that
 * decides. DKIM signatures and ARC message signatures both come here. It asks nobody: keys and body hashes are given.
 */
import { hash, verify } from "node:crypto";
import { limits } from "../../base/limits.ts";
import type { BodyHash } from "./body-hash.ts";
import type { CanonicalHeader } from "./canonical-header.ts";
import { type KeyAnswer, type UsableKey, usableKeys } from "./keys.ts";
import { type Algorithm, isBroken, type MessageSignature } from "./record.ts";
import type { SignatureReason } from "./result.ts";

export type Judgement = {
  /** Null: it verifies, and covers the whole body. */
  readonly reason: SignatureReason | null;
  readonly headerResult: "pass" | "fail" | "none";
  readonly bodyResult: "pass" | "fail" | "none";
  readonly keyBits: number | null;
  readonly bodyCovered: boolean | null;
  readonly comment: string | null;
};

export type Findings = {
  readonly answer: KeyAnswer;
  readonly body: BodyHash | "over-limit";
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What a key record may still object to: t=s and i= (RFC 6376 §3.6.1). Null where it may not. */
  readonly objection: ((key: UsableKey) => string | null) | null;
};

export function judge(signature: MessageSignature, header: CanonicalHeader, findings: Findings): Judgement {
  const head = judgeHeader(signature, header, findings);
  const body = judgeBody(signature, findings.body);
  // RFC 6376 §6.1: in the order in which the RFC would find it: times (§6.1.1), key (§6.1.2), body hash, signature (§6.1.3), l=.
  const decisive = judgeTimes(signature, findings.now) ?? head.trouble ?? body.trouble ?? head.failure ?? body.partial;
  return {
    reason: decisive?.reason ?? null,
    headerResult: head.result,
    bodyResult: body.result,
    keyBits: head.keyBits,
    bodyCovered: findings.body === "over-limit" ? null : findings.body.covered,
    comment: decisive?.comment ?? head.remark,
  };
}

/** Does this key verify the signature over that text? RFC 6376 §3.3.2, RFC 8463 §3 (Ed25519 signs the hash, not the text). */
export function verifies(text: string, signature: { readonly algorithm: Algorithm; readonly signature: Buffer }, key: UsableKey): boolean {
  const octets = Buffer.from(text, "latin1");
  try {
    return signature.algorithm === "rsa-sha256"
      ? verify("sha256", octets, key.publicKey.key, signature.signature)
      : verify(null, hash("sha256", octets, "buffer"), key.publicKey.key, signature.signature);
  } catch {
    // The crypto library throws on some malformed signatures: they do not verify.
    return false;
  }
}

type Finding = { readonly reason: SignatureReason; readonly comment: string };

/** RFC 6376 §3.5 t=, x=. */
function judgeTimes({ timestamp, expiration }: MessageSignature, now: number): Finding | null {
  if (expiration !== null && now > expiration * 1000) return { reason: "expired", comment: "the signature has expired (x=)" };
  if (timestamp !== null && timestamp * 1000 > now + limits.clockSkewMs) {
    return { reason: "not-yet-valid", comment: "the signature is from the future (t=)" };
  }
  return null;
}

type HeaderJudgement = {
  readonly result: Judgement["headerResult"];
  readonly keyBits: number | null;
  /** No key to verify with. */
  readonly trouble: Finding | null;
  /** A key, and it does not verify. */
  readonly failure: Finding | null;
  readonly remark: string | null;
};

function judgeHeader(signature: MessageSignature, header: CanonicalHeader, { answer, objection }: Findings): HeaderJudgement {
  const keys = keysFor(signature.algorithm, answer);
  if (isBroken(keys)) return { result: "none", keyBits: keys.bits, trouble: keys, failure: null, remark: null };
  const { field, cut, headers, canonicalization } = signature;
  const text = header.signedText({ field, cut, headers, canonicalization: canonicalization.header });
  let objected: HeaderJudgement | null = null;
  for (const key of keys) {
    if (!verifies(text, signature, key)) continue;
    const why = objection?.(key) ?? null;
    const keyBits = key.publicKey.bits;
    if (why === null) return { result: "pass", keyBits, trouble: null, failure: null, remark: key.testing ? testing : null };
    objected ??= { result: "pass", keyBits, trouble: { reason: "syntax", comment: why }, failure: null, remark: null };
  }
  const failure: Finding = { reason: "signature", comment: "the signature does not fit the header fields" };
  return objected ?? { result: "fail", keyBits: keys[0]?.publicKey.bits ?? null, trouble: null, failure, remark: null };
}

// RFC 6376 §3.6.1 t=y. DEVIATION: a signature that verifies stays a pass, as everywhere in the field; the flag is only shown.
const testing = "the domain is testing DKIM (t=y)";

/** The keys to try, or why there are none. */
export function keysFor(algorithm: Algorithm, answer: KeyAnswer): readonly UsableKey[] | (Finding & { readonly bits: number | null }) {
  switch (answer.outcome) {
    case "records":
      return usableKeys(answer.records, algorithm);
    case "no-key":
    case "key-syntax":
    case "dns":
      return { reason: answer.outcome, comment: answer.comment, bits: null };
    default:
      return answer satisfies never;
  }
}

type BodyJudgement = {
  readonly result: Judgement["bodyResult"];
  readonly trouble: Finding | null;
  readonly partial: Finding | null;
};

function judgeBody(signature: MessageSignature, body: BodyHash | "over-limit"): BodyJudgement {
  if (body === "over-limit")
    return { result: "none", trouble: { reason: "over-limit", comment: "too many different body hashes" }, partial: null };
  // RFC 6376 §3.5: l= must not be larger than the canonical body.
  if (signature.length !== null && signature.length > body.canonicalBytes) {
    return { result: "fail", trouble: { reason: "syntax", comment: "l= is larger than the body" }, partial: null };
  }
  if (!body.hash.equals(signature.bodyHash)) {
    return { result: "fail", trouble: { reason: "body-hash", comment: "the body is not the one that was signed" }, partial: null };
  }
  if (body.covered) return { result: "pass", trouble: null, partial: null };
  // RFC 6376 §8.2: whoever appends to the body says what the reader sees.
  const unsigned = body.canonicalBytes - (signature.length ?? 0);
  return {
    result: "pass",
    trouble: null,
    partial: { reason: "body-partly-signed", comment: `${unsigned} octets of the body are not signed (l=)` },
  };
}

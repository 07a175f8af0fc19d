/**
 * The fixed table that maps our results onto the words of Microsoft's wire shape (reference: eop.md §2; comments and results that
 * no page documents are those of real mail, its spelling kept). Data only, printed in docs/reference.md. It has no word for what
 * that shape cannot say: several of our reasons share one of its words, and none that is no pass becomes one.
 */
import type { DmarcPolicy, DmarcResult } from "../evidence/dmarc/result.ts";
import type { SignatureReason } from "../evidence/signature/result.ts";
import type { SpfOutcome } from "../evidence/spf/result.ts";

export type DkimWords = { readonly result: "pass" | "fail" | "none" | "timeout" | "ignore"; readonly comment: string };

/** `dkim=<result> (<comment>)`, by our reason; `pass` has none, `none` is a message without a signature. */
export const eopDkim: Readonly<Record<"pass" | "none" | SignatureReason, DkimWords>> = {
  pass: { result: "pass", comment: "signature was verified" },
  none: { result: "none", comment: "message not signed" },
  "body-hash": { result: "fail", comment: "body hash did not verify" },
  "body-partly-signed": { result: "fail", comment: "body hash did not verify" },
  signature: { result: "fail", comment: "signature did not verify" },
  "not-yet-valid": { result: "fail", comment: "signature did not verify" },
  "over-limit": { result: "fail", comment: "signature did not verify" },
  expired: { result: "fail", comment: "signature timestamp exipred" },
  syntax: { result: "fail", comment: "signature syntax error" },
  "no-key": { result: "fail", comment: "no key for signature" },
  revoked: { result: "fail", comment: "no key for signature" },
  "key-syntax": { result: "fail", comment: "invalid public key" },
  "weak-algorithm": { result: "fail", comment: "inappropriate hash algorithm" },
  "weak-key": { result: "ignore", comment: "ignored public key size" },
  dns: { result: "timeout", comment: "key query timeout" },
};

/** `dmarc=<word>`: its words are ours. */
export const eopDmarc: Readonly<Record<DmarcResult["result"], string>> = {
  pass: "pass",
  fail: "fail",
  bestguesspass: "bestguesspass",
  none: "none",
  temperror: "temperror",
  permerror: "permerror",
};

/** `action=<word>`, by what the policy asks for with this result: none unless it failed. */
export const eopAction: Readonly<Record<DmarcPolicy, string>> = { none: "none", quarantine: "quarantine", reject: "oreject" };

export type SpfWords = {
  /** First word of Received-SPF. */
  readonly word: string;
  /** The comment after the host's name; {domain} and {ip} stand for what was checked. */
  readonly comment: string;
  /** What follows the comment; {host} is who says it. */
  readonly tail: string;
};

/** Received-SPF, one wording a result. In Authentication-Results the word is RFC 8601's: `spf=<result> (sender IP is {ip})`. */
export const eopSpf: Readonly<Record<SpfOutcome, SpfWords>> = {
  pass: {
    word: "Pass",
    comment: "domain of {domain} designates {ip} as permitted sender",
    tail: " receiver={host}; client-ip={ip}; helo={helo}; pr=C",
  },
  fail: {
    word: "Fail",
    comment: "domain of {domain} does not designate {ip} as permitted sender",
    tail: " receiver={host}; client-ip={ip}; helo={helo};",
  },
  softfail: { word: "SoftFail", comment: "domain of transitioning {domain} discourages use of {ip} as permitted sender", tail: "" },
  neutral: { word: "Neutral", comment: "{ip} is neither permitted nor denied by domain of {domain}", tail: "" },
  none: { word: "None", comment: "{domain} does not designate permitted sender hosts", tail: "" },
  temperror: { word: "TempError", comment: "error in processing during lookup of {domain}: DNS Timeout", tail: "" },
  permerror: { word: "PermError", comment: "domain of {domain} used an invalid SPF mechanism", tail: "" },
};

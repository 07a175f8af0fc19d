/**
 * Our Authentication-Results as a value (RFC 8601 §2.7, RFC 9989 §5.4, RFC 8617 §7; design: contract.md "Stamp"). Registered words
 * only: bestguesspass is `dmarc=none` with the composite result beside it. It holds no policy, and nothing in it is outside
 * ASCII: the field may go on top of any message.
 */
import { limits } from "../base/limits.ts";
import type { ArcResult } from "../evidence/arc/result.ts";
import type { DkimResult } from "../evidence/dkim/result.ts";
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { IprevResult } from "../evidence/iprev/result.ts";
import type { SpfResult } from "../evidence/spf/result.ts";
import type { AuthenticationResults, MethodResult, ResultProperty } from "../mail/authentication-results.ts";
import { domainToAscii } from "../mail/domain.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { Verdict } from "../verdict/verdict.ts";

export type StampInput = {
  readonly transaction: Transaction;
  readonly from: FromResult;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
};

/** `compauth`: write the composite result too, an unregistered method. */
export type StampOptions = { readonly authservId: string; readonly compauth: boolean };

export function stampOf({ transaction, from, evidence, verdict }: StampInput, options: StampOptions): AuthenticationResults {
  return {
    authservId: domainToAscii(options.authservId) ?? options.authservId,
    version: null,
    results: resultsOf({ transaction, from, evidence, verdict }, options),
  };
}

function resultsOf({ transaction, from, evidence, verdict }: StampInput, { compauth }: StampOptions): readonly MethodResult[] {
  const results: MethodResult[] = [];
  for (const spf of evidence.spf) results.push(spfResult(spf, transaction));
  for (const dkim of dkimResults(evidence.dkim)) results.push(dkim);
  results.push(dmarcResult(evidence.dmarc, from), arcResult(evidence.arc));
  // RFC 8601 §2.7.3: there is no `none` for iprev; without a client address nothing is said.
  if (evidence.iprev.result !== "none") results.push(iprevResult(evidence.iprev, transaction.ip));
  if (compauth) results.push(compauthResult(verdict));
  return results;
}

/** The identity that was checked; MAIL FROM of the null path is the HELO name (RFC 7208 §2.4), and is shown as that. */
function spfResult({ identity, domain, result, reason }: SpfResult, { mailFrom }: Transaction): MethodResult {
  const property = identity === "helo" || mailFrom === "" ? "helo" : "mailfrom";
  const why = result === "temperror" || result === "permerror" ? reason : null;
  return methodResult("spf", { result, why, properties: [["smtp", property, domain]] });
}

function dkimResults(dkim: readonly DkimResult[]): readonly MethodResult[] {
  if (dkim.length === 0) return [methodResult("dkim", { result: "none", why: null, properties: [] })];
  // RFC 8601 §2.7.1: one result for each signature. Those past the limit of what we verify say nothing.
  const told = dkim.filter((one) => one.reason !== "over-limit").slice(0, limits.dkimSignaturesMax);
  // RFC 6008 §4: header.b tells signatures apart. It stands last: it may need quotes, which some readers take for the end.
  return (told.length > 0 ? told : dkim.slice(0, 1)).map(({ result, reason, domain, selector, algorithm, signatureStart }) =>
    methodResult("dkim", {
      result,
      why: reason,
      properties: [
        ["header", "a", algorithm],
        ["header", "d", domain],
        ["header", "s", selector],
        ["header", "b", signatureStart],
      ],
    }),
  );
}

function dmarcResult(dmarc: DmarcResult, from: FromResult): MethodResult {
  const registered = dmarc.result === "bestguesspass" ? "none" : dmarc.result;
  const why = registered === "temperror" || registered === "permerror" ? dmarc.reason : null;
  // RFC 9989 §9.1: policy.dmarc is the policy that applies.
  const properties = [
    ["header", "from", dmarc.domain ?? from.domain],
    ["policy", "dmarc", dmarc.policy],
  ] as const;
  return methodResult("dmarc", { result: registered, why, properties });
}

function arcResult({ result, reason, oldestPass }: ArcResult): MethodResult {
  // RFC 8617 §7: none, pass and fail are all there is.
  const registered = result === "temperror" ? "fail" : result;
  return methodResult("arc", {
    result: registered,
    why: reason,
    properties: [["header", "oldest-pass", oldestPass === null ? null : String(oldestPass)]],
  });
}

function iprevResult({ result, reason }: IprevResult, ip: string | null): MethodResult {
  return methodResult("iprev", { result, why: reason, properties: [["policy", "iprev", ip]] });
}

function compauthResult({ compauth, reason }: Verdict): MethodResult {
  return methodResult("compauth", { result: compauth, why: reason, properties: [] });
}

type Told = {
  readonly result: string;
  readonly why: string | null;
  readonly properties: readonly (readonly [ptype: string, property: string, value: string | null])[];
};

function methodResult(method: string, { result, why, properties }: Told): MethodResult {
  const known: ResultProperty[] = [];
  for (const [ptype, property, value] of properties) if (value !== null) known.push({ ptype, property, value: ascii(value) });
  return { method, version: null, result, reason: why, properties: known, comments: [] };
}

/** Printable ASCII: what else was there shows as "?". */
function ascii(text: string): string {
  return beyondAscii.test(text) ? text.replace(/[^\x20-\x7e]/gu, "?") : text;
}
const beyondAscii = /[^ -~]/;

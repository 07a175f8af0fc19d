/**
 * Our Authentication-Results, written (RFC 8601 §2.7, RFC 9989 §5.4, RFC 8617 §7; design: contract.md "Stamp"). Registered words
 * only: bestguesspass is `dmarc=none` with the composite result beside it. It holds no policy, and nothing in it is outside
 * ASCII: the field may go on top of any message.
 */
import { limits } from "../base/limits.ts";
import type { ArcResult } from "../evidence/arc/result.ts";
import type { DkimResult } from "../evidence/dkim/result.ts";
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { SpfResult } from "../evidence/spf/result.ts";
import { domainToAscii } from "../mail/domain.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { formatClauses, formatValue } from "./authentication-results.ts";

export type StampInput = {
  readonly transaction: Transaction;
  readonly from: FromResult;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
};

/** `compauth`: write the composite result too, an unregistered method. */
export type StampOptions = { readonly authservId: string; readonly compauth: boolean };

/** The field's value, folded. */
export function rfc8601Results({ transaction, from, evidence, verdict }: StampInput, { authservId, compauth }: StampOptions): string {
  const clauses: string[] = [];
  for (const spf of evidence.spf) clauses.push(spfClause(spf, transaction.mailFrom));
  addDkim(evidence.dkim, clauses);
  clauses.push(dmarcClause(evidence.dmarc, from), arcClause(evidence.arc));
  const { iprev } = evidence;
  // RFC 8601 §2.7.3: there is no `none` for iprev; without a client address nothing is said.
  if (iprev.result !== "none") clauses.push(head("iprev", iprev.result, iprev.reason) + property("policy.iprev", transaction.ip));
  if (compauth) clauses.push(head("compauth", verdict.compauth, verdict.reason));
  return formatClauses({ authservId: domainToAscii(authservId) ?? authservId, version: null }, clauses);
}

/** The identity that was checked; MAIL FROM of the null path is the HELO name (RFC 7208 §2.4), and is shown as that. */
function spfClause({ identity, domain, result, reason }: SpfResult, mailFrom: string | null): string {
  const name = identity === "helo" || mailFrom === "" ? "smtp.helo" : "smtp.mailfrom";
  return head("spf", result, result === "temperror" || result === "permerror" ? reason : null) + property(name, domain);
}

function addDkim(dkim: readonly DkimResult[], clauses: string[]): void {
  if (dkim.length === 0) clauses.push("dkim=none");
  const before = clauses.length;
  // RFC 8601 §2.7.1: one result for each signature. Those past the limit of what we verify say nothing, unless there are no others.
  for (const one of dkim) {
    if (one.reason !== "over-limit" && clauses.length - before < limits.dkimSignaturesMax) clauses.push(dkimClause(one));
  }
  const [first] = dkim;
  if (first !== undefined && clauses.length === before) clauses.push(dkimClause(first));
}

function dkimClause({ result, reason, domain, selector, algorithm, signatureStart }: DkimResult): string {
  // RFC 6008 §4: header.b tells signatures apart. It stands last: it may need quotes, which some readers take for the end.
  return (
    head("dkim", result, reason) +
    property("header.a", algorithm) +
    property("header.d", domain) +
    property("header.s", selector) +
    property("header.b", signatureStart)
  );
}

function dmarcClause(dmarc: DmarcResult, from: FromResult): string {
  const registered = dmarc.result === "bestguesspass" ? "none" : dmarc.result;
  const why = registered === "temperror" || registered === "permerror" ? dmarc.reason : null;
  // RFC 9989 §9.1: policy.dmarc is the policy that applies.
  return head("dmarc", registered, why) + property("header.from", dmarc.domain ?? from.domain) + property("policy.dmarc", dmarc.policy);
}

function arcClause({ result, reason, oldestPass }: ArcResult): string {
  // RFC 8617 §7: none, pass and fail are all there is.
  const registered = result === "temperror" ? "fail" : result;
  return head("arc", registered, reason) + property("header.oldest-pass", oldestPass === null ? null : String(oldestPass));
}

/** Words of ours, which are keywords. */
function head(method: string, result: string, why: string | null): string {
  return why === null ? `${method}=${result}` : `${method}=${result} reason=${why}`;
}

/** Text from outside: printable ASCII, what else was there shows as "?". */
function property(name: string, value: string | null): string {
  if (value === null) return "";
  return ` ${name}=${formatValue(beyondAscii.test(value) ? value.replace(/[^\x20-\x7e]/gu, "?") : value)}`;
}
const beyondAscii = /[^ -~]/;

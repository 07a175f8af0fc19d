/**
 * What our own filters said of a stored message when it came in: Authentication-Results of listed authserv-ids (RFC 8601), as the
 * evidence that a lesson is made from. Only fields above the border's Received field count, since a stranger can write any field
 * below it (RFC 8601 §7.1); where the operator says that forged ones were taken out, those directly below it count too.
 */
import type { DmarcResult } from "../../evidence/dmarc/result.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { MethodResult } from "../../mail/authentication-results.ts";
import { trustedResults } from "../../mail/authserv-id.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { type Field, fieldsNamed, type Header } from "../../mail/header.ts";
import { organizationOf } from "../../verdict/organization.ts";
import type { Policy } from "../../verdict/policy.ts";
import type { Ours } from "./ours.ts";

/** Results of all our fields, or why there are none to go by. */
export function ownResults(header: Header, border: Field, ours: Ours): readonly MethodResult[] {
  const next = fieldsNamed(header, "received").find((field) => field.start > border.start);
  const until = ours.resultsBelowReceived ? (next?.start ?? Number.POSITIVE_INFINITY) : border.start;
  const fields = header.fields.filter((field) => field.start < until);
  return trustedResults({ ...header, fields }, ours.authservIds).flatMap(({ results }) => results);
}

export type StoredEvidence = Pick<Evidence, "spf" | "dkim" | "dmarc">;

/** Null where the results speak of another author, or of a failure or a temporary error: nothing is to be learnt then. */
export function evidenceOf(results: readonly MethodResult[], author: string, policy: Policy): StoredEvidence | null {
  const organization = organizationOf(author, policy);
  const isAligned = (domain: string | null): boolean => domain !== null && organizationOf(domain, policy) === organization;
  const dkim = results.filter(({ method }) => method === "dkim").map((one) => signatureOf(one, isAligned));
  const spf = results.filter(({ method }) => method === "spf").flatMap((one) => spfOf(one, isAligned));
  const said = results.filter(({ method }) => method === "dmarc");
  if (said.some((one) => !isAligned(propertyDomain(one, "header", "from") ?? author))) return null;
  if (said.some(({ result }) => result === "fail" || result === "temperror")) return null;
  const passed = said.some(({ result }) => result === "pass");
  const vouched = [...dkim, ...spf.filter(({ identity }) => identity === "mailfrom")].some((one) => one.aligned && one.result === "pass");
  const result = passed ? "pass" : vouched ? "bestguesspass" : "none";
  return { spf, dkim, dmarc: { ...noRecord, result, reason: result === "none" ? "no-record" : "aligned", domain: author } };
}

const noRecord: DmarcResult = {
  ...{ result: "none", reason: "no-record", domain: null, policyDomain: null, publishedPolicy: null, policy: null },
  ...{ action: "none", alignedBy: null, alternative: null, testing: false, walked: [] },
};

function signatureOf(one: MethodResult, isAligned: (domain: string | null) => boolean): Evidence["dkim"][number] {
  const domain = propertyDomain(one, "header", "d") ?? propertyDomain(one, "header", "i");
  const passed = one.result === "pass";
  const aligned = isAligned(domain);
  return {
    ...{ result: passed ? "pass" : "fail", reason: passed ? null : "signature", headerResult: "none", bodyResult: "none", domain },
    ...{ selector: null, algorithm: null, keyBits: null, bodyCovered: null, signatureStart: null, comment: null },
    ...{ aligned, alignedBestGuess: aligned },
  };
}

/** RFC 8601 §2.7.2: smtp.mailfrom or smtp.helo names the identity; a result with neither names nobody. */
function spfOf(one: MethodResult, isAligned: (domain: string | null) => boolean): Evidence["spf"] {
  const sender = propertyDomain(one, "smtp", "mailfrom");
  const domain = sender ?? propertyDomain(one, "smtp", "helo");
  if (domain === null) return [];
  const identity = sender === null ? "helo" : "mailfrom";
  const aligned = identity === "mailfrom" && isAligned(domain);
  const passed = one.result === "pass";
  return [
    {
      ...{ identity, domain, result: passed ? "pass" : "neutral", reason: passed ? "matched" : "default", mechanism: null },
      ...{ explanation: null, lookups: 0, voidLookups: 0, broad: false, aligned, alignedBestGuess: aligned },
    },
  ];
}

function propertyDomain(one: MethodResult, ptype: string, property: string): string | null {
  const found = one.properties.find((each) => each.ptype === ptype && each.property === property)?.value;
  return found === undefined ? null : domainToAscii(found.slice(found.lastIndexOf("@") + 1));
}

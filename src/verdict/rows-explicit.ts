/**
 * Rows 5 to 10 of the decision table: explicit authentication, by what the From domain publishes, by a trusted ARC chain, or by a
 * gateway of ours. A pass here says who sent the message, never that it is harmless.
 */
import { unreachable } from "../base/assert.ts";
import type { ArcSet, TrustedSealer } from "../evidence/arc/result.ts";
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import { authorOf } from "../evidence/from/author.ts";
import type { MethodResult } from "../mail/authentication-results.ts";
import { domainToAscii, isAtOrBelow } from "../mail/domain.ts";
import { bestAlignedPass } from "./facts.ts";
import { matchingNetworks } from "./network-match.ts";
import { authorDomain, mayAccept, no, type Row, type RowContext, type Weighed, yes } from "./row.ts";
import type { DecisionInput } from "./verdict.ts";

export const explicitRows: readonly Row[] = [
  {
    number: 5,
    condition: "From does not yield exactly one author domain",
    weigh: ({ input: { from } }) => (authorOf(from).single ? no("from") : yes("001", "from", noAuthor(from.reason))),
  },
  { number: 6, condition: "DMARC passed", weigh: (context) => dmarcSays(context, "pass") },
  { number: 7, condition: "no DMARC record, an aligned SPF or DKIM pass", weigh: (context) => dmarcSays(context, "bestguesspass") },
  { number: 8, condition: "a trusted sealer of the ARC chain saw DMARC pass", weigh: sealed },
  { number: 9, condition: "the DMARC record is unusable or unreachable, yet an aligned SPF or DKIM pass", weigh: unusableRecord },
  { number: 10, condition: "a verified gateway of ours changed the body, and its own result was pass", weigh: changedByGateway },
];

function noAuthor(reason: string | null): string {
  return `The From field does not name exactly one author domain${reason === null ? "" : ` (${reason})`}.`;
}

function dmarcSays({ input: { evidence } }: RowContext, word: "pass" | "bestguesspass"): Weighed {
  if (evidence.dmarc.result !== word) return no("evidence.dmarc");
  return yes(word === "pass" ? "100" : "109", "evidence.dmarc", passedBy(evidence.dmarc));
}

function passedBy({ alignedBy, domain }: DmarcResult): string | null {
  if (alignedBy === null) return null;
  const whose = `${domain ?? "the From domain"} or its organization`;
  switch (alignedBy) {
    case "dkim":
      return `A DKIM signature of ${whose} verified.`;
    case "spf":
      return `SPF passed for ${whose}.`;
    default:
      return unreachable(alignedBy);
  }
}

/** From the newest set down, as long as its sealer is trusted; below the first that is not, nothing is read. */
function sealed(context: RowContext): Weighed {
  const { arc } = context.input.evidence;
  const domain = authorDomain(context)?.domain;
  if (arc.result !== "pass" || domain === undefined || !mayAccept(context)) return no("evidence.arc");
  for (const set of arc.sets.toSorted((a, b) => b.instance - a.instance)) {
    if (!isTrustedSet(set, context)) return no("evidence.arc", `Set ${set.instance} is not of a trusted sealer.`);
    if (saysPass(set, domain)) {
      return yes("130", "evidence.arc", `${set.sealer}, trusted to seal, saw DMARC pass for ${domain} (set ${set.instance}).`);
    }
  }
  return no("evidence.arc", "No trusted sealer saw DMARC pass.");
}

/** `bound`: AS and AMS carry the same d=, and AMS covers From. */
function isTrustedSet({ bound, sealer }: ArcSet, { policy, input }: RowContext): boolean {
  if (!bound || sealer === null) return false;
  return (policy.trustedSealers ?? []).some((trusted) => sealerName(trusted) === sealer && isExpected(trusted, input));
}

/** The domain of an entry as an A-label. */
export function sealerName(trusted: TrustedSealer): string | null {
  return domainToAscii(typeof trusted === "string" ? trusted : trusted.domain);
}

/**
 * A large provider seals for strangers too. With `for` its word counts only where the message as it reached us is verifiably of a
 * forwarder or tenant named there: by SPF of MAIL FROM, or by a DKIM signature.
 */
function isExpected(trusted: TrustedSealer, { evidence }: DecisionInput): boolean {
  if (typeof trusted === "string" || trusted.for === undefined) return true;
  const verified = [
    ...evidence.spf.filter(({ identity, result, broad }) => identity === "mailfrom" && result === "pass" && !broad),
    ...evidence.dkim.filter(({ result, bodyCovered }) => result === "pass" && bodyCovered !== false),
  ];
  return trusted.for.some((expected) => {
    const name = domainToAscii(expected);
    return name !== null && verified.some(({ domain }) => domain !== null && isAtOrBelow(domain, name));
  });
}

function saysPass({ results }: ArcSet, domain: string): boolean {
  return results?.results.some((one) => one.method === "dmarc" && one.result === "pass" && headerFrom(one) === domain) ?? false;
}

/** RFC 8601 §2.7.6 has the value as header.from; a whole address is read for its domain. */
function headerFrom({ properties }: MethodResult): string | null {
  const value = properties.find(({ ptype, property }) => ptype === "header" && property === "from")?.value;
  return value === undefined ? null : domainToAscii(value.slice(value.lastIndexOf("@") + 1));
}

function unusableRecord({ input }: RowContext): Weighed {
  const { dmarc } = input.evidence;
  if (!hasUnusableRecord(dmarc)) return no("evidence.dmarc");
  const by = bestAlignedPass(input.evidence);
  if (by === null) return no("evidence.dmarc");
  return yes(dmarc.reason === "record-timeout" ? "112" : "111", "evidence.dmarc", by);
}

/** An error of the record itself: not of the author, an identifier, or the question whether the domain exists. */
function hasUnusableRecord({ result, reason }: DmarcResult): boolean {
  if (result !== "permerror" && result !== "temperror") return false;
  return reason !== "author" && reason !== "identifier-dns" && reason !== "existence-dns";
}

/** The gateway is known by its address; the change by an author's signature whose header still verifies and whose body does not. */
function changedByGateway(context: RowContext): Weighed {
  const { input, policy } = context;
  const said = policy.gatewayResult ?? null;
  const domain = authorDomain(context)?.domain;
  if (said === null || domain === undefined || !mayAccept(context)) return no("policy.gatewayResult");
  const gateway = policy.gateways?.find(({ name }) => name === said.gateway);
  const seenFrom = [input.transaction.ip, input.transaction.trustedHop];
  if (gateway === undefined || seenFrom.every((ip) => matchingNetworks(ip, gateway.networks).length === 0)) return no("policy.gateways");
  const changed = input.evidence.dkim.some((one) => one.alignedBestGuess && one.headerResult === "pass" && one.bodyResult === "fail");
  if (!changed) return no("evidence.dkim", "The body does not look changed.");
  if (said.result !== "pass" || domainToAscii(said.from) !== domain) return no("policy.gatewayResult");
  return yes("108", "policy.gatewayResult", `${said.gateway} saw ${domain} authenticate before it changed the body.`);
}

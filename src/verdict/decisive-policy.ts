/**
 * The part of a policy that one verdict read: what stands in the Inspection, so that `decide` gives the same from the Inspection alone
 * and an administrator sees which of his entries mattered. Entries that do not concern the message are left out.
 */
import type { TrustedSealer } from "../evidence/arc/result.ts";
import { authenticatesAsAuthor, confirmedNames } from "./facts.ts";
import { matchingNetworks } from "./network-match.ts";
import { organizationOf } from "./organization.ts";
import {
  type Bypass,
  type Gateway,
  type GatewayResult,
  type Policy,
  type SenderHistoryPolicy,
  senderHistoryOf,
  type Tenant,
} from "./policy.ts";
import { authorDomain, contextOf } from "./row.ts";
import { sealerName } from "./rows-explicit.ts";
import { matchingBypasses } from "./rows-operator.ts";
import { acceptedFor, submittingTenant } from "./rows-own-domain.ts";
import type { DecisionInput } from "./verdict.ts";

/** A Policy, with every key that `decide` reads. */
export type DecisivePolicy = {
  readonly profile: "organization" | "consumer";
  readonly localSuffixes: readonly string[];
  readonly bypasses: readonly Bypass[];
  readonly trustedHops: readonly string[];
  readonly trustedSealers: readonly TrustedSealer[];
  readonly gateways: readonly Gateway[];
  readonly gatewayResult: GatewayResult | null;
  readonly acceptedDomains: readonly string[];
  readonly tenants: readonly Tenant[];
  readonly submittedBy: string | null;
  readonly lastTry: boolean;
  /** The numbers of sender history; null where explicit authentication made them idle. */
  readonly senderHistory: SenderHistoryPolicy | null;
};

export function decisivePolicy(policy: Policy, input: DecisionInput): DecisivePolicy {
  const { transaction, evidence } = input;
  const author = authorDomain(contextOf(input, null, policy));
  const tenant = author === null ? null : submittingTenant(author.organization, policy);
  const said = policy.gatewayResult ?? null;
  const gateway = said === null ? undefined : policy.gateways?.find(({ name }) => name === said.gateway);
  return {
    profile: policy.profile ?? "organization",
    localSuffixes: policy.localSuffixes ?? none,
    bypasses: matchingBypasses(policy.bypasses, input),
    trustedHops: matchingNetworks(transaction.ip, policy.trustedHops),
    trustedSealers: evidence.arc.sets.length === 0 ? none : sealersOf(evidence.arc.sets, policy),
    gateways: gateway === undefined ? none : [gateway],
    gatewayResult: gateway === undefined ? null : said,
    acceptedDomains: author === null ? none : acceptedOf(author.organization, policy, input),
    tenants: tenant === null ? none : [tenant],
    submittedBy: tenant?.id ?? null,
    lastTry: policy.lastTry ?? false,
    senderHistory: author === null || authenticatesAsAuthor(evidence) ? null : senderHistoryOf(policy),
  };
}

const none: readonly never[] = [];

/** The accepted domains of the author's organization; where there are any, also those that the client's own names belong to. */
function acceptedOf(organization: string, policy: Policy, input: DecisionInput): readonly string[] {
  const own = acceptedFor(organization, policy);
  if (own.length === 0) return none;
  const organizations = new Set([organization, ...confirmedNames(input).map((name) => organizationOf(name, policy))]);
  return [...new Set([...organizations].flatMap((one) => acceptedFor(one, policy)))];
}

function sealersOf(sets: DecisionInput["evidence"]["arc"]["sets"], { trustedSealers }: Policy): readonly TrustedSealer[] {
  return (trustedSealers ?? none).filter((trusted) => {
    const name = sealerName(trusted);
    return name !== null && sets.some(({ sealer }) => sealer === name);
  });
}

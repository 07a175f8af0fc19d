/** The configuration as `judge` reads it: the policy with the overrides and the rules beside the verdict that stand in the file. */
import { acceptedOf } from "../config/accepted.ts";
import { dialogueOf } from "../config/dialogue-of.ts";
import { filtersOf, forwardersOf, rulesOf, safeSendersOf } from "../config/entries-of.ts";
import { policyOf } from "../config/policy-of.ts";
import type { Config } from "../config/schema.ts";
import { domainOfAddress } from "../verdict/overrides/address-form.ts";
import type { JudgePolicy } from "./judge.ts";

export function judgePolicyOf(config: Config): JudgePolicy {
  const { from, ipv6, nullMx, enforced, accounts } = dialogueOf(config);
  return {
    ...policyOf(config),
    trustedNetworks: config.trust.networks,
    safeSenders: safeSendersOf(config),
    enforceFilters: enforced.filters,
    filters: filtersOf(config),
    rules: rulesOf(config),
    forwarders: forwardersOf(config).map(({ entry }) => entry),
    gates: {
      from,
      ipv6: { ...ipv6, enforced: enforced.ipv6 },
      nullMx: { ...nullMx, enforced: enforced.null_mx },
      accepted: acceptedOf(config).map(({ domain, ipv6: optedIn }) => ({ domain, ipv6: optedIn })),
      accounts,
    },
  };
}

/**
 * Whose mail it is, by its recipients; "" where there is one tenant, or no tenant has all of them: what one tenant says and knows is not
 * another's. A door splits such mail; undivided it is judged without anybody's entries.
 */
export function tenantOfRecipients({ tenants = [] }: JudgePolicy, recipients: readonly string[]): string {
  if (tenants.length < 2) return tenants[0]?.id ?? "";
  const found = new Set(
    recipients.map((recipient) => {
      const domain = domainOfAddress(recipient.trim().replace(/^<|>$/g, ""));
      return tenants.find(({ domains }) => domain !== null && domains.includes(domain))?.id ?? "";
    }),
  );
  const [only = ""] = found;
  return found.size === 1 ? only : "";
}

/** For mail to recipients of this tenant ("" where there is one): its own domains are the accepted ones. */
export function judgePolicyFor(policy: JudgePolicy, tenant: string): JudgePolicy {
  const tenants = policy.tenants ?? [];
  if (tenants.length < 2) return policy;
  return { ...policy, acceptedDomains: tenants.find(({ id }) => id === tenant)?.domains ?? [] };
}

/**
 * The configuration as the decision reads it. With several tenants a message's policy is that of its recipients' tenant (policyFor);
 * the rest is alike for all. Entries of the store are not in it: the door adds what matches a message.
 */
import type { Policy, SenderHistoryPolicy, Tenant } from "../verdict/policy.ts";
import { acceptedOf, tenantsOf } from "./accepted.ts";
import { enforcedOf } from "./enforced.ts";
import type { Config } from "./schema.ts";

export function policyOf(config: Config): Policy {
  const { trust, policy, stamp } = config;
  const tenants = tenantsOf(config);
  return {
    localSuffixes: policy.local_suffixes,
    dmarcMode: policy.dmarc_mode,
    trustedSealers: trust.sealers,
    authservIds: trust.authserv_ids,
    localMilters: trust.local_milters,
    stampCompauth: stamp.compauth,
    stampFormat: stamp.format,
    stampEopRecipientDomain: stamp.eop_recipient_domain,
    mode: policy.mode,
    replyTraceId: policy.reply_trace_id,
    replyContact: policy.reply_contact,
    enforce: enforceOf(config),
    spoofIntelligence: policy.spoof_intelligence,
    preset: policy.preset,
    profile: policy.profile,
    trustedHops: trust.hops,
    gateways: trust.gateways,
    // Which tenant's own domains count is known with the recipients.
    acceptedDomains: tenants.length === 1 ? (tenants[0]?.domains ?? []) : [],
    tenants,
    honorReject: policy.honor_reject,
    quarantineAction: policy.quarantine_action,
    senderHistory: senderHistoryOf(config),
  };
}

/** The policy for mail to recipients of this tenant. */
export function policyFor(policy: Policy, tenant: Tenant): Policy {
  return { ...policy, acceptedDomains: tenant.domains };
}

/** Whose recipient it is, by domain; null: of no tenant. Without any accepted domain every recipient is ours: the tenant "". */
export function tenantOf(config: Pick<Config, "domains" | "tenants">, recipientDomain: string): string | null {
  const accepted = acceptedOf(config);
  return accepted.length === 0 ? "" : (accepted.find(({ domain }) => domain === recipientDomain)?.tenant ?? null);
}

/** The rules that the table of actions knows; the others are the dialogue's and the overrides'. */
function enforceOf(config: Config): NonNullable<Policy["enforce"]> {
  const { dmarc_reject, dmarc_quarantine, spoof, suspicion, blocks } = enforcedOf(config);
  return { dmarcReject: dmarc_reject, dmarcQuarantine: dmarc_quarantine, spoof, suspicion, blocks };
}

function senderHistoryOf({ history }: Config): SenderHistoryPolicy {
  return {
    high: history.high,
    medium: history.medium,
    contradiction: history.contradiction,
    establishedMessages: history.established_messages,
    establishedDays: history.established_days,
    establishedAge: history.established_age_days,
    vouchMessages: history.vouch_messages,
    vouchByPtr: history.vouch_by_ptr,
    tier2Days: history.tier2_days,
    tier2Recipients: history.tier2_recipients,
    tier2Organizations: history.tier2_organizations,
    sharedOrganizations: history.shared_organizations,
    sharedMxOrganizations: history.shared_mx_organizations,
    background: history.background,
    novelty: history.novelty,
    confidence: history.confidence,
    weakMax: history.weak_max,
    contactMax: history.contact_max,
    carrierDays: history.carrier_days,
    carrierMessages: history.carrier_messages,
    carrierMax: history.carrier_max,
    bestGuess: history.best_guess,
    againstMax: history.against_max,
    badOrganizations: history.bad_organizations,
  };
}

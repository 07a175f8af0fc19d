/**
 * What the operator decides (design: compauth.md): one value that `decide`, standing and action read. Every key is optional; what is
 * left out is as `Policy = {}` says. Numbers of sender history are in one table with their defaults; all of them are our own.
 * Serializable, so that the part of it that a verdict read can stand in the Inspection. It reads no configuration file.
 */
import type { TrustedSealer } from "../evidence/arc/result.ts";

export type Policy = {
  /** Public suffixes beyond the list's, for best-guess alignment, pairs, PTR and history. */
  readonly localSuffixes?: readonly string[];
  readonly fromProfile?: "eop" | "rfc5322";
  readonly dmarcMode?: "rfc9989" | "rfc7489" | "compare";
  readonly trustedSealers?: readonly TrustedSealer[];
  /** authserv-ids whose Authentication-Results fields are ours, besides our own: stripped on arrival. */
  readonly authservIds?: readonly string[];
  /** Write compauth= into Authentication-Results; in the RFC 8601 form an unregistered method. Default true. */
  readonly stampCompauth?: boolean;
  /** Shape of Authentication-Results: RFC 8601's, or Microsoft's with its Received-SPF. Default rfc8601. */
  readonly stampFormat?: "rfc8601" | "eop";
  /** In the shape eop: the recipient's domain, repeated as in Microsoft's layout until 2021. Default none. */
  readonly stampEopRecipientDomain?: string | null;
  /** authserv-ids of filters on this side of the border: their Authentication-Results stay. */
  readonly localMilters?: readonly string[];
  /** "observe" (default) withholds every action; "enforce" takes it. */
  readonly mode?: "observe" | "enforce";
  /** What follows the text of a reply: the inspection's id (default true), and where to turn. */
  readonly replyTraceId?: boolean;
  readonly replyContact?: string | null;
  /** Rules that act, or hold back, whatever the mode. */
  readonly enforce?: Readonly<Partial<Record<EnforcedRule, boolean>>>;
  readonly preset?: "standard" | "strict";
  /** false: implicit failures are not acted on, and p=reject leads to the quarantine action. Default true. */
  readonly spoofIntelligence?: boolean;
  /** "consumer": no entry that would accept counts (allow, confirmed, bypass, trusted hop, sealer, gateway); blocks remain. */
  readonly profile?: "organization" | "consumer";
  /** Row 3: entries of scope `authentication`. Fed by the lists of the operator. */
  readonly bypasses?: readonly Bypass[];
  /** Row 4: addresses or networks of gateways in front of us whose Received names the true client. Fed by trust.hops. */
  readonly trustedHops?: readonly string[];
  /** Row 10: gateways of ours that may change a body; and what one of them said of this very message, read by the door from its field. */
  readonly gateways?: readonly Gateway[];
  readonly gatewayResult?: GatewayResult | null;
  /** Row 11: the accepted domains of the recipient's tenant. None: the row does not apply. */
  readonly acceptedDomains?: readonly string[];
  /** Row 11: tenants of this installation, and the one that handed this message over; set by the door that took it in. */
  readonly tenants?: readonly Tenant[];
  readonly submittedBy?: string | null;
  /** The message has been told to come again as often as it may be: what is missing is done without. Set by the door. */
  readonly lastTry?: boolean;
  /** Suspicion: domains that the recipients are in correspondence with. Fed by the store. */
  readonly contactDomains?: readonly string[];
  /** What p=reject and p=quarantine mean: "weighed" (default, RFC 9989 §7.4) or "always". */
  readonly honorReject?: "weighed" | "always";
  /** What is done where the table says `quarantine action`. */
  readonly quarantineAction?: "junk" | "quarantine";
  readonly senderHistory?: Partial<SenderHistoryPolicy> | null;
};

export type EnforcedRule = "dmarcReject" | "dmarcQuarantine" | "spoof" | "suspicion" | "blocks";

/**
 * Every condition that is given must hold, and at least one must be given. `client`: addresses or networks. `mailFrom` and
 * `recipient`: addresses or domains; of several recipients every one must match, so that nobody borrows another's entry.
 */
export type Bypass = {
  readonly id: string;
  readonly kind: "ip-allow" | "rule";
  readonly client?: readonly string[];
  readonly mailFrom?: readonly string[];
  readonly recipient?: readonly string[];
  readonly by: string;
};

export type Gateway = { readonly name: string; readonly networks: readonly string[] };
export type GatewayResult = { readonly gateway: string; readonly result: "pass" | "fail" | "none"; readonly from: string };
export type Tenant = { readonly id: string; readonly domains: readonly string[] };

export type SenderHistoryPolicy = {
  /** Scores, natural logarithms: from these on row 16 passes or soft-passes; at most this, and the pair contradicts the profile. */
  readonly high: number;
  readonly medium: number;
  readonly contradiction: number;
  /** An established profile: authenticated messages (decayed) on so many days, the first of them so many days ago. */
  readonly establishedMessages: number;
  readonly establishedDays: number;
  readonly establishedAge: number;
  /** Row 12: authenticated messages on a token before it vouches against an enforced policy. Reverse names may only if told so. */
  readonly vouchMessages: number;
  readonly vouchByPtr: boolean;
  /** Tier 2. */
  readonly tier2Days: number;
  readonly tier2Recipients: number;
  readonly tier2Organizations: number;
  /** Above it a token, or an MX host, is shared. */
  readonly sharedOrganizations: number;
  readonly sharedMxOrganizations: number;
  /** How often anyone's mail carries a given token, as 1 in so many: fixed, so that volume elsewhere moves nothing. */
  readonly background: number;
  /** How often anyone's mail comes from an infrastructure that was never seen. */
  readonly novelty: number;
  /** Half of a token's weight is reached at so many messages. */
  readonly confidence: number;
  /** A mark that strangers can obtain too (a neighbour's address, the provider's name) weighs at most this; contacts likewise. */
  readonly weakMax: number;
  readonly contactMax: number;
  /** A list or forwarder is known where it first handed mail on so many days ago, and so much since (decayed); what that explains, at most. */
  readonly carrierDays: number;
  readonly carrierMessages: number;
  readonly carrierMax: number;
  /** Best-guess SPF `a/24 mx/24 ptr`. */
  readonly bestGuess: number;
  /** Bounds of what counts against a pair, each. */
  readonly againstMax: number;
  /** An infrastructure is bad when profiles of so many organizations contradicted it, and those are more than it relayed for. */
  readonly badOrganizations: number;
};

export const senderHistoryDefaults: SenderHistoryPolicy = {
  high: 4.5,
  medium: 3,
  contradiction: -2.5,
  establishedMessages: 6,
  establishedDays: 5,
  establishedAge: 7,
  vouchMessages: 20,
  vouchByPtr: false,
  tier2Days: 5,
  tier2Recipients: 3,
  tier2Organizations: 5,
  sharedOrganizations: 20,
  sharedMxOrganizations: 5,
  background: 1000,
  novelty: 0.7,
  confidence: 3,
  weakMax: 1,
  contactMax: 1.5,
  carrierDays: 21,
  carrierMessages: 2,
  carrierMax: 7,
  bestGuess: 1.5,
  againstMax: 4,
  badOrganizations: 5,
};

/** The numbers in force. */
export function senderHistoryOf(policy: Policy): SenderHistoryPolicy {
  return policy.senderHistory == null ? senderHistoryDefaults : { ...senderHistoryDefaults, ...policy.senderHistory };
}

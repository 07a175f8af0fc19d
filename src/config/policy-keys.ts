/**
 * The tables of the configuration that say what is done about mail: [policy] with the rules that act one by one, [history], [journal]
 * and [stamp]. Defaults act on nothing. What they mean is in verdict/ and gateway/; here are names, values and help alone.
 */
import type { z } from "zod";
import { limits } from "../base/limits.ts";
import { type SenderHistoryPolicy, senderHistoryDefaults } from "../verdict/policy.ts";
import { decimal, listOf, oneOf, table, text, whole, yesOrNo } from "./forms.ts";
import * as values from "./values.ts";

const domainName = text('a domain name, such as "contoso.com"', values.domainName);

function rule(help: string) {
  return yesOrNo().nullable().default(null).meta({ description: help, sample: "true", unset: "as policy.mode" });
}

/** Rules that graduate one by one. What is not set follows policy.mode. */
const enforce = table({
  dmarc_reject: rule("Mail that fails DMARC and whose From domain asks for rejection."),
  dmarc_quarantine: rule("Mail that fails DMARC and whose From domain asks for quarantine."),
  spoof: rule("Mail that nobody vouches for, whose From domain publishes no policy: junk where suspicious."),
  suspicion: rule("Mail that authenticates, yet looks like an impersonation: junk."),
  blocks: rule("Blocks of the operator: pairs, senders, domains and addresses."),
  rules: rule("Mail flow rules: what they do to a message."),
  filters: rule("Verdicts of listed other filters."),
  from: rule("From enforcement, 550 5.7.512; outbound also that From belongs to the account."),
  ipv6: rule("Anonymous mail over IPv6: 550 5.2.1, 450 4.7.25, 450 4.7.26."),
  null_mx: rule("Null MX: 550 5.7.27 inbound, 556 5.1.10 outbound."),
});

export const policy = table({
  mode: oneOf(["observe", "enforce"])
    .default("observe")
    .describe("observe: stamp and record, act on nothing. enforce: act, but for the rules that policy.enforce sets to false."),
  enforce: enforce.prefault({}).describe("Single rules: true acts although the mode is observe, false holds back although it is enforce."),
  preset: oneOf(["standard", "strict"])
    .default("standard")
    .describe("Table of actions. strict: a suspicious sender goes to quarantine, and softpass counts as unverified."),
  profile: oneOf(["organization", "consumer"])
    .default("organization")
    .describe("consumer: no entry that would accept may exist; the file is refused if it holds one."),
  honor_reject: oneOf(["weighed", "always"])
    .default("weighed")
    .describe("p=reject: weighed with what else is known (RFC 9989 §7.4), or always rejected."),
  quarantine_action: oneOf(["junk", "quarantine"])
    .default("junk")
    .describe("What p=quarantine leads to: junk (a header that a filter rule acts on), or quarantine (held back, with release)."),
  spoof_intelligence: yesOrNo()
    .default(true)
    .describe("false: implicit failures (001, 601) are not acted on, and p=quarantine and p=reject both lead to the quarantine action."),
  dmarc_mode: oneOf(["rfc9989", "rfc7489", "compare"])
    .default("rfc9989")
    .describe("How DMARC records are found and read; compare shows both and acts on rfc9989."),
  local_suffixes: listOf(domainName, "a list of domain names").meta({
    description: "Names below which strangers have their own subdomains, besides the Public Suffix List's.",
    sample: '["hosting.example"]',
  }),
  from: oneOf(["eop", "ambiguous", "off"])
    .default("eop")
    .describe("Which From fields are refused: eop, every broken rule; ambiguous, forms that readers disagree on; off, none."),
  from_empty: oneOf(["refuse", "assign-mail-from"])
    .default("refuse")
    .describe("A message without From, or with an empty one: refuse it, or put MAIL FROM there."),
  safe_senders: oneOf(["documented", "authenticated"])
    .default("documented")
    .describe("A mailbox's own safe sender of one address counts as Microsoft documents it, or only where the message authenticates."),
  ipv6_gate: oneOf(["anonymous", "unauthenticated"])
    .default("anonymous")
    .describe("Whom the rules for IPv6 are for: clients without login and TLS, or all without login."),
  ipv6_ptr: oneOf(["valid", "confirmed"])
    .default("valid")
    .describe("What a client over IPv6 needs: a valid reverse name, or one whose addresses contain the client."),
  null_mx_inbound: oneOf([false, true, "mail-from", "mail-from-and-from"])
    .default(false)
    .describe("Refuses mail from domains that cannot receive (RFC 7505): by MAIL FROM (true means that), or by From too."),
  reply_contact: text("one line of printable ASCII, at most 200 characters", values.replyText)
    .nullable()
    .default(null)
    .meta({ description: "Whom or where to ask: written behind the text of every refusal.", sample: '"https://contoso.com/mail-help"' }),
  reply_trace_id: yesOrNo().default(true).describe("Writes the id of the inspection behind the text of every refusal."),
});

type HistoryKey = { readonly min: number; readonly max: number; readonly help: string };

function count(name: keyof SenderHistoryPolicy, { min, max, help }: HistoryKey) {
  return whole({ min, max }).default(Number(senderHistoryDefaults[name])).describe(help);
}

function measure(name: keyof SenderHistoryPolicy, { min, max, help }: HistoryKey) {
  return decimal({ min, max }).default(Number(senderHistoryDefaults[name])).describe(help);
}

/** Every number here is our own: nobody documents any. */
export const history = table({
  high: measure("high", { min: 0, max: 20, help: "Score from which on history passes a message (105); natural logarithm." }),
  medium: measure("medium", { min: 0, max: 20, help: "Score from which on it soft-passes (200)." }),
  contradiction: measure("contradiction", { min: -20, max: 0, help: "Score below which a message contradicts an established profile." }),
  established_messages: count("establishedMessages", {
    min: 1,
    max: 10_000,
    help: "Authenticated messages (decayed) that establish a profile.",
  }),
  established_days: count("establishedDays", { min: 1, max: 365, help: "Distinct days that they fall on." }),
  established_age_days: count("establishedAge", { min: 0, max: 365, help: "How long ago the first of them was." }),
  vouch_messages: count("vouchMessages", {
    min: 1,
    max: 100_000,
    help: "Authenticated messages before an infrastructure vouches against p=reject.",
  }),
  vouch_by_ptr: yesOrNo().default(senderHistoryDefaults.vouchByPtr).describe("A host's confirmed name may vouch too (703)."),
  tier2_days: count("tier2Days", { min: 2, max: 365, help: "Days of mail before an unauthenticated sender is learnt." }),
  tier2_recipients: count("tier2Recipients", { min: 1, max: 1000, help: "Recipients that it had." }),
  tier2_organizations: count("tier2Organizations", { min: 1, max: 1000, help: "From organizations that such a source may speak for." }),
  shared_organizations: count("sharedOrganizations", {
    min: 1,
    max: 10_000,
    help: "From organizations above which an infrastructure is shared.",
  }),
  shared_mx_organizations: count("sharedMxOrganizations", { min: 1, max: 10_000, help: "The same of an MX host." }),
  background: count("background", { min: 10, max: 1_000_000, help: "How often anyone's mail carries a given mark: one in so many." }),
  novelty: measure("novelty", { min: 0.01, max: 1, help: "How often anyone's mail comes from an infrastructure never seen." }),
  confidence: measure("confidence", { min: 0.1, max: 1000, help: "Messages at which half of a mark's weight is reached." }),
  weak_max: measure("weakMax", { min: 0, max: 20, help: "What a mark that strangers can obtain too weighs at most." }),
  contact_max: measure("contactMax", { min: 0, max: 20, help: "What correspondence with the recipient weighs at most." }),
  carrier_days: count("carrierDays", { min: 1, max: 365, help: "Days after which a list or forwarder is known." }),
  carrier_messages: measure("carrierMessages", { min: 0, max: 1000, help: "Messages (decayed) that it must have handed on." }),
  carrier_max: measure("carrierMax", { min: 0, max: 20, help: "What a known list or forwarder explains at most." }),
  best_guess: measure("bestGuess", { min: 0, max: 20, help: "What best-guess SPF (a/24 mx/24 ptr) weighs." }),
  against_max: measure("againstMax", { min: 0, max: 20, help: "What one thing weighs at most against a pair." }),
  bad_organizations: count("badOrganizations", {
    min: 1,
    max: 1000,
    help: "Contradicted profiles from which on an infrastructure is bad.",
  }),
});

export const journal = table({
  days: whole({ min: 0, max: 3650 })
    .default(limits.journalDays)
    .describe("How long decisions are kept for replay and readiness; 0: no journal."),
  bytes_max: whole({ min: 1_000_000, max: 10 ** 13 })
    .default(2_000_000_000)
    .describe("Size above which the oldest are dropped, whatever their age."),
  subject: yesOrNo().default(false).describe("Records subjects too. Bodies are never recorded."),
});

export const stamp = table({
  format: oneOf(["rfc8601", "eop"]).default("rfc8601").describe("Wire shape of Authentication-Results."),
  compauth: yesOrNo()
    .default(true)
    .describe("Writes compauth= into Authentication-Results; in the RFC 8601 form it is an unregistered method."),
  eop_recipient_domain: domainName.nullable().default(null).meta({
    description: "In the format eop: the recipient's domain, repeated as in Microsoft's layout until 2021; without it the layout since.",
    sample: '"contoso.com"',
  }),
});

export type PolicyConfig = z.output<typeof policy>;

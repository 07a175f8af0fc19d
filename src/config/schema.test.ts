import assert from "node:assert/strict";
import test from "node:test";
import { senderHistoryDefaults } from "../verdict/policy.ts";
import { enforcedRules } from "./enforced.ts";
import { allKeys, knownKeys } from "./known-keys.ts";

test("schema: the keys; they are public and are not renamed", () => {
  const settings = allKeys.filter(({ kind }) => kind === "value").map(({ path }) => path);
  assert.deepEqual(settings, [
    "authserv_id",
    "domains[].name",
    "domains[].ipv6",
    "tenants[].id",
    "tenants[].domains",
    "listen.milter",
    "listen.submission_milter",
    "listen.smtp",
    "listen.smtp.address",
    "listen.smtp.next_hop",
    "listen.submission_smtp",
    "listen.submission_smtp.address",
    "listen.submission_smtp.next_hop",
    "listen.http",
    "milter.outbound_daemons",
    "milter.hold",
    "milter.hold_alarm_messages",
    "milter.hold_alarm_hours",
    "smtp.hostname",
    "smtp.tls_certificate",
    "smtp.tls_key",
    "smtp.next_hop_tls",
    "smtp.forward_client",
    "smtp.xclient_from",
    "smtp.connections_per_client",
    "smtp.message_bytes_max",
    "smtp.memory_bytes_max",
    "smtp.spool",
    "http.tokens",
    "http.message_bytes_max",
    "serve.workers",
    "serve.connections_max",
    "serve.messages_max",
    "serve.drain_seconds",
    "serve.deferrals_max",
    "log.level",
    "memory.url",
    "dns.servers",
    "trust.networks",
    "trust.hops",
    "trust.sealers",
    "trust.sealers[].domain",
    "trust.sealers[].for",
    "trust.authserv_ids",
    "trust.local_milters",
    "trust.gateways[].name",
    "trust.gateways[].networks",
    "trust.forwarders[].name",
    "trust.forwarders[].networks",
    "trust.forwarders[].ptr",
    "trust.forwarders[].dkim",
    "trust.forwarders[].recipient_domains",
    "policy.mode",
    "policy.enforce.dmarc_reject",
    "policy.enforce.dmarc_quarantine",
    "policy.enforce.spoof",
    "policy.enforce.suspicion",
    "policy.enforce.blocks",
    "policy.enforce.rules",
    "policy.enforce.filters",
    "policy.enforce.from",
    "policy.enforce.ipv6",
    "policy.enforce.null_mx",
    "policy.preset",
    "policy.profile",
    "policy.honor_reject",
    "policy.quarantine_action",
    "policy.spoof_intelligence",
    "policy.dmarc_mode",
    "policy.local_suffixes",
    "policy.from",
    "policy.from_empty",
    "policy.safe_senders",
    "policy.ipv6_gate",
    "policy.ipv6_ptr",
    "policy.null_mx_inbound",
    "policy.reply_contact",
    "policy.reply_trace_id",
    "history.high",
    "history.medium",
    "history.contradiction",
    "history.established_messages",
    "history.established_days",
    "history.established_age_days",
    "history.vouch_messages",
    "history.vouch_by_ptr",
    "history.tier2_days",
    "history.tier2_recipients",
    "history.tier2_organizations",
    "history.shared_organizations",
    "history.shared_mx_organizations",
    "history.background",
    "history.novelty",
    "history.confidence",
    "history.weak_max",
    "history.contact_max",
    "history.carrier_days",
    "history.carrier_messages",
    "history.carrier_max",
    "history.best_guess",
    "history.against_max",
    "history.bad_organizations",
    "filters[].name",
    "filters[].header",
    "filters[].networks",
    "filters[].malware",
    "filters[].high_confidence_phish",
    "filters[].phish",
    "filters[].spam",
    "filters[].bulk",
    "filters[].clean",
    "rules[].name",
    "rules[].text",
    "rules[].mode",
    "outbound.days",
    "outbound.accounts[].login",
    "outbound.accounts[].networks",
    "outbound.accounts[].addresses",
    "outbound.accounts[].domains",
    "journal.days",
    "journal.bytes_max",
    "journal.subject",
    "stamp.format",
    "stamp.compauth",
    "stamp.eop_recipient_domain",
  ]);
});

test("schema: every key says what it is for, and what it takes", () => {
  for (const { path, help, wanted } of allKeys) {
    // The members of a table in one line are told of by the table.
    assert.match(help, /^\S.*\.$/, path);
    assert.notEqual(wanted, "", path);
  }
});

test("schema: every key can be made an example of: a default that says something, or a sample", () => {
  const mute = allKeys.filter(
    ({ kind, initial, sample, path }) => kind === "value" && initial == null && sample === null && !path.includes("sealers[]"),
  );
  assert.deepEqual(mute, []);
});

test("schema: every rule that can be enforced has a key and a place in the order, and no other has", () => {
  const keys = [...knownKeys.keys()].filter((path) => path.startsWith("policy.enforce."));
  assert.deepEqual(keys.toSorted(), enforcedRules.map((rule) => `policy.enforce.${rule}`).toSorted());
});

test("schema: every number of sender history has a key", () => {
  const keys = [...knownKeys.keys()].filter((path) => path.startsWith("history."));
  assert.equal(keys.length, Object.keys(senderHistoryDefaults).length);
});

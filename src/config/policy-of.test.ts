import assert from "node:assert/strict";
import test from "node:test";
import { senderHistoryDefaults } from "../verdict/policy.ts";
import { acceptsIpv6, dialogueOf } from "./dialogue-of.ts";
import { filtersOf, forwardersOf, rulesOf, safeSendersOf } from "./entries-of.ts";
import { loadConfig } from "./load.ts";
import { policyFor, policyOf, tenantOf } from "./policy-of.ts";
import type { Config } from "./schema.ts";

function config(toml: string): Config {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

test("policy of an empty file: what the engine does without any, and every number of history at its default", () => {
  const policy = policyOf(config(""));
  assert.deepEqual(policy.senderHistory, senderHistoryDefaults);
  assert.deepEqual([policy.mode, policy.preset, policy.profile, policy.honorReject], ["observe", "standard", "organization", "weighed"]);
  assert.deepEqual([policy.acceptedDomains, policy.tenants, policy.trustedSealers], [[], [], []]);
});

test("policy: each key where the decision reads it", () => {
  const policy = policyOf(
    config(`[[domains]]
name = "contoso.com"
[trust]
hops = ["192.0.2.1"]
sealers = [{ domain = "google.com", for = ["forwarder.example"] }]
gateways = [{ name = "gw", networks = ["192.0.2.25"] }]
[policy]
mode = "enforce"
preset = "strict"
honor_reject = "always"
quarantine_action = "quarantine"
spoof_intelligence = false
enforce = { dmarc_reject = false }
dmarc_mode = "rfc7489"
local_suffixes = ["hosting.example"]
[history]
vouch_by_ptr = true
established_age_days = 9
[stamp]
format = "eop"
eop_recipient_domain = "contoso.com"
`),
  );
  assert.deepEqual(policy.acceptedDomains, ["contoso.com"]);
  assert.deepEqual(policy.tenants, [{ id: "", domains: ["contoso.com"] }]);
  assert.deepEqual(policy.trustedHops, ["192.0.2.1"]);
  assert.deepEqual(policy.trustedSealers, [{ domain: "google.com", for: ["forwarder.example"] }]);
  assert.deepEqual(policy.gateways, [{ name: "gw", networks: ["192.0.2.25"] }]);
  assert.deepEqual(
    [policy.mode, policy.preset, policy.honorReject, policy.quarantineAction],
    ["enforce", "strict", "always", "quarantine"],
  );
  assert.deepEqual(policy.enforce, { dmarcReject: false, dmarcQuarantine: true, spoof: true, suspicion: true, blocks: true });
  assert.equal(policy.spoofIntelligence, false);
  assert.deepEqual([policy.dmarcMode, policy.localSuffixes, policy.stampFormat], ["rfc7489", ["hosting.example"], "eop"]);
  assert.equal(policy.stampEopRecipientDomain, "contoso.com");
  assert.deepEqual([policy.senderHistory?.vouchByPtr, policy.senderHistory?.establishedAge], [true, 9]);
});

test("tenants: a recipient's domain says whose policy it is; nobody's own domains are another's", () => {
  const two = config('[[tenants]]\nid = "a"\ndomains = ["a.example"]\n[[tenants]]\nid = "b"\ndomains = ["b.example"]');
  const policy = policyOf(two);
  assert.deepEqual(policy.acceptedDomains, []);
  assert.deepEqual([tenantOf(two, "b.example"), tenantOf(two, "c.example")], ["b", null]);
  const [, b] = policy.tenants ?? [];
  assert.ok(b !== undefined);
  assert.deepEqual(policyFor(policy, b).acceptedDomains, ["b.example"]);
  assert.equal(tenantOf(config(""), "anybody.example"), "");
  assert.equal(tenantOf(config("[[domains]]\nname = 'a.example'"), "a.example"), "");
});

test("dialogue: observe acts on nothing, enforce on all, and a rule that is named goes its own way", () => {
  const acting = (toml: string): readonly string[] =>
    Object.entries(dialogueOf(config(toml)).enforced).flatMap(([rule, on]) => (on ? [rule] : []));
  assert.deepEqual(acting(""), []);
  assert.deepEqual(acting("policy.enforce = { from = true, ipv6 = true }"), ["ipv6", "from"]);
  assert.equal(acting('policy.mode = "enforce"').length, 10);
  assert.ok(!acting('policy.mode = "enforce"\npolicy.enforce.spoof = false').includes("spoof"));
  assert.equal(dialogueOf(config("policy.enforce.from = true")).from.mode, "enforce");
  assert.equal(dialogueOf(config('policy.mode = "enforce"\npolicy.enforce.from = false')).from.mode, "observe");
});

test("dialogue: gates, replies and accounts", () => {
  const dialogue = dialogueOf(
    config(`[policy]
ipv6_gate = "unauthenticated"
ipv6_ptr = "confirmed"
from = "ambiguous"
from_empty = "assign-mail-from"
reply_contact = "postmaster@contoso.com"
reply_trace_id = false
[[outbound.accounts]]
networks = ["192.0.2.9"]
domains = ["*"]
`),
  );
  assert.deepEqual(dialogue.ipv6, { gate: "unauthenticated", ptr: "confirmed" });
  assert.deepEqual(dialogue.from, { mode: "observe", profile: "organization", from: "ambiguous", fromEmpty: "assign-mail-from" });
  assert.deepEqual(dialogue.reply, { traceId: false, contact: "postmaster@contoso.com" });
  assert.deepEqual(dialogue.accounts, [{ name: "192.0.2.9", login: null, networks: ["192.0.2.9"], addresses: [], domains: ["*"] }]);
  const inbound = (value: string): string | undefined => dialogueOf(config(`policy.null_mx_inbound = ${value}`)).nullMx.inbound;
  assert.deepEqual(["false", "true", '"mail-from"', '"mail-from-and-from"'].map(inbound), [
    "off",
    "mail-from",
    "mail-from",
    "mail-from-and-from",
  ]);
});

test("anonymous IPv6 is opted in to by domain; without accepted domains nobody was asked", () => {
  const some = config("[[domains]]\nname = 'a.example'\nipv6 = true\n[[domains]]\nname = 'b.example'");
  assert.deepEqual(
    ["a.example", "b.example", "c.example"].map((domain) => acceptsIpv6(some, domain)),
    [true, false, false],
  );
  assert.equal(acceptsIpv6(config(""), "a.example"), null);
  const tenants = config("[[tenants]]\nid = 'a'\ndomains = ['a.example', 'b.example']\n[[domains]]\nname = 'a.example'\nipv6 = true");
  assert.deepEqual(
    ["a.example", "b.example"].map((domain) => acceptsIpv6(tenants, domain)),
    [true, false],
  );
});

test("entries: filters, rules and forwarders as overrides read them", () => {
  const some = config(`policy.safe_senders = "authenticated"
policy.enforce.rules = true
[[filters]]
name = "scanner"
header = "X-Scan"
networks = ["127.0.0.1"]
high_confidence_phish = ["PHISH*"]
[[rules]]
name = "one"
text = "when spf is fail then junk"
[[rules]]
name = "two"
text = "when spf is fail then quarantine"
mode = "observe"
[[trust.forwarders]]
name = "alumni"
ptr = ["alumni.example"]
dkim = ["alumni.example"]
recipient_domains = ["a.example", "b.example"]
`);
  assert.deepEqual(filtersOf(some), [
    { name: "scanner", header: "x-scan", networks: ["127.0.0.1"], words: { "high-confidence-phish": ["phish*"] } },
  ]);
  assert.deepEqual(
    rulesOf(some).map(({ id, mode }) => [id, mode]),
    [
      ["one", "enforce"],
      ["two", "observe"],
    ],
  );
  const entries = forwardersOf(some).map(({ entry }) => entry);
  assert.deepEqual(
    entries.map(({ subject, recipient }) => [subject.kind, recipient?.kind === "domain" ? recipient.domain : null]),
    [
      ["ptr", "a.example"],
      ["ptr", "b.example"],
      ["dkim", "a.example"],
      ["dkim", "b.example"],
    ],
  );
  assert.ok(entries.every(({ kind, action, scopes }) => kind === "forwarder" && action === "allow" && scopes.join() === "spoof"));
  assert.equal(safeSendersOf(some), "authenticated");
});

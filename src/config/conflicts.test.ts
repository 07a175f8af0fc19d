import assert from "node:assert/strict";
import test from "node:test";
import { loadConfig } from "./load.ts";

type Found = readonly [path: string, line: number | null, says: RegExp];

function errors(toml: string): readonly { path: string; line: number | null; text: string }[] {
  const loaded = loadConfig(Buffer.from(toml));
  return loaded.ok ? [] : loaded.errors.map(({ path, line, wanted }) => ({ path, line, text: wanted }));
}

function warnings(toml: string): readonly { path: string; line: number | null; text: string }[] {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.warnings.map(({ path, line, says }) => ({ path, line, text: says }));
}

function same(found: ReturnType<typeof errors>, wanted: readonly Found[]): void {
  assert.deepEqual(
    found.map(({ path, line }) => [path, line]),
    wanted.map(([path, line]) => [path, line]),
    JSON.stringify(found),
  );
  wanted.forEach(([, , says], index) => void assert.match(found[index]?.text ?? "", says));
}

const forwarder = '[[trust.forwarders]]\nname = "alumni"\n';
const filter = '[[filters]]\nname = "scanner"\nheader = "X-Scan"\n';
const tenants = '[[tenants]]\nid = "a"\ndomains = ["a.example"]\n[[tenants]]\nid = "b"\n';

const refused: readonly (readonly [name: string, toml: string, found: readonly Found[]])[] = [
  [
    "the consumer profile refuses every entry that would accept, each by its place",
    `[policy]
profile = "consumer"
[trust]
hops = ["192.0.2.1"]
sealers = ["lists.example"]
[[trust.gateways]]
name = "gw"
networks = ["192.0.2.25"]
${forwarder}dkim = ["alumni.example"]
[[rules]]
name = "r"
text = "when client in 192.0.2.0/24 then bypass spoof"
`,
    [
      ["trust.hops", 4, /consumer/],
      ["trust.sealers", 5, /consumer/],
      ["trust.gateways[0]", 6, /consumer/],
      ["trust.forwarders[0]", 9, /consumer/],
      ["rules[0].text", 14, /consumer/],
    ],
  ],
  [
    "a domain of two tenants",
    `${tenants}domains = ["b.example", "A.Example"]`,
    [["tenants[1].domains[1]", 6, /already listed by tenant a/]],
  ],
  [
    "a domain twice within one tenant",
    '[[tenants]]\nid = "a"\ndomains = ["a.example", "a.example"]',
    [["tenants[0].domains[1]", 3, /once/]],
  ],
  [
    "an accepted domain of no tenant",
    `${tenants}domains = ["b.example"]\n[[domains]]\nname = "c.example"`,
    [["domains[0].name", 8, /\[\[tenants\]\]/]],
  ],
  ["a tenant without a domain", tenants, [["tenants[1].domains", 4, /a domain/]]],
  [
    "two tenants of one name",
    `${tenants}domains = ["b.example"]\n[[tenants]]\nid = "a"\ndomains = ["c.example"]`,
    [["tenants[2].id", 8, /each id once/]],
  ],
  ["an account that may write nothing", '[[outbound.accounts]]\nlogin = "ada"', [["outbound.accounts[0]", 1, /addresses or domains/]]],
  ["an account of nobody", '[[outbound.accounts]]\ndomains = ["a.example"]', [["outbound.accounts[0]", 1, /login/]]],
  [
    "a forwarder whose reverse names many share (131.107.18.4: outbound.mail.protection.outlook.com)",
    `${forwarder}ptr = ["outbound.protection.outlook.com"]`,
    [["trust.forwarders[0].ptr[0]", 3, /many organizations share.*Microsoft/]],
  ],
  [
    "a forwarder in a provider's range, or known by a name below which strangers register",
    `${forwarder}networks = ["40.107.1.0/24"]\ndkim = ["co.uk"]`,
    [
      ["trust.forwarders[0].networks[0]", 3, /Microsoft/],
      ["trust.forwarders[0].dkim[0]", 4, /strangers register/],
    ],
  ],
  ["a forwarder that is known by nothing", forwarder, [["trust.forwarders[0]", 1, /networks, ptr or dkim/]]],
  [
    "a forwarder to somebody else's domain",
    `[[domains]]\nname = "contoso.com"\n${forwarder}dkim = ["alumni.example"]\nrecipient_domains = ["fabrikam.com"]`,
    [["trust.forwarders[0].recipient_domains[0]", 6, /an accepted domain/]],
  ],
  ["a hop that is next to everybody", 'trust.hops = ["0.0.0.0/0"]', [["trust.hops[0]", 1, /a smaller network/]]],
  ["a gateway without an address", '[[trust.gateways]]\nname = "gw"', [["trust.gateways[0]", 1, /networks/]]],
  ["a sealer below which strangers register", 'trust.sealers = ["onmicrosoft.com"]', [["trust.sealers[0]", 1, /one organization/]]],
  [
    "a filter that writes under our name",
    'authserv_id = "mx.contoso.com"\ntrust.local_milters = ["MX.contoso.com"]',
    [["trust.local_milters[0]", 2, /a name of the filter's own/]],
  ],
  ["numbers of history in the wrong order", "[history]\nhigh = 2\nmedium = 4", [["history.medium", 3, /at most history.high, which is 2/]]],
  ["a filter without addresses: anybody could write its field", `${filter}spam = ["yes"]`, [["filters[0]", 1, /networks/]]],
  ["a filter without values", `${filter}networks = ["127.0.0.1"]`, [["filters[0]", 1, /values/]]],
  [
    "one value of a filter that means two things",
    `${filter}networks = ["127.0.0.1"]\nspam = ["Yes"]\nclean = ["yes"]`,
    [["filters[0].clean[0]", 6, /already means spam/]],
  ],
  [
    "a filter's field that everybody writes",
    '[[filters]]\nname = "x"\nheader = "Authentication-Results"\nnetworks = ["127.0.0.1"]\nspam = ["x"]',
    [["filters[0].header", 3, /a field of the filter's own/]],
  ],
  [
    "a rule that would let unauthenticated mail through on From alone, with the safe form",
    '[[rules]]\nname = "r"\ntext = "when from in fabrikam.com then bypass spoof"',
    [["rules[0].text", 3, /this one would be: when .*dmarc/]],
  ],
  [
    "a rule for the IPv6 gate: nothing waives it",
    '[[rules]]\nname = "r"\ntext = "when client in 2001:db8::/48 then bypass ipv6-gate"',
    [["rules[0].text", 3, /IPv6/]],
  ],
  [
    "a rule that cannot be read, with the place in it",
    '[[rules]]\nname = "r"\ntext = "when form in a.example then junk"',
    [["rules[0].text", 3, /column 6.*did you mean from/]],
  ],
  [
    "two rules of one name",
    '[[rules]]\nname = "r"\ntext = "when spf is fail then junk"\n[[rules]]\nname = "r"\ntext = "when spf is fail then junk"',
    [["rules[1].name", 5, /once/]],
  ],
  [
    "two doors at one place",
    '[listen]\nmilter = "inet:127.0.0.1:80"\nhttp = "127.0.0.1:80"',
    [["listen.http", 3, /listen\.milter has this one/]],
  ],
  [
    "two doors at one socket",
    '[listen]\nmilter = "unix:/run/a.sock"\nsubmission_milter = "unix:/run/a.sock"',
    [["listen.submission_milter", 3, /another path: listen\.milter has this one/]],
  ],
  [
    "a proxy that hands mail to the proxy of the other direction",
    '[listen]\nsmtp = { address = "127.0.0.1:25", next_hop = "127.0.0.1:26" }\nsubmission_smtp = { address = "127.0.0.1:26", next_hop = "lmtp:127.0.0.1:24" }',
    [["listen.smtp.next_hop", 2, /come back here, to listen\.submission_smtp/]],
  ],
  ["a certificate without its key", '[smtp]\ntls_certificate = "/etc/mx.pem"', [["smtp.tls_key", 1, /both/]]],
  [
    "a proxy that hands mail to itself",
    '[listen]\nsmtp = { address = "127.0.0.1:25", next_hop = "127.0.0.1:25" }',
    [["listen.smtp.next_hop", 2, /come back/]],
  ],
];

for (const [name, toml, found] of refused) test(`conflicts: ${name}`, () => same(errors(toml), found));

const doubtful: readonly (readonly [name: string, toml: string, found: readonly Found[]])[] = [
  [
    "enforcing without accepted domains and without memory",
    '[policy]\nmode = "enforce"',
    [
      ["policy.mode", 2, /No accepted domain/],
      ["policy.mode", 2, /memory\.url/],
    ],
  ],
  [
    "enforcing the IPv6 rules with nobody opted in",
    'memory.url = "sqlite:a.db"\n[[domains]]\nname = "a.example"\n[policy.enforce]\nipv6 = true',
    [["policy.enforce", 4, /refused for all/]],
  ],
  [
    "enforcing a rule that is switched off elsewhere",
    'memory.url = "sqlite:a.db"\n[[domains]]\nname = "a.example"\n[policy]\nfrom = "off"\nspoof_intelligence = false\n[policy.enforce]\nfrom = true\nspoof = true\nfilters = true\nrules = true',
    [
      ["policy.enforce.from", 8, /from = "off"/],
      ["policy.enforce.spoof", 9, /spoof_intelligence/],
      ["policy.enforce.filters", 10, /\[\[filters\]\]/],
      ["policy.enforce.rules", 11, /\[\[rules\]\]/],
    ],
  ],
  [
    "a large provider's seals, whoever forwards",
    'trust.sealers = ["lists.example", "google.com"]',
    [["trust.sealers[1]", 1, /Google.*for = /]],
  ],
  ["relays that are next to everybody", 'trust.networks = ["::/0", "10.0.0.0/8"]', [["trust.networks[0]", 1, /next to everybody/]]],
  [
    "two tenants of one organization",
    `${tenants}domains = ["eu.a.example"]`,
    [["tenants[1].domains[0]", 6, /share the organization a\.example/]],
  ],
  [
    "an account that may write any address, and one with a foreign domain",
    '[[domains]]\nname = "a.example"\n[[outbound.accounts]]\nlogin = "x"\ndomains = ["*", "*.a.example", "b.example"]\naddresses = ["c@a.example", "c@d.example"]',
    [
      ["outbound.accounts[0].domains", 5, /any address/],
      ["outbound.accounts[0].domains[2]", 5, /b\.example is no accepted domain/],
      ["outbound.accounts[0].addresses[1]", 6, /d\.example is no accepted domain/],
    ],
  ],
  [
    "a key of a format that is not chosen",
    '[stamp]\neop_recipient_domain = "a.example"',
    [["stamp.eop_recipient_domain", 2, /format = "eop"/]],
  ],
];

for (const [name, toml, found] of doubtful) test(`conflicts: a warning for ${name}`, () => same(warnings(toml), found));

test("conflicts: none in what needs no second look", () => {
  for (const toml of [
    "",
    `${tenants}domains = ["b.example"]\n[[domains]]\nname = "b.example"\nipv6 = true`,
    '[policy]\nprofile = "consumer"\n[[rules]]\nname = "r"\ntext = "when spf is fail then junk"',
    `${forwarder}networks = ["192.0.2.0/28"]\nptr = ["alumni.example"]\ndkim = ["alumni.example"]`,
    'trust.sealers = [{ domain = "google.com", for = ["forwarder.example"] }]',
    '[listen]\nmilter = "inet:127.0.0.1:0"\nhttp = "127.0.0.1:0"',
    'memory.url = "sqlite:a.db"\n[[domains]]\nname = "a.example"\nipv6 = true\n[policy]\nmode = "enforce"',
  ])
    assert.deepEqual(warnings(toml), []);
});

test("conflicts: told also where other keys of the file are wrong, so that all mistakes come at once", () => {
  const found = errors(
    '[policy]\nprofile = "consumer"\nmod = 1\n[listen]\nsmtp = { address = "x" }\n[trust]\nhops = ["192.0.2.1"]\nsealers = [1]\n',
  );
  assert.deepEqual(
    found.map(({ path }) => path),
    ["policy.mod", "listen.smtp.address", "listen.smtp.next_hop", "trust.hops", "trust.sealers[0]"],
  );
});

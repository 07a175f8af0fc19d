import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type ConfigError, formatConfigError, loadConfig } from "./load.ts";
import type { Config } from "./schema.ts";

function load(toml: string): Config {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

function errors(toml: string): readonly ConfigError[] {
  const loaded = loadConfig(Buffer.from(toml));
  assert.equal(loaded.ok, false);
  return loaded.ok ? [] : loaded.errors;
}

/** Every key that docs and contract show, as a user meets them. */
const whole = `authserv_id = "mx.contoso.com"            # one per organization
[[domains]]
name = "contoso.com"
ipv6 = false
[[domains]]
name = "BÜCHER.example"
ipv6 = true
[listen]
milter = "inet:127.0.0.1:8891"
submission_milter = "unix:/run/assay/submission.sock"
smtp   = { address = "127.0.0.1:2525", next_hop = "[::1]:2526" }
submission_smtp = { address = "127.0.0.1:2587", next_hop = "lmtp:unix:/run/lmtp" }
http   = "localhost:8890"
[milter]
outbound_daemons = ["ORIGINATING"]
hold = true
hold_alarm_messages = 7
[smtp]
hostname = "MX.contoso.com"
tls_certificate = "/etc/mx.pem"
tls_key = "/etc/mx.key"
next_hop_tls = "verify"
forward_client = "xclient"
xclient_from = ["127.0.0.1"]
message_bytes_max = 70000
memory_bytes_max = 5000
spool = "/var/spool/assay"
[http]
tokens = ["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]
[serve]
workers = 2
deferrals_max = 0
[log]
level = "debug"
[memory]
url = "sqlite:assay.db"
[dns]
servers = ["127.0.0.1", "[::1]:5353"]
[trust]
networks = ["10.0.0.0/8", "2001:db8::/32"]
hops = ["192.0.2.1"]
sealers = ["lists.example", { domain = "google.com", for = ["forwarder.example"] }]
authserv_ids = ["mx2.contoso.com"]
local_milters = ["rspamd.contoso.com"]
[[trust.gateways]]
name = "gw.contoso.com"
networks = ["192.0.2.25"]
[[trust.forwarders]]
name = "alumni"
networks = ["192.0.2.0/28"]
ptr = ["alumni.example"]
recipient_domains = ["contoso.com"]
[policy]
mode = "enforce"
enforce = { from = false }
preset = "strict"
profile = "organization"
honor_reject = "always"
quarantine_action = "quarantine"
spoof_intelligence = false
dmarc_mode = "compare"
local_suffixes = ["hosting.example"]
from = "ambiguous"
from_empty = "assign-mail-from"
safe_senders = "authenticated"
ipv6_gate = "unauthenticated"
ipv6_ptr = "confirmed"
null_mx_inbound = "mail-from-and-from"
reply_contact = "https://contoso.com/mail-help"
reply_trace_id = false
[history]
high = 5
medium = 3.5
[[filters]]
name = "scanner"
header = "X-Scan-Verdict"
networks = ["127.0.0.1"]
malware = ["Infected*"]
[[rules]]
name = "partner"
text = "when from in example.com then quarantine"
mode = "observe"
[outbound]
days = 60
[[outbound.accounts]]
login = "ada"
addresses = ["Ada@Contoso.com"]
domains = ["*.contoso.com"]
[journal]
days = 7
subject = true
[stamp]
format = "eop"
compauth = false
eop_recipient_domain = "Contoso.com"
`;

const unset: Config["policy"]["enforce"] = {
  ...{ ipv6: null, null_mx: null, from: null, blocks: null, rules: null, filters: null },
  ...{ dmarc_reject: null, dmarc_quarantine: null, spoof: null, suspicion: null },
};

test("config: every key, parsed into what it means", () => {
  assert.deepEqual(load(whole), {
    authserv_id: "mx.contoso.com",
    domains: [
      { name: "contoso.com", ipv6: false },
      { name: "xn--bcher-kva.example", ipv6: true },
    ],
    listen: {
      milter: { kind: "inet", host: "127.0.0.1", port: 8891 },
      submission_milter: { kind: "unix", path: "/run/assay/submission.sock" },
      smtp: {
        address: { host: "127.0.0.1", port: 2525 },
        next_hop: { protocol: "smtp", endpoint: { kind: "inet", host: "::1", port: 2526 } },
      },
      submission_smtp: {
        address: { host: "127.0.0.1", port: 2587 },
        next_hop: { protocol: "lmtp", endpoint: { kind: "unix", path: "/run/lmtp" } },
      },
      http: { host: "localhost", port: 8890 },
    },
    milter: { outbound_daemons: ["ORIGINATING"], hold: true, hold_alarm_messages: 7, hold_alarm_hours: 24 },
    smtp: {
      hostname: "mx.contoso.com",
      tls_certificate: "/etc/mx.pem",
      tls_key: "/etc/mx.key",
      next_hop_tls: "verify",
      forward_client: "xclient",
      xclient_from: ["127.0.0.1"],
      connections_per_client: 50,
      message_bytes_max: 70_000,
      memory_bytes_max: 5000,
      spool: "/var/spool/assay",
    },
    http: { tokens: [`sha256:${"0123456789abcdef".repeat(4)}`], message_bytes_max: 52_428_800 },
    serve: { workers: 2, connections_max: 1000, messages_max: 500, drain_seconds: 30, deferrals_max: 0 },
    log: { level: "debug" },
    memory: { url: { kind: "sqlite", path: "assay.db" } },
    dns: { servers: ["127.0.0.1", "[::1]:5353"] },
    trust: {
      networks: ["10.0.0.0/8", "2001:db8::/32"],
      hops: ["192.0.2.1"],
      sealers: ["lists.example", { domain: "google.com", for: ["forwarder.example"] }],
      authserv_ids: ["mx2.contoso.com"],
      local_milters: ["rspamd.contoso.com"],
      gateways: [{ name: "gw.contoso.com", networks: ["192.0.2.25"] }],
      forwarders: [{ name: "alumni", networks: ["192.0.2.0/28"], ptr: ["alumni.example"], dkim: [], recipient_domains: ["contoso.com"] }],
    },
    tenants: [],
    policy: {
      mode: "enforce",
      enforce: { ...unset, from: false },
      preset: "strict",
      profile: "organization",
      honor_reject: "always",
      quarantine_action: "quarantine",
      spoof_intelligence: false,
      dmarc_mode: "compare",
      local_suffixes: ["hosting.example"],
      from: "ambiguous",
      from_empty: "assign-mail-from",
      safe_senders: "authenticated",
      ipv6_gate: "unauthenticated",
      ipv6_ptr: "confirmed",
      null_mx_inbound: "mail-from-and-from",
      reply_contact: "https://contoso.com/mail-help",
      reply_trace_id: false,
    },
    history: { ...load("").history, high: 5, medium: 3.5 },
    filters: [
      {
        name: "scanner",
        header: "X-Scan-Verdict",
        networks: ["127.0.0.1"],
        ...{ malware: ["infected*"], high_confidence_phish: [], phish: [], spam: [], bulk: [], clean: [] },
      },
    ],
    rules: [
      {
        name: "partner",
        text: {
          condition: { kind: "address", field: "from", forms: [{ kind: "domain", domain: "example.com" }] },
          actions: [{ kind: "quarantine" }],
        },
        mode: "observe",
      },
    ],
    outbound: { days: 60, accounts: [{ login: "ada", networks: [], addresses: ["Ada@contoso.com"], domains: ["*.contoso.com"] }] },
    journal: { days: 7, bytes_max: 2_000_000_000, subject: true },
    stamp: { format: "eop", compauth: false, eop_recipient_domain: "contoso.com" },
  });
});

const defaults: Config = {
  authserv_id: null,
  domains: [],
  listen: { milter: null, submission_milter: null, smtp: null, submission_smtp: null, http: null },
  milter: { outbound_daemons: [], hold: false, hold_alarm_messages: 100, hold_alarm_hours: 24 },
  smtp: {
    hostname: null,
    tls_certificate: null,
    tls_key: null,
    next_hop_tls: "opportunistic",
    forward_client: "auto",
    xclient_from: [],
    connections_per_client: 50,
    message_bytes_max: 52_428_800,
    memory_bytes_max: 262_144,
    spool: null,
  },
  http: { tokens: [], message_bytes_max: 52_428_800 },
  serve: { workers: 1, connections_max: 1000, messages_max: 500, drain_seconds: 30, deferrals_max: 3 },
  log: { level: "info" },
  memory: { url: null },
  dns: { servers: [] },
  tenants: [],
  trust: { networks: [], hops: [], sealers: [], authserv_ids: [], local_milters: [], gateways: [], forwarders: [] },
  policy: {
    mode: "observe",
    enforce: unset,
    preset: "standard",
    profile: "organization",
    honor_reject: "weighed",
    quarantine_action: "junk",
    spoof_intelligence: true,
    dmarc_mode: "rfc9989",
    local_suffixes: [],
    from: "eop",
    from_empty: "refuse",
    safe_senders: "documented",
    ipv6_gate: "anonymous",
    ipv6_ptr: "valid",
    null_mx_inbound: false,
    reply_contact: null,
    reply_trace_id: true,
  },
  // Its numbers are senderHistoryDefaults: policy-of.test.ts compares.
  history: load("").history,
  filters: [],
  rules: [],
  outbound: { days: 30, accounts: [] },
  journal: { days: 30, bytes_max: 2_000_000_000, subject: false },
  stamp: { format: "rfc8601", compauth: true, eop_recipient_domain: null },
};

test("config: an empty file, empty tables and a byte order mark give the defaults, which act on nothing", () => {
  for (const text of ["", "# nothing\n", "[listen]\n[policy]\n", "\uFEFF"]) assert.deepEqual(load(text), defaults);
});

test("config: all errors at once, each with path, line, value and what was wanted, in the order of the file", () => {
  const found = errors(`authserv_id = "two words"
[[domains]]
name = "contoso.com"
[[domains]]
ipv6 = "yes"
[listen]
smtp = { address = "127.0.0.1" }

[trust]
networks = [
  "10.0.0.0/8",
  "10.0.0.0/33",
]
netwroks = []
[policy]
mode = "enforced"
`);
  assert.deepEqual(
    found.map(({ path, line, value }) => [path, line, value]),
    [
      ["authserv_id", 1, '"two words"'],
      ["domains[1].name", 4, null],
      ["domains[1].ipv6", 5, '"yes"'],
      ["listen.smtp.address", 7, '"127.0.0.1"'],
      ["listen.smtp.next_hop", 7, null],
      ["trust.networks[1]", 10, '"10.0.0.0/33"'],
      ["trust.netwroks", 14, null],
      ["policy.mode", 16, '"enforced"'],
    ],
  );
  assert.equal(found[7]?.wanted, '"observe" or "enforce"');
  assert.equal(found[6]?.nearest, "trust.networks");
});

test("config: an error as a person reads it", () => {
  const [unknown] = errors("[trust]\nnetwroks = []\n");
  const [wrong] = errors('[policy]\nmode = "enforced"\n');
  const [syntax] = errors("[policy\n");
  assert.ok(unknown && wrong && syntax);
  assert.equal(formatConfigError(unknown), "line 2: trust.netwroks: wanted a key that exists; did you mean trust.networks?");
  assert.equal(formatConfigError(wrong), 'line 2: policy.mode: wanted "observe" or "enforce", found "enforced"');
  assert.match(formatConfigError(syntax), /^line 1: wanted TOML: /);
});

const unknownKeys: [toml: string, path: string, nearest: string | null][] = [
  ['authservid = "x"', "authservid", "authserv_id"],
  ['[polcy]\nmode = "observe"', "polcy", "policy"],
  ["[listen]\nmitler = 1", "listen.mitler", "listen.milter"],
  ["[[domains]]\nname = 'a.example'\nipv4 = true", "domains[0].ipv4", "domains[0].ipv6"],
  ["servers = []", "servers", "dns.servers"], // the right name, in the wrong table
  ["[listen]\nnext_hop = 1", "listen.next_hop", "listen.smtp.next_hop"],
  ["[dns]\ncompletely_different = 1", "dns.completely_different", null],
  ["__proto__ = 1", "__proto__", null],
  ["[stamp.format]\nx = 1", "stamp.format", null],
];

for (const [toml, path, nearest] of unknownKeys) {
  test(`config: ${toml.replaceAll("\n", " ")} is an error${nearest === null ? "" : `, near to ${nearest}`}`, () => {
    const [first, ...rest] = errors(toml);
    assert.equal(first?.path, path);
    assert.equal(first?.nearest, nearest);
    assert.deepEqual(rest, []);
  });
}

const values: [key: string, good: readonly unknown[], bad: readonly unknown[]][] = [
  ["authserv_id", ["mx.contoso.com", "a", "Mail-1"], ["", "a b", 'a"b', "a;b", "a/b", "mx\n", "mß", 1, "x".repeat(254)]],
  [
    "listen.milter",
    ["inet:0.0.0.0:1", "inet:[::]:65535", "unix:/run/x"],
    ["inet:127.0.0.1", "127.0.0.1:1", "unix:x", "inet:1@a", "inet:a:65536"],
  ],
  [
    "listen.http",
    ["127.0.0.1:0", "[::1]:80", "host.example:80"],
    ["80", ":80", "::1:80", "127.0.0:80", "300.1.1.1:80", "a b:80", "a:8x", "[x]:1"],
  ],
  [
    "memory.url",
    ["sqlite:a.db", "sqlite:/var/lib/a.db", "postgres://u:p@h/d", "postgresql://h/d"],
    ["a.db", "sqlite:", "mysql://h/d", "postgres://", "postgres:d"],
  ],
  [
    "dns.servers",
    [["127.0.0.1"], ["::1", "[::1]", "[::1]:53", "192.0.2.1:5353"], []],
    ["127.0.0.1", ["dns.example"], ["127.0.0.1:99999"], ["127.0.0.1:0"], ["127.0.0"], [1]],
  ],
  ["trust.networks", [["192.0.2.1", "::/0"]], [["192.0.2.0/33"], ["192.0.2"], ["any"], [""]]],
  ["trust.sealers", [["a.example", "ü.example"]], [["a..example"], ["192.0.2.1"], ["a example"], [1], "a.example"]],
  ["trust.authserv_ids", [["a"]], [["a b"]]],
  ["policy.enforce.ipv6", [true, false], ["yes", 1]],
  ["policy.null_mx_inbound", [true, false, "mail-from"], ["from", 0, "true"]],
  ["policy.reply_contact", ["+1 555 0100", "https://a.example/?a=%20"], ["", "a\r\nb", "ä", " a", "x".repeat(201)]],
  ["policy.from", ["eop", "ambiguous", "off"], ["on", false]],
  ["policy.local_suffixes", [["hosting.example"]], ["hosting.example", ["*.example"]]],
  ["history.high", [3, 20], [-1, 21, "4"]],
  ["history.established_days", [1, 365], [0, 1.5, 366]],
  ["journal.days", [0, 3650], [-1, 3651, "30d"]],
  ["journal.bytes_max", [1_000_000], [999_999, "2GB"]],
  ["outbound.days", [1, 365], [0]],
  ["policy.mode", ["observe"], ["Observe", true, ""]],
  ["trust.local_milters", [["rspamd.contoso.com"], []], [["a b"], "a"]],
  ["stamp.format", ["eop"], ["microsoft"]],
  ["stamp.eop_recipient_domain", ["contoso.com", "bücher.example"], ["", "a b", "192.0.2.1", true]],
];

for (const [key, good, bad] of values) {
  test(`config: what ${key} takes and what it does not`, () => {
    for (const value of good) load(`${key} = ${JSON.stringify(value)}`);
    for (const value of bad) {
      const found = errors(`${key} = ${JSON.stringify(value)}`);
      assert.equal(found.length, 1, `${key} = ${JSON.stringify(value)}`);
      assert.ok(found[0]?.path.startsWith(key));
      assert.equal(found[0]?.line, 1);
    }
  });
}

test("config: a domain that is listed twice is an error at the second", () => {
  const found = errors("[[domains]]\nname = 'a.example'\n[[domains]]\nname = 'A.Example'\n");
  assert.deepEqual(
    found.map(({ path, line }) => [path, line]),
    [["domains[1].name", 4]],
  );
});

test("config: passwords are not printed, long values are cut", () => {
  const [url] = errors('memory.url = "mysql://root:secret@db/x"');
  assert.equal(url?.value, '"mysql://…@db/x"');
  const [long] = errors(`policy.mode = "${"x".repeat(500)}"`);
  assert.equal(long?.value?.length, 80);
});

test("config: text that is no TOML, or no UTF-8, is one error with its line", () => {
  assert.deepEqual(
    errors("a = 1\na = 2\n").map(({ path, line }) => [path, line]),
    [["", 2]],
  );
  const loaded = loadConfig(Uint8Array.of(0xff, 0xfe));
  assert.deepEqual(loaded, { ok: false, errors: [{ path: "", line: null, value: null, wanted: "UTF-8 text", nearest: null }] });
});

test("config: total on arbitrary bytes and on mutated files", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void loadConfig(bytes)));
  const bytes = Buffer.from(whole);
  const mutation = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
      const changed = Buffer.from(bytes);
      for (const [at, byte] of mutations) changed[at] = byte;
      void loadConfig(changed);
    }),
  );
});

/**
 * The stub resolver against real servers: knot (authoritative, signing) and unbound (recursive, validating), directly and through a
 * relay that loses, changes, forges and delays. It asserts answers and how many questions were sent, never how long they took.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import type { Answer } from "../../src/dns/answer.ts";
import { type DnsResolverOptions, dnsResolver, type SentQuery } from "../../src/system/resolver.ts";
import { dnsRelay, type Fault, type Relay } from "./dns-relay.ts";
import { missingServers, type RealDns, startRealDns } from "./real-dns.ts";

/** The i-th string of a long record. */
const part = (i: number, length: number) => String.fromCharCode(97 + (i % 26)).repeat(length);
const parts = (count: number, length: number) => Array.from({ length: count }, (_, i) => part(i, length));
const strings = (count: number, length: number) =>
  parts(count, length)
    .map((text) => `"${text}"`)
    .join(" ");
const joined = (count: number, length: number) => parts(count, length).join("");

const mailZone = `
@ MX 10 Mail
@ MX 20 mx2
@ TXT "v=spf1 " "mx -all"
@ TXT "other"
Mail A 192.0.2.1
Mail A 192.0.2.2
Mail AAAA 2001:db8::1
mx2 A 192.0.2.3
null MX 0 .
eight-bit TXT "\\255\\254\\000 end"
key._domainkey TXT "v=DKIM1; p=" ${strings(3, 200)}
big TXT ${strings(12, 250)}
huge TXT ${strings(200, 250)}
alias CNAME alias2
alias2 60 CNAME mail
dangling CNAME gone
empty-alias CNAME null
a.loop CNAME b.loop
b.loop CNAME a.loop
below.empty A 192.0.2.4
*.wild TXT "wild"
c0 CNAME c1
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 A 192.0.2.8
d CNAME c0
ptr PTR Host.Mail.example.
o\\039neil\\043list\\061x._spf A 192.0.2.5
short 5 A 192.0.2.6
${Array.from({ length: 8 }, (_, i) => `n${i} A 192.0.2.${100 + i}`).join("\n")}
`;
const zones = {
  "mail.example": mailZone,
  "signed.example": '@ TXT "v=spf1 -all"\nalias CNAME www\nwww A 192.0.2.7\nout CNAME mail.mail.example.\n',
  "bogus.example": "@ A 192.0.2.9\n",
};

const missing = missingServers();
const skip = missing ?? false;
let dns: RealDns;
let relay: Relay;
const closes: (() => Promise<void>)[] = [];

before(async () => {
  if (missing !== null) return;
  dns = await startRealDns(zones, "signed.example");
  closes.push(dns.close);
  relay = await dnsRelay(dns.unboundPort);
  closes.push(relay.close);
});
after(async () => {
  for (const close of closes) await close();
});

type Asking = { query: ReturnType<typeof dnsResolver>["query"]; sent: SentQuery[] };

/** A resolver with an empty cache for one test. */
function asking(server: string, options: DnsResolverOptions = {}): Asking {
  const sent: SentQuery[] = [];
  const made = dnsResolver({ servers: [server], onQuery: (query) => sent.push(query), timeoutMs: 3000, ...options });
  return { query: made.query, sent };
}
const transports = (sent: readonly SentQuery[]) => sent.map(({ transport }) => transport).join(" ");

/** Without the TTL, which counts down in unbound's cache. */
function said(answer: Answer): unknown {
  if (answer.status !== "found") return answer.status;
  const records: readonly unknown[] = answer.records;
  return records.map((record) => (record instanceof Uint8Array ? brief(Buffer.from(record).toString("latin1")) : record)).sort();
}

/** Long texts by length and digest, so that a failure stays readable. */
function brief(text: string): string {
  return text.length < 300 ? text : `${text.length} characters, ${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

const questions: [name: string, type: "A" | "AAAA" | "MX" | "TXT" | "PTR" | "CNAME" | "NS" | "SOA", says: unknown][] = [
  ["mail.mail.example", "A", ["192.0.2.1", "192.0.2.2"]],
  ["MAIL.Mail.Example.", "AAAA", ["2001:db8::1"]],
  ["mail.example", "TXT", ["other", "v=spf1 mx -all"]],
  ["mail.example", "NS", ["ns.mail.example"]],
  ["mail.example", "SOA", ["ns.mail.example host.mail.example 1 3600 600 86400 120"]],
  ["mx2.mail.example", "A", ["192.0.2.3"]],
  ["eight-bit.mail.example", "TXT", ["\u00ff\u00fe\u0000 end"]],
  ["key._domainkey.mail.example", "TXT", [brief(`v=DKIM1; p=${joined(3, 200)}`)]],
  ["big.mail.example", "TXT", [brief(joined(12, 250))]],
  ["huge.mail.example", "TXT", [brief(joined(200, 250))]],
  ["alias.mail.example", "A", ["192.0.2.1", "192.0.2.2"]],
  ["alias.mail.example", "CNAME", ["alias2.mail.example"]],
  ["dangling.mail.example", "A", "nxdomain"],
  ["empty-alias.mail.example", "A", "nodata"],
  ["a.loop.mail.example", "A", "servfail"],
  ["gone.mail.example", "A", "nxdomain"],
  ["empty.mail.example", "A", "nodata"],
  ["mail.mail.example", "TXT", "nodata"],
  ["any.thing.wild.mail.example", "TXT", ["wild"]],
  ["c0.mail.example", "A", ["192.0.2.8"]],
  ["d.mail.example", "A", "servfail"],
  ["ptr.mail.example", "PTR", ["host.mail.example"]],
  ["o'neil+list=x._spf.mail.example", "A", ["192.0.2.5"]],
];
for (const [name, type, says] of questions) {
  test(`real servers: ${name} ${type}`, { skip }, async () => {
    for (const server of [dns.knot, dns.unbound]) assert.deepEqual(said(await asking(server).query(name, type)), says, server);
  });
}

test("real servers: MX, and RFC 7505's null MX", { skip }, async () => {
  for (const server of [dns.knot, dns.unbound]) {
    const { query } = asking(server);
    const mx = await query("mail.example", "MX");
    assert.ok(mx.status === "found");
    const sorted = [...mx.records].sort((left, right) => left.preference - right.preference);
    assert.deepEqual(
      sorted.map(({ preference, exchange }) => [preference, exchange]),
      [
        [10, "mail.mail.example"],
        [20, "mx2.mail.example"],
      ],
    );
    assert.deepEqual(said(await query("null.mail.example", "MX")), [{ preference: 0, exchange: "." }]);
  }
});

test("real servers: TTLs of records, of an alias and of what is not there; short ones are raised to 30 s", { skip }, async () => {
  const { query } = asking(dns.knot);
  const ttl = async (name: string) => (await query(name, "A")).ttlSeconds;
  assert.deepEqual(
    [await ttl("mail.mail.example"), await ttl("alias.mail.example"), await ttl("gone.mail.example"), await ttl("short.mail.example")],
    [300, 60, 120, 30],
  );
});

test("real servers: a zone that is not served is refused by knot and a failure of unbound", { skip }, async () => {
  assert.equal(said(await asking(dns.knot).query("other.example", "A")), "refused");
  assert.equal(said(await asking(dns.unbound).query("other.example", "A")), "servfail");
});

test("real servers: RFC 7766 §5: what does not fit into 1232 octets comes over TCP, in two questions", { skip }, async () => {
  for (const server of [dns.knot, dns.unbound]) {
    const { query, sent } = asking(server);
    await query("huge.mail.example", "TXT");
    assert.equal(transports(sent), "udp tcp");
    await query("huge.mail.example", "TXT");
    assert.equal(sent.length, 2);
  }
});

test("real servers: 200 names at once, each asked once, none mixed up", { skip }, async () => {
  const { query, sent } = asking(dns.unbound);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => query(`n${i % 8}.mail.example`, "A")));
  answers.forEach((answer, i) => {
    assert.deepEqual(said(answer), [`192.0.2.${100 + (i % 8)}`]);
  });
  assert.equal(sent.length, 8);
});

// DNSSEC: unbound validates, we believe its AD bit or not.

test("DNSSEC: AD from unbound for a signed zone, only where it is trusted", { skip }, async () => {
  const authenticated = async (name: string, trustAd: boolean) => {
    const answer = await asking(dns.unbound, { trustAd }).query(name, "A");
    return answer.status === "found" && answer.authenticated;
  };
  assert.equal(await authenticated("www.signed.example", true), true);
  assert.equal(await authenticated("alias.signed.example", true), true);
  assert.equal(await authenticated("www.signed.example", false), false);
  assert.equal(await authenticated("mail.mail.example", true), false);
  assert.equal(await authenticated("out.signed.example", true), false);
});

test("DNSSEC: an authoritative server says no AD, trusted or not", { skip }, async () => {
  const answer = await asking(dns.knot, { trustAd: true }).query("www.signed.example", "A");
  assert.ok(answer.status === "found");
  assert.equal(answer.authenticated, false);
});

test("DNSSEC: a zone that does not validate is a failure, never records", { skip }, async () => {
  assert.equal(said(await asking(dns.unbound).query("bogus.example", "A")), "servfail");
});

// Through the relay.

const withoutLoss: Fault[] = ["none", "wrong-id", "wrong-question", "garbage", "cut", "duplicated", "delayed", "spoofed-port"];
for (const fault of withoutLoss) {
  test(`relay: ${fault}: the right answer, from one question`, { skip }, async () => {
    relay.set({ udp: () => fault });
    const { query, sent } = asking(relay.address);
    assert.deepEqual(said(await query("mail.mail.example", "A")), ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(said(await query("gone.mail.example", "TXT")), "nxdomain");
    assert.equal(transports(sent), "udp udp");
    assert.deepEqual(relay.counts, { udp: 2, tcp: 0 });
  });
}

for (const fault of ["lose-question", "lose-answer"] as const) {
  test(`relay: ${fault}: asked again, the second time with success`, { skip }, async () => {
    relay.set({ udp: (index) => (index === 0 ? fault : "none") });
    const { query, sent } = asking(relay.address, { timeoutMs: 400 });
    assert.deepEqual(said(await query("mail.mail.example", "A")), ["192.0.2.1", "192.0.2.2"]);
    assert.equal(transports(sent), "udp udp");
  });

  test(`relay: ${fault} always: timeout after all tries, kept for a while`, { skip }, async () => {
    relay.set({ udp: () => fault });
    const { query, sent } = asking(relay.address, { timeoutMs: 100, attempts: 4 });
    for (let again = 0; again < 3; again++) assert.equal(said(await query("mail.mail.example", "A")), "timeout");
    assert.equal(transports(sent), "udp udp udp udp");
  });
}

test("relay: delayed past the first try: the late answer counts, two questions were sent", { skip }, async () => {
  relay.set({ udp: (index) => (index === 0 ? "delayed" : "lose-question") });
  const { query, sent } = asking(relay.address, { timeoutMs: 500 });
  assert.deepEqual(said(await query("mail.mail.example", "A")), ["192.0.2.1", "192.0.2.2"]);
  assert.equal(transports(sent), "udp udp");
});

test("relay: answers out of order each find their question", { skip }, async () => {
  relay.set({ udp: () => "reversed" });
  const { query, sent } = asking(relay.address);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => query(`n${i}.mail.example`, "A")));
  assert.deepEqual(
    answers.map(said),
    Array.from({ length: 8 }, (_, i) => [`192.0.2.${100 + i}`]),
  );
  assert.equal(sent.length, 8);
});

for (const fault of ["truncated", "wrong-case"] as const) {
  test(`relay: ${fault}: asked over TCP`, { skip }, async () => {
    relay.set({ udp: () => fault });
    const { query, sent } = asking(relay.address);
    assert.deepEqual(said(await query("key._domainkey.mail.example", "TXT")), [brief(`v=DKIM1; p=${joined(3, 200)}`)]);
    assert.equal(transports(sent), "udp tcp");
    assert.deepEqual(relay.counts, { udp: 1, tcp: 1 });
  });
}

test("relay: a huge TXT over TCP that comes in small pieces", { skip }, async () => {
  relay.set({ udp: () => "none", tcp: "tcp-dribbled" });
  const { query, sent } = asking(relay.address);
  assert.deepEqual(said(await query("huge.mail.example", "TXT")), [brief(joined(200, 250))]);
  assert.equal(transports(sent), "udp tcp");
});

for (const fault of ["tcp-refused", "tcp-cut"] as const) {
  test(`relay: truncated and ${fault}: a failure, and part of a record is never an answer`, { skip }, async () => {
    relay.set({ udp: () => "none", tcp: fault });
    const { query, sent } = asking(relay.address);
    assert.equal(said(await query("huge.mail.example", "TXT")), "servfail");
    assert.equal(transports(sent).startsWith("udp"), true);
    assert.equal(relay.counts.tcp, 1);
  });
}

test("relay: truncated and silent over TCP: timeout, after one question over UDP and the others over TCP", { skip }, async () => {
  relay.set({ udp: () => "none", tcp: "tcp-silent" });
  const { query, sent } = asking(relay.address, { timeoutMs: 200, attempts: 3 });
  assert.equal(said(await query("huge.mail.example", "TXT")), "timeout");
  assert.equal(transports(sent), "udp tcp tcp tcp");
});

test("relay: a bad server first and a good one second: the good one's answer", { skip }, async () => {
  for (const fault of ["lose-question", "garbage", "wrong-id"] as const) {
    relay.set({ udp: () => fault });
    const { query } = asking("", { servers: [relay.address, dns.unbound], timeoutMs: 300 });
    assert.deepEqual(said(await query("mail.mail.example", "A")), ["192.0.2.1", "192.0.2.2"]);
  }
});

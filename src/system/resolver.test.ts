/** The stub resolver before a server on loopback: records, aliases, names, the AD bit, options. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer as WireAnswer } from "dns-packet";
import { type Asked, dnsServer, replyTo, soa } from "../../test/dns-server.ts";
import { a, against, answering, closeAtEnd, cname, found, resolver } from "../../test/resolver-under-test.ts";
import type { Answer } from "../dns/answer.ts";
import { DnsOptionError, type DnsResolverOptions, dnsResolver } from "./resolver.ts";

test("records by type; names without a final dot and in lower case, since 0x20 mixes the case of what servers compress", async () => {
  const records: Record<string, WireAnswer["type"] extends string ? unknown : never> = {
    A: "192.0.2.1",
    AAAA: "2001:db8::1",
    CNAME: "Target.Example",
    MX: { preference: 10, exchange: "Mail.Example" },
    NS: "ns.example",
    PTR: "Host.Example",
    TXT: [Buffer.from("v=spf1 "), Buffer.from([0xff, 0xfe])],
    SOA: { mname: "ns.example", rname: "host.example", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
  };
  const { query } = await against((asked) => {
    const record = { type: asked.type, name: asked.name, ttl: 300, data: records[asked.type] };
    // The table pairs each type with its data.
    asked.reply({ answers: [record as WireAnswer] });
  });
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
  assert.deepEqual(await query("x.example", "AAAA"), found(["2001:db8::1"]));
  assert.deepEqual(await query("x.example", "CNAME"), found(["target.example"]));
  assert.deepEqual(await query("x.example", "MX"), found([{ preference: 10, exchange: "mail.example" }]));
  assert.deepEqual(await query("x.example", "NS"), found(["ns.example"]));
  assert.deepEqual(await query("x.example", "PTR"), found(["host.example"]));
  assert.deepEqual(await query("x.example", "TXT"), found([Uint8Array.from([...Buffer.from("v=spf1 "), 0xff, 0xfe])]));
  assert.deepEqual(await query("x.example", "SOA"), found(["ns.example host.example 1 2 3 4 5"]));
});

test("RFC 7505: the exchange of a null MX is the root, as '.'", async () => {
  const { query } = await against((asked) =>
    asked.reply({ answers: [{ type: "MX", name: asked.name, ttl: 300, data: { preference: 0, exchange: "." } }] }),
  );
  assert.deepEqual(await query("x.example", "MX"), found([{ preference: 0, exchange: "." }]));
});

test("onQuery sees each question sent: name, type, time, server, transport", async () => {
  const { query, sent, server } = await against(answering({ rcode: 3 }), { clock: () => 1_700_000_000_000 });
  await query("Sub.Example.COM.", "TXT");
  assert.deepEqual(sent, [{ name: "sub.example.com", type: "TXT", at: 1_700_000_000_000, server: server.address, transport: "udp" }]);
});

test("over IPv6 as over IPv4", async (t) => {
  const server = await dnsServer((asked) => asked.reply({ answers: [a(asked.name)] }), "::1").catch(() => null);
  if (server === null) return t.skip("this machine has no ::1");
  closeAtEnd(server.close);
  assert.deepEqual(await resolver([server.address]).query("x.example", "A"), found(["192.0.2.1"]));
});

// Aliases.

test("an alias whose target is not told is asked on, with the least TTL", async () => {
  const { query, sent } = await against((asked) => {
    asked.reply({ answers: asked.lowerName === "x.example" ? [cname(asked.name, "y.example", 40)] : [a(asked.name)] });
  });
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"], 40));
  assert.deepEqual(
    sent.map(({ name }) => name),
    ["x.example", "y.example"],
  );
});

test("eight aliases are followed one by one, nine are servfail", async () => {
  const chain = (length: number) => (asked: Asked) => {
    const step = Number(asked.lowerName.slice(1, asked.lowerName.indexOf(".")));
    asked.reply({ answers: step < length ? [cname(asked.name, `n${step + 1}.example`)] : [a(asked.name)] });
  };
  const eight = await against(chain(8));
  assert.deepEqual(await eight.query("n0.example", "A"), found(["192.0.2.1"]));
  assert.equal(eight.sent.length, 9);
  const nine = await against(chain(9));
  assert.deepEqual(await nine.query("n0.example", "A"), { status: "servfail" });
  assert.equal(nine.sent.length, 9);
});

test("attack: a ring of aliases, told in one answer or one by one, is servfail", async () => {
  const ring = (asked: Asked) => asked.reply({ answers: [cname(asked.name, asked.lowerName === "x.example" ? "y.example" : "x.example")] });
  const { query, sent } = await against(ring);
  assert.deepEqual(await query("x.example", "A"), { status: "servfail" });
  assert.equal(sent.length, 9);
  const both = await against(answering({ answers: [cname("x.example", "y.example"), cname("y.example", "x.example")] }));
  assert.deepEqual(await both.query("x.example", "A"), { status: "servfail" });
  assert.equal(both.sent.length, 1);
});

test("two rings asked for at once do not wait for each other for ever", async () => {
  const { query } = await against((asked) => {
    asked.reply({ answers: [cname(asked.name, asked.lowerName === "x.example" ? "y.example" : "x.example")] });
  });
  const both = await Promise.all([query("x.example", "A"), query("y.example", "A")]);
  assert.deepEqual(both, [{ status: "servfail" }, { status: "servfail" }]);
});

test("a dangling alias gives the target's answer", async () => {
  const { query } = await against((asked) => {
    if (asked.lowerName === "gone.example")
      asked.reply({ rcode: 3, answers: [cname(asked.name, "t.example", 50)], authorities: [soa("example", 60)] });
    else if (asked.lowerName === "t2.example") asked.reply({ rcode: 3, authorities: [soa("example", 70)] });
    else asked.reply({ answers: [cname(asked.name, "t2.example")] });
  });
  assert.deepEqual(await query("gone.example", "A"), { status: "nxdomain", ttlSeconds: 50 });
  assert.deepEqual(await query("split.example", "A"), { status: "nxdomain", ttlSeconds: 70 });
});

test("attack: an alias to a name with a dot inside a label is not followed to the name it looks like", async () => {
  const { query, sent } = await against((asked) => {
    const target = Buffer.from([9, ...Buffer.from("mail.bank"), 7, ...Buffer.from("example"), 0]);
    const packet = replyTo(asked.packet, { answers: [{ type: "NULL", name: asked.name, ttl: 60, data: target }] });
    packet[packet.length - target.length - 9] = 5; // NULL (10) becomes CNAME (5)
    asked.reply(packet);
  });
  assert.deepEqual(await query("x.example", "A"), { status: "servfail" });
  assert.equal(sent.length, 1);
});

// DNSSEC.

test("the AD bit counts only from servers that are trusted, and only then is it asked for", async () => {
  const respond = (asked: Asked) => asked.reply({ authentic: true, answers: [a(asked.name)] });
  const authenticated = (answer: Answer) => answer.status === "found" && answer.authenticated;
  const untrusted = await against(respond);
  assert.equal(authenticated(await untrusted.query("x.example", "A")), false);
  assert.equal(untrusted.server.asked[0]?.packet.flag_ad, false);
  const trusted = await against(respond, { trustAd: true });
  assert.equal(authenticated(await trusted.query("x.example", "A")), true);
  assert.equal(trusted.server.asked[0]?.packet.flag_ad, true);
});

test("an alias is authentic only if every step was", async () => {
  const { query } = await against(
    (asked) => {
      const isAlias = asked.lowerName === "x.example";
      asked.reply({ authentic: !isAlias, answers: isAlias ? [cname(asked.name, "y.example")] : [a(asked.name)] });
    },
    { trustAd: true },
  );
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
});

// Names.

test("a name that DNS cannot carry is answered without asking", async () => {
  const { query, sent } = await against(answering({ rcode: 3 }));
  for (const name of [
    "",
    ".",
    "a..example",
    ".example",
    `${"a".repeat(64)}.example`,
    "bücher.example",
    "\u212aelvin.example",
    "a\u0000.example",
  ]) {
    assert.deepEqual(await query(name, "A"), { status: "nxdomain", withheld: "name" }, name);
  }
  assert.equal(sent.length, 0);
});

test("RFC 7208 §7.3: the odd names that SPF macros make are asked as they are", async () => {
  const name = "o'neil+list=x~y!#$%&*/?^`{|}._spf.two words.example";
  const { query, server } = await against((asked) => asked.reply({ answers: [a(asked.name)] }));
  assert.deepEqual(await query(name, "A"), found(["192.0.2.1"]));
  assert.equal(server.asked[0]?.lowerName, name);
});

// Options.

const badOptions: [options: DnsResolverOptions, code: string, says: RegExp][] = [
  [{ servers: [] }, "dns-servers-count", /1 to 8/],
  [{ servers: new Array(9).fill("192.0.2.1") }, "dns-servers-count", /got 9/],
  [{ servers: ["192.0.2.1", "dns.example"] }, "dns-server-invalid", /servers\[1\].*"dns\.example"/],
  [{ servers: ["192.0.2.1"], timeoutMs: 0 }, "dns-option-invalid", /timeoutMs.*1 to 5000/],
  [{ servers: ["192.0.2.1"], timeoutMs: 5001 }, "dns-option-invalid", /timeoutMs/],
  [{ servers: ["192.0.2.1"], attempts: 1.5 }, "dns-option-invalid", /attempts.*1 to 10/],
  [{ servers: ["192.0.2.1"], attempts: Number.NaN }, "dns-option-invalid", /attempts/],
  [{ servers: ["192.0.2.1"], cache: { entriesMax: 0 } }, "dns-option-invalid", /cache\.entriesMax/],
  [{ servers: ["192.0.2.1"], cache: { bytesMax: -1 } }, "dns-option-invalid", /cache\.bytesMax/],
];
for (const [options, code, says] of badOptions) {
  test(`options that cannot be used: ${code}, ${says.source}`, () => {
    assert.throws(
      () => dnsResolver(options),
      (error) => error instanceof DnsOptionError && error.code === code && says.test(error.message),
    );
  });
}

test("without options it takes the system's servers and asks nobody yet", () => {
  dnsResolver().close();
});

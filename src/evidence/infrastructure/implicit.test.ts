import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { laneQuotas, messageDns, type Question, spareQuotas } from "../../dns/budget.ts";
import { openMessage } from "../../mail/message.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { zoneResolver } from "../../system/zone-resolver.ts";
import type { Evidence } from "../evidence.ts";
import { gather } from "../gather.ts";

type Zone = Exclude<Parameters<typeof zoneResolver>[0], string>;
type Case = {
  readonly zone: Zone;
  readonly ip?: string | null;
  readonly from?: string;
  readonly mailFrom?: string;
  readonly helo?: string;
  readonly authenticatedAs?: string;
  readonly delayMs?: number;
};

const client = "192.0.2.25";

async function gathered(one: Case): Promise<{ evidence: Evidence; questions: readonly Question[] }> {
  const { zone, ip = client, from = "ben@shop.example", mailFrom = "bounce@carrier.example", helo = "out.carrier.example" } = one;
  const questions: Question[] = [];
  const resolver = zoneResolver(zone, { delayMs: one.delayMs ?? 0 });
  const lane = messageDns(resolver, { clock: () => 0, onQuestion: (question) => questions.push(question) });
  const envelope: Transaction = {
    ...{ ip, ptr: null, helo, mailFrom, rcptTo: [], tls: null, authenticatedAs: one.authenticatedAs ?? null, listener: null },
    ...{ direction: "inbound", queueId: null, messageId: null, size: null, trustedHop: null },
  };
  const message = openMessage(Buffer.from(`From: <${from}>\r\nTo: <anna@receiver.example>\r\n\r\nHello.\r\n`));
  const { evidence } = await gather(message, envelope, { lane, clock: () => 0, receiver: "mx.receiver.example" });
  return { evidence, questions };
}

/** The questions that implicit authentication asked. */
function implicit(questions: readonly Question[]): readonly string[] {
  return questions.filter(({ lane }) => lane === "hosts" || lane === "fromspf").map(({ type, name }) => `${type} ${name}`);
}

const asked = async (one: Case): Promise<Evidence["infrastructure"]> => (await gathered(one)).evidence.infrastructure;

test("compauth.md row 15, RFC 5321 §5.1: an MX host of the From domain is the client", async () => {
  const found = await asked({
    zone: {
      "shop.example": [{ A: "203.0.113.1" }, { MX: [20, "b.shop.example"] }, { MX: [10, "a.shop.example"] }],
      "a.shop.example": [{ A: "203.0.113.2" }],
      "b.shop.example": [{ A: "203.0.113.3" }, { A: client }],
    },
  });
  assert.deepEqual(
    [found.fromMxHosts, found.fromNeighbours, found.fromSpf, found.fromHostsUnknown],
    [["b.shop.example"], [], "none", false],
  );
});

test("RFC 5321 §5.1: without an MX record the domain is its own MX host", async () => {
  const found = await asked({ zone: { "shop.example": [{ A: client }] } });
  assert.deepEqual([found.fromMxHosts, found.fromNeighbours], [["shop.example"], []]);
});

test("RFC 5321 §5.1: with an MX record the domain's own address is no MX host, only near", async () => {
  const found = await asked({ zone: { "shop.example": [{ A: client }, { MX: [10, "mx.mailhost.example"] }] } });
  assert.deepEqual([found.fromMxHosts, found.fromNeighbours], [[], ["shop.example"]]);
});

test("RFC 7505 §3: a null MX names no host", async () => {
  const found = await asked({ zone: { "shop.example": [{ A: client }, { MX: [0, "."] }] } });
  assert.deepEqual([found.fromMxHosts, found.fromNeighbours], [[], ["shop.example"]]);
});

test("row 17: hosts in the client's /24, the From domain first; one address further is too far", async () => {
  const found = await asked({
    zone: {
      "shop.example": [{ A: "192.0.2.200" }, { MX: [10, "near.shop.example"] }, { MX: [20, "far.shop.example"] }],
      "near.shop.example": [{ A: "192.0.2.0" }],
      "far.shop.example": [{ A: "192.0.3.25" }],
    },
  });
  assert.deepEqual([found.fromMxHosts, found.fromNeighbours], [[], ["shop.example", "near.shop.example"]]);
});

test("row 17: over IPv6 the /64 counts, and AAAA alone is asked", async () => {
  const { evidence, questions } = await gathered({
    ip: "2001:db8:1:2::25",
    zone: {
      "shop.example": [{ AAAA: "2001:db8:1:2:ffff::1" }, { A: client }, { MX: [10, "far.shop.example"] }],
      "far.shop.example": [{ AAAA: "2001:db8:1:3::25" }],
    },
  });
  assert.deepEqual([evidence.infrastructure.fromMxHosts, evidence.infrastructure.fromNeighbours], [[], ["shop.example"]]);
  assert.ok(!implicit(questions).some((question) => question.startsWith("A ")));
});

test("row 14: SPF of the client for the From domain itself, of which nothing vouches", async () => {
  const zone = {
    "shop.example": [{ TXT: "v=spf1 include:_spf.shop.example -all" }],
    "_spf.shop.example": [{ TXT: "v=spf1 ip4:203.0.113.0/24 -all" }],
  };
  const { evidence, questions } = await gathered({ zone });
  assert.equal(evidence.infrastructure.fromSpf, "fail");
  assert.ok(implicit(questions).includes("TXT shop.example"));
});

test("RFC 7208 §4.3: the local part of From, which an attacker chooses, has no say", async () => {
  const zone = { "shop.example": [{ TXT: "v=spf1 exists:%{l}.ok.shop.example -all" }], "ben.ok.shop.example": [{ A: "127.0.0.2" }] };
  assert.equal((await asked({ zone })).fromSpf, "fail");
});

test("an SPF result of the From domain is not asked for a second time", async () => {
  const zone = { "shop.example": [{ TXT: "v=spf1 ip4:203.0.113.0/24 ~all" }] };
  for (const same of [{ mailFrom: "bounce@shop.example" }, { helo: "shop.example" }, { mailFrom: "", helo: "shop.example" }]) {
    const { evidence, questions } = await gathered({ zone, ...same });
    assert.equal(evidence.infrastructure.fromSpf, "softfail");
    assert.ok(!questions.some(({ lane }) => lane === "fromspf"));
  }
});

test("attack: a MAIL FROM that cannot be read is no answer for its domain", async () => {
  const zone = { "shop.example": [{ TXT: "v=spf1 -all" }] };
  assert.equal((await asked({ zone, mailFrom: 'a"b@c@shop.example' })).fromSpf, "fail");
});

for (const trouble of ["TIMEOUT", "SERVFAIL"] as const) {
  test(`${trouble}: it is known that there may be more hosts`, async () => {
    const noMx = await asked({ zone: { "shop.example": [{ A: "203.0.113.1" }, { TXT: "v=spf1 -all" }, trouble] } });
    assert.deepEqual([noMx.fromMxHosts, noMx.fromNeighbours, noMx.fromHostsUnknown, noMx.fromSpf], [[], [], true, "fail"]);
    const noAddress = await asked({
      zone: { "shop.example": [{ MX: [10, "mx.shop.example"] }, { A: client }], "mx.shop.example": [trouble] },
    });
    assert.deepEqual([noAddress.fromMxHosts, noAddress.fromNeighbours, noAddress.fromHostsUnknown], [[], ["shop.example"], true]);
    const spf = await asked({ zone: { "shop.example": [{ A: client }, { MX: [1, "shop.example"] }, trouble] } });
    assert.deepEqual([spf.fromMxHosts, spf.fromSpf, spf.fromHostsUnknown], [["shop.example"], "temperror", false]);
  });
}

const shop = { "shop.example": [{ A: client }, { TXT: `v=spf1 ip4:${client} -all` }] };
const reject = { "_dmarc.shop.example": [{ TXT: "v=DMARC1; p=reject" }] };
const unusable = { "_dmarc.shop.example": [{ TXT: "v=DMARC1; p=reject" }, { TXT: "v=DMARC1; p=none" }] };

const notAsked: readonly (readonly [name: string, one: Case, dmarc: Evidence["dmarc"]["result"]])[] = [
  ["row 6: DMARC passed", { zone: { ...shop, ...reject }, mailFrom: "a@shop.example" }, "pass"],
  ["row 7: an aligned pass without a record", { zone: shop, mailFrom: "a@shop.example" }, "bestguesspass"],
  ["row 9: an aligned pass beside an unusable record", { zone: { ...shop, ...unusable }, mailFrom: "a@shop.example" }, "permerror"],
  ["row 13: DMARC failed under an enforced policy", { zone: { ...shop, ...reject } }, "fail"],
  ["row 1: the sender logged in", { zone: shop, authenticatedAs: "ben" }, "none"],
  ["row 5: several author domains", { zone: shop, from: "a@shop.example>, <b@other.example" }, "permerror"],
  ["no client address", { zone: shop, ip: null }, "none"],
];
for (const [name, one, dmarc] of notAsked) {
  test(`nothing is asked of the From domain's hosts: ${name}`, async () => {
    const { evidence, questions } = await gathered(one);
    assert.equal(evidence.dmarc.result, dmarc);
    assert.deepEqual(implicit(questions), []);
    const { fromMxHosts, fromNeighbours, fromSpf, fromHostsUnknown } = evidence.infrastructure;
    assert.deepEqual([fromMxHosts, fromNeighbours, fromSpf, fromHostsUnknown], [null, null, null, false]);
  });
}

const isAsked: readonly (readonly [name: string, one: Case])[] = [
  ["no record", { zone: shop }],
  ["p=none", { zone: { ...shop, "_dmarc.shop.example": [{ TXT: "v=DMARC1; p=none" }] } }],
  ["RFC 9989 §4.7: t=y takes quarantine to none", { zone: { ...shop, "_dmarc.shop.example": [{ TXT: "v=DMARC1; p=quarantine; t=y" }] } }],
  ["an unusable record, nothing aligned", { zone: { ...shop, ...unusable } }],
  ["the record timed out, nothing aligned", { zone: { ...shop, "_dmarc.shop.example": ["TIMEOUT"] } }],
];
for (const [name, one] of isAsked) {
  test(`implicit authentication asks: ${name}`, async () => assert.deepEqual((await asked(one)).fromMxHosts, ["shop.example"]));
}

test("two round trips at most for the hosts", async () => {
  const { questions } = await gathered({ zone: shop, delayMs: 1 });
  assert.deepEqual(implicit(questions).toSorted(), ["A shop.example", "MX shop.example", "TXT shop.example"]);
});

/** A From domain with many MX hosts, and a sender whose SPF record uses up all it may. */
function hostile(mxHosts: number): Zone {
  const terms = Array.from({ length: 9 }, (_, i) => `a:h${i}.carrier.example`).join(" ");
  const exchanges = Array.from({ length: mxHosts }, (_, i) => ({ MX: [10, `mx${i}.shop.example`] as [number, string] }));
  const addresses = (prefix: string, count: number): Zone =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${prefix}${i}.${prefix === "mx" ? "shop" : "carrier"}.example`, [{ A: "203.0.113.9" }]]),
    );
  return {
    "carrier.example": [
      { TXT: `v=spf1 mx ${terms} -all` },
      ...Array.from({ length: 10 }, (_, i) => ({ MX: [1, `x${i}.carrier.example`] as [number, string] })),
    ],
    "shop.example": [{ TXT: `v=spf1 mx ${terms} -all` }, ...exchanges],
    ...addresses("mx", mxHosts),
    ...addresses("h", 9),
    ...addresses("x", 10),
  };
}

for (const count of [limits.fromMxHostsMax - 1, limits.fromMxHostsMax, limits.fromMxHostsMax + 1, 100]) {
  test(`limit: of ${count} MX hosts at most ${limits.fromMxHostsMax} are asked about`, async () => {
    const { questions } = await gathered({ zone: hostile(count) });
    const hosts = questions.filter(({ lane, name, type }) => lane === "hosts" && type === "A" && name !== "shop.example");
    assert.equal(hosts.length, Math.min(count, limits.fromMxHostsMax));
    assert.ok(questions.filter(({ repeated, answer }) => !repeated && !("withheld" in answer)).length <= limits.messageDnsQueriesMax);
  });
}

test("attack: what the sender's own records have used up is not there for the From domain, and is a temporary error", async () => {
  const lane = messageDns(zoneResolver({}), { clock: () => 0 });
  for (const name of ["mailfrom", "helo", "iprev", "dkim", "arc"] as const) {
    const dns = lane(name);
    for (let i = 0; i < laneQuotas[name]; i++) await dns.query(`${name}${i}.evil.example`, "A");
  }
  assert.deepEqual([lane("hosts").left, lane("fromspf").left], [0, 0]);
});

test("the spare lanes share what is left, hosts first; the author's lane stays reserved", async () => {
  const lane = messageDns(zoneResolver({}), { clock: () => 0 });
  const mailfrom = lane("mailfrom");
  for (let i = 0; i < laneQuotas.mailfrom; i++) await mailfrom.query(`${i}.evil.example`, "A");
  const left = limits.messageDnsQueriesMax - laneQuotas.author - laneQuotas.mailfrom;
  assert.deepEqual([lane("hosts").left, lane("fromspf").left], [spareQuotas.hosts, left - spareQuotas.hosts]);
  assert.equal(lane("author").left, laneQuotas.author);
});

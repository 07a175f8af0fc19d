/** The library as its callers see it (design: contract.md "Library"): what is exported, and that each call obeys what it is given. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as assay from "./index.ts";

const example = (name: string): Buffer => readFileSync(new URL(`../examples/${name}`, import.meta.url));
const resolver = assay.zoneResolver(example("zone.yaml").toString());
const deps = { resolver, clock: () => Date.UTC(2025, 5, 1, 12), random: () => 0.25, authservId: "mx.fabrikam.com" };
const envelope = { ip: "192.0.2.25", helo: "mail.adatum.example", mailFrom: "<ada@adatum.example>", rcptTo: ["<ben@fabrikam.com>"] };
const message = example("mail/colleague-spf-only.eml");

async function* octets(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const octet of bytes) yield Uint8Array.of(octet);
}

test("what is exported", () => {
  assert.deepEqual(Object.keys(assay).sort(), [
    "DnsOptionError",
    "ZoneError",
    "checkHost",
    "decide",
    "dnsResolver",
    "evaluateDmarc",
    "formatAuthenticationResults",
    "inspect",
    "organizationalDomain",
    "parseAuthenticationResults",
    "parseFrom",
    "verifyArc",
    "verifyDkim",
    "zoneResolver",
  ]);
});

test("inspect: clock and random alone decide time and id; bytes and a stream of single octets give the same", async () => {
  const whole = await assay.inspect({ ...envelope, message }, deps);
  assert.equal(whole.at, "2025-06-01T12:00:00.000Z");
  assert.deepEqual(await assay.inspect({ ...envelope, message: octets(message) }, deps), whole);
  const other = await assay.inspect({ ...envelope, message }, { ...deps, random: () => 0.5 });
  assert.notEqual(other.id, whole.id);
  assert.deepEqual({ ...other, id: whole.id }, whole);
});

test("inspect: the transaction has paths without brackets, and the first confirmed name of the client", async () => {
  const { transaction } = await assay.inspect({ ...envelope, message }, deps);
  assert.deepEqual(
    [transaction.mailFrom, transaction.rcptTo, transaction.ptr],
    ["ada@adatum.example", ["ben@fabrikam.com"], "mail.adatum.example"],
  );
  const stranger = await assay.inspect({ ...envelope, ip: "203.0.113.1", message }, deps);
  assert.equal(stranger.transaction.ptr, null);
});

test("RFC 8601 §5, attack: fields with our authserv-id or a listed one are to be taken out, those of others stay", async () => {
  const forged = ["mx.fabrikam.com", "mx2.fabrikam.com", "mx.contoso.com"]
    .map((id) => `Authentication-Results: ${id}; dmarc=pass\n`)
    .join("");
  const input = { ...envelope, message: Buffer.concat([Buffer.from(forged), message]) };
  const removed = async (policy: assay.Policy) =>
    (await assay.inspect(input, { ...deps, policy })).removals.map(({ name, index }) => `${name} ${index}`);
  assert.deepEqual(await removed({}), ["authentication-results 1"]);
  assert.deepEqual(await removed({ authservIds: ["mx2.fabrikam.com"] }), ["authentication-results 2", "authentication-results 1"]);
});

test("RFC 7208 §2.4: the null path is one result, identity mailfrom, for the HELO name", async () => {
  const { evidence, transaction } = await assay.inspect({ ...envelope, mailFrom: "<>", message }, deps);
  assert.equal(transaction.mailFrom, "");
  assert.deepEqual(
    evidence.spf.map(({ identity, domain }) => `${identity} ${domain}`),
    ["mailfrom mail.adatum.example"],
  );
});

test("policy.localSuffixes: names below such a suffix are not of one organization", async () => {
  const zone = assay.zoneResolver({ "two.hosting.example": [{ TXT: "v=spf1 ip4:192.0.2.25 -all" }] });
  const input = {
    ip: "192.0.2.25",
    helo: "h.example",
    mailFrom: "x@two.hosting.example",
    message: Buffer.from("From: a@one.hosting.example\r\n\r\n"),
  };
  const guess = async (policy: assay.Policy) =>
    (await assay.inspect(input, { ...deps, resolver: zone, policy })).evidence.spf.find((spf) => spf.identity === "mailfrom")
      ?.alignedBestGuess;
  assert.deepEqual([await guess({}), await guess({ localSuffixes: ["hosting.example"] })], [true, false]);
});

test("verifyDkim, attack: signatures of strangers on top do not push that of the From domain past the limit", async () => {
  const stranger = (n: number) => `DKIM-Signature: v=1; a=rsa-sha256; d=evil${n}.example; s=x; h=from; bh=${"A".repeat(43)}=; b=AAAA\n`;
  const signed = example("mail/newsletter-signed-by-its-domain.eml");
  const pile = Buffer.concat([Buffer.from(Array.from({ length: 20 }, (_, n) => stranger(n)).join("")), signed]);
  const own = (await assay.verifyDkim(pile, { resolver })).find((one) => one.domain === "northwind.example");
  assert.deepEqual([own?.result, own?.reason], ["pass", null]);
});

test("policy.stampCompauth: false leaves the unregistered method out of the stamp", async () => {
  const stamp = async (policy: assay.Policy) => (await assay.inspect({ ...envelope, message }, { ...deps, policy })).headers[0] ?? "";
  assert.match(await stamp({}), /^Authentication-Results: mx\.fabrikam\.com;[\s\S]*compauth=pass reason=100$/);
  assert.doesNotMatch(await stamp({ stampCompauth: false }), /compauth/);
});

test("checkHost: result, reason, explanation, lookups, voidLookups, and every question as trace; <> and the empty sender are HELO", async () => {
  const found = await assay.checkHost({ ip: "192.0.2.25", sender: "ada@adatum.example", helo: "x.example" }, deps);
  const { result, reason, explanation, lookups, voidLookups, trace } = found;
  assert.deepEqual(
    { result, reason, explanation, lookups, voidLookups },
    { result: "pass", reason: "matched", explanation: null, lookups: 1, voidLookups: 0 },
  );
  assert.deepEqual(
    trace.map(({ type, name }) => `${type} ${name}`),
    ["TXT adatum.example", "MX adatum.example", "A mail.adatum.example"],
  );
  for (const sender of ["", "<>"]) {
    const { result, domain } = await assay.checkHost({ ip: "192.0.2.25", sender, helo: "adatum.example" }, deps);
    assert.deepEqual([result, domain], ["pass", "adatum.example"]);
  }
});

test("verifyDkim obeys the clock: t= and x= (RFC 6376 §3.5)", async () => {
  const signed = example("mail/signature-expired.eml");
  const [t = 0, x = 0] = ["t", "x"].map((tag) => 1000 * Number(new RegExp(`\\b${tag}=(\\d+)`).exec(signed.toString())?.[1]));
  const at = async (clock: number) => (await assay.verifyDkim(octets(signed), { ...deps, clock: () => clock })).map((one) => one.reason);
  assert.deepEqual([await at(t - 86_400_000), await at(t + 1000), await at(x + 86_400_000)], [["not-yet-valid"], [null], ["expired"]]);
});

test("verifyArc: the sealers of the policy are trusted, others are not", async () => {
  const sealed = example("mail/forwarded-with-arc.eml");
  const trusted = async (policy: assay.Policy) => {
    const { result, trusted } = await assay.verifyArc(sealed, { resolver, policy });
    return [result, trusted];
  };
  assert.deepEqual(await trusted({}), ["pass", false]);
  assert.deepEqual(await trusted({ trustedSealers: ["forwarder.example"] }), ["pass", true]);
});

test("decide on the parts of an inspection gives its verdict", async () => {
  const { transaction, from, evidence, verdict } = await assay.inspect({ ...envelope, message }, deps);
  assert.deepEqual(assay.decide({ transaction, from, evidence }, null, {}), verdict);
});

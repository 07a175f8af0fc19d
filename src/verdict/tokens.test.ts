import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, changedBody, inputOf, signatureOf, spfOf } from "../../test/decision-case.ts";
import { limits } from "../base/limits.ts";
import { carrierOf, isOwnMark, tokensOf } from "./tokens.ts";

function tokens(one: Case): readonly string[] {
  const { transaction, from, evidence } = inputOf(one);
  return tokensOf(transaction, from, evidence).map(({ kind, value }) => `${kind} ${value}`);
}

const stranger = ["prefix 198.51.100.0/24", "prefix 198.51.100.7/32"];
const service = { domain: "bounces.service.example", aligned: false, alignedBestGuess: false };

const cases: readonly (readonly [string, Case, readonly string[]])[] = [
  ["the client's network and address are always what they are", {}, stranger],
  ["a signature that verifies", { dkim: [signatureOf({})] }, ["dkim service.example", ...stranger]],
  ["attack: one that does not", { dkim: [changedBody, signatureOf({ result: "fail", reason: "signature" })] }, stranger],
  ["attack: one over a part of the body", { dkim: [signatureOf({ bodyCovered: false })] }, stranger],
  ["the envelope that SPF passed", { spf: [spfOf(service)] }, ["spf bounces.service.example", ...stranger]],
  ["attack: passed by a record for next to everybody", { spf: [spfOf({ ...service, broad: true })] }, stranger],
  ["attack: an envelope that SPF did not pass", { spf: [spfOf({ ...service, result: "neutral" })] }, stranger],
  ["the null path has no envelope domain", { transaction: { mailFrom: "" }, spf: [spfOf(service)] }, stranger],
  [
    "a confirmed name, and its organization",
    { ptr: "out.service.example" },
    [...stranger, "ptr out.service.example", "ptr service.example"],
  ],
  ["attack: a name that is not confirmed", { iprev: { result: "fail", names: ["mail.contoso.com"] } }, stranger],
  ["a generic name is nobody's", { ptr: "198-51-100-7.service.example", iprev: { generic: true } }, stranger],
  ["attack: HELO is anybody's to choose", { transaction: { helo: "mail.contoso.com" } }, stranger],
  [
    "HELO that a confirmed name bears out",
    { transaction: { helo: "out.service.example" }, ptr: "out.service.example" },
    [...stranger, "ptr out.service.example", "ptr service.example", "helo service.example"],
  ],
  [
    "HELO that SPF passed",
    { transaction: { helo: "out.service.example" }, spf: [spfOf({ ...service, identity: "helo", domain: "out.service.example" })] },
    [...stranger, "helo service.example"],
  ],
  [
    "attack: a certificate's subject that nothing bears out",
    { transaction: { tls: { version: null, cipher: null, subject: "CN=mail.contoso.com" } } },
    stranger,
  ],
  [
    "a certificate's subject of the confirmed organization",
    { transaction: { tls: { version: null, cipher: null, subject: "/O=Service/CN=*.service.example" } }, ptr: "out.service.example" },
    [...stranger, "ptr out.service.example", "ptr service.example", "tls service.example"],
  ],
  [
    "the author's MX hosts, to tell those that many share",
    { infrastructure: { fromMxHosts: ["mx.hoster.example"] } },
    [...stranger, "mx mx.hoster.example"],
  ],
  [
    "an IPv6 client may change its address within the /64",
    { transaction: { ip: "2001:db8:1:2::7" }, infrastructure: { prefix: "2001:db8:1::/48" } },
    ["prefix 2001:db8:1::/48", "prefix 2001:db8:1:2::/64"],
  ],
  ["no client address", { transaction: { ip: null }, infrastructure: { prefix: null } }, []],
];
for (const [name, one, expected] of cases) test(`marks: ${name}`, () => assert.deepEqual(tokens(one), expected));

test("attack: many signatures and names are bounded, and the client stays among the marks", () => {
  const many = tokens({
    dkim: Array.from({ length: 8 }, (_, i) => signatureOf({ domain: `s${i}.example` })),
    iprev: { result: "pass", reason: null, names: Array.from({ length: 10 }, (_, i) => `n${i}.names${i}.example`), confirmed: 10 },
    infrastructure: { fromMxHosts: Array.from({ length: 20 }, (_, i) => `mx${i}.example`) },
  });
  assert.ok(many.length <= limits.historyTokensMax);
  assert.ok(stranger.every((token) => many.includes(token)));
});

test("whoever rents next door has the network and the provider's name, and none of the sender's own marks", () => {
  const hosts = ["out.service.example"];
  const own = [
    { kind: "prefix", value: "198.51.100.7/32" },
    { kind: "prefix", value: "2001:db8:1:2::/64" },
    { kind: "ptr", value: "out.service.example" },
    { kind: "dkim", value: "service.example" },
    { kind: "spf", value: "service.example" },
  ] as const;
  const neighbours = [
    { kind: "prefix", value: "198.51.100.0/24" },
    { kind: "prefix", value: "2001:db8:1::/48" },
    { kind: "ptr", value: "service.example" },
    { kind: "helo", value: "service.example" },
    { kind: "tls", value: "service.example" },
    { kind: "mx", value: "out.service.example" },
  ] as const;
  assert.ok(own.every((token) => isOwnMark(token, hosts)));
  assert.ok(neighbours.every((token) => !isOwnMark(token, hosts)));
});

test("the carrier is the verified envelope's organization, else a signer's, and never the author's", () => {
  const carrier = (one: Case): string | null => {
    const { transaction, from, evidence } = inputOf(one);
    return carrierOf(transaction, from, evidence);
  };
  assert.equal(carrier({}), null);
  assert.equal(carrier({ spf: [spfOf(service)], dkim: [signatureOf({ domain: "other.example" })] }), "service.example");
  assert.equal(carrier({ dkim: [signatureOf({})] }), "service.example");
  assert.equal(carrier({ dkim: [signatureOf({ domain: "mail.contoso.com", alignedBestGuess: true })] }), null);
  assert.equal(carrier({ dkim: [signatureOf({})], dmarc: { result: "pass", reason: "aligned" } }), null, "the author spoke for himself");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, changedBody, dmarcFail, signatureOf, spfOf, wordsOf } from "../../test/decision-case.ts";
import type { ArcResult, ArcSet } from "../evidence/arc/result.ts";

const rows = (cases: readonly (readonly [string, string, Case])[]): void => {
  for (const [name, expected, one] of cases) test(`compauth.md ${name}`, () => assert.equal(wordsOf(one), expected));
};

type Sealed = { readonly sealer: string; readonly dmarc?: string; readonly from?: string; readonly bound?: boolean };

/** The sets from instance 1 up. */
function arc(sets: readonly Sealed[], result: ArcResult["result"] = "pass"): ArcResult {
  const made = sets.map(({ sealer, dmarc = "none", from = "contoso.com", bound = true }, i): ArcSet => {
    const properties = [{ ptype: "header", property: "from", value: from }];
    const method = { method: "dmarc", version: null, result: dmarc, reason: null, properties, comments: [] };
    return {
      instance: i + 1,
      sealer,
      cv: i === 0 ? "none" : "pass",
      results: { authservId: sealer, version: null, results: [method] },
      bound,
    };
  });
  return { result, reason: null, oldestPass: 0, sets: made, trusted: true };
}

const trusts = (...trustedSealers: readonly (string | { domain: string; for: readonly string[] })[]): Pick<Case, "policy"> => ({
  policy: { trustedSealers },
});
const failed = { dmarc: dmarcFail("reject") };

rows([
  [
    "row 8: a trusted sealer saw DMARC pass",
    "pass 130",
    { ...failed, arc: arc([{ sealer: "list.example", dmarc: "pass" }]), ...trusts("list.example") },
  ],
  ["row 8: nobody is trusted by default", "fail 000", { ...failed, arc: arc([{ sealer: "list.example", dmarc: "pass" }]) }],
  [
    "row 8: an older set of the unbroken run",
    "pass 130",
    {
      ...failed,
      arc: arc([{ sealer: "a.example", dmarc: "pass" }, { sealer: "b.example" }, { sealer: "c.example" }]),
      ...trusts("a.example", "b.example", "c.example"),
    },
  ],
  [
    "row 8, attack: a set below one that is not trusted is never read",
    "fail 000",
    {
      ...failed,
      arc: arc([{ sealer: "a.example", dmarc: "pass" }, { sealer: "evil.example" }, { sealer: "c.example" }]),
      ...trusts("a.example", "c.example"),
    },
  ],
  [
    "row 8, attack: a set whose AMS is another's or leaves From out ends the run",
    "fail 000",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "pass", bound: false }]), ...trusts("a.example") },
  ],
  [
    "row 8, attack: it saw another From domain pass",
    "fail 000",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "pass", from: "evil.example" }]), ...trusts("a.example") },
  ],
  [
    "row 8: a domain below is another From domain",
    "fail 000",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "pass", from: "mail.contoso.com" }]), ...trusts("a.example") },
  ],
  [
    "row 8: header.from may be an address",
    "pass 130",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "pass", from: "Ada@Contoso.com" }]), ...trusts("a.example") },
  ],
  [
    "row 8: the chain must be valid",
    "fail 000",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "pass" }], "fail"), ...trusts("a.example") },
  ],
  [
    "row 8: bestguesspass is none of RFC 8601's words and no DMARC pass",
    "fail 000",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "bestguesspass" }]), ...trusts("a.example") },
  ],
  [
    "row 8: names are compared as A-labels",
    "pass 130",
    { ...failed, arc: arc([{ sealer: "xn--bcher-kva.example", dmarc: "pass" }]), ...trusts("Bücher.example") },
  ],
  ["row 8: it needs no policy to fail", "pass 130", { arc: arc([{ sealer: "a.example", dmarc: "pass" }]), ...trusts("a.example") }],
  [
    "row 8: consumers trust nobody",
    "fail 000",
    { ...failed, arc: arc([{ sealer: "a.example", dmarc: "pass" }]), policy: { trustedSealers: ["a.example"], profile: "consumer" } },
  ],
  [
    "row 8: a large provider is trusted for the forwarder that it is expected for",
    "pass 130",
    {
      ...failed,
      spf: [spfOf({ domain: "bounces.alumni.example", aligned: false, alignedBestGuess: false })],
      arc: arc([{ sealer: "large.example", dmarc: "pass" }]),
      ...trusts({ domain: "large.example", for: ["alumni.example"] }),
    },
  ],
  [
    "row 8: … or for the tenant whose signature it bears",
    "pass 130",
    {
      ...failed,
      dkim: [signatureOf({ domain: "alumni.onmicrosoft.com" })],
      arc: arc([{ sealer: "large.example", dmarc: "pass" }]),
      ...trusts({ domain: "large.example", for: ["alumni.onmicrosoft.com"] }),
    },
  ],
  [
    "row 8, attack: a stranger's account at that provider",
    "fail 000",
    {
      ...failed,
      spf: [spfOf({ domain: "stranger.example", aligned: false, alignedBestGuess: false })],
      dkim: [signatureOf({ domain: "alumni.example", result: "fail", reason: "signature" })],
      arc: arc([{ sealer: "large.example", dmarc: "pass" }]),
      ...trusts({ domain: "large.example", for: ["alumni.example"] }),
    },
  ],
  [
    "row 9: existence of the domain unknown is no error of the record",
    "fail 001",
    { dmarc: { result: "temperror", reason: "existence-dns" }, spf: [spfOf({})] },
  ],
  [
    "row 9: a signature over a part of the body never aligns",
    "fail 001",
    { dmarc: { result: "permerror", reason: "record" }, dkim: [signatureOf({ alignedBestGuess: true, bodyCovered: false })] },
  ],
  [
    "row 9: row 5 comes first",
    "fail 001",
    { from: { domains: ["contoso.com", "evil.example"] }, dmarc: { result: "permerror", reason: "author" }, spf: [spfOf({})] },
  ],
]);

const gateway: Case = {
  ...failed,
  dkim: [changedBody],
  policy: {
    gateways: [{ name: "scan.fabrikam.com", networks: ["198.51.100.0/24"] }],
    gatewayResult: { gateway: "scan.fabrikam.com", result: "pass", from: "contoso.com" },
  },
};
rows([
  ["row 10: our gateway changed the body of mail that it saw pass", "pass 108", gateway],
  ["row 10: the address is another's", "fail 000", { ...gateway, transaction: { ip: "192.0.2.9" } }],
  [
    "row 10: the gateway may be the hop that names the client",
    "pass 108",
    { ...gateway, transaction: { ip: "192.0.2.9", trustedHop: "198.51.100.7" } },
  ],
  [
    "row 10: its own result was not pass",
    "fail 000",
    { ...gateway, policy: { ...gateway.policy, gatewayResult: { gateway: "scan.fabrikam.com", result: "fail", from: "contoso.com" } } },
  ],
  [
    "row 10: it saw another From domain",
    "fail 000",
    { ...gateway, policy: { ...gateway.policy, gatewayResult: { gateway: "scan.fabrikam.com", result: "pass", from: "evil.example" } } },
  ],
  ["row 10: a gateway that is not listed", "fail 000", { ...gateway, policy: { ...gateway.policy, gateways: [] } }],
  ["row 10: the body was not changed", "fail 000", { ...gateway, dkim: [] }],
  ["row 10: the header was changed too", "fail 000", { ...gateway, dkim: [{ ...changedBody, headerResult: "fail" }] }],
  [
    "row 10: another's signature says nothing of the author's message",
    "fail 000",
    { ...gateway, dkim: [{ ...changedBody, alignedBestGuess: false }] },
  ],
  ["row 10: no gateways for consumers", "fail 000", { ...gateway, policy: { ...gateway.policy, profile: "consumer" } }],
]);

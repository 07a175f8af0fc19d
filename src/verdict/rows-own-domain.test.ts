import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, dmarcFail, entryOf, established, historyOf, tokenOf, wordsOf } from "../../test/decision-case.ts";

const policy = { acceptedDomains: ["fabrikam.com", "contoso.com"] };
const cases: readonly (readonly [string, string, Case])[] = [
  ["none configured: every recipient is ours, the row does not apply", "fail 001", {}],
  ["From is of another organization", "fail 001", { policy: { acceptedDomains: ["fabrikam.com"] } }],
  ["From is ours, nothing shows that we sent it", "fail 601", { policy }],
  ["… under an enforced policy", "fail 010", { policy, dmarc: dmarcFail("reject") }],
  ["… under p=none", "fail 601", { policy, dmarc: dmarcFail("none") }],
  ["… where DNS did not answer", "fail 601", { policy, dmarc: { result: "temperror", reason: "identifier-dns" } }],
  ["a domain below ours is ours", "fail 601", { policy, from: { domain: "hr.contoso.com", domains: ["hr.contoso.com"] } }],
  ["the accepted domain is below the From domain's organization", "fail 601", { policy: { acceptedDomains: ["mail.contoso.com"] } }],
  [
    "tenants of a shared suffix are strangers",
    "fail 001",
    { policy: { acceptedDomains: ["fabrikam.onmicrosoft.com"] }, from: { domains: ["contoso.onmicrosoft.com"] } },
  ],
  ["an authenticated message never gets here", "pass 100", { policy, dmarc: { result: "pass", reason: "aligned" } }],
  [
    "another tenant here owns the domain and sent it",
    "pass 115",
    { policy: { ...policy, tenants: [{ id: "t2", domains: ["contoso.com"] }], submittedBy: "t2" } },
  ],
  [
    "a tenant that does not own it",
    "fail 601",
    { policy: { ...policy, tenants: [{ id: "t2", domains: ["fabrikam.com"] }], submittedBy: "t2" } },
  ],
  ["a tenant that is not known", "fail 601", { policy: { ...policy, tenants: [], submittedBy: "t2" } }],
  ["the operator confirmed the pair", "pass 704", { policy, history: historyOf({ entries: [entryOf("confirmed")] }) }],
  [
    "… but not for consumers",
    "fail 601",
    { policy: { ...policy, profile: "consumer" }, history: historyOf({ entries: [entryOf("confirmed")] }) },
  ],
  ["an allow entry is not a confirmation", "fail 601", { policy, history: historyOf({ entries: [entryOf("allow")] }) }],
  ["a host of our own, by its confirmed name", "pass 704", { policy, ptr: "printer.fabrikam.com" }],
  [
    "attack: the name is not confirmed",
    "fail 601",
    { policy, iprev: { result: "fail", reason: "not-confirmed", names: ["printer.fabrikam.com"] } },
  ],
  [
    "attack: a generic name of ours is a customer's line",
    "fail 601",
    { policy, ptr: "198-51-100-7.dyn.fabrikam.com", iprev: { generic: true } },
  ],
  [
    "history never vouches for our own domains",
    "fail 601",
    {
      policy,
      history: historyOf({
        from: established(),
        tokens: [tokenOf({ kind: "prefix", value: "198.51.100.7/32" }, { authenticated: 60, signed: 0 })],
      }),
    },
  ],
  [
    "nor do bounces, rows 12 and 18",
    "fail 010",
    {
      policy,
      dmarc: dmarcFail("reject"),
      transaction: { mailFrom: "" },
      bounceOf: "<1@fabrikam.com>",
      history: historyOf({ returnsOurs: true }),
    },
  ],
];
for (const [name, expected, one] of cases) test(`compauth.md row 11: ${name}`, () => assert.equal(wordsOf(one), expected));

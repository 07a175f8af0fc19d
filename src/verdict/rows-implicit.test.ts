import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, dmarcFail, established, historyOf, spfOf, tokenOf, verdictOf, wordsOf } from "../../test/decision-case.ts";
import type { TokenHistory } from "./history.ts";

const undecided = { result: "temperror", reason: "identifier-dns" } as const;
const mx = (organizations: number): Pick<Case, "history"> => ({
  history: historyOf({ tokens: [tokenOf({ kind: "mx", value: "mx.hoster.example" }, { organizations })] }),
});
const prefix = (organizations: number): Pick<Case, "history"> => ({
  history: historyOf({ tokens: [tokenOf({ kind: "prefix", value: "198.51.100.0/24" }, { organizations })] }),
});
const known = (changes: Partial<TokenHistory> = {}): Pick<Case, "history"> => ({
  history: historyOf({
    from: established({ signed: 0 }),
    tokens: [tokenOf({ kind: "prefix", value: "198.51.100.7/32" }, { authenticated: 50, messages: 50, ...changes })],
  }),
});
const ownHost = { infrastructure: { fromMxHosts: ["mx.contoso.com"] } };
const hosted = { infrastructure: { fromMxHosts: ["mx.hoster.example"] } };

const cases: readonly (readonly [string, string, Case])[] = [
  ["row 14: the PTR is the From domain", "pass 103", { ptr: "contoso.com" }],
  ["row 14: the PTR is below it", "pass 103", { ptr: "mail.contoso.com" }],
  [
    "row 14: the From domain is below the PTR",
    "pass 104",
    { ptr: "contoso.com", from: { domain: "news.contoso.com", domains: ["news.contoso.com"] } },
  ],
  ["row 14, attack: a PTR that only ends alike", "fail 001", { ptr: "notcontoso.com" }],
  [
    "row 14, attack: the PTR is a public suffix above the From domain",
    "fail 001",
    { ptr: "co.uk", from: { domain: "contoso.co.uk", domains: ["contoso.co.uk"] } },
  ],
  [
    "row 14, attack: the PTR is not confirmed",
    "fail 001",
    { iprev: { result: "fail", reason: "not-confirmed", names: ["mail.contoso.com"] } },
  ],
  ["row 14: a generic PTR never helps", "fail 001", { ptr: "198-51-100-7.contoso.com", iprev: { generic: true } }],
  [
    "row 14: a second name that is generic does not help either",
    "fail 001",
    { iprev: { result: "pass", reason: null, names: ["out.service.example", "dyn-7.contoso.com"], confirmed: 2 } },
  ],
  [
    "row 14: a second confirmed name",
    "pass 103",
    { iprev: { result: "pass", reason: null, names: ["out.service.example", "mail.contoso.com"], confirmed: 2 } },
  ],
  [
    "row 14: a name behind the confirmed ones",
    "fail 001",
    { iprev: { result: "pass", reason: null, names: ["out.service.example", "mail.contoso.com"], confirmed: 1 } },
  ],
  ["row 14: SPF of the From domain says neutral", "pass 103", { ptr: "mail.contoso.com", infrastructure: { fromSpf: "neutral" } }],
  ["row 17: … says softfail", "softpass 202", { ptr: "mail.contoso.com", infrastructure: { fromSpf: "softfail" } }],
  ["row 17: … says fail", "softpass 202", { ptr: "mail.contoso.com", infrastructure: { fromSpf: "fail" } }],
  ["row 17: … could not be asked", "softpass 202", { ptr: "mail.contoso.com", infrastructure: { fromSpf: "temperror" } }],
  [
    "row 17: MAIL FROM of the From domain was checked already",
    "softpass 202",
    { ptr: "mail.contoso.com", spf: [spfOf({ result: "fail", reason: "matched" })] },
  ],
  [
    "row 17: a name beside the From domain, in its organization",
    "softpass 202",
    { ptr: "mail.contoso.com", from: { domain: "news.contoso.com", domains: ["news.contoso.com"] } },
  ],
  ["rows 14 to 17: temperror gives softpass at most", "softpass 202", { ptr: "mail.contoso.com", dmarc: undecided }],
  ["row 14: p=none", "pass 103", { ptr: "mail.contoso.com", dmarc: dmarcFail("none") }],
  ["row 14: an unusable record", "pass 103", { ptr: "mail.contoso.com", dmarc: { result: "permerror", reason: "record" } }],
  ["row 14 does not help under an enforced policy", "fail 000", { ptr: "mail.contoso.com", dmarc: dmarcFail("quarantine") }],
  ["row 15: the client is the From domain's own MX host", "pass 116", ownHost],
  ["row 15: … without a store, since the name is the domain's own", "pass 116", { ...ownHost, history: null }],
  ["row 15: a hoster's MX, and no store to say who shares it", "fail 001", { ...hosted, history: null }],
  ["row 15: a hoster's MX that 5 organizations use", "pass 116", { ...hosted, ...mx(5) }],
  ["row 15: … that 6 use", "fail 001", { ...hosted, ...mx(6) }],
  ["row 15: temperror gives softpass", "softpass 201", { ...ownHost, dmarc: undecided }],
  ["row 17: an A or MX address stands in the client's network", "softpass 201", { infrastructure: { fromNeighbours: ["contoso.com"] } }],
  ["row 17: a network that 20 organizations use", "softpass 201", { infrastructure: { fromNeighbours: ["contoso.com"] }, ...prefix(20) }],
  ["row 17: a network that 21 use", "fail 001", { infrastructure: { fromNeighbours: ["contoso.com"] }, ...prefix(21) }],
  ["row 17: not asked", "fail 001", { infrastructure: { fromNeighbours: null, fromMxHosts: null } }],
  ["row 16: history, high", "pass 105", known()],
  ["row 16: temperror gives softpass", "softpass 200", { ...known(), dmarc: undecided }],
  ["row 16: history, medium", "softpass 200", known({ messages: 58 })],
  ["row 16: the store could not be read", "fail 001", { history: { status: "unavailable" } }],
  ["row 16 comes before row 17", "pass 105", { ...known(), infrastructure: { fromNeighbours: ["contoso.com"] } }],
  [
    "row 18: a bounce of mail we sent",
    "none 502",
    { transaction: { mailFrom: "" }, bounceOf: "<1@fabrikam.com>", history: historyOf({ returnsOurs: true }) },
  ],
  ["row 18, attack: the null path alone", "fail 001", { transaction: { mailFrom: "" }, history: historyOf({ returnsOurs: true }) }],
  ["row 19: otherwise", "fail 001", {}],
];
for (const [name, expected, one] of cases) test(`compauth.md ${name}`, () => assert.equal(wordsOf(one), expected));

test("a store that could not be read is a fact, and the message goes on", () => {
  const { facts } = verdictOf({ history: { status: "unavailable" } });
  assert.equal(facts.find(({ id }) => id === "history")?.fact, "history unavailable");
});

test("library: evidence with the contract's fields alone is enough for the implicit rows", () => {
  const one: Case = {
    ptr: "mail.contoso.com",
    infrastructure: { fromSpf: undefined, fromNeighbours: undefined, fromMxHosts: undefined } as never,
  };
  assert.equal(wordsOf(one), "pass 103");
});

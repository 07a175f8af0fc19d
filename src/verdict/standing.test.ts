import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Case,
  changedBody,
  dmarcFail,
  entryOf,
  established,
  historyOf,
  inputOf,
  signatureOf,
  spfOf,
  tokenOf,
  verdictOf,
} from "../../test/decision-case.ts";
import { standingOf } from "./standing.ts";

function standing(one: Case): string {
  const input = inputOf(one);
  const history = one.history === undefined ? historyOf() : one.history;
  return standingOf({ ...input, verdict: verdictOf(one) }, history, one.policy ?? {}).standing;
}

const address = { kind: "prefix", value: "198.51.100.7/32" } as const;
const foreign: Case["spf"] = [spfOf({ domain: "service.example", aligned: false, alignedBestGuess: false })];
const passing: Case = { dmarc: { result: "pass", reason: "aligned", alignedBy: "dkim" } };
const bad = tokenOf(address, { organizations: 9, failedOrganizations: 8, messages: 100 });

const cases: readonly (readonly [string, string, Case])[] = [
  ["no store", "unknown", { history: null }],
  ["the store could not be read", "unknown", { history: { status: "unavailable" } }],
  ["week one: nothing is learnt, nothing is suspicious", "unknown", {}],
  ["the operator blocks", "blocked", { history: historyOf({ entries: [entryOf("block")] }) }],
  ["the operator allows", "allowed", { history: historyOf({ entries: [entryOf("allow")] }) }],
  ["a block beats an allow", "blocked", { history: historyOf({ entries: [entryOf("allow"), entryOf("block")] }) }],
  ["consumers have no allow entries", "unknown", { history: historyOf({ entries: [entryOf("allow")] }), policy: { profile: "consumer" } }],
  ["… but blocks", "blocked", { history: historyOf({ entries: [entryOf("block")] }), policy: { profile: "consumer" } }],
  ["an established profile, and a stranger's host", "suspicious", { history: historyOf({ from: established() }) }],
  ["… of a domain that authenticates by SPF alone", "suspicious", { history: historyOf({ from: established({ signed: 0 }) }) }],
  ["a domain that authenticated a few times", "unknown", { history: historyOf({ from: established({ authenticated: 5 }) }) }],
  [
    "a domain that never authenticates, however much it sends",
    "unknown",
    { history: historyOf({ from: established({ authenticated: 0, unauthenticated: 9000 }) }) },
  ],
  [
    "an established profile, and DMARC is undecided",
    "unknown",
    { history: historyOf({ from: established() }), dmarc: { result: "temperror", reason: "identifier-dns" } },
  ],
  [
    "the author's signature over the header, the body changed: passed on",
    "unknown",
    { history: historyOf({ from: established() }), dkim: [changedBody] },
  ],
  ["a moved server with a confirmed name in the domain", "good", { history: historyOf({ from: established() }), ptr: "mail2.contoso.com" }],
  [
    "… whose SPF record forgot it",
    "unknown",
    { history: historyOf({ from: established() }), ptr: "mail2.contoso.com", infrastructure: { fromSpf: "fail" } },
  ],
  ["a moved server that authenticates", "good", { ...passing, history: historyOf({ from: established() }) }],
  [
    "a forwarder that carried twelve others",
    "unknown",
    { history: historyOf({ from: established({ signed: 0 }), tokens: [tokenOf(address, { relayed: 12, organizations: 14 })] }) },
  ],
  [
    "the recipient's list",
    "unknown",
    { spf: foreign, history: historyOf({ from: established({ signed: 0 }), carrier: { wroteTo: 0, heardFrom: 2, firstDay: 20_000 } }) },
  ],
  [
    "… that sends unsigned mail of a domain that always signs",
    "suspicious",
    { spf: foreign, history: historyOf({ from: established(), carrier: { wroteTo: 0, heardFrom: 2, firstDay: 20_000 } }) },
  ],
  ["a list nobody knows", "suspicious", { spf: foreign, history: historyOf({ from: established({ signed: 0 }) }) }],
  [
    "the host that its authenticated mail comes from",
    "good",
    { history: historyOf({ from: established({ signed: 0 }), tokens: [tokenOf(address, { authenticated: 50 })] }) },
  ],
  ["a host that contradicted many profiles, a domain without one", "suspicious", { history: historyOf({ tokens: [bad] }) }],
  ["… if it is a verified service: its customers are not its doing", "unknown", { spf: foreign, history: historyOf({ tokens: [bad] }) }],
  ["… that passes", "suspicious", { ...passing, history: historyOf({ tokens: [bad] }) }],
  [
    "a host that contradicted five others, and as many that it did not",
    "unknown",
    { history: historyOf({ tokens: [{ ...bad, organizations: 16 }] }) },
  ],
  [
    "shared hosting of domains that publish nothing",
    "unknown",
    { history: historyOf({ tokens: [tokenOf(address, { organizations: 400, messages: 9000 })] }) },
  ],
  ["a pass of a domain that is new here", "unknown", passing],
  [
    "p=reject failed: history says who it contradicts all the same",
    "suspicious",
    { dmarc: dmarcFail("reject"), history: historyOf({ from: established() }) },
  ],
  [
    "a forged signature does not help",
    "suspicious",
    {
      history: historyOf({ from: established() }),
      dkim: [signatureOf({ domain: "contoso.com", alignedBestGuess: true, result: "fail", reason: "signature", headerResult: "fail" })],
    },
  ],
];
for (const [name, expected, one] of cases) test(`standing: ${name}`, () => assert.equal(standing(one), expected));

test("standing never changes compauth, and says what it rests on", () => {
  const input = inputOf({});
  const history = historyOf({ from: established() });
  const verdict = verdictOf({ history });
  assert.equal(verdict.compauth, "fail");
  assert.match(
    standingOf({ ...input, verdict }, history, {}).facts[0]?.fact ?? "",
    /established profile, and this contradicts it \(score -/,
  );
});

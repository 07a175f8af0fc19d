import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, dmarcFail, entryOf, established, historyOf, signatureOf, spfOf, tokenOf, wordsOf } from "../../test/decision-case.ts";
import type { Token, TokenHistory } from "./history.ts";

const foreignSpf = [spfOf({ domain: "service.example", aligned: false, alignedBestGuess: false })];
const foreignDkim = [signatureOf({ domain: "service.example" })];
const speaks = (token: Token, changes: Partial<TokenHistory> = {}): Pick<Case, "history"> => ({
  history: historyOf({ from: established(), tokens: [tokenOf(token, { authenticated: 20, signed: 20, ...changes })] }),
});
const spf: Token = { kind: "spf", value: "service.example" };
const dkim: Token = { kind: "dkim", value: "service.example" };
const failed = { dmarc: dmarcFail("reject") };

const cases: readonly (readonly [string, string, Case])[] = [
  ["row 13: nobody vouches", "fail 000", failed],
  ["row 13: no store", "fail 000", { ...failed, history: null }],
  ["row 13: the store could not be read", "fail 000", { ...failed, history: { status: "unavailable" } }],
  ["row 12: a verified SPF domain has spoken often enough (20)", "pass 701", { ...failed, spf: foreignSpf, ...speaks(spf) }],
  ["row 12: … one less (19.9)", "fail 000", { ...failed, spf: foreignSpf, ...speaks(spf, { authenticated: 19.9 }) }],
  ["row 12: a verified DKIM domain", "pass 702", { ...failed, dkim: foreignDkim, ...speaks(dkim) }],
  [
    "row 12: the number is the policy's",
    "pass 702",
    { ...failed, dkim: foreignDkim, ...speaks(dkim, { authenticated: 5 }), policy: { senderHistory: { vouchMessages: 5 } } },
  ],
  ["row 12: it spoke for a domain that this message does not verify", "fail 000", { ...failed, ...speaks(dkim) }],
  [
    "row 12: HELO's SPF pass vouches for nobody",
    "fail 000",
    { ...failed, spf: [spfOf({ identity: "helo", domain: "service.example", aligned: false })], ...speaks(spf) },
  ],
  [
    "row 12: a broad SPF pass vouches for nobody",
    "fail 000",
    { ...failed, spf: [spfOf({ domain: "service.example", aligned: false, broad: true })], ...speaks(spf) },
  ],
  [
    "row 12: a signature over a part of the body vouches for nobody",
    "fail 000",
    { ...failed, dkim: [signatureOf({ bodyCovered: false })], ...speaks(dkim) },
  ],
  [
    "row 12: shared by 20 organizations is not shared",
    "pass 702",
    { ...failed, dkim: foreignDkim, ...speaks(dkim, { organizations: 20 }) },
  ],
  ["row 12: shared by 21", "fail 000", { ...failed, dkim: foreignDkim, ...speaks(dkim, { organizations: 21 }) }],
  ["row 12: half of its mail is this domain's", "pass 702", { ...failed, dkim: foreignDkim, ...speaks(dkim, { messages: 40 }) }],
  ["row 12, attack: another customer of the same service", "fail 000", { ...failed, dkim: foreignDkim, ...speaks(dkim, { messages: 41 }) }],
  ["row 12: complaints take the voice away", "fail 000", { ...failed, dkim: foreignDkim, ...speaks(dkim, { complaints: 1 }) }],
  [
    "row 12: a reverse name does not vouch",
    "fail 000",
    { ...failed, ptr: "out.service.example", ...speaks({ kind: "ptr", value: "out.service.example" }) },
  ],
  [
    "row 12: … unless the operator says so",
    "pass 703",
    {
      ...failed,
      ptr: "out.service.example",
      ...speaks({ kind: "ptr", value: "out.service.example" }),
      policy: { senderHistory: { vouchByPtr: true } },
    },
  ],
  ["row 12: the operator confirmed the pair", "pass 704", { ...failed, history: historyOf({ entries: [entryOf("confirmed")] }) }],
  [
    "row 12: consumers have no such entry",
    "fail 000",
    { ...failed, history: historyOf({ entries: [entryOf("confirmed")] }), policy: { profile: "consumer" } },
  ],
  [
    "row 12: a bounce of mail we sent",
    "none 502",
    { ...failed, transaction: { mailFrom: "" }, bounceOf: "<1@fabrikam.com>", history: historyOf({ returnsOurs: true }) },
  ],
  [
    "row 12, attack: a bounce with an envelope sender",
    "fail 000",
    { ...failed, bounceOf: "<1@fabrikam.com>", history: historyOf({ returnsOurs: true }) },
  ],
  [
    "row 12, attack: a bounce of mail that we did not send",
    "fail 000",
    { ...failed, transaction: { mailFrom: "" }, bounceOf: "<1@fabrikam.com>" },
  ],
  [
    "row 12: p=none is not enforced",
    "fail 001",
    { dmarc: dmarcFail("none"), dkim: foreignDkim, history: historyOf({ entries: [entryOf("confirmed")] }) },
  ],
  [
    "row 12: t=y turned quarantine into none",
    "fail 001",
    {
      dmarc: { ...dmarcFail("none"), publishedPolicy: "quarantine", testing: true },
      history: historyOf({ entries: [entryOf("confirmed")] }),
    },
  ],
];
for (const [name, expected, one] of cases) test(`compauth.md ${name}`, () => assert.equal(wordsOf(one), expected));

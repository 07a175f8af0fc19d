import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, client, dmarcFail, entryOf, historyOf, spfOf, verdictOf, wordsOf } from "../../test/decision-case.ts";
import type { Bypass } from "./policy.ts";

const rows = (cases: readonly (readonly [string, string, Case])[]): void => {
  for (const [name, expected, one] of cases) test(`compauth.md ${name}`, () => assert.equal(wordsOf(one), expected));
};

const passing: Case = { dmarc: { result: "pass", reason: "aligned", alignedBy: "spf" }, spf: [spfOf({})] };
const blocked = historyOf({ entries: [entryOf("block")] });
const blockedAlways = historyOf({ entries: [entryOf("block", { evenIfAuthenticated: true })] });
const allow: Bypass = { id: "9", kind: "ip-allow", client: ["198.51.100.0/24"], by: "ada" };

rows([
  ["row 1: authenticated submission is not judged", "none 300", { transaction: { authenticatedAs: "me", direction: "outbound" } }],
  ["row 1 comes before a block", "none 300", { transaction: { authenticatedAs: "me" }, history: blockedAlways }],
  ["row 2: a blocked pair fails", "fail 002", { history: blocked }],
  ["row 2: a block stands aside where the message authenticates", "pass 100", { ...passing, history: blocked }],
  ["row 2: … and where the best guess passes", "pass 109", { dmarc: { result: "bestguesspass", reason: "aligned" }, history: blocked }],
  [
    "row 2: … and where an aligned pass stands under an unusable record",
    "pass 111",
    { dmarc: { result: "permerror", reason: "record" }, spf: [spfOf({})], history: blocked },
  ],
  [
    "row 2: strict alignment failed, so the message does not authenticate",
    "fail 002",
    { dmarc: dmarcFail("none"), spf: [spfOf({ aligned: false })], history: blocked },
  ],
  ["row 2: even_if_authenticated", "fail 002", { ...passing, history: blockedAlways }],
  ["row 2: a pair block beats every allow and bypass", "fail 002", { history: blocked, policy: { bypasses: [allow] } }],
  ["row 2: an allow entry leaves compauth as it is", "fail 001", { history: historyOf({ entries: [entryOf("allow")] }) }],
  ["row 3: IP allow", "none 400", { policy: { bypasses: [allow] } }],
  ["row 3: a rule on the client", "none 401", { policy: { bypasses: [{ ...allow, kind: "rule" }] } }],
  ["row 3: the address alone", "none 400", { policy: { bypasses: [{ ...allow, client: [client] }] } }],
  ["row 3: one address beside it", "fail 001", { policy: { bypasses: [{ ...allow, client: ["198.51.100.8"] }] } }],
  ["row 3: an IP allow without addresses allows nobody", "fail 001", { policy: { bypasses: [{ id: "9", kind: "ip-allow", by: "ada" }] } }],
  ["row 3: a rule without conditions", "fail 001", { policy: { bypasses: [{ id: "9", kind: "rule", by: "ada" }] } }],
  [
    "row 3: a rule on the envelope's domain, with all below it",
    "none 401",
    {
      transaction: { mailFrom: "x@lists.partner.example" },
      policy: { bypasses: [{ id: "9", kind: "rule", mailFrom: ["partner.example"], by: "ada" }] },
    },
  ],
  [
    "row 3: … whose name only ends alike",
    "fail 001",
    {
      transaction: { mailFrom: "x@notpartner.example" },
      policy: { bypasses: [{ id: "9", kind: "rule", mailFrom: ["partner.example"], by: "ada" }] },
    },
  ],
  [
    "row 3: the null path matches no envelope",
    "fail 001",
    { transaction: { mailFrom: "" }, policy: { bypasses: [{ id: "9", kind: "rule", mailFrom: ["partner.example"], by: "ada" }] } },
  ],
  [
    "row 3: a rule on a recipient",
    "none 401",
    { policy: { bypasses: [{ id: "9", kind: "rule", recipient: ["ben@fabrikam.com"], by: "ada" }] } },
  ],
  [
    "row 3, attack: a second recipient does not borrow the entry of the first",
    "fail 001",
    {
      transaction: { rcptTo: ["ben@fabrikam.com", "cleo@fabrikam.com"] },
      policy: { bypasses: [{ id: "9", kind: "rule", recipient: ["ben@fabrikam.com"], by: "ada" }] },
    },
  ],
  ["row 3: every condition given must hold", "fail 001", { policy: { bypasses: [{ ...allow, mailFrom: ["partner.example"] }] } }],
  ["row 3: consumers have no entry that accepts", "fail 001", { policy: { bypasses: [allow], profile: "consumer" } }],
  [
    "row 4: behind a hop, client unknown, DMARC enforced",
    "none 905",
    { transaction: { ip: null, trustedHop: "192.0.2.1" }, dmarc: dmarcFail("reject") },
  ],
  ["row 4: the client is the hop", "none 905", { dmarc: dmarcFail("quarantine"), policy: { trustedHops: ["198.51.100.0/28"] } }],
  ["row 4: the hop is next to that network", "fail 000", { dmarc: dmarcFail("quarantine"), policy: { trustedHops: ["198.51.100.16/28"] } }],
  ["row 4: the true client is known behind the hop", "fail 000", { transaction: { trustedHop: "192.0.2.1" }, dmarc: dmarcFail("reject") }],
  ["row 4: DMARC would not be enforced", "fail 001", { transaction: { ip: null, trustedHop: "192.0.2.1" }, dmarc: dmarcFail("none") }],
  [
    "row 4: no hop for consumers",
    "fail 000",
    { transaction: { ip: null, trustedHop: "192.0.2.1" }, dmarc: dmarcFail("reject"), policy: { profile: "consumer" } },
  ],
]);

test("row 2 and 3 name the entry and who made it", () => {
  assert.match(verdictOf({ history: blocked }).explanation, /Entry 17 by ada blocks contoso\.com from service\.example/);
  assert.match(verdictOf({ policy: { bypasses: [allow] } }).explanation, /Entry 9 by ada/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, established, historyOf, inputOf, tokenOf, wordsOf } from "../../test/decision-case.ts";
import { isStrong, suspicionOf } from "./suspicion.ts";

const facts = (one: Case) => suspicionOf(inputOf(one), one.history === undefined ? historyOf() : one.history, one.policy ?? {});
const ids = (one: Case): readonly string[] => facts(one).map(({ id }) => id.replace("suspicion-", ""));
const from = (domain: string, rest: NonNullable<Case["from"]> = {}): NonNullable<Case["from"]> => ({
  domain,
  domains: [domain],
  address: `a@${domain}`,
  ...rest,
});

const policy = { acceptedDomains: ["fabrikam.com"], contactDomains: ["adatum.com"] };
const familiar = { contact: { wroteTo: 0, heardFrom: 4, firstDay: 20_000 } };
const showing = (displayName: string): Case => ({
  policy,
  from: from("contoso.com", { displayName, advice: ["address-in-display-name"] }),
  history: historyOf(familiar),
});

const cases: readonly (readonly [string, Case, readonly string[]])[] = [
  ["nothing", { history: historyOf(familiar) }, []],
  ["nobody has heard from the domain", {}, ["first-contact"]],
  ["no store tells who knows whom", { history: null }, []],
  ["a look-alike of an accepted domain", { policy, from: from("fabr1kam.com"), history: historyOf(familiar) }, ["look-alike"]],
  ["a look-alike of a contact's domain", { policy, from: from("adaturn.com"), history: historyOf(familiar) }, ["look-alike"]],
  ["the display name shows an address of ours", showing("Boss <boss@fabrikam.com>"), ["display-name"]],
  ["… of a contact's", showing("ben@adatum.com"), ["display-name"]],
  ["… of its own domain is a habit", showing("ada@contoso.com"), []],
  ["… below its own domain", showing("ada@mail.contoso.com"), []],
  [
    "a burst of a domain first seen yesterday",
    { history: historyOf({ ...familiar, from: established({ authenticated: 20, firstDay: 20_499 }) }) },
    ["burst"],
  ],
  ["… of 19 messages", { history: historyOf({ ...familiar, from: established({ authenticated: 19, firstDay: 20_499 }) }) }, []],
  [
    "… of a domain seen two days ago",
    { history: historyOf({ ...familiar, from: established({ authenticated: 400, firstDay: 20_498, days: 3 }) }) },
    [],
  ],
  ["an established domain from a host it never used", { history: historyOf({ ...familiar, from: established() }) }, ["transport-changed"]],
  [
    "… and from one it uses",
    {
      history: historyOf({
        ...familiar,
        from: established(),
        tokens: [tokenOf({ kind: "prefix", value: "198.51.100.7/32" }, { authenticated: 9 })],
      }),
    },
    [],
  ],
  ["our own users are not strangers", { transaction: { authenticatedAs: "me", direction: "outbound" } }, []],
  ["no author at all", { from: { domain: null, domains: [] } }, []],
];
for (const [name, one, expected] of cases) test(`suspicion: ${name}`, () => assert.deepEqual(ids(one), expected));

test("strong: somebody is played, and nobody knows the player; neither alone", () => {
  const lookAlike: Case = { policy, from: from("fabr1kam.com") };
  assert.ok(isStrong(facts(lookAlike)));
  assert.ok(!isStrong(facts({ ...lookAlike, history: historyOf(familiar) })));
  assert.ok(!isStrong(facts({})));
  assert.ok(!isStrong(facts({ policy, from: from("fabrikam.net") })), "many have their name under several suffixes");
  assert.ok(isStrong(facts({ ...showing("boss@fabrikam.com"), history: historyOf() })));
  assert.ok(!isStrong(facts({ ...showing("someone@elsewhere.example"), history: historyOf() })), "services show their users' addresses");
});

test("suspicion never changes compauth", () => {
  const passing: Case = { policy, from: from("fabr1kam.com"), dmarc: { result: "pass", reason: "aligned" } };
  assert.ok(isStrong(facts(passing)));
  assert.equal(wordsOf(passing), "pass 100");
});

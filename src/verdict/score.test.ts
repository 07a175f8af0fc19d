import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Case,
  changedBody,
  dmarcFail,
  established,
  historyOf,
  inputOf,
  signatureOf,
  spfOf,
  tokenOf,
  wordsOf,
} from "../../test/decision-case.ts";
import type { KnownHistory, TokenHistory } from "./history.ts";
import { contextOf } from "./row.ts";
import { type Score, scoreOf } from "./score.ts";
import { tokensOf } from "./tokens.ts";

const score = (one: Case): Score =>
  scoreOf(contextOf(inputOf(one), one.history === undefined ? historyOf() : one.history, one.policy ?? {}));
const weight = (one: Case, id: string): number | null => score(one).terms.find((term) => term.id === id)?.weight ?? null;

const address = { kind: "prefix", value: "198.51.100.7/32" } as const;
const network = { kind: "prefix", value: "198.51.100.0/24" } as const;
const familiar = { wroteTo: 1, heardFrom: 3, firstDay: 20_400 };

/** The domain's mail authenticated by SPF from this address. */
function host(changes: Partial<TokenHistory> = {}, rest: Partial<KnownHistory> = {}): Case {
  return {
    history: historyOf({
      from: established({ signed: 0 }),
      contact: familiar,
      tokens: [tokenOf(address, { authenticated: 50, messages: 50, ...changes })],
      ...rest,
    }),
  };
}

test("nothing known, nothing said: no terms, no pass", () => {
  assert.deepEqual([score({}).confidence, score({}).terms.filter(({ id }) => id !== "score")], ["none", []]);
});

test("the score is the sum of its terms, each with a weight", () => {
  const { total, terms } = score(host());
  const sum = terms.filter(({ id }) => id !== "score").reduce((all, term) => all + (term.weight ?? Number.NaN), 0);
  assert.ok(Math.abs(sum - (total ?? Number.NaN)) < 0.01);
});

test("the host of the domain's authenticated mail speaks for it", () => {
  assert.equal(score(host()).confidence, "high");
});

test("one message is not enough: weight grows with what was seen", () => {
  const early = (authenticated: number): number =>
    weight(
      {
        history: historyOf({
          from: established({ authenticated, signed: 0 }),
          tokens: [tokenOf(address, { authenticated, messages: authenticated })],
        }),
      },
      "score-prefix",
    ) ?? 0;
  assert.ok(early(1) < 2 && early(1) < early(3) && early(3) < early(10) && early(10) < early(100));
});

test("attack, volume: others' mail from the host lowers the weight, mail sent elsewhere changes nothing", () => {
  const alone = weight(host(), "score-prefix") ?? 0;
  assert.ok((weight(host({ messages: 80 }), "score-prefix") ?? 0) < alone);
  assert.equal(weight(host({}, { messages: 1_000_000 }), "score-prefix"), alone);
});

test("another customer of an unshared server: the more of its mail is others', the less it speaks for this domain", () => {
  const beside = (others: number): Score["confidence"] => score(host({ messages: 50 + others, organizations: 12 })).confidence;
  assert.deepEqual([beside(20), beside(100), beside(250)], ["high", "medium", "none"]);
});

test("a shared mark alone never passes: 20 organizations are not shared, 21 are", () => {
  assert.equal(score(host({ organizations: 20 })).confidence, "high");
  assert.equal(score(host({ organizations: 21 })).confidence, "none");
});

test("the strongest mark of a group counts, once", () => {
  const one = host();
  const name = { kind: "ptr", value: "mail.contoso.net" } as const;
  const both: Case = {
    ...host({}, { tokens: [tokenOf(address, { authenticated: 50, messages: 50 }), tokenOf(name, { authenticated: 50, messages: 50 })] }),
    ptr: "mail.contoso.net",
  };
  assert.equal(score(both).total, score(one).total);
});

test("a neighbour's address and the provider's name are likeness: they never pass, alone or together", () => {
  const near = [network, { kind: "ptr", value: "provider.example" }, { kind: "helo", value: "provider.example" }] as const;
  const tokens = near.map((token) => tokenOf(token, { authenticated: 50, messages: 50 }));
  const rented: Case = { ...host({}, { tokens }), ptr: "vm7.provider.example" };
  assert.equal(score(rented).confidence, "none");
  assert.equal(score({ ...rented, policy: { senderHistory: { novelty: 0.001 } } }).confidence, "none");
});

test("signed and aligned so far: an unsigned message counts strongly against", () => {
  const signed = host({ signed: 50 }, { from: established() });
  assert.ok((weight(signed, "score-unsigned") ?? 0) <= -3);
  assert.equal(weight(host(), "score-unsigned"), null);
  assert.equal(weight({ ...host({ signed: 25 }, { from: established() }) }, "score-unsigned"), null, "on this host half is unsigned");
});

test("a signature that broke on the way is not held against the message; one that still covers the header speaks for it", () => {
  const signed = host({ signed: 50 }, { from: established() });
  const broken = signatureOf({ domain: "contoso.com", alignedBestGuess: true, result: "fail", reason: "signature", headerResult: "fail" });
  assert.equal(weight({ ...signed, dkim: [broken] }, "score-unsigned"), null);
  assert.ok((weight({ ...signed, dkim: [changedBody] }, "score-signed-header") ?? 0) > 0);
  const noKey = signatureOf({ domain: "contoso.com", alignedBestGuess: true, result: "permerror", reason: "no-key", headerResult: "none" });
  assert.ok((weight({ ...signed, dkim: [noKey] }, "score-unsigned") ?? 0) <= -3, "attack: a signature made up");
});

test("an established domain's mail from a host that it never used counts against, more so the more is known", () => {
  const elsewhere = (authenticated: number): number | null =>
    weight({ history: historyOf({ from: established({ authenticated, signed: 0 }) }) }, "score-strange-host");
  assert.equal(elsewhere(5.9), null, "not established");
  const few = elsewhere(6) ?? 0;
  assert.ok(few < 0 && (elsewhere(30) ?? 0) < few);
  assert.equal(elsewhere(10_000), -5);
});

test("established: 6 messages on 5 days, the first 7 days ago", () => {
  const known = (changes: Parameters<typeof established>[0]): boolean =>
    weight(
      { history: historyOf({ from: established({ authenticated: 6, days: 5, firstDay: 20_493, ...changes }) }) },
      "score-strange-host",
    ) !== null;
  assert.ok(known({}));
  assert.ok(!known({ authenticated: 5.99 }) && !known({ days: 4 }) && !known({ firstDay: 20_494 }));
});

test("a known forwarder explains its own strangeness, SPF and reputation, and never speaks for the domain", () => {
  const strange = host({ authenticated: 0, failedOrganizations: 4, organizations: 6 });
  const relay = host({ authenticated: 0, failedOrganizations: 4, organizations: 40, relayed: 30 });
  const withSpf = (one: Case): Case => ({ ...one, infrastructure: { fromSpf: "fail" } });
  assert.ok((score(withSpf(strange)).total ?? 0) < -3);
  assert.ok((score(withSpf(relay)).total ?? 0) > -1);
  assert.equal(score(withSpf(relay)).confidence, "none");
  assert.ok((score(host({ authenticated: 0, relayed: 10_000 })).total ?? 0) <= 2, "at most what the contact weighs");
});

test("a provider's relays are known together: one that is new bears the provider's name, a rented neighbour does not", () => {
  const known = tokenOf({ kind: "ptr", value: "provider.example" }, { relayed: 30, organizations: 200 });
  const from = (ptr: string, changes: Case = {}): number | null =>
    weight(
      {
        ...{ ptr, infrastructure: { ptrOrganization: "provider.example", confirmed: true, fromSpf: "fail" } },
        history: historyOf({ from: established({ signed: 0 }), contact: familiar, tokens: [tokenOf(address), tokenOf(network), known] }),
        ...changes,
      },
      "score-carrier",
    );
  assert.ok((from("relay99.mail.provider.example") ?? 0) > 5);
  const customer = { mailFrom: "x@evil.example", spf: [spfOf({ domain: "evil.example", result: "pass" })] };
  assert.equal(from("relay99.mail.provider.example", customer), null, "another customer's verified envelope");
  const rented = { iprev: { generic: true }, infrastructure: { ptrOrganization: "provider.example", confirmed: true, generic: true } };
  const asked = tokensOf(...partsOf({ ptr: "vps-198-51-100-7.provider.example", ...rented }));
  assert.deepEqual(
    asked.filter(({ kind }) => kind === "ptr"),
    [],
    "the provider's name is not even asked for",
  );
});

function partsOf(one: Case): Parameters<typeof tokensOf> {
  const { transaction, from, evidence } = inputOf(one);
  return [transaction, from, evidence];
}

test("a list is known where it first handed mail on 21 days ago, and more than once since", () => {
  const carried = (firstDay: number, heardFrom = 2): number | null =>
    weight(
      {
        ...host({ authenticated: 0 }, { carrier: { wroteTo: 0, heardFrom, firstDay } }),
        spf: [spfOf({ domain: "list.example", aligned: false, alignedBestGuess: false })],
      },
      "score-carrier",
    );
  assert.equal(carried(20_480), null);
  assert.ok((carried(20_479) ?? 0) > 0);
  assert.equal(carried(20_400, 1.9), null);
});

test("another customer of the domain's own provider: its SPF lists the host, the envelope is another organization's", () => {
  const account: Case = {
    ...host({ organizations: 30 }),
    infrastructure: { fromSpf: "pass" },
    spf: [spfOf({ domain: "bounces.provider.example", aligned: false, alignedBestGuess: false })],
  };
  const history = host(
    { organizations: 30 },
    {
      tokens: [
        tokenOf(address, { authenticated: 50, organizations: 30, messages: 900 }),
        tokenOf({ kind: "spf", value: "bounces.provider.example" }),
      ],
    },
  );
  assert.ok((weight({ ...account, ...history }, "score-other-account") ?? 0) < -4);
  const usual = host(
    { organizations: 30 },
    {
      tokens: [
        tokenOf(address, { authenticated: 50, organizations: 30 }),
        tokenOf({ kind: "spf", value: "bounces.provider.example" }, { authenticated: 50 }),
      ],
    },
  );
  assert.equal(weight({ ...account, ...usual }, "score-other-account"), null, "its mail always has that envelope");
});

test("a domain that withdrew its SPF record is not held to its old profile", () => {
  const moved = (fromSpf: "none" | "neutral"): number => score({ ...host({ authenticated: 0 }), infrastructure: { fromSpf } }).total ?? 0;
  assert.ok(moved("none") > moved("neutral"));
});

test("best-guess SPF is weak: it never passes by itself, and not in a shared network", () => {
  const near: Case = { infrastructure: { fromNeighbours: ["contoso.com"] }, history: historyOf({ contact: familiar }) };
  assert.equal(score(near).confidence, "none");
  assert.equal(weight(near, "score-best-guess"), 1.5);
  assert.equal(weight({ ...near, history: historyOf({ tokens: [tokenOf(network, { organizations: 21 })] }) }, "score-best-guess"), null);
});

test("contacts weigh 1.5 at most, whoever they are", () => {
  assert.equal(weight(host({}, { contact: { wroteTo: 500, heardFrom: 500, firstDay: 1 } }), "score-contact"), 1.5);
  assert.equal(score({ history: historyOf({ contact: { wroteTo: 500, heardFrom: 500, firstDay: 1 } }) }).confidence, "none");
});

test("complaints and profiles that it contradicted count against the infrastructure", () => {
  assert.ok((score(host({ complaints: 3 })).total ?? 0) < (score(host()).total ?? 0));
  assert.ok((weight(host({ organizations: 12, failedOrganizations: 10 }), "score-failures") ?? 0) < -1);
  assert.equal(
    weight(host({ organizations: 12, failedOrganizations: 1 }), "score-failures"),
    null,
    "the one may be this very organization",
  );
  assert.equal(weight(host({ organizations: 12, failedOrganizations: 6 }), "score-failures"), null, "as many did not fail");
});

// Tier 2.
const name = { kind: "ptr", value: "server.hoster.example" } as const;
function never(changes: Partial<TokenHistory> = {}, rest: Partial<KnownHistory> = {}): Case {
  const seen = { unauthenticated: 9, messages: 9, days: 5, recipients: 3, answered: true, organizations: 5, ...changes };
  return { ptr: name.value, history: historyOf({ tokens: [tokenOf(name, seen)], ...rest }) };
}
const tier2: readonly (readonly [string, Case, Score["confidence"]])[] = [
  ["5 days, 3 recipients, one in correspondence, 5 organizations", never(), "tier-2"],
  ["4 days", never({ days: 4 }), "none"],
  ["2 recipients", never({ recipients: 2 }), "none"],
  ["nobody answered", never({ answered: false }), "none"],
  ["6 organizations", never({ organizations: 6 }), "none"],
  ["a complaint", never({ complaints: 1 }), "none"],
  ["it contradicted another domain's profile", never({ failures: 1 }), "none"],
  ["volume instead of days and recipients", never({ unauthenticated: 100_000, messages: 100_000, days: 1, recipients: 1 }), "none"],
  ["the domain authenticates", never({}, { from: established({ authenticated: 1 }) }), "none"],
  ["the host has no confirmed name", { ...never(), ptr: undefined as never, iprev: {} }, "none"],
  [
    "the provider's name is everybody's",
    {
      ...never(),
      ptr: "vm9.hoster.example",
      history: historyOf({ tokens: [tokenOf({ kind: "ptr", value: "hoster.example" }, { days: 50, recipients: 30, answered: true })] }),
    },
    "none",
  ],
];
for (const [what, one, expected] of tier2) test(`compauth.md tier 2: ${what}`, () => assert.equal(score(one).confidence, expected));

test("compauth.md tier 2: another mark of the same host cannot hide how many it serves", () => {
  const tokens = [tokenOf(name, { days: 9, recipients: 9, answered: true }), tokenOf(address, { organizations: 6 })];
  assert.equal(score({ ptr: name.value, history: historyOf({ tokens }) }).confidence, "none");
});

test("an enforced policy is never outscored: row 13 comes first", () => {
  const one: Case = { ...host(), dmarc: dmarcFail("reject") };
  assert.equal(score(one).confidence, "high", "the score would pass it");
  assert.equal(wordsOf(one), "fail 000");
});

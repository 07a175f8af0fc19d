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
  today,
  verdictOf,
} from "../../test/decision-case.ts";
import type { Lesson, Token } from "./history.ts";
import { lessonOf } from "./lesson.ts";
import { standingOf } from "./standing.ts";
import type { Standing } from "./verdict.ts";

function learn(one: Case, standing?: Standing): Lesson | null {
  const input = inputOf(one);
  const history = one.history === undefined ? historyOf() : one.history;
  const policy = one.policy ?? {};
  const verdict = verdictOf(one);
  const of = standing ?? standingOf({ ...input, verdict }, history, policy).standing;
  return lessonOf({ ...input, verdict, history, standing: of, policy }, "t1", today);
}
const marks = (tokens: readonly Token[] | undefined): readonly string[] => (tokens ?? []).map(({ kind, value }) => `${kind} ${value}`);

const aligned = signatureOf({ domain: "contoso.com", aligned: true, alignedBestGuess: true });
const bySpf: Case = { dmarc: { result: "pass", reason: "aligned", alignedBy: "spf" }, spf: [spfOf({})], ptr: "out.service.example" };
const byDkim: Case = { ...bySpf, dmarc: { result: "pass", reason: "aligned", alignedBy: "dkim" }, spf: [], dkim: [aligned] };

test("tier 1: SPF that passed for the author's domain vouches for the client and all its marks", () => {
  const lesson = learn({ ...bySpf, dkim: [signatureOf({})] });
  assert.deepEqual([lesson?.kind, lesson?.signed, lesson?.organization, lesson?.tenant], ["authenticated", false, "contoso.com", "t1"]);
  assert.deepEqual(marks(lesson?.tokens), [
    "dkim service.example",
    "spf contoso.com",
    "prefix 198.51.100.0/24",
    "prefix 198.51.100.7/32",
    "ptr out.service.example",
    "ptr service.example",
  ]);
});

test("attack, replay: a signed message sent on by a stranger teaches nothing of the stranger's host", () => {
  const lesson = learn({
    ...byDkim,
    spf: [spfOf({ domain: "evil.example", aligned: false, alignedBestGuess: false })],
    dkim: [aligned, signatureOf({ domain: "evil.example" })],
  });
  assert.deepEqual([lesson?.kind, lesson?.signed], ["authenticated", true]);
  assert.deepEqual(marks(lesson?.tokens), ["dkim contoso.com"]);
  assert.deepEqual(lesson?.carriers, [], "nor is the host a forwarder, since the domain is not established");
});

test("a signed message of an established domain tells forwarders from strangers", () => {
  const lesson = learn({ ...byDkim, history: historyOf({ from: established() }) });
  assert.deepEqual(marks(lesson?.tokens), ["dkim contoso.com"]);
  assert.deepEqual(marks(lesson?.carriers), [
    "prefix 198.51.100.0/24",
    "prefix 198.51.100.7/32",
    "ptr out.service.example",
    "ptr service.example",
  ]);
});

test("tier 1 takes no SPF pass of a broad record, nor a signature over a part of the body", () => {
  assert.equal(learn({ ...bySpf, spf: [spfOf({ broad: true })] })?.kind, "unauthenticated");
  assert.equal(learn({ ...byDkim, dkim: [{ ...aligned, bodyCovered: false }] })?.kind, "unauthenticated");
});

test("strict alignment failed: no tier 1, though the list would align it", () => {
  assert.equal(learn({ ...bySpf, dmarc: dmarcFail("none"), spf: [spfOf({ aligned: false })] })?.kind, "unauthenticated");
});

const silent: readonly (readonly [string, Case])[] = [
  ["a temporary error", { dmarc: { result: "temperror", reason: "identifier-dns" } }],
  ["no single author", { from: { domains: ["contoso.com", "evil.example"] } }],
  ["mail of our own users", { transaction: { authenticatedAs: "me", direction: "outbound" } }],
  ["a bounce of ours", { transaction: { mailFrom: "" }, bounceOf: "<1@x>", history: historyOf({ returnsOurs: true }) }],
  ["a client that is not known behind a hop", { transaction: { ip: null, trustedHop: "192.0.2.1" }, dmarc: dmarcFail("reject") }],
  ["no store", { history: null }],
  ["a store that could not be read", { history: { status: "unavailable" } }],
];
for (const [name, one] of silent) test(`nothing is learnt from ${name}`, () => assert.equal(learn(one), null));

test("a store that could not be read still learns what authenticated", () => {
  assert.equal(learn({ ...bySpf, history: { status: "unavailable" } })?.kind, "authenticated");
});

test("tier 2: unauthenticated mail of a confirmed host; else it was only seen", () => {
  assert.equal(learn({ ptr: "out.service.example" })?.kind, "unauthenticated");
  assert.equal(learn({})?.kind, "seen");
  assert.equal(learn({ iprev: { result: "fail", names: ["out.service.example"] } })?.kind, "seen");
});

test("tier 2 never feeds itself: what history passed is no explicit pass", () => {
  const token = { kind: "prefix", value: "198.51.100.7/32" } as const;
  const known = historyOf({
    from: established({ signed: 0 }),
    tokens: [{ ...token, ...empty, authenticated: 50, messages: 50 }],
  });
  const lesson = learn({ history: known, ptr: "out.service.example" });
  assert.deepEqual([lesson?.kind, lesson?.failed], ["unauthenticated", false]);
});
const empty = {
  ...{ authenticated: 0, signed: 0, unauthenticated: 0, days: 0, recipients: 0, answered: false, complaints: 0 },
  ...{ firstDay: null, lastDay: null, organizations: 1, messages: 0, failures: 0, failedOrganizations: 0, relayed: 0 },
};

test("answered: a recipient writes to the domain, or the message answers one of ours", () => {
  assert.equal(learn({})?.answered, false);
  assert.equal(learn({ history: historyOf({ answersOurs: true }) })?.answered, true);
  assert.equal(learn({ history: historyOf({ contact: { wroteTo: 1, heardFrom: 0, firstDay: 1 } }) })?.answered, true);
  assert.equal(
    learn({ history: historyOf({ contact: { wroteTo: 0, heardFrom: 9, firstDay: 1 } }) })?.answered,
    false,
    "hearing is not answering",
  );
});

const disowned: readonly (readonly [string, Case])[] = [
  ["a policy disowns (000)", { dmarc: dmarcFail("reject"), ptr: "out.service.example" }],
  ["the organization disowns (601)", { policy: { acceptedDomains: ["contoso.com"] }, ptr: "out.service.example" }],
  ["contradicts a profile", { history: historyOf({ from: established() }), ptr: "out.service.example" }],
];
for (const [name, one] of disowned) {
  test(`attack, patience: mail that ${name} teaches its failure and opens no tier`, () => {
    const lesson = learn(one);
    assert.deepEqual([lesson?.kind, lesson?.failed], ["seen", true]);
  });
}

test("a failure of a domain without a profile says nothing against its host: shared hosting is no crime", () => {
  assert.equal(learn({ ptr: "out.service.example" })?.failed, false);
});

test("what a verified list hands over makes the list known to its recipients, whoever From names", () => {
  const list = [spfOf({ domain: "bounces.list.example", aligned: false, alignedBestGuess: false })];
  assert.equal(learn({ spf: list, dkim: [changedBody] })?.carrier, "list.example");
  assert.equal(learn(bySpf)?.carrier, null);
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import type { HistoryQuestion, KnownHistory, Lesson, Token, TokenHistory } from "../verdict/history.ts";
import { inCoreMemory } from "./in-core.ts";

const day = 20_700;
const dkim: Token = { kind: "dkim", value: "contoso.com" };
const prefix: Token = { kind: "prefix", value: "192.0.2.0/24" };

function lesson(given: Partial<Lesson> = {}): Lesson {
  return {
    ...{ tenant: "", day, organization: "contoso.com", kind: "authenticated", signed: true, failed: false, answered: false },
    ...{ tokens: [dkim, prefix], carriers: [], carrier: null, recipients: ["ada@fabrikam.com"] },
    ...given,
  };
}

function question(given: Partial<HistoryQuestion> = {}): HistoryQuestion {
  return {
    ...{ tenant: "", day, organization: "contoso.com", carrier: null, tokens: [dkim, prefix] },
    ...{ recipients: ["ada@fabrikam.com"], returned: null, references: [] },
    ...given,
  };
}

function knownAfter(lessons: readonly Lesson[], asked: Partial<HistoryQuestion> = {}): KnownHistory {
  const memory = inCoreMemory();
  for (const each of lessons) memory.record(each);
  return memory.recall(question(asked));
}

function tokenAfter(lessons: readonly Lesson[], token: Token = prefix, asked: Partial<HistoryQuestion> = {}): TokenHistory {
  const [found] = knownAfter(lessons, { ...asked, tokens: [token] }).tokens;
  assert.ok(found);
  return found;
}

const unauthenticated = (given: Partial<Lesson> = {}): Lesson => lesson({ kind: "unauthenticated", signed: false, ...given });
const seen = (given: Partial<Lesson> = {}): Lesson => lesson({ kind: "seen", signed: false, failed: true, ...given });

test("history: nothing is known of what was never seen, and each token that was asked about has its entry", () => {
  const known = inCoreMemory().recall(question());
  assert.deepEqual(
    known.tokens.map(({ kind, value, messages, firstDay }) => [kind, value, messages, firstDay]),
    [
      ["dkim", "contoso.com", 0, null],
      ["prefix", "192.0.2.0/24", 0, null],
    ],
  );
  assert.deepEqual(known.contact, { wroteTo: 0, heardFrom: 0, firstDay: null });
  assert.deepEqual([known.messages, known.returnsOurs, known.answersOurs], [0, false, false]);
});

test("decay: a count halves every 30 days, whatever the order in which it was learnt", () => {
  const { from } = knownAfter([lesson({ day: day - limits.historyHalfLifeDays }), lesson()]);
  assert.equal(from.authenticated, 1.5);
  const late = knownAfter([lesson(), lesson({ day: day - limits.historyHalfLifeDays })]);
  assert.deepEqual(late.from, from);
  assert.deepEqual([from.days, from.firstDay, from.lastDay], [2, day - limits.historyHalfLifeDays, day]);
});

test("tiers: authenticated mail counts in tier 1 of organization and tokens, never in tier 2", () => {
  const known = knownAfter([lesson(), lesson({ signed: false })]);
  assert.deepEqual([known.from.authenticated, known.from.signed, known.from.unauthenticated, known.from.days], [2, 1, 0, 1]);
  const [token] = known.tokens;
  assert.deepEqual(
    [token?.authenticated, token?.signed, token?.unauthenticated, token?.days, token?.recipients, token?.answered],
    [2, 1, 0, 0, 0, false],
  );
});

test("tiers: unauthenticated mail counts in tier 2, with its distinct days and recipients and whether one answered", () => {
  const token = tokenAfter([
    unauthenticated({ day: day - 2, recipients: ["a@fabrikam.com"] }),
    unauthenticated({ day: day - 2, recipients: ["A@Fabrikam.com"] }),
    unauthenticated({ day, recipients: ["a@fabrikam.com"], answered: true }),
  ]);
  assert.deepEqual([token.authenticated, token.days, token.recipients, token.answered], [0, 2, 1, true]);
  assert.equal(knownAfter([unauthenticated()]).from.days, 0);
});

test("tiers: what was only seen counts for the token alone: no profile, no day, no contact", () => {
  const known = knownAfter([seen(), seen()]);
  assert.deepEqual(known.from, { authenticated: 0, signed: 0, unauthenticated: 0, days: 0, firstDay: null, lastDay: null });
  assert.equal(known.contact.heardFrom, 0);
  const token = known.tokens[1];
  assert.deepEqual([token?.messages, token?.failures, token?.failedOrganizations, token?.organizations], [2, 2, 1, 1]);
  assert.deepEqual([token?.authenticated, token?.unauthenticated, token?.firstDay], [0, 0, null]);
});

test("contacts: spoofs and unauthenticated mail make nobody familiar", () => {
  assert.equal(knownAfter([unauthenticated(), seen()]).contact.heardFrom, 0);
  assert.equal(knownAfter([lesson()]).contact.heardFrom, 1);
});

test("contacts: of several recipients the most familiar counts", () => {
  const memory = inCoreMemory();
  memory.record(lesson({ recipients: ["a@fabrikam.com"] }));
  memory.recordSent({ tenant: "", day, sender: "b@fabrikam.com", messageId: null, recipients: ["x@mail.contoso.com"] });
  const { contact } = memory.recall(question({ recipients: ["c@fabrikam.com", "a@fabrikam.com", "B@fabrikam.com"] }));
  assert.deepEqual(contact, { wroteTo: 1, heardFrom: 0, firstDay: day });
});

test("carriers: each organization counts once into relayed, and nothing is learnt of it there", () => {
  const carried = (organization: string): Lesson =>
    lesson({ organization, tokens: [{ kind: "dkim", value: organization }], carriers: [prefix], carrier: "lists.example" });
  const known = knownAfter([carried("contoso.com"), carried("contoso.com"), carried("adatum.example")], { carrier: "lists.example" });
  const token = known.tokens[1];
  assert.deepEqual([token?.relayed, token?.organizations, token?.messages, token?.authenticated], [2, 2, 3, 0]);
  assert.equal(known.carrier.heardFrom, 3);
});

test("organizations of a token: exact, whoever it spoke for and in whatever order", () => {
  const domains = Array.from({ length: 25 }, (_, i) => `sender${i}.example`);
  const lessons = [...domains, ...domains].map((organization, i) => seen({ organization, failed: i % 2 === 0 && i < 25 }));
  const token = tokenAfter(lessons);
  assert.deepEqual([token.organizations, token.failedOrganizations], [25, 13]);
});

test("tenants: what one has seen says nothing about another's mail", () => {
  const known = knownAfter([lesson({ tenant: "a" })], { tenant: "b" });
  assert.deepEqual([known.messages, known.from.authenticated, known.tokens[1]?.messages, known.contact.heardFrom], [0, 0, 0, 0]);
});

test("journal: a bounce returns ours only to the sender of that Message-ID, for 30 days", () => {
  const memory = inCoreMemory();
  memory.recordSent({ tenant: "", day, sender: "Ada@fabrikam.com", messageId: "<1@fabrikam.com>", recipients: ["x@contoso.com"] });
  const returns = (given: Partial<HistoryQuestion>): boolean =>
    memory.recall(question({ returned: "1@fabrikam.com", ...given })).returnsOurs;
  assert.equal(returns({ recipients: ["ada@fabrikam.com"] }), true);
  assert.equal(returns({ recipients: ["eve@fabrikam.com"] }), false);
  assert.equal(returns({ returned: "2@fabrikam.com" }), false);
  assert.equal(returns({ day: day + limits.journalDays }), true);
  assert.equal(returns({ day: day + limits.journalDays + 1 }), false);
});

test("journal: an answer to ours counts from the organization that got it (attack: whoever saw a Message-ID of ours quotes it)", () => {
  const memory = inCoreMemory();
  memory.recordSent({ tenant: "", day, sender: "ada@fabrikam.com", messageId: "1@fabrikam.com", recipients: ["x@mail.contoso.com"] });
  const answers = (organization: string): boolean =>
    memory.recall(question({ organization, references: ["9@else.example", "1@fabrikam.com"] })).answersOurs;
  assert.equal(answers("contoso.com"), true);
  assert.equal(answers("evil.example"), false);
});

test("words: a confirmation counts as one authenticated message, a complaint against the pair alone", () => {
  const memory = inCoreMemory();
  memory.recordWord({ tenant: "", day, organization: "contoso.com", token: prefix, word: "confirmed" });
  memory.recordWord({ tenant: "", day, organization: "contoso.com", token: prefix, word: "complaint" });
  const known = memory.recall(question());
  assert.deepEqual([known.tokens[1]?.authenticated, known.tokens[1]?.complaints, known.from.authenticated, known.messages], [1, 1, 1, 0]);
});

test("days and recipients are never overcounted, and up to three recipients mostly exact", () => {
  const anyLesson = fc.record({ ago: fc.nat(120), recipients: fc.array(fc.emailAddress(), { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(anyLesson, { maxLength: 40 }), (list) => {
      const token = tokenAfter(list.map(({ ago, recipients }) => unauthenticated({ day: day - ago, recipients })));
      assert.ok(token.days <= new Set(list.map(({ ago }) => ago)).size);
      assert.ok(token.recipients <= new Set(list.flatMap(({ recipients }) => recipients.map((each) => each.trim().toLowerCase()))).size);
      assert.equal(token.days > 0, list.length > 0);
    }),
  );
});

test("commutative: the order of lessons changes nothing", () => {
  const kinds = fc.constantFrom<Lesson["kind"]>("authenticated", "unauthenticated", "seen");
  const anyLesson = fc.record({
    kind: kinds,
    ...{ ago: fc.nat(100), failed: fc.boolean(), signed: fc.boolean(), answered: fc.boolean() },
    organization: fc.constantFrom("contoso.com", "adatum.example"),
    recipient: fc.constantFrom("a@fabrikam.com", "b@fabrikam.com", "c@fabrikam.com"),
  });
  fc.assert(
    fc.property(fc.array(anyLesson, { maxLength: 20 }), (list) => {
      const lessons = list.map(({ ago, recipient, ...rest }) => lesson({ ...rest, day: day - ago, recipients: [recipient] }));
      assert.deepEqual(knownAfter(lessons.toReversed()), knownAfter(lessons));
    }),
  );
});

test("bounded: invented names of one source open rows for 200 messages a day and no more; rows that exist go on counting", () => {
  const memory = inCoreMemory();
  memory.record(seen({ organization: "contoso.com", tokens: [prefix] }));
  for (let i = 0; i < 1000; i += 1) {
    const helo: Token = { kind: "helo", value: `h${i}.evil.example` };
    memory.record(seen({ organization: `invented${i}.example`, tokens: [prefix, helo] }));
  }
  const [token] = memory.recall(question({ tokens: [prefix] })).tokens;
  assert.deepEqual([token?.organizations, token?.messages], [limits.historySourceUnauthenticatedPerDay, 1001]);
  memory.record(seen({ organization: "next-day.example", day: day + 1, tokens: [prefix] }));
  assert.equal(memory.recall(question({ tokens: [prefix] })).tokens[0]?.organizations, limits.historySourceUnauthenticatedPerDay + 1);
});

test("bounded: a key that is too long, empty or holds NUL opens nothing; more tokens than the limit are left out", () => {
  const odd = ["", "a\0b", "x".repeat(limits.historyKeyCharactersMax + 1)];
  const memory = inCoreMemory();
  for (const value of odd) memory.record(lesson({ organization: value === "" ? "contoso.com" : value, tokens: [{ kind: "helo", value }] }));
  memory.record(lesson({ tokens: Array.from({ length: limits.historyTokensMax + 5 }, (_, i) => ({ kind: "helo", value: `h${i}` })) }));
  const [book] = memory.ledger.tenants.values();
  assert.deepEqual([...(book?.organizations.keys() ?? [])], ["contoso.com"]);
  assert.equal(book?.tokens.size, limits.historyTokensMax);
});

test("forgetting: what has faded is taken out, and its token is told; what goes on stays", () => {
  const memory = inCoreMemory();
  memory.record(seen({ organization: "old.example" }));
  for (let later = day; later <= day + 210; later += 7) memory.record(seen({ day: later }));
  const [token] = memory.recall(question({ day: day + 210, tokens: [prefix] })).tokens;
  assert.deepEqual([token?.organizations, token?.failedOrganizations], [1, 1]);
  assert.deepEqual([...(memory.ledger.tenants.get("")?.organizations.keys() ?? [])], ["contoso.com"]);
});

/**
 * What each store must answer, in numbers, whichever it is: one table, run against the store in memory, the one on disk (stores.test.ts) and
 * the one in PostgreSQL (test/integration/postgres-stores.test.ts). That they answer alike on mixed mail is tested beside them.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { inCoreMemory } from "../../src/memory/in-core.ts";
import type { Memory } from "../../src/memory/memory.ts";
import type { HistoryQuestion, KnownHistory, Lesson, Sent, Token, TokenHistory, Word } from "../../src/verdict/history.ts";

const day = 20_700;
const prefix: Token = { kind: "prefix", value: "192.0.2.0/24" };
const dkim: Token = { kind: "dkim", value: "contoso.com" };

function lesson(given: Partial<Lesson> = {}): Lesson {
  return {
    ...{ tenant: "", day, organization: "contoso.com", kind: "authenticated", signed: true, failed: false, answered: false },
    ...{ tokens: [dkim, prefix], carriers: [], carrier: null, recipients: ["ada@fabrikam.com"] },
    ...given,
  };
}

const unauthenticated = (given: Partial<Lesson> = {}): Lesson => lesson({ kind: "unauthenticated", signed: false, ...given });
const failed = (given: Partial<Lesson> = {}): Lesson => lesson({ kind: "seen", signed: false, failed: true, ...given });

function sent(given: Partial<Sent> = {}): Sent {
  return { tenant: "", day, sender: "ada@fabrikam.com", messageId: "<1@fabrikam.com>", recipients: ["x@mail.contoso.com"], ...given };
}

function word(given: Partial<Word> = {}): Word {
  return { tenant: "", day, organization: "contoso.com", token: prefix, word: "confirmed", ...given };
}

type Event = Lesson | Sent | Word;
type Expected = { readonly asked?: Partial<HistoryQuestion>; readonly [part: string]: unknown };
type Case = { readonly name: string; readonly events: readonly Event[]; readonly expected: readonly Expected[] };

const senders = (count: number, given: Partial<Lesson> = {}): readonly Lesson[] =>
  Array.from({ length: count }, (_, i) => lesson({ organization: `sender${i}.example`, ...given }));
const twice = <T>(list: readonly T[]): readonly T[] => [...list, ...list];
/** Invented names of one host, as many as are given. */
const invented = (count: number, given: Partial<Lesson> = {}): readonly Lesson[] =>
  Array.from({ length: count }, (_, i) => failed({ organization: `invented${i}.example`, tokens: [prefix], ...given }));
const users = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `user${i}@fabrikam.com`);

const shared = limits.sharedOrganizationsMax;
const share = limits.historySourceUnauthenticatedPerDay;

const cases: readonly Case[] = [
  ...[shared - 1, shared, shared + 1].map((count) => ({
    name: `organizations of a token are exact where it becomes shared: ${count}`,
    events: twice(senders(count)),
    expected: [{ organizations: count, messages: 2 * count, failedOrganizations: 0 }],
  })),
  {
    name: "organizations that a token failed for are each counted once, also where it had spoken for them before",
    events: [...senders(3), ...twice(senders(2, { kind: "seen", failed: true })), ...twice(invented(4))],
    expected: [{ organizations: 7, failedOrganizations: 6, failures: 12, messages: 15 }],
  },
  {
    name: "organizations: a complaint and a confirmation each make a pair, and are no message",
    events: [
      word({ organization: "a.example" }),
      word({ organization: "b.example", word: "complaint" }),
      word({ organization: "b.example" }),
    ],
    expected: [{ organizations: 2, messages: 0, allMessages: 0 }],
  },
  {
    name: "a token that is named twice in a message counts once",
    events: [lesson({ tokens: [prefix, dkim, prefix] })],
    expected: [{ organizations: 1, messages: 1, authenticated: 1 }],
  },
  {
    name: "half-life: a message counts half after 30 days and a quarter after 60",
    events: [lesson()],
    expected: [
      { authenticated: 1, signed: 1 },
      { asked: { day: day + 30 }, authenticated: 0.5, signed: 0.5, messages: 0.5, allMessages: 0.5 },
      { asked: { day: day + 60 }, authenticated: 0.25, fromAuthenticated: 0.25, firstDay: day, lastDay: day },
    ],
  },
  {
    name: "half-life: mail of the past that is learnt later counts as if it had been learnt then",
    events: [lesson(), lesson({ day: day - 60 }), lesson({ day: day - 30 })],
    expected: [{ authenticated: 1.75, firstDay: day - 60, lastDay: day, fromDays: 3 }],
  },
  {
    name: "tier 2: five days and three recipients are proven by no fewer, however much mail there is",
    events: Array.from({ length: 60 }, (_, i) =>
      unauthenticated({ day: day - (i % 4), recipients: [i % 2 === 0 ? "ada@fabrikam.com" : "Ada@Fabrikam.com"] }),
    ),
    expected: [{ days: 4, recipients: 1, fromDays: 0, authenticated: 0, answered: false }],
  },
  {
    name: "tier 2: authenticated mail adds no days and recipients to it, and it nothing to tier 1",
    events: [lesson({ recipients: users(5) }), unauthenticated({ answered: true }), failed({ day: day - 2 })],
    expected: [{ days: 1, recipients: 1, answered: true, authenticated: 1, unauthenticated: 1, fromUnauthenticated: 1, firstDay: day }],
  },
  ...[share - 1, share, share + 1].map((count) => ({
    name: `a source opens rows for ${share} unauthenticated messages a day: ${count}`,
    events: invented(count),
    expected: [
      { organizations: Math.min(count, share), messages: count },
      { asked: { organization: `invented${share}.example` }, failures: count },
    ],
  })),
  {
    name: "a source that has opened its rows goes on counting on those that are there, for organizations and contacts too",
    events: [lesson(), ...invented(share + 1), unauthenticated(), lesson()],
    expected: [{ authenticated: 2, unauthenticated: 1, fromUnauthenticated: 1, heardFrom: 2, organizations: share + 1 }],
  },
  {
    name: "a source's share is its own and begins anew each day",
    events: [
      ...invented(share + 1),
      failed({ organization: "other.example", tokens: [{ kind: "prefix", value: "198.51.100.0/24" }] }),
      failed({ organization: "next.example", day: day + 1, tokens: [prefix] }),
    ],
    expected: [{ organizations: share + 1 }, { asked: { tokens: [{ kind: "prefix", value: "198.51.100.0/24" }] }, organizations: 1 }],
  },
  {
    name: "journal: an answer and a bounce are known for 30 days",
    events: [sent()],
    expected: [0, limits.journalDays, limits.journalDays + 1].map((later) => ({
      asked: { day: day + later, returned: "<1@fabrikam.com>", references: ["2@fabrikam.com", "1@fabrikam.com"] },
      ...{ returnsOurs: later <= limits.journalDays, answersOurs: later <= limits.journalDays },
    })),
  },
  {
    name: "journal: the day is that of the last time a Message-ID went out",
    events: [sent({ day: day + 5 }), sent()],
    expected: [{ asked: { day: day + 35, returned: "1@fabrikam.com" }, returnsOurs: true }],
  },
  {
    name: "journal: a bounce to somebody else, of another tenant, or of what was never sent returns nothing of ours",
    events: [sent()],
    expected: [
      { asked: { returned: "1@fabrikam.com", recipients: ["eve@fabrikam.com"] }, returnsOurs: false },
      { asked: { returned: "1@fabrikam.com", tenant: "other" }, returnsOurs: false },
      { asked: { returned: "2@fabrikam.com" }, returnsOurs: false },
      { asked: { returned: "1@fabrikam.com", recipients: [...users(9), "Ada@fabrikam.com"] }, returnsOurs: true },
    ],
  },
  {
    name: "journal: a bounce without a recipient is answered, and returns nothing of ours",
    events: [sent()],
    expected: [
      { asked: { returned: "1@fabrikam.com", recipients: [] }, returnsOurs: false },
      { asked: { returned: "1@fabrikam.com", recipients: [""], references: ["1@fabrikam.com"] }, returnsOurs: false, answersOurs: true },
    ],
  },
  {
    name: "journal: who quotes a Message-ID of ours answers it only if it went to him",
    events: [sent()],
    expected: [
      { asked: { references: ["1@fabrikam.com"] }, answersOurs: true },
      { asked: { references: ["1@fabrikam.com"], organization: "evil.example" }, answersOurs: false },
      { asked: { references: ["1@fabrikam.com"], organization: null }, answersOurs: false },
    ],
  },
  {
    name: "contacts: whom we wrote to, by the organization, for the sender alone; the null path and bad addresses teach nothing",
    events: [
      sent(),
      sent({ day: day + 30, messageId: null }),
      sent({ sender: "" }),
      sent({ sender: "bob@fabrikam.com", recipients: ["@", "x"] }),
    ],
    expected: [
      { asked: { day: day + 30 }, wroteTo: 1.5, heardFrom: 0, contactSince: day },
      { asked: { recipients: ["bob@fabrikam.com"] }, wroteTo: 0, contactSince: null },
      { asked: { organization: "mail.contoso.com" }, wroteTo: 0 },
    ],
  },
  {
    name: "contacts: one mail to several people of an organization is one contact",
    events: [sent({ recipients: ["x@contoso.com", "y@mail.contoso.com", "x@contoso.com"] })],
    expected: [{ wroteTo: 1 }],
  },
  {
    name: "contacts: hearing from an organization counts its authenticated mail alone, for each recipient",
    events: [lesson({ recipients: ["ada@fabrikam.com", "ADA@fabrikam.com", "bob@fabrikam.com"] }), unauthenticated(), failed()],
    expected: [
      { heardFrom: 1 },
      { asked: { recipients: ["bob@fabrikam.com"] }, heardFrom: 1 },
      { asked: { recipients: users(6) }, heardFrom: 0 },
    ],
  },
  {
    name: "words: a confirmation counts as one authenticated message of the pair and the organization, unsigned",
    events: [word(), word({ day: day + 30 })],
    expected: [
      { asked: { day: day + 30 }, authenticated: 1.5, signed: 0, fromAuthenticated: 1.5, fromDays: 2, complaints: 0, heardFrom: 0 },
    ],
  },
  {
    name: "words: a complaint counts against the pair alone, and fades",
    events: [lesson(), word({ word: "complaint" }), word({ word: "complaint" })],
    expected: [
      { complaints: 2, authenticated: 1, failures: 0 },
      { asked: { day: day + 30 }, complaints: 1 },
      { asked: { tokens: [dkim] }, complaints: 0 },
      { asked: { organization: "other.example" }, complaints: 0, organizations: 1 },
    ],
  },
  {
    name: "tenants: nothing of one is told to another",
    events: [lesson({ tenant: "a" }), sent({ tenant: "a" }), word({ tenant: "a" })],
    expected: [
      {
        asked: { references: ["1@fabrikam.com"] },
        organizations: 0,
        messages: 0,
        fromAuthenticated: 0,
        heardFrom: 0,
        wroteTo: 0,
        answersOurs: false,
      },
      { asked: { tenant: "a", references: ["1@fabrikam.com"] }, organizations: 1, authenticated: 2, heardFrom: 1, answersOurs: true },
    ],
  },
];

/** Runs all of it on one store. */
export function describeStore(where: string, open: () => Promise<Memory>): void {
  describe(`store ${where}`, () => {
    let memory: Memory = inCoreMemory();
    before(async () => {
      memory = await open();
    });
    after(() => memory.close());
    cases.forEach((each, i) => {
      test(each.name, () => assertCase(memory, { ...each, name: `case ${i}` }));
    });
  });
}

/** Each case has tenants of its own: they know nothing of each other. */
async function assertCase(memory: Memory, { name, events, expected }: Case): Promise<void> {
  const tenant = (of: string): string => `${name} ${of}`;
  for (const event of events) recordIn(memory, { ...event, tenant: tenant(event.tenant) });
  await memory.flush();
  for (const { asked = {}, ...wanted } of expected) {
    const history = await memory.history(questionOf({ ...asked, tenant: tenant(asked.tenant ?? "") }));
    assert.ok(history.status === "known", memory.health().why ?? "unavailable");
    const told = toldBy(history);
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, told[key]])), wanted, JSON.stringify(asked));
  }
}

function recordIn(memory: Memory, event: Event): void {
  if ("word" in event) memory.recordWord(event);
  else if ("sender" in event) memory.recordSent(event);
  else memory.record(event);
}

function questionOf(asked: Partial<HistoryQuestion>): HistoryQuestion {
  return {
    ...{ tenant: "", day, organization: "contoso.com", carrier: null, tokens: [prefix] },
    ...{ recipients: ["ada@fabrikam.com"], returned: null, references: [] },
    ...asked,
  };
}

/** A history as flat words: of its first token, of the organization, of the contact. */
function toldBy({ tokens: [token], from, contact, messages, returnsOurs, answersOurs }: KnownHistory): Readonly<Record<string, unknown>> {
  const { kind: _, value: __, ...ofToken }: Partial<TokenHistory> = token ?? {};
  return {
    ...ofToken,
    ...{ allMessages: messages, returnsOurs, answersOurs },
    ...{ fromAuthenticated: from.authenticated, fromUnauthenticated: from.unauthenticated, fromDays: from.days },
    ...{ wroteTo: contact.wroteTo, heardFrom: contact.heardFrom, contactSince: contact.firstDay },
  };
}

/**
 * What every store does with the operator's entries and with sightings, whatever database it is: entriesSuite runs it on the store that
 * `open` gives, empty. Ids of entries and numbers of changes are the store's, so they are compared by what they stand for.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import type { Author, Entry, EntryBook, EntryResult } from "../../src/memory/entries.ts";
import type { Memory } from "../../src/memory/memory.ts";
import type { Insight, InsightQuestion, SeenPair, Sighting } from "../../src/memory/sightings.ts";
import { parsePair, type SpoofEntry } from "../../src/verdict/overrides/entry.ts";
import { type ListEntry, parseSubject } from "../../src/verdict/overrides/list-entry.ts";
import { listKeyOf } from "../../src/verdict/overrides/list-keys.ts";
import { pairKeyOf } from "../../src/verdict/overrides/pair-keys.ts";

export type OpenedStore = {
  readonly memory: Memory;
  readonly book: EntryBook;
  readonly insight: Insight;
  /** Statements that look-ups of entries have run so far. */
  statements(): number;
  close(): Promise<void>;
};

export const today = 20_779; // 2026-11-22

export function pairEntry(text: string, given: Partial<SpoofEntry> = {}): Extract<Entry, { shape: "pair" }> {
  const pair = parsePair(text);
  assert.ok(pair.status === "read", text);
  const rest = { evenIfAuthenticated: false, note: null, by: "ada", madeDay: today, matchedDay: null, expiry: { kind: "never" } as const };
  return { shape: "pair", entry: { id: "", action: "allow", ...pair.value, ...rest, ...given } };
}

export function listEntry(text: string, given: Partial<ListEntry> = {}): Extract<Entry, { shape: "list" }> {
  const subject = parseSubject(text);
  assert.ok(subject !== null, text);
  const rest = { note: null, by: "ada", madeDay: today, matchedDay: null, expiry: { kind: "never" } as const };
  const entry = { id: "", kind: "sender", action: "block", subject, recipient: null, scopes: [], needsAuthentication: false } as const;
  return { shape: "list", entry: { ...entry, ...rest, ...given } };
}

export function authorIn(tenant: string, by = "ada"): Author {
  return { tenant, by, now: today * 86_400_000 };
}

export async function done(
  result: Promise<EntryResult>,
): Promise<{ readonly id: string; readonly number: number; readonly entry: Entry | null }> {
  const { status, ...rest } = await result;
  assert.ok(status === "done" && "change" in rest, status);
  const { number, before, after } = rest.change;
  return { id: (after ?? before)?.entry.id ?? "", number, entry: after };
}

export async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of list) found.push(one);
  return found;
}

export function sighting(given: Partial<Sighting> = {}): Sighting {
  const sample = {
    inspection: "i1",
    at: "2026-11-22T09:00:00Z",
    messageId: "1@x",
    mailFrom: "b@x",
    ip: "131.107.18.4",
    explanation: "because",
  };
  return {
    ...{
      tenant: "",
      day: today,
      user: "ceo@contoso.com",
      domain: "contoso.com",
      infrastructure: "outlook.com",
      by: "ptr",
      confirmed: true,
    },
    ...{ shared: true, warning: "outlook.com is shared", allowable: null, spoof: "external", compauth: "fail", reason: "601" },
    ...{ standing: "unknown", action: "deliver", withheld: false, entry: null, recipients: ["ada@fabrikam.com"] },
    sample,
    ...given,
  };
}

export function entriesSuite(where: string, open: () => Promise<OpenedStore>): void {
  describe(`entries ${where}`, () => {
    let store: OpenedStore;
    let count = 0;
    /** Each test has a tenant of its own. */
    const tenant = (): string => {
      count += 1;
      return `t${count}`;
    };
    const foundBy = async (of: string, entries: readonly Entry[]) => {
      const pairKeys = entries.flatMap((one) => (one.shape === "pair" ? pairKeyOf(one.entry) : []));
      const listKeys = entries.flatMap((one) => (one.shape === "list" ? listKeyOf(one.entry) : []));
      const found = await store.memory.entries({ tenant: of, pairKeys, listKeys });
      assert.ok(found.status === "known" && found.staleSince === null);
      return { pairs: found.pairs.map(({ id }) => id).sort(), lists: found.lists.map(({ id }) => id).sort(), found };
    };
    before(async () => {
      store = await open();
    });
    after(() => store.close());
    bookTests(() => store, tenant, foundBy);
    lookUpTests(() => store, tenant, foundBy);
    sightingTests(() => store, tenant);
  });
}

type FoundBy = (
  of: string,
  entries: readonly Entry[],
) => Promise<{
  readonly pairs: readonly string[];
  readonly lists: readonly string[];
  readonly found: { readonly pairs: readonly SpoofEntry[] };
}>;

function bookTests(the: () => OpenedStore, tenant: () => string, foundBy: FoundBy): void {
  test("an entry that is made is found by the next message, under a short id, and is the tenant's own", async () => {
    const [of, other] = [tenant(), tenant()];
    const entries = [pairEntry("contoso.com, dkim:fabrikam.com"), listEntry("*.bad.example")];
    const [pair, list] = [
      await done(the().book.make(entries[0] as Entry, authorIn(of))),
      await done(the().book.make(entries[1] as Entry, authorIn(of))),
    ];
    assert.match(pair.id, /^P[0-9]+$/);
    assert.match(list.id, /^L[0-9]+$/);
    assert.ok(list.number > pair.number);
    const { pairs, lists } = await foundBy(of, entries);
    assert.deepEqual([pairs, lists], [[pair.id], [list.id]]);
    const elsewhere = await foundBy(other, entries);
    assert.deepEqual([elsewhere.pairs, elsewhere.lists], [[], []]);
    assert.deepEqual(await the().book.get(pair.id, of), pair.entry);
    assert.equal(await the().book.get(pair.id, other), null);
  });

  test("the same wish is not made twice; another action, recipient or tenant is another wish", async () => {
    const of = tenant();
    const { book } = the();
    const first = await done(book.make(pairEntry("contoso.com, 192.168.100.100/24"), authorIn(of)));
    const again = await book.make(pairEntry("contoso.com, 192.168.100.0/24", { note: "again" }), authorIn(of));
    assert.ok(again.status === "exists");
    assert.equal(again.existing.entry.id, first.id);
    await done(book.make(pairEntry("contoso.com, 192.168.100.0/24", { action: "block" }), authorIn(of)));
    await done(book.make(pairEntry("contoso.com, 192.168.100.0/24"), authorIn(tenant())));
    const safe = (mailbox: string) =>
      listEntry("contoso.com", { kind: "safe-sender", action: "allow", recipient: { kind: "address", address: mailbox } });
    await done(book.make(safe("ada@fabrikam.com"), authorIn(of)));
    await done(book.make(safe("ben@fabrikam.com"), authorIn(of)));
    assert.equal((await book.make(safe("ada@fabrikam.com"), authorIn(of))).status, "exists");
    const named = await done(book.make(pairEntry("a.example, b.example", { id: "mine" }), authorIn(of)));
    assert.equal(named.id, "mine");
    assert.equal((await book.make(pairEntry("c.example, d.example", { id: "mine" }), authorIn(of))).status, "exists");
  });

  test("change puts an entry in the place of its id, also under another key; what collides or is not there is told", async () => {
    const of = tenant();
    const { book } = the();
    const [a, b] = [
      await done(book.make(pairEntry("a.example, x.example"), authorIn(of))),
      await done(book.make(pairEntry("b.example, x.example"), authorIn(of))),
    ];
    const moved = pairEntry("c.example, dkim:x.example", { id: a.id, note: "moved" });
    const { entry } = await done(book.change(moved, authorIn(of, "ben")));
    assert.equal(entry?.entry.note, "moved");
    assert.deepEqual((await foundBy(of, [pairEntry("a.example, x.example"), moved])).pairs, [a.id]);
    const clash = await book.change(pairEntry("b.example, x.example", { id: a.id }), authorIn(of));
    assert.ok(clash.status === "exists" && clash.existing.entry.id === b.id);
    assert.equal((await book.change(pairEntry("e.example, x.example", { id: "P0" }), authorIn(of))).status, "missing");
    assert.equal((await book.change(listEntry("e.example", { id: a.id }), authorIn(of))).status, "missing");
    assert.equal((await book.change(moved, authorIn(tenant()))).status, "missing");
    assert.deepEqual(
      (await all(book.list({ tenant: of }))).map((one) => one.entry.id),
      [b.id, a.id],
      "in the order they were made",
    );
  });

  test("the audit log has every change, the newest first, with its author; of one entry, or of all", async () => {
    const of = tenant();
    const { book } = the();
    const made = await done(book.make(pairEntry("a.example, x.example"), authorIn(of)));
    await done(book.make(listEntry("192.0.2.0/24", { kind: "ip-block" }), authorIn(of)));
    const changed = await done(book.change(pairEntry("a.example, x.example", { id: made.id, note: "why" }), authorIn(of, "ben")));
    const removed = await done(book.remove(made.id, authorIn(of, "cy")));
    const log = await all(book.changes({ tenant: of, id: made.id }));
    assert.deepEqual(
      log.map(({ number, by, before, after, undoes }) => [number, by, before?.entry.note, after?.entry.note, undoes]),
      [
        [removed.number, "cy", "why", undefined, null],
        [changed.number, "ben", null, "why", null],
        [made.number, "ada", undefined, null, null],
      ],
    );
    assert.equal(log[0]?.at, "2026-11-22T00:00:00.000Z");
    assert.equal((await all(book.changes({ tenant: of }))).length, 4);
    assert.deepEqual(await all(book.changes({ tenant: tenant() })), []);
    assert.equal((await book.remove(made.id, authorIn(of))).status, "missing");
  });

  test("undo: what was made goes, what was removed comes back under its id, and an undo is undone; not past a later change", async () => {
    const of = tenant();
    const { book } = the();
    const wish = pairEntry("a.example, x.example");
    const made = await done(book.make(wish, authorIn(of)));
    const gone = await done(book.undo(made.number, authorIn(of)));
    assert.equal(gone.entry, null);
    assert.deepEqual((await foundBy(of, [wish])).pairs, []);
    assert.equal((await book.undo(made.number, authorIn(of))).status, "changed-since");
    const back = await done(book.undo(gone.number, authorIn(of)));
    assert.deepEqual(back.entry, made.entry);
    const changed = await done(book.change(pairEntry("a.example, x.example", { id: made.id, note: "why" }), authorIn(of)));
    assert.equal((await book.undo(made.number, authorIn(of))).status, "changed-since");
    assert.equal((await done(book.undo(changed.number, authorIn(of)))).entry?.entry.note, null);
    await done(book.remove(made.id, authorIn(of)));
    await done(book.make(wish, authorIn(of)));
    const [, removal] = await all(book.changes({ tenant: of }));
    assert.equal((await book.undo(removal?.number ?? 0, authorIn(of))).status, "exists");
    assert.equal((await book.undo(made.number, authorIn(tenant()))).status, "missing");
    assert.equal((await book.undo(999_999_999, authorIn(of))).status, "missing");
    assert.equal((await all(book.changes({ tenant: of })))[4]?.undoes, gone.number);
  });

  test("lists are read in pages, the newest first, by shape, action and part of their text", async () => {
    const of = tenant();
    const { book } = the();
    const many = limits.entryPage + 3;
    for (let i = 0; i < many; i += 1) await done(book.make(listEntry(`a${i}.example`), authorIn(of)));
    await done(book.make(pairEntry("a%b_d@contoso.com, x.example"), authorIn(of)));
    assert.equal((await all(book.list({ tenant: of }))).length, many + 1);
    const lists = await all(book.list({ tenant: of, shape: "list" }));
    assert.deepEqual([lists.length, lists[0]?.shape === "list" && listKeyOf(lists[0].entry)], [many, `sender a${many - 1}.example`]);
    assert.equal((await all(book.list({ tenant: of, action: "allow" }))).length, 1);
    assert.equal((await all(book.list({ tenant: of, text: "A7.ex" }))).length, 1);
    assert.equal((await all(book.list({ tenant: of, text: "b_d" }))).length, 1);
    assert.equal((await all(book.list({ tenant: of, text: "a_.example" }))).length, 0, "a wildcard of SQL is a character");
    assert.equal((await all(book.list({ tenant: of, text: "A%B" }))).length, 1);
    assert.equal((await all(book.list({ tenant: of, text: "a%.example" }))).length, 0);
    assert.equal((await all(book.changes({ tenant: of }))).length, many + 1);
    // While a list is being read entries can be made and removed.
    for await (const { entry } of book.list({ tenant: of, text: "a1" })) await done(book.remove(entry.id, authorIn(of)));
    assert.deepEqual(await all(book.list({ tenant: of, text: "a1" })), []);
  });
}

function lookUpTests(the: () => OpenedStore, tenant: () => string, foundBy: FoundBy): void {
  test("a message's entries are found in two statements, however many keys it has and however long the lists are", async () => {
    const of = tenant();
    const wish = pairEntry("contoso.com, fabrikam.com");
    await done(the().book.make(wish, authorIn(of)));
    const keys = (count: number): readonly string[] => [pairKeyOf(wish.entry), ...Array.from({ length: count - 1 }, (_, i) => `u${i}, x`)];
    for (const [pairKeys, listKeys] of [
      [keys(1), ["sender x"]],
      [keys(limits.pairKeysMax), Array.from({ length: limits.listKeysMax }, (_, i) => `sender s${i}`)],
    ] as const) {
      const earlier = the().statements();
      const found = await the().memory.entries({ tenant: of, pairKeys, listKeys });
      assert.ok(found.status === "known");
      assert.equal(found.pairs.length, 1);
      assert.equal(the().statements() - earlier, 2);
    }
    const earlier = the().statements();
    const nothing = await the().memory.entries({ tenant: of, pairKeys: [], listKeys: [] });
    assert.deepEqual(nothing, { status: "known", pairs: [], lists: [], staleSince: null });
    assert.equal(the().statements(), earlier);
  });

  test("a key finds entries of its own shape alone, with every action", async () => {
    const of = tenant();
    const wishes = [pairEntry("a.example, x.example"), pairEntry("a.example, dkim:x.example", { action: "block" }), listEntry("a.example")];
    for (const wish of wishes) await done(the().book.make(wish, authorIn(of)));
    const { pairs, lists } = await foundBy(of, wishes);
    assert.deepEqual([pairs.length, lists.length], [2, 1]);
    const crossed = await the().memory.entries({ tenant: of, pairKeys: ["sender a.example"], listKeys: ["a.example, x.example"] });
    assert.ok(crossed.status === "known");
    assert.deepEqual([crossed.pairs, crossed.lists], [[], []]);
  });

  test("matched: the day is written once a day, never backwards, survives a change, and bars no undo", async () => {
    const of = tenant();
    const { book, memory } = the();
    const wish = pairEntry("a.example, x.example");
    const { id, number } = await done(book.make(wish, authorIn(of)));
    const other = await done(book.make(pairEntry("b.example, x.example"), authorIn(tenant())));
    const matchedDay = async (): Promise<number | null | undefined> => (await foundBy(of, [wish])).found.pairs[0]?.matchedDay;
    for (const day of [today + 1, today + 1, today]) memory.recordMatched({ tenant: of, day, entries: [id, "P0", other.id] });
    await memory.flush();
    assert.equal(await matchedDay(), today + 1);
    assert.equal((await book.get(other.id, of)) ?? null, null);
    await done(book.change(pairEntry("a.example, x.example", { id, note: "x" }), authorIn(of)));
    assert.equal(await matchedDay(), today + 1);
    const [change] = await all(book.changes({ tenant: of }));
    memory.recordMatched({ tenant: of, day: today + 2, entries: [id] });
    await memory.flush();
    const undone = await done(book.undo(change?.number ?? 0, authorIn(of)));
    assert.deepEqual([undone.entry?.entry.matchedDay, undone.entry?.entry.note], [today + 2, null]);
    assert.ok(number > 0);
  });
}

function sightingTests(the: () => OpenedStore, tenant: () => string): void {
  const record = async (of: string, list: readonly Partial<Sighting>[]): Promise<void> => {
    for (const given of list) the().memory.recordSighting(sighting({ tenant: of, ...given }));
    await the().memory.flush();
  };
  const seen = (of: string, asked: Partial<InsightQuestion> = {}): Promise<readonly SeenPair[]> =>
    all(the().insight.pairs({ tenant: of, day: today, days: 7, ...asked }));

  test("a pair's messages are counted by day, with what was done; 131.107.18.4 shows as outlook.com, which is shared", async () => {
    const of = tenant();
    await record(of, [
      { day: today - 8 },
      { day: today - 6, action: "junk", withheld: true, recipients: ["ada@fabrikam.com", "Ben@fabrikam.com"] },
      { day: today - 1, action: "quarantine", user: "cfo@contoso.com" },
      { day: today - 1, action: "junk", withheld: true },
      { standing: "suspicious", entry: { id: "P1", by: "ada", action: "block" }, user: "cfo@contoso.com" },
    ]);
    const [pair, ...others] = await seen(of);
    assert.deepEqual(others, []);
    assert.ok(pair !== undefined);
    const { domain, infrastructure, shared, warning, messages, perDay, acted, wouldAct, recipients, firstDay, lastDay, users, standing } =
      pair;
    assert.deepEqual([domain, infrastructure, shared, warning], ["contoso.com", "outlook.com", true, "outlook.com is shared"]);
    assert.deepEqual([messages, perDay, acted, wouldAct], [4, [1, 0, 0, 0, 0, 2, 1], 1, 2]);
    assert.deepEqual([firstDay, lastDay], [today - 8, today]);
    assert.deepEqual([users.toSorted(), standing, pair.entry?.by], [["ceo@contoso.com", "cfo@contoso.com"], "suspicious", "ada"]);
    assert.ok(recipients === 1 || recipients === 2, "two recipients may fall on one bit");
    assert.equal((await seen(of, { days: 30 }))[0]?.messages, 5);
    assert.deepEqual(await seen(of, { day: today - 40 }), []);
    assert.deepEqual(await seen(tenant()), []);
  });

  test("the queue: the most messages first, by domain, infrastructure, type and standing, and the same name by DKIM is another pair", async () => {
    const of = tenant();
    await record(of, [
      { domain: "one.example" },
      ...Array.from({ length: 3 }, () => ({ domain: "three.example", spoof: "internal" as const })),
      ...Array.from({ length: 2 }, () => ({ domain: "two.example", infrastructure: "192.0.2.0/24", by: "prefix" as const })),
      { domain: "one.example", by: "dkim" as const, standing: "good" as const },
    ]);
    const names = async (asked: Partial<InsightQuestion>) => (await seen(of, asked)).map(({ domain, by }) => `${domain} ${by}`);
    assert.deepEqual(await names({}), ["three.example ptr", "two.example prefix", "one.example dkim", "one.example ptr"]);
    assert.deepEqual(await names({ spoof: "internal" }), ["three.example ptr"]);
    assert.deepEqual(await names({ standing: "good" }), ["one.example dkim"]);
    assert.deepEqual(await names({ domain: "two.example" }), ["two.example prefix"]);
    assert.deepEqual(await names({ infrastructure: "192.0.2.0/24" }), ["two.example prefix"]);
  });

  test("what is kept of a pair is bounded: addresses, samples, and how long a text is; the newest samples first", async () => {
    const of = tenant();
    const long = "x".repeat(5000);
    const at = (i: number): string => `2026-11-22T09:00:${String(i).padStart(2, "0")}Z`;
    await record(
      of,
      Array.from({ length: 40 }, (_, i) => ({
        user: `user${i}@contoso.com`,
        warning: long,
        sample: { ...sighting().sample, at: at(i), explanation: long, messageId: `${i}@x` },
      })),
    );
    const [pair] = await seen(of);
    assert.ok(pair !== undefined);
    assert.deepEqual([pair.messages, pair.users.length, pair.samples.length], [40, limits.sightingUsersMax, limits.sightingSamplesMax]);
    assert.deepEqual(
      pair.samples.map((sample) => sample.messageId),
      ["39@x", "38@x", "37@x", "36@x", "35@x"],
    );
    assert.deepEqual(
      [pair.warning?.length, pair.samples[0]?.explanation.length],
      [limits.sightingTextCharactersMax, limits.sightingTextCharactersMax],
    );
  });

  test("who invents names by the thousand opens so many pairs a day and no more; pairs that are there go on counting", async () => {
    const of = tenant();
    const most = limits.sightingSourcePairsPerDay;
    await record(of, [
      { domain: "known.example" },
      ...Array.from({ length: most + 20 }, (_, i) => ({ domain: `n${i}.example` })),
      { domain: "known.example" },
    ]);
    const pairs = await seen(of);
    assert.deepEqual([pairs.length, pairs[0]?.domain, pairs[0]?.messages], [most, "known.example", 2]);
    assert.equal(await the().insight.uncounted({ tenant: of, day: today, days: 7 }), 21);
    const sample = { ...sighting().sample, ip: "198.51.100.1" };
    await record(of, [{ domain: "other.example", sample }]);
    assert.equal((await seen(of, { domain: "other.example" })).length, 1, "another source has a share of its own");
    await record(of, [{ domain: "x".repeat(limits.historyKeyCharactersMax + 1), sample }]);
    assert.equal((await seen(of)).length, most + 1);
  });

  test("a long queue is read in pages and each pair comes once", async () => {
    const of = tenant();
    const count = limits.sightingPage + 20;
    await record(
      of,
      Array.from({ length: count }, (_, i) => ({
        domain: `d${i}.example`,
        sample: { ...sighting().sample, ip: `198.51.${100 + (i % 9)}.1` },
      })),
    );
    const names = (await seen(of)).map(({ domain }) => domain);
    assert.deepEqual([names.length, new Set(names).size], [count, count]);
  });
}

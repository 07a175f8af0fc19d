/** What the journal of every store must do (memory/journal.ts): run on SQLite and on PostgreSQL. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Decision, Journal, JournalFilter } from "../../src/memory/journal.ts";
import type { Memory } from "../../src/memory/memory.ts";
import { decisionNumber, question, seriesStart } from "../decisions.ts";

/** An empty store: the side that records, and the journal. `damage` spoils the record with this id. */
export type OpenedJournal = {
  readonly memory: Pick<Memory, "recordDecision" | "flush">;
  readonly journal: Journal;
  damage(id: string): Promise<void>;
  /** Rows of the tables decision, decision_party, decision_answer and decision_size. */
  rows(): Promise<{ readonly decisions: number; readonly parties: number; readonly answers: number; readonly sizes: number }>;
  close(): Promise<void>;
};

export function journalSuite(where: string, open: () => Promise<OpenedJournal>): void {
  const withStore = (name: string, work: (store: OpenedJournal) => Promise<void>): void => {
    test(name, async () => {
      const store = await open();
      try {
        await work(store);
      } finally {
        await store.close();
      }
    });
  };
  const day = 86_400_000;

  describe(`journal on ${where}`, () => {
    withStore("a decision comes back to the last field, with its answers in their order", async (store) => {
      const one: Decision = {
        ...decisionNumber(1, { tenant: "t1", transaction: { rcptTo: ["ben@fabrikam.com"] } }),
        subject: "Grüße",
        matched: {
          lists: [],
          filters: [{ filter: "scan", verdict: "spam", seen: "yes" }],
          answers: { "header x exists": false },
          nullMx: null,
        },
        gathered: { localSuffixes: ["hosting.example"] },
        questions: [
          question("b.example", "\u0000\u00ff"),
          { name: "a.example", type: "MX", answer: { status: "found", records: [{ preference: 10, exchange: "mx.a.example" }] } },
          { name: "c.example", type: "A", answer: { status: "timeout", withheld: "budget" } },
        ],
      };
      await recorded(store, [one]);
      assert.deepEqual(await all(store.journal, { since: 0 }), [one]);
    });

    withStore("records are read in order of time, page after page, once each; a batch that comes twice is one", async (store) => {
      const series = Array.from({ length: 450 }, (_, n) => decisionNumber(n));
      await recorded(store, series.toReversed());
      await recorded(store, series.slice(0, 10));
      const ids = (await all(store.journal, { since: 0 })).map((one) => ("inspection" in one ? one.inspection.id : ""));
      assert.deepEqual(
        ids,
        series.map(({ inspection }) => inspection.id),
      );
      assert.equal((await store.journal.size()).decisions, 450);
    });

    withStore("since is within, until is not; a tenant sees its own", async (store) => {
      await recorded(store, [decisionNumber(1), decisionNumber(2), decisionNumber(3), decisionNumber(2, { tenant: "other" })]);
      const at = (n: number): number => seriesStart + n * 60_000;
      const numbers = async (filter: JournalFilter): Promise<readonly string[]> =>
        (await all(store.journal, filter)).map((one) => ("inspection" in one ? `${one.tenant}${one.inspection.id.slice(-1)}` : "?"));
      assert.deepEqual(await numbers({ since: at(2), until: at(3), tenant: "" }), ["2"]);
      assert.deepEqual(await numbers({ since: at(2) }), ["2", "other2", "3"]);
      assert.deepEqual(await numbers({ since: at(4) }), []);
    });

    withStore("questions are left out where nobody wants them", async (store) => {
      await recorded(store, [decisionNumber(1)]);
      const [one] = await all(store.journal, { since: 0, answers: "left-out" });
      assert.ok(one !== undefined && "questions" in one);
      assert.deepEqual(one.questions, []);
    });

    withStore("an answer is kept once, whoever asked, and again for another tenant", async (store) => {
      await recorded(store, [decisionNumber(1), decisionNumber(8), decisionNumber(15, { at: seriesStart + 3 * day })]);
      assert.equal((await store.rows()).answers, 2);
      await recorded(store, [decisionNumber(1, { tenant: "other" })]);
      assert.equal((await store.rows()).answers, 4);
    });

    withStore("a record that cannot be read is told, and the stream goes on", async (store) => {
      await recorded(store, [decisionNumber(1), decisionNumber(2), decisionNumber(3)]);
      const { id } = decisionNumber(2).inspection;
      await store.damage(id);
      assert.deepEqual(await all(store.journal, { since: 0 }), [decisionNumber(1), { unreadable: id }, decisionNumber(3)]);
    });

    withStore("pruned by age: records, what finds them, and answers that nothing names any more", async (store) => {
      const old = [question("old.example", "gone"), question("both.example", "stays")];
      await recorded(store, [
        decisionNumber(1, { questions: old }),
        decisionNumber(2, { at: seriesStart + 5 * day, questions: [question("both.example", "stays")] }),
      ]);
      assert.equal(await store.journal.prune({ before: seriesStart + day, bytesMax: 10 ** 9 }), 1);
      assert.deepEqual(await store.rows(), { decisions: 1, parties: 1, answers: 1, sizes: 2 });
      const [left] = await all(store.journal, { since: 0 });
      assert.ok(left !== undefined && "questions" in left);
      assert.deepEqual(left.questions, [question("both.example", "stays")]);
      assert.equal(await store.journal.prune({ before: seriesStart + day, bytesMax: 10 ** 9 }), 0);
    });

    withStore("pruned by size: the oldest go first, until the rest fits; nothing is left of an empty journal", async (store) => {
      await recorded(
        store,
        Array.from({ length: 1200 }, (_, n) => decisionNumber(n, { at: seriesStart + n * 3_600_000 })),
      );
      const { bytes } = await store.journal.size();
      const taken = await store.journal.prune({ before: 0, bytesMax: Math.floor(bytes / 2) });
      const after = await store.journal.size();
      assert.ok(after.bytes <= bytes / 2 && after.bytes > bytes / 3, `${after.bytes} of ${bytes}`);
      assert.equal(after.decisions, 1200 - taken);
      assert.equal(after.oldest, seriesStart + taken * 3_600_000);
      assert.equal(await store.journal.prune({ before: Number.MAX_SAFE_INTEGER, bytesMax: 0 }), 1200 - taken);
      assert.deepEqual(await store.rows(), { decisions: 0, parties: 0, answers: 0, sizes: 0 });
      assert.deepEqual(await store.journal.size(), { decisions: 0, bytes: 0, oldest: null });
    });

    withStore("an address is erased as author, sender and recipient, with the answers that only its records name", async (store) => {
      const bea = "Bea.Müller@Fabrikam.com";
      const shared = question("shared.example", "stays");
      const asked = (name: string) => ({ questions: [shared, question(name, "x")] });
      await recorded(store, [
        decisionNumber(1, { transaction: { rcptTo: ["cy@fabrikam.com", "bea.müller@fabrikam.com"] }, ...asked("a.example") }),
        decisionNumber(2, { transaction: { mailFrom: bea }, ...asked("b.example") }),
        decisionNumber(3, { from: { address: bea }, ...asked("c.example") }),
        decisionNumber(4, { transaction: { rcptTo: ["cy@fabrikam.com"] }, ...asked("d.example") }),
        decisionNumber(5, { tenant: "other", transaction: { rcptTo: ["bea.müller@fabrikam.com"] }, ...asked("e.example") }),
      ]);
      assert.equal(await store.journal.erase("bea.müller@fabrikam.com"), 4);
      const left = await all(store.journal, { since: 0 });
      assert.deepEqual(left, [decisionNumber(4, { transaction: { rcptTo: ["cy@fabrikam.com"] }, ...asked("d.example") })]);
      const rows = await store.rows();
      assert.deepEqual([rows.decisions, rows.answers], [1, 2]);
      assert.equal(await store.journal.erase("bea.müller@fabrikam.com"), 0);
      assert.equal((await store.journal.size()).decisions, 1);
    });
  });
}

async function recorded({ memory }: OpenedJournal, decisions: readonly Decision[]): Promise<void> {
  for (const decision of decisions) memory.recordDecision(decision);
  await memory.flush();
}

export async function all(journal: Journal, filter: JournalFilter): Promise<readonly (Decision | { readonly unreadable: string })[]> {
  const found: (Decision | { readonly unreadable: string })[] = [];
  for await (const one of journal.read(filter)) found.push(one);
  return found;
}

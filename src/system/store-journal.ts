/**
 * The journal of decisions in the store (memory/journal.ts), on either database: read in pages in order of time, erased by address, pruned in
 * steps. No transaction is longer than one page, so that nobody's writing waits for a long journal. A record that cannot be read is told.
 */
import type { Kysely } from "kysely";
import { limits } from "../base/limits.ts";
import type { Decision, Journal, JournalFilter, JournalSize, RecordedQuestion } from "../memory/journal.ts";
import { unpackAnswer, unpackDecision } from "./journal-pack.ts";
import { eraseParty } from "./store-journal-erase.ts";
import { behind, chunksOf, hexOf, inOrder, type JournalStore, type Place } from "./store-journal-pages.ts";
import { pruneStep } from "./store-journal-prune.ts";
import { partyOf, splitHashes } from "./store-journal-rows.ts";
import type { DecisionTable, StoreTables } from "./store-tables.ts";

export function storeJournal(store: JournalStore): Journal {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw store.faultOf(error);
    }
  };
  return {
    read: (filter) => read(store, filter),
    size: () => guarded(() => sizeOf(store.db)),
    erase: (address) => guarded(() => eraseParty(store, partyOf(address, store.fingerprint))),
    prune: (bounds) => guarded(() => pruneAll(store, bounds)),
    close: () => store.db.destroy(),
  };
}

async function* read(store: JournalStore, filter: JournalFilter): AsyncIterable<Decision | { readonly unreadable: string }> {
  let after: Place | null = null;
  const answers: Answers = new Map();
  for (;;) {
    const page: readonly DecisionTable[] = await pageOf(store, filter, after);
    if (filter.answers !== "left-out") await readAnswers(store, page, answers);
    for (const row of page) yield decisionOfRow(row, answers);
    after = page.at(-1) ?? null;
    if (page.length < limits.journalPage) return;
  }
}

async function pageOf({ db, faultOf }: JournalStore, filter: JournalFilter, after: Place | null): Promise<readonly DecisionTable[]> {
  try {
    let query = db.selectFrom("decision").selectAll().where("at", ">=", filter.since);
    if (filter.until !== undefined) query = query.where("at", "<", filter.until);
    if (filter.tenant !== undefined) query = query.where("tenant", "=", filter.tenant);
    return await inOrder(behind(query, after)).limit(limits.journalPage).execute();
  } catch (error) {
    throw faultOf(error);
  }
}

/** By the hexadecimal digits of their hash, which says all of an answer. */
type Answers = Map<string, RecordedQuestion>;

function decisionOfRow(row: DecisionTable, answers: Answers): Decision | { readonly unreadable: string } {
  const record = unpackDecision(row.body);
  if (record === null) return { unreadable: row.id };
  const questions = splitHashes(row.answers).flatMap((hash) => answers.get(hexOf(hash)) ?? []);
  return { ...record, tenant: row.tenant, questions };
}

/**
 * The answers that a page names, each once; most are known from the pages before. One that is not there was erased with whom it names, or
 * cannot be read.
 */
async function readAnswers({ db, faultOf }: JournalStore, page: readonly DecisionTable[], known: Answers): Promise<void> {
  if (known.size > limits.journalAnswersKept) known.clear();
  const wanted = new Map<string, Uint8Array>();
  for (const { answers } of page) {
    for (const hash of splitHashes(answers)) {
      const name = hexOf(hash);
      if (!known.has(name)) wanted.set(name, hash);
    }
  }
  try {
    for (const hashes of chunksOf([...wanted.values()])) {
      const rows = await db.selectFrom("decision_answer").select(["hash", "body"]).where("hash", "in", hashes).execute();
      for (const { hash, body } of rows) {
        const question = unpackAnswer(body);
        if (question !== null) known.set(hexOf(hash), question);
      }
    }
  } catch (error) {
    throw faultOf(error);
  }
}

async function sizeOf(db: Kysely<StoreTables>): Promise<JournalSize> {
  const sums = await db
    .selectFrom("decision_size")
    .select((of) => ["kind", of.fn.sum("records").as("records"), of.fn.sum("bytes").as("bytes")])
    .groupBy("kind")
    .execute();
  const [oldest] = await inOrder(db.selectFrom("decision").select("at")).limit(1).execute();
  const records = sums.find(({ kind }) => kind === "decision")?.records ?? 0;
  return { decisions: Number(records), bytes: sums.reduce((sum, { bytes }) => sum + Number(bytes), 0), oldest: oldest?.at ?? null };
}

async function pruneAll(store: JournalStore, bounds: { readonly before: number; readonly bytesMax: number }): Promise<number> {
  let taken = 0;
  for (;;) {
    const step = await store.transaction((db) => pruneStep(db, bounds));
    taken += step.decisions;
    if (step.decisions + step.answers === 0) return taken;
  }
}

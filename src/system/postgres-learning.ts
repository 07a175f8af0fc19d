/**
 * The PostgreSQL store as `assay learn` writes it: on a connection and in transactions of its own, so that a message and the mark that it was
 * learnt are written together or not at all, also where two runs learn the same mail at once. Servers may go on using the store meanwhile.
 * It does not go on after a fault: it throws LearningFault, and what was committed stays.
 */
import type { Client } from "pg";
import { limits } from "../base/limits.ts";
import { dayOf } from "../memory/decay.ts";
import { type Learnable, type Learning, LearningFault } from "../memory/learning.ts";
import { type Ledger, openLedger } from "../memory/ledger.ts";
import { countSources } from "../memory/sources.ts";
import { type Teaching, teachLesson, teachSent } from "../memory/teach.ts";
import { postgresFaultLine, postgresReport, shownUrl } from "./postgres-fault.ts";
import { historyOf } from "./postgres-history.ts";
import { postgresClient } from "./postgres-pool.ts";
import { migratePostgres, readPostgresMeta } from "./postgres-schema.ts";
import { inTransaction } from "./postgres-transaction.ts";
import { writeLedger } from "./postgres-upserts.ts";
import { keyedFingerprint } from "./sqlite-file.ts";

export type PostgresLearningOptions = { readonly url: string; readonly suffixes?: readonly string[] | undefined };

/** Opens the store, making and migrating it as needed. Throws LearningFault, as do the methods. */
export async function openPostgresLearning({ url, suffixes }: PostgresLearningOptions): Promise<Learning> {
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new LearningFault(postgresFaultLine(shownUrl(url), postgresReport(error)));
    }
  };
  const inner = await guard(() => open(url, suffixes));
  return {
    isLearnt: (id) => guard(() => inner.isLearnt(id)),
    history: (question) => guard(() => inner.history(question)),
    learn: (item) => guard(() => inner.learn(item)),
    flush: () => guard(() => inner.flush()),
    close: () => inner.close(),
  };
}

async function open(url: string, suffixes: readonly string[] | undefined): Promise<Learning> {
  const client = postgresClient(url, limits.postgresStatementMs);
  try {
    await client.connect();
    await client.query("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'");
    await migratePostgres(client, Date.now());
    await client.query("DELETE FROM learnt WHERE day < $1", [dayOf(Date.now()) - limits.learntDays]);
    const meta = await readPostgresMeta(client);
    const fingerprint = keyedFingerprint(meta.key);
    return learningOn(client, { decay: meta.decay, fingerprint, sources: countSources(), localSuffixes: suffixes });
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

function learningOn(client: Client, teaching: Teaching): Learning {
  const ask = historyOf(teaching, teaching.fingerprint);
  const waiting = new Map<string, Learnable>();
  const nameOf = (id: string): string => teaching.fingerprint(`learnt ${id}`);
  const isKnown = async (name: string): Promise<boolean> => {
    if (waiting.has(name)) return true;
    const { rowCount } = await client.query({ name: "learnt", text: "SELECT 1 FROM learnt WHERE id = $1", values: [name] });
    return rowCount === 1;
  };
  const flush = async (): Promise<void> => {
    if (waiting.size === 0) return;
    await inTransaction(client, async () => {
      const rows = Array.from(waiting, ([id, { day }]) => ({ id, day }));
      // Another run may have been faster: what it has marked is not learnt again.
      const marked = await client.query<{ id: string }>(markSql, [JSON.stringify(rows)]);
      const fresh = marked.rows.flatMap(({ id }) => waiting.get(id) ?? []);
      // Tried again, it must not count against the sources twice.
      const { value: ledger, takeBack } = teaching.sources.tentative(() => taught(fresh, teaching));
      try {
        await writeLedger(client, ledger);
      } catch (error) {
        takeBack();
        throw error;
      }
    });
    waiting.clear();
  };
  return {
    isLearnt: (id) => isKnown(nameOf(id)),
    history: (question) => ask(client, question),
    learn: async (item) => {
      const name = nameOf(item.id);
      if (await isKnown(name)) return;
      waiting.set(name, item);
      if (waiting.size >= limits.learnBatch) await flush();
    },
    flush,
    close: () => client.end(),
  };
}

const markSql = `INSERT INTO learnt (id, day) SELECT g.id, g.day FROM json_to_recordset($1::json) AS g (id text, day int)
  ORDER BY g.id COLLATE "C" ON CONFLICT (id) DO NOTHING RETURNING id`;

function taught(items: readonly Learnable[], teaching: Teaching): Ledger {
  const ledger = openLedger("batch");
  for (const item of items) {
    if ("lesson" in item) teachLesson(ledger, item.lesson, teaching);
    else teachSent(ledger, item.sent, teaching);
  }
  return ledger;
}

/**
 * The journal of decisions in PostgreSQL, as a writing process keeps it: records go in within the transaction of a batch, a statement a
 * table, whoever else is writing. Whoever takes records out does so alone (journalLock), so that no answer goes that a new record names.
 * Reading, erasure and pruning are store-journal*.ts's.
 */
import type { ClientBase } from "pg";
import { bytesOfAnswer, bytesOfDecision, type DecisionRows, dayOfTime } from "./store-journal-rows.ts";
import type { DecisionAnswerTable, DecisionSizeTable } from "./store-tables.ts";

/** Shared by those who add records, alone for those who take some out. */
export const journalLock = 0x41737382;

type Added = { readonly records: number; readonly sizes: readonly DecisionSizeTable[] };

/** Within a transaction. What is there already, because a batch came twice, stays. The sizes are written last: see writeSizes. */
export async function writeDecisions(client: ClientBase, rows: readonly DecisionRows[]): Promise<Added> {
  if (rows.length === 0) return { records: 0, sizes: [] };
  await client.query("SELECT pg_advisory_xact_lock_shared($1)", [journalLock]);
  const { rows: inserted } = await client.query<{ at: number; id: string; tenant: string }>(decisionSql, [
    JSON.stringify(rows.map(({ decision: { body, answers, ...rest } }) => ({ ...rest, answers: base64(answers), body: base64(body) }))),
  ]);
  const isNew = new Set(inserted.map(nameOf));
  const added = rows.filter(({ decision }) => isNew.delete(nameOf(decision)));
  await client.query(partySql, [JSON.stringify(added.flatMap(({ parties }) => parties))]);
  const sizes = openSizes();
  for (const { decision } of added)
    sizes.add({ day: dayOfTime(decision.at), kind: "decision", tenant: decision.tenant }, { records: 1, bytes: bytesOfDecision(decision) });
  await useAnswers(client, lastUses(added), sizes);
  return { records: added.length, sizes: sizes.all() };
}

/** The rows that every batch changes: written last, so that nobody waits for them long. */
export async function writeSizes(client: ClientBase, sizes: readonly DecisionSizeTable[]): Promise<void> {
  if (sizes.length > 0) await client.query(sizeSql, [JSON.stringify(sizes)]);
}

const decisionSql = `INSERT INTO decision (at, id, tenant, parties, answers, body)
  SELECT g.at, g.id, g.tenant, g.parties, decode(g.answers, 'base64'), decode(g.body, 'base64')
  FROM json_to_recordset($1::json) AS g (at bigint, id text, tenant text, parties text, answers text, body text)
  ORDER BY g.at, g.id COLLATE "C", g.tenant COLLATE "C" ON CONFLICT (at, id, tenant) DO NOTHING RETURNING at, id, tenant`;

const partySql = `INSERT INTO decision_party (party, at, id, tenant)
  SELECT g.party, g.at, g.id, g.tenant FROM json_to_recordset($1::json) AS g (party text, at bigint, id text, tenant text)
  ORDER BY g.party COLLATE "C", g.at, g.id COLLATE "C" ON CONFLICT (party, at, id, tenant) DO NOTHING`;

const sizeSql = `INSERT INTO decision_size (day, kind, tenant, records, bytes)
  SELECT g.day, g.kind, g.tenant, g.records, g.bytes
  FROM json_to_recordset($1::json) AS g (day int, kind text, tenant text, records bigint, bytes bigint)
  ORDER BY g.day, g.kind COLLATE "C", g.tenant COLLATE "C" ON CONFLICT (day, kind, tenant) DO UPDATE SET
    records = decision_size.records + excluded.records, bytes = decision_size.bytes + excluded.bytes`;

type Use = DecisionAnswerTable & { readonly name: string };

/** Each answer once, with the last day of its use. */
function lastUses(rows: readonly DecisionRows[]): readonly Use[] {
  const uses = new Map<string, Use>();
  for (const answer of rows.flatMap(({ answers }) => answers)) {
    const name = `${base64(answer.hash)} ${answer.tenant}`;
    const known = uses.get(name);
    if (known === undefined || known.day < answer.day) uses.set(name, { ...answer, name });
  }
  return [...uses.values()];
}

/** Keeps answers that are new, and notes a later use of those that are there; an answer counts on the day of its last use. */
async function useAnswers(client: ClientBase, uses: readonly Use[], sizes: Sizes): Promise<void> {
  const keys = uses.map(({ name, hash, tenant, day }) => ({ name, hash: base64(hash), tenant, day }));
  // What was used today before is only looked at: no lock is taken on what everybody uses.
  const { rows: known } = await client.query<{ name: string }>(knownSql, [JSON.stringify(keys)]);
  const isKnown = new Set(known.map(({ name }) => name));
  const fresh = uses
    .filter(({ name }) => !isKnown.has(name))
    .map(({ hash, body, ...rest }) => ({ ...rest, hash: base64(hash), body: base64(body) }));
  if (fresh.length === 0) return;
  const { rows: inserted } = await client.query<{ hash: Buffer; tenant: string }>(answerSql, [JSON.stringify(fresh)]);
  const isInserted = new Set(inserted.map(({ hash, tenant }) => `${base64(hash)} ${tenant}`));
  for (const { name, day, tenant, body } of uses)
    if (isInserted.has(name)) sizes.add({ day, kind: "answer", tenant }, { records: 1, bytes: bytesOfAnswer({ body }) });
  const older = fresh.filter(({ name }) => !isInserted.has(name));
  if (older.length === 0) return;
  const { rows: used } = await client.query<{ before: number; day: number; tenant: string; bytes: number }>(usedSql, [
    JSON.stringify(older),
  ]);
  for (const { before, day, tenant, bytes: length } of used) {
    const bytes = bytesOfAnswer({ body: { length } });
    sizes.add({ day: before, kind: "answer", tenant }, { records: -1, bytes: -bytes });
    sizes.add({ day, kind: "answer", tenant }, { records: 1, bytes });
  }
}

const answerKeys = "name text, hash text, tenant text, day int";
const knownSql = `SELECT g.name FROM json_to_recordset($1::json) AS g (${answerKeys})
  JOIN decision_answer a ON a.hash = decode(g.hash, 'base64') AND a.tenant = g.tenant AND a.day >= g.day`;
const answerSql = `INSERT INTO decision_answer (hash, tenant, day, body)
  SELECT decode(g.hash, 'base64'), g.tenant, g.day, decode(g.body, 'base64') FROM json_to_recordset($1::json) AS g (${answerKeys}, body text)
  ORDER BY 1, g.tenant COLLATE "C" ON CONFLICT (hash, tenant) DO NOTHING RETURNING hash, tenant`;
const usedSql = `WITH locked AS (
    SELECT a.hash, a.tenant, a.day AS before, g.day FROM decision_answer a
    JOIN json_to_recordset($1::json) AS g (${answerKeys}) ON a.hash = decode(g.hash, 'base64') AND a.tenant = g.tenant
    WHERE a.day < g.day ORDER BY a.hash, a.tenant FOR UPDATE OF a)
  UPDATE decision_answer a SET day = locked.day FROM locked
  WHERE a.hash = locked.hash AND a.tenant = locked.tenant AND a.day < locked.day
  RETURNING locked.before, locked.day, a.tenant, length(a.body) AS bytes`;

type Sizes = {
  add(key: Omit<DecisionSizeTable, "records" | "bytes">, change: Pick<DecisionSizeTable, "records" | "bytes">): void;
  all(): readonly DecisionSizeTable[];
};

function openSizes(): Sizes {
  const changes = new Map<string, DecisionSizeTable>();
  return {
    add: ({ day, kind, tenant }, { records, bytes }) => {
      const key = `${day} ${kind} ${tenant}`;
      const known = changes.get(key);
      changes.set(key, { day, kind, tenant, records: (known?.records ?? 0) + records, bytes: (known?.bytes ?? 0) + bytes });
    },
    all: () => [...changes.values()],
  };
}

function nameOf({ at, id, tenant }: { readonly at: number; readonly id: string; readonly tenant: string }): string {
  return `${at} ${id} ${tenant}`;
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("base64");
}

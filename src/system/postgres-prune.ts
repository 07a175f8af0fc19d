/**
 * Pruning of a PostgreSQL store, in steps: each looks at so many rows along one table's primary key and takes out those that have faded
 * (memory/forget.ts says what that is). A pass a day for all processes together; rows that somebody is writing are left for the next one.
 */
import type { ClientBase } from "pg";
import { limits } from "../base/limits.ts";
import type { Decay } from "../memory/decay.ts";
import { forgottenBelow } from "../memory/forget.ts";
import { inTransaction } from "./postgres-transaction.ts";
import { type GonePair, uncountPairs } from "./postgres-upserts.ts";

export type PostgresPruning = {
  /** One step, in a transaction of its own; false when there is nothing to do today. */
  step(day: number): Promise<boolean>;
};

type Prunable = { readonly table: string; readonly key: readonly string[]; readonly faded: string; readonly days?: number };

/** In this order: a token goes when its last pair has gone. `days`: how long a row of a day is kept; without it a row goes by its weight. */
const tables: readonly Prunable[] = [
  {
    table: "pair",
    key: ["organization", "tenant", "value", "kind"],
    faded: "messages + authenticated + unauthenticated + complaints < $1",
  },
  { table: "token", key: ["value", "tenant", "kind"], faded: "organizations <= 0 AND messages < $1" },
  { table: "contact", key: ["organization", "tenant", "recipient"], faded: "wrote_to + heard_from < $1" },
  { table: "journal", key: ["message_id", "tenant", "party"], faded: "day < $1", days: limits.journalDays },
  { table: "sighting", key: ["domain", "tenant", "infrastructure", "via", "day"], faded: "day < $1", days: limits.sightingDays },
  { table: "learnt", key: ["id"], faded: "day < $1", days: limits.learntDays },
  { table: "writer", key: ["id"], faded: "day < $1", days: limits.journalDays },
];

/** Two passes at once would only look twice. */
const pruneLock = 0x41737380;

export function postgresPruning(client: ClientBase, decay: Decay, rows: number = limits.historyPruneRows): PostgresPruning {
  let at = 0;
  let from: readonly unknown[] | null = null;
  return {
    step: (day) =>
      inTransaction(client, async () => {
        if (!(await isOurTurn(client, at === 0 && from === null ? day : null))) return false;
        const table = tables[at];
        if (table === undefined) {
          await client.query("INSERT INTO meta VALUES ('pruned_day', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [
            String(day),
          ]);
          at = 0;
          from = null;
          return false;
        }
        const limit = table.days === undefined ? forgottenBelow(day, decay) : day - table.days;
        from = await prune(client, table, { from, limit, rows });
        if (from === null) at += 1;
        return true;
      }),
  };
}

/** `day`: a pass would begin. */
async function isOurTurn(client: ClientBase, day: number | null): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean; pruned: number }>(
    `SELECT pg_try_advisory_xact_lock($1) AS locked, coalesce((SELECT value::int FROM meta WHERE name = 'pruned_day'), -1) AS pruned`,
    [pruneLock],
  );
  const [{ locked, pruned } = { locked: false, pruned: -1 }] = rows;
  return locked && (day === null || day >= pruned + limits.historyPruneDays);
}

type Step = { readonly from: readonly unknown[] | null; readonly limit: number; readonly rows: number };

/** Gives where the next step begins; null: the table is done. */
async function prune(client: ClientBase, { table, key, faded }: Prunable, { from, limit, rows }: Step): Promise<readonly unknown[] | null> {
  const columns = key.join(", ");
  const places = (first: number): string => key.map((column, i) => `$${first + i}${column === "day" ? "::int" : ""}`).join(", ");
  const after = from === null ? "TRUE" : `(${columns}) > (${places(1)})`;
  const end = await client.query<unknown[]>({
    text: `SELECT ${columns} FROM ${table} WHERE ${after} ORDER BY ${columns} LIMIT 1 OFFSET ${rows - 1}`,
    values: from === null ? [] : [...from],
    rowMode: "array",
  });
  const [until = null] = end.rows;
  const bounds = [
    ...(from === null ? [] : [`(${columns}) > (${places(2)})`]),
    ...(until === null ? [] : [`(${columns}) <= (${places(2 + (from?.length ?? 0))})`]),
  ];
  const { rows: gone } = await client.query<GonePair>(
    `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${table} WHERE ${[faded, ...bounds].join(" AND ")} ORDER BY ${columns} FOR UPDATE SKIP LOCKED))
      RETURNING *) ${table === "pair" ? goneSql : "SELECT FROM gone"}`,
    [limit, ...(from ?? []), ...(until ?? [])],
  );
  if (table === "pair") await uncountPairs(client, gone);
  return until;
}

const goneSql = `SELECT tenant, value, kind, count(*) AS pairs, count(*) FILTER (WHERE failures > 0) AS failed,
  count(*) FILTER (WHERE relayed > 0) AS carried FROM gone WHERE kind <> '' GROUP BY tenant, value, kind`;

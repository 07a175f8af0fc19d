/**
 * Pruning of the embedded store, in steps between batches: each step walks so many rows along one table's primary key and takes out
 * those that have faded (memory/forget.ts says what that is). A pass a day; a pass that is cut short starts again.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { limits } from "../base/limits.ts";
import type { Decay } from "../memory/decay.ts";
import { forgottenBelow } from "../memory/forget.ts";
import { inTransaction } from "./sqlite-upserts.ts";

export type Pruning = {
  /** One step, in a transaction of its own; false when there is nothing to do today. */
  step(day: number): boolean;
};

/** In this order: a token goes when its last pair has gone. */
const tables = [
  { table: "pair", key: ["organization", "tenant", "value", "kind"], faded: "messages + authenticated + unauthenticated + complaints < ?" },
  { table: "token", key: ["value", "tenant", "kind"], faded: "organizations = 0 AND messages < ?" },
  { table: "contact", key: ["organization", "tenant", "recipient"], faded: "wrote_to + heard_from < ?" },
  { table: "journal", key: ["message_id", "tenant", "party"], faded: "day < ?", days: limits.journalDays },
  { table: "sighting", key: ["domain", "tenant", "infrastructure", "via", "day"], faded: "day < ?", days: limits.sightingDays },
] as const satisfies readonly Prunable[];

/** `days`: how long a row of a day is kept; without it a row goes by its weight. */
type Prunable = { readonly table: string; readonly key: readonly string[]; readonly faded: string; readonly days?: number };

type Walk = { readonly days: number | null; readonly width: number; readonly end: StatementSync; readonly take: StatementSync };

export function pruningOf(db: DatabaseSync, decay: Decay, rows: number = limits.historyPruneRows): Pruning {
  const walks = tables.map((each) => walkOf(db, each, rows));
  const read = db.prepare("SELECT value FROM meta WHERE name = 'pruned_day'");
  const write = db.prepare("INSERT INTO meta VALUES ('pruned_day', ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  let at = 0;
  let from: readonly SQLInputValue[] | null = null;
  return {
    step: (day) => {
      if (at === 0 && from === null && day < Number(read.get()?.["value"] ?? -1) + limits.historyPruneDays) return false;
      return inTransaction(db, () => {
        const walk = walks[at];
        if (walk === undefined) {
          write.run(String(day));
          at = 0;
          from = null;
          return false;
        }
        from ??= Array.from({ length: walk.width }, () => "");
        const end = walk.end.get(...from);
        const limit = walk.days === null ? forgottenBelow(day, decay) : day - walk.days;
        // Past the last row there is nothing to end at: a key that no row reaches stands for it.
        const until = end === undefined ? Array.from({ length: walk.width }, () => beyond) : Object.values(end);
        walk.take.run(...from, ...until, limit);
        if (end === undefined) at += 1;
        from = end === undefined ? null : until;
        return true;
      });
    },
  };
}

/** A blob sorts behind all text (SQLite: Sort Order). */
const beyond: SQLInputValue = new Uint8Array(0);

function walkOf(db: DatabaseSync, { table, key, faded, days }: Prunable, rows: number): Walk {
  const columns = key.join(", ");
  const places = key.map(() => "?").join(", ");
  return {
    days: days ?? null,
    width: key.length,
    end: db.prepare(`SELECT ${columns} FROM ${table} WHERE (${columns}) > (${places}) ORDER BY ${columns} LIMIT 1 OFFSET ${rows - 1}`),
    take: db.prepare(`DELETE FROM ${table} WHERE (${columns}) > (${places}) AND (${columns}) <= (${places}) AND ${faded}`),
  };
}

/**
 * Transactions on PostgreSQL: begun, committed, undone where they fail, and tried again where the server has undone one for another's
 * sake. And batches that count once: each writing process numbers its batches, and the number is written with them, so that a batch whose
 * commit nobody heard of is not written twice, whether the server had committed it, had not, or still was at it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientBase } from "pg";
import { limits } from "../base/limits.ts";
import { isRetryable, stateOf } from "./postgres-fault.ts";

/** Runs `work` between BEGIN and COMMIT, several times if need be: it must not count anything of its own. */
export async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query("BEGIN");
      const value = await work();
      await client.query("COMMIT");
      return value;
    } catch (error) {
      // On a connection that has gone there is nothing to undo, and nobody to ask.
      if (stateOf(error) !== null) await client.query("ROLLBACK").catch(() => {});
      if (!isRetryable(error) || tries >= limits.postgresTriesMax) throw error;
      await sleep(tries * tries * Math.random() * 10);
    }
  }
}

/** Within a transaction: false where this writer's batch of that number has been written already. Waits for one that is being written. */
export async function claimBatch(client: ClientBase, { id, number, day }: Batch): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO writer (id, number, day) VALUES ($1, $2, $3)
      ON CONFLICT (id) DO UPDATE SET number = excluded.number, day = excluded.day WHERE writer.number < excluded.number`,
    [id, number, day],
  );
  return rowCount === 1;
}

export type Batch = { readonly id: string; readonly number: number; readonly day: number };

/** A JSON list of items, and the number that it was or will be written under. */
export type Piece = { readonly json: string; readonly number: number };

/** Divides what comes to be written into the pieces it was tried in before, each with its number, and what is new. */
export function numberedPieces(): { of(json: string): readonly Piece[]; allWritten(): void } {
  let tried: readonly Piece[] = [];
  let last = 0;
  return {
    of: (json) => {
      const pieces: Piece[] = [];
      let rest = json;
      for (const piece of tried) {
        const after = restOf(rest, piece.json);
        // What comes first is no longer the same: the oldest were dropped meanwhile, and what became of the others is not known.
        if (after === null) break;
        pieces.push(piece);
        rest = after;
      }
      if (rest !== "[]") {
        last += 1;
        pieces.push({ json: rest, number: last });
      }
      tried = pieces;
      return pieces;
    },
    allWritten: () => {
      tried = [];
    },
  };
}

/** What a JSON list has behind the items of another, as a list; null where it does not begin with them. */
function restOf(json: string, first: string): string | null {
  if (json === first) return "[]";
  const end = first.length - 1;
  return json.startsWith(first.slice(0, end)) && json[end] === "," ? `[${json.slice(end + 1)}` : null;
}

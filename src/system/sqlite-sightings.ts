/**
 * What messages leave behind for spoof intelligence and for idle entries, written into the embedded store within the transaction of a
 * batch. New pairs are bounded (memory/sighting-sources.ts); what exceeds the bound is counted together.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Matched } from "../memory/memory.ts";
import { mergeSightings, overflowKey, type SightingKey, type SightingRow } from "../memory/sighting-rows.ts";
import type { SightingSources } from "../memory/sighting-sources.ts";
import type { Sighting } from "../memory/sightings.ts";
import type { Fingerprint } from "../memory/teach.ts";
import { gatherSightings, readSighting, type StoredSighting, storedSighting } from "./store-sighting-rows.ts";

export type SightingWriter = {
  /** Gives the number of rows. */
  write(sightings: readonly Sighting[]): number;
  matched(list: readonly Matched[]): number;
};

export function sightingWriterOf(
  db: DatabaseSync,
  { fingerprint, sources }: { readonly fingerprint: Fingerprint; readonly sources: SightingSources },
): SightingWriter {
  const rows = rowsOf(db);
  const count = db.prepare("SELECT count(*) AS count FROM sighting WHERE day = ? AND tenant = ?");
  const matched = db.prepare(
    "UPDATE entry SET matched_day = ?1 WHERE id = ?2 AND tenant = ?3 AND (matched_day IS NULL OR matched_day < ?1)",
  );
  return {
    write: (sightings) =>
      sources.attempt(() => {
        const gathered = gatherSightings(sightings, fingerprint);
        for (const { key, row, first } of gathered) {
          const before = rows.find(key);
          const fits = before !== null || sources.mayOpen(first, () => Number(count.get(key.day, key.tenant)?.["count"] ?? 0));
          if (fits) rows.put(key, before === null ? row : mergeSightings(before, row));
          else addOverflow(rows, key, row);
        }
        return gathered.length;
      }),
    matched: (list) => {
      let written = 0;
      for (const { tenant, day, entries } of list) for (const id of entries) written += Number(matched.run(day, id, tenant).changes);
      return written;
    },
  };
}

function addOverflow(rows: Rows, key: SightingKey, row: SightingRow): void {
  const others = overflowKey(key);
  const before = rows.find(others);
  const bare = { ...row, users: [], samples: [] };
  rows.put(others, before === null ? bare : mergeSightings(before, bare));
}

type Rows = { find(key: SightingKey): SightingRow | null; put(key: SightingKey, row: SightingRow): void };

function rowsOf(db: DatabaseSync): Rows {
  const find = db.prepare(
    `SELECT messages, acted, would_act, recipients, users, latest, samples FROM sighting
     WHERE domain = ? AND tenant = ? AND infrastructure = ? AND via = ? AND day = ?`,
  );
  const put: StatementSync = db.prepare(
    `INSERT OR REPLACE INTO sighting (domain, tenant, infrastructure, via, day, messages, acted, would_act, recipients, users, latest, samples)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    find: ({ domain, tenant, infrastructure, via, day }) => {
      const found = find.get(domain, tenant, infrastructure, via, day) as unknown as StoredSighting | undefined; // the columns above
      return found === undefined ? null : readSighting(found);
    },
    put: ({ domain, tenant, infrastructure, via, day }, row) => {
      const { messages, acted, would_act, recipients, users, latest, samples } = storedSighting(row);
      put.run(domain, tenant, infrastructure, via, day, messages, acted, would_act, recipients, users, latest, samples);
    },
  };
}

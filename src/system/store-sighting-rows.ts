/**
 * Rows of spoof intelligence as the databases hold them and back, and a batch of sightings put together by pair and day before it is
 * written. Pure.
 */

import { mergeSightings, type SightingKey, type SightingRow, sightingKey, sightingRow } from "../memory/sighting-rows.ts";
import type { Sighting } from "../memory/sightings.ts";
import type { Fingerprint } from "../memory/teach.ts";
import { StoreFault } from "./sqlite-fault.ts";
import type { SightingTable } from "./store-tables.ts";

export type GatheredSighting = {
  readonly key: SightingKey;
  readonly row: SightingRow;
  /** Where the counting of sources begins. */
  readonly first: Sighting;
};

/** In the order of the primary key, so that two writers lock rows in one order. */
export function gatherSightings(sightings: readonly Sighting[], fingerprint: Fingerprint): readonly GatheredSighting[] {
  const gathered = new Map<string, GatheredSighting>();
  for (const sighting of sightings) {
    const key = sightingKey(sighting);
    if (key === null) continue;
    const name = JSON.stringify([key.domain, key.tenant, key.infrastructure, key.via, key.day]);
    const row = sightingRow(sighting, fingerprint);
    const found = gathered.get(name);
    gathered.set(name, found === undefined ? { key, row, first: sighting } : { ...found, row: mergeSightings(found.row, row) });
  }
  return [...gathered].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

/** What stands in the row besides its key. */
export type StoredSighting = Omit<SightingTable, keyof SightingKey>;

export function storedSighting({ messages, acted, wouldAct, recipients, users, latest, samples }: SightingRow): StoredSighting {
  return {
    ...{ messages, acted, would_act: wouldAct, recipients },
    ...{ users: JSON.stringify(users), latest: JSON.stringify(latest), samples: JSON.stringify(samples) },
  };
}

export function readSighting(stored: StoredSighting): SightingRow {
  const { messages, acted, would_act, recipients, users, latest, samples } = stored;
  try {
    return {
      ...{ messages, acted, wouldAct: would_act, recipients },
      // storedSighting has written them.
      users: JSON.parse(users) as SightingRow["users"],
      latest: JSON.parse(latest) as SightingRow["latest"],
      samples: JSON.parse(samples) as SightingRow["samples"],
    };
  } catch {
    throw new StoreFault("corrupt", "a row of spoof intelligence is damaged");
  }
}

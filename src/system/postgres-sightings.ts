/**
 * What messages leave behind for spoof intelligence and for idle entries, written into PostgreSQL within the transaction of a batch, as
 * sqlite-sightings.ts does. Rows of sightings are read, merged and written back: one process at a time, by a lock that is taken last, so that
 * whoever holds it waits for nobody.
 */
import type { ClientBase } from "pg";
import type { Matched } from "../memory/memory.ts";
import { mergeSightings, overflowKey, type SightingKey, type SightingRow } from "../memory/sighting-rows.ts";
import type { SightingSources } from "../memory/sighting-sources.ts";
import { isStorable } from "./postgres-pool.ts";
import { type GatheredSighting, readSighting, type StoredSighting, storedSighting } from "./store-sighting-rows.ts";

const sightingsLock = 0x41737381;

/** Gives the number of rows. What it counts of the sources is the caller's to take back, who knows whether the transaction was kept. */
export async function writeSightings(client: ClientBase, given: readonly GatheredSighting[], sources: SightingSources): Promise<number> {
  const gathered = given.filter(({ key }) => isStorable(key.domain) && isStorable(key.infrastructure) && isStorable(key.tenant));
  if (gathered.length === 0) return 0;
  await client.query("SELECT pg_advisory_xact_lock($1)", [sightingsLock]);
  const others = gathered.map(({ key }) => overflowKey(key));
  const known = await rowsOf(client, [...gathered.map(({ key }) => key), ...others]);
  const opened = await openedOf(client, gathered);
  const written = new Map<string, { readonly key: SightingKey; readonly row: SightingRow }>();
  const put = (key: SightingKey, row: SightingRow): void => {
    const name = nameOf(key);
    const before = known.get(name);
    const merged = before === undefined ? row : mergeSightings(before, row);
    known.set(name, merged);
    written.set(name, { key, row: merged });
  };
  for (const { key, row, first } of gathered) {
    const fits = known.has(nameOf(key)) || sources.mayOpen(first, () => opened.get(dayName(key)) ?? 0);
    if (fits) put(key, row);
    else put(overflowKey(key), { ...row, users: [], samples: [] });
  }
  const rows = Array.from(written.values(), ({ key, row }) => ({ ...key, ...storedSighting(row) }));
  await client.query(putSql, [JSON.stringify(rows)]);
  return rows.length;
}

/** Entries that matched a message today. */
export async function writeMatched(client: ClientBase, list: readonly Matched[]): Promise<number> {
  const rows = list.flatMap(({ tenant, day, entries }) => entries.map((id) => ({ tenant, day, id })));
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(matchedSql, [JSON.stringify(rows)]);
  return rowCount ?? 0;
}

const matchedSql = `
WITH given AS (SELECT id, tenant, max(day) AS day FROM json_to_recordset($1::json) AS g (id text, tenant text, day int) GROUP BY id, tenant),
locked AS (SELECT e.id, e.tenant, g.day FROM entry e JOIN given g ON g.id = e.id AND g.tenant = e.tenant
  WHERE e.matched_day IS NULL OR e.matched_day < g.day ORDER BY e.id, e.tenant FOR UPDATE OF e)
UPDATE entry SET matched_day = locked.day FROM locked
  WHERE entry.id = locked.id AND entry.tenant = locked.tenant AND (matched_day IS NULL OR matched_day < locked.day)`;

const keyTypes = "domain text, tenant text, infrastructure text, via text, day int";
const columns = "domain, tenant, infrastructure, via, day, messages, acted, would_act, recipients, users, latest, samples";
const set = columns
  .split(", ")
  .slice(5)
  .map((column) => `${column} = excluded.${column}`);
const putSql = `INSERT INTO sighting (${columns}) SELECT ${columns} FROM json_to_recordset($1::json) AS g
  (${keyTypes}, messages bigint, acted bigint, would_act bigint, recipients bigint, users text, latest text, samples text)
  ON CONFLICT (domain, tenant, infrastructure, via, day) DO UPDATE SET ${set.join(", ")}`;

async function rowsOf(client: ClientBase, keys: readonly SightingKey[]): Promise<Map<string, SightingRow>> {
  const { rows } = await client.query<SightingKey & StoredSighting>(
    `SELECT DISTINCT s.* FROM json_to_recordset($1::json) AS g (${keyTypes})
      JOIN sighting s USING (domain, tenant, infrastructure, via, day)`,
    [JSON.stringify(keys)],
  );
  return new Map(rows.map((row) => [nameOf(row), readSighting(row)]));
}

/** How many pairs of each tenant and day are open. */
async function openedOf(client: ClientBase, gathered: readonly GatheredSighting[]): Promise<Map<string, number>> {
  const names = new Map(gathered.map(({ key }) => [dayName(key), { tenant: key.tenant, day: key.day }]));
  const { rows } = await client.query<{ tenant: string; day: number; count: number }>(
    `SELECT g.tenant, g.day, (SELECT count(*) FROM sighting s WHERE s.day = g.day AND s.tenant = g.tenant) AS count
      FROM json_to_recordset($1::json) AS g (tenant text, day int)`,
    [JSON.stringify([...names.values()])],
  );
  return new Map(rows.map((row) => [dayName(row), row.count]));
}

function nameOf({ domain, tenant, infrastructure, via, day }: SightingKey): string {
  return JSON.stringify([domain, tenant, infrastructure, via, day]);
}

function dayName({ tenant, day }: Pick<SightingKey, "tenant" | "day">): string {
  return `${day} ${tenant}`;
}

/**
 * The entries that a node keeps in its own memory for the time without a server: all of them, up to limits.entriesCopiedMax, brought up to
 * date when the server says that some have changed (LISTEN/NOTIFY) and every few seconds besides. While the server answers, messages do
 * not use it. Where there are more, whole tenants are left out, the largest first: half of a tenant's entries would mislead.
 */
import type { Client } from "pg";
import { limits } from "../base/limits.ts";
import { dayOf } from "../memory/decay.ts";
import type { EntriesQuestion, Entry, FoundEntries } from "../memory/entries.ts";
import { knownEntries } from "./postgres-entries.ts";
import { postgresReport } from "./postgres-fault.ts";
import { postgresClient } from "./postgres-pool.ts";
import { entriesChannel } from "./postgres-schema.ts";
import type { FaultReport } from "./sqlite-fault.ts";
import { entryOf } from "./store-entry-rows.ts";
import type { EntryTable } from "./store-tables.ts";

export type EntriesCopy = {
  /** What was in force when the server was last heard; `unavailable` where that is not known. */
  find(question: EntriesQuestion): FoundEntries;
  /** When the copy was last known to be what the server has, in milliseconds since 1970; null: never yet. */
  asOf(): number | null;
  /** Why the server does not answer; null: it does. */
  fault(): FaultReport | null;
  /** Tenants whose entries are not kept here. */
  leftOut(): number;
  close(): Promise<void>;
};

/** What one short run does not need is not begun. */
const firstMs = 500;

/** `mayOpen`: the store has its tables. */
export function openEntriesCopy(url: string, mayOpen: () => boolean): EntriesCopy {
  let copy: Copy | null = null;
  let asOf: number | null = null;
  let readOn = -1;
  let client: Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let pauseMs: number = limits.storeRetryMs;
  let isClosed = false;
  let working: Promise<void> | null = null;
  let isWanted = false;
  let fault: FaultReport | null = null;
  const later = (ms: number): void => {
    if (timer !== null) clearTimeout(timer);
    timer = isClosed ? null : setTimeout(turn, ms).unref();
  };
  const work = async (): Promise<void> => {
    try {
      client ??= await listening(url, () => turn());
      // The days of matches change without a notice: read anew with each day, so that no entry here ends for want of them.
      const today = dayOf(Date.now());
      copy = await refreshed(client, today === readOn ? copy : null);
      readOn = today;
      asOf = Date.now();
      fault = null;
      pauseMs = limits.storeRetryMs;
      later(limits.postgresRefreshMs);
    } catch (error) {
      // close() has cut it short: nothing is wrong.
      if (isClosed) return;
      fault = postgresReport(error);
      client?.end().catch(() => {});
      client = null;
      later(pauseMs);
      pauseMs = Math.min(2 * pauseMs, limits.storeRetryMaxMs);
    }
  };
  const turn = (): void => {
    if (isClosed) return;
    if (copy === null && !mayOpen()) {
      later(limits.storeRetryMs);
      return;
    }
    if (working !== null) {
      isWanted = true;
      return;
    }
    working = work().finally(() => {
      working = null;
      if (isWanted) later(0);
      isWanted = false;
    });
  };
  later(firstMs);
  return {
    find: (question) => (copy === null ? unavailable : findIn(copy, question, asOf)),
    asOf: () => asOf,
    fault: () => fault,
    leftOut: () => copy?.leftOut.size ?? 0,
    close: async () => {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await client?.end().catch(() => {});
      await working;
      // One that was being made has come meanwhile.
      await client?.end().catch(() => {});
    },
  };
}

const unavailable = { status: "unavailable" } as const;

type Kept = Pick<EntryTable, "key" | "tenant" | "shape" | "id"> & { readonly entry: Entry };
type Copy = {
  /** By tenant, shape and key; and by tenant and id. */
  readonly byKey: Map<string, Kept[]>;
  readonly byId: Map<string, Kept>;
  readonly leftOut: Set<string>;
  /** The last change that is in it. */
  number: number;
};

async function listening(url: string, onChange: () => void): Promise<Client> {
  const client = postgresClient(url, limits.postgresStatementMs);
  try {
    await client.connect();
    client.on("notification", onChange);
    // A lost connection is noticed now, and not at the next look.
    client.on("end", onChange);
    await client.query(`LISTEN ${entriesChannel}`);
    return client;
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

async function refreshed(client: Client, copy: Copy | null): Promise<Copy> {
  const { rows } = await client.query<{ last: number }>("SELECT coalesce(max(number), 0) AS last FROM entry_change");
  const last = rows[0]?.last ?? 0;
  if (copy === null || last < copy.number || last - copy.number > limits.entryPage) return whole(client, last);
  if (last > copy.number) await addChanged(client, copy, last);
  return copy.byId.size > limits.entriesCopiedMax ? whole(client, last) : copy;
}

const columns = "e.key, e.tenant, e.shape, e.id, e.kind, e.value, e.matched_day, e.number";
type Row = Pick<EntryTable, "key" | "tenant" | "shape" | "id" | "kind" | "value" | "matched_day" | "number">;

/** Everything anew. What changes meanwhile is in the next look, whose numbers are higher. */
async function whole(client: Client, number: number): Promise<Copy> {
  const { rows: tenants } = await client.query<{ tenant: string; count: number }>(
    "SELECT tenant, count(*) AS count FROM entry GROUP BY tenant ORDER BY count(*), tenant",
  );
  const copy: Copy = { byKey: new Map(), byId: new Map(), leftOut: new Set(), number };
  let room: number = limits.entriesCopiedMax;
  for (const { tenant, count } of tenants) {
    room -= count;
    if (room < 0) copy.leftOut.add(tenant);
    else await addTenant(client, copy, tenant);
  }
  return copy;
}

async function addTenant(client: Client, copy: Copy, tenant: string): Promise<void> {
  for (let after = -1; ; ) {
    const { rows } = await client.query<Row>(
      `SELECT ${columns} FROM entry e WHERE e.tenant = $1 AND e.number > $2 ORDER BY e.number LIMIT ${limits.copyRows}`,
      [tenant, after],
    );
    for (const row of rows) put(copy, row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < limits.copyRows) return;
    after = last.number;
  }
}

async function addChanged(client: Client, copy: Copy, last: number): Promise<void> {
  const { rows } = await client.query<{ tenant: string; id: string } & Partial<Row>>(
    `SELECT DISTINCT ON (c.tenant, c.id) ${columns}, c.tenant, c.id FROM entry_change c LEFT JOIN entry e ON e.id = c.id AND e.tenant = c.tenant
      WHERE c.number > $1 AND c.number <= $2`,
    [copy.number, last],
  );
  for (const { tenant, id, ...row } of rows) {
    if (copy.leftOut.has(tenant)) continue;
    take(copy, tenant, id);
    if (row.key != null) put(copy, { ...row, tenant, id } as Row); // with a key all columns of the entry are there
  }
  copy.number = last;
}

function put(copy: Copy, row: Row): void {
  const entry = entryOf(row);
  if (entry === null) return;
  const kept: Kept = { key: row.key, tenant: row.tenant, shape: row.shape, id: row.id, entry };
  take(copy, row.tenant, row.id);
  copy.byId.set(nameOf(row.tenant, row.id), kept);
  const place = nameOf(row.tenant, row.shape, row.key);
  const beside = copy.byKey.get(place);
  if (beside === undefined) copy.byKey.set(place, [kept]);
  else beside.push(kept);
}

function take(copy: Copy, tenant: string, id: string): void {
  const kept = copy.byId.get(nameOf(tenant, id));
  if (kept === undefined) return;
  copy.byId.delete(nameOf(tenant, id));
  const place = nameOf(tenant, kept.shape, kept.key);
  const others = copy.byKey.get(place)?.filter((other) => other !== kept) ?? [];
  if (others.length === 0) copy.byKey.delete(place);
  else copy.byKey.set(place, others);
}

function findIn(copy: Copy, { tenant, pairKeys, listKeys }: EntriesQuestion, asOf: number | null): FoundEntries {
  if (copy.leftOut.has(tenant)) return unavailable;
  const of = (shape: Entry["shape"], keys: readonly string[]): readonly Entry[] =>
    [...new Set(keys)].flatMap((key) => copy.byKey.get(nameOf(tenant, shape, key))?.map(({ entry }) => entry) ?? []);
  return knownEntries([...of("pair", pairKeys), ...of("list", listKeys)], asOf ?? 0);
}

/** No name holds a NUL: PostgreSQL's text has none. */
function nameOf(...parts: readonly string[]): string {
  return parts.join("\0");
}

/**
 * One batch into PostgreSQL: the merges of memory/rows.ts as SQL, one statement a table, its rows as one JSON text. An update is a plain
 * addition of what the batch adds, under the row's lock, so that any number of processes write at once and every sum is exact. All take
 * locks in one order (tables as below, keys as sorted, the rows that everybody needs last), so that two never wait for each other. What a
 * pair has turned into is told by the write itself, and counted into its token.
 */
import type { ClientBase } from "pg";
import type { Ledger, TenantBook } from "../memory/ledger.ts";
import type { PairRow } from "../memory/rows.ts";
import { isStorable } from "./postgres-pool.ts";
import { placed } from "./sqlite-upserts.ts";

/** Writes all of the ledger, within the transaction that its caller has begun. Gives the number of rows. */
export async function writeLedger(client: ClientBase, ledger: Ledger): Promise<number> {
  const { pairs, contacts, journal, tokens, tenants } = rowsOf(ledger);
  let rows = 0;
  const turned = new Map<string, TokenCounted>();
  for (const row of await upsert(client, pairSql, pairs)) {
    rows += 1;
    countTurned(turned, row);
  }
  rows += (await upsert(client, contactSql, contacts)).length;
  rows += (await upsert(client, journalSql, journal)).length;
  rows += (await upsert(client, tokenSql, counted(tokens, turned))).length;
  return rows + (await upsert(client, tenantSql, tenants)).length;
}

/** What is taken from the counts of tokens whose pairs have gone. */
export async function uncountPairs(client: ClientBase, gone: readonly GonePair[]): Promise<void> {
  const counts = gone.map(({ tenant, value, kind, pairs, failed, carried }) => {
    const none = { messages: 0, failures: 0, opens: false };
    return { tenant, value, kind, ...none, organizations: -pairs, failed_organizations: -failed, relayed: -carried };
  });
  await upsert(client, tokenSql, counts);
}

export type GonePair = {
  readonly [column in "tenant" | "value" | "kind"]: string;
} & { readonly [count in "pairs" | "failed" | "carried"]: number };

type Key = Readonly<Record<string, string | number | boolean>>;
type TokenKey = { readonly tenant: string; readonly value: string; readonly kind: string };
type TokenCounted = { organizations: number; failed_organizations: number; relayed: number };
type TokenAdded = TokenKey & { readonly messages: number; readonly failures: number; readonly opens: boolean };

async function upsert(client: ClientBase, sql: string, rows: readonly Key[]): Promise<readonly Record<string, unknown>[]> {
  if (rows.length === 0) return [];
  const { rows: written } = await client.query<Record<string, unknown>>(sql, [JSON.stringify(rows)]);
  return written;
}

type Rows = {
  readonly pairs: readonly Key[];
  readonly contacts: readonly Key[];
  readonly journal: readonly Key[];
  readonly tokens: readonly TokenAdded[];
  readonly tenants: readonly Key[];
};

/** Rows whose keys PostgreSQL cannot hold are left out: nobody asks for them either. */
function rowsOf(ledger: Ledger): Rows {
  const rows = { pairs: [] as Key[], contacts: [] as Key[], journal: [] as Key[], tokens: [] as TokenAdded[], tenants: [] as Key[] };
  for (const [tenant, book] of ledger.tenants) {
    if (!isStorable(tenant)) continue;
    if (book.messages > 0) rows.tenants.push({ tenant, messages: book.messages });
    for (const { token, row, opens } of book.tokens.values()) {
      const value = placed(token);
      if (isStorable(value)) rows.tokens.push({ tenant, value, kind: token.kind, messages: row.messages, failures: row.failures, opens });
    }
    addOrganizations(rows, tenant, book);
    for (const [message_id, parties] of book.journal)
      for (const [party, day] of parties) rows.journal.push({ tenant, message_id, party, day });
  }
  return rows;
}

function addOrganizations(rows: { readonly pairs: Key[]; readonly contacts: Key[] }, tenant: string, book: TenantBook): void {
  for (const [organization, { whole, pairs, contacts }] of book.organizations) {
    if (!isStorable(organization)) continue;
    const own = { tenant, organization };
    if (whole !== null) rows.pairs.push({ ...own, value: "", kind: "", ...columnsOf({ ...noPair, ...whole.row }), opens: whole.opens });
    for (const { row, of, opens } of pairs.values()) {
      const value = placed(of.token);
      if (isStorable(value)) rows.pairs.push({ ...own, value, kind: of.token.kind, ...columnsOf(row), opens });
    }
    for (const [recipient, { row, opens }] of contacts)
      rows.contacts.push({ ...own, recipient, wrote_to: row.wroteTo, heard_from: row.heardFrom, first_day: row.firstDay, opens });
  }
}

const noPair = { complaints: 0, failures: 0, relayed: 0, messages: 0, recipients: 0, answered: 0 } as const;

function columnsOf({ firstDay, lastDay, ...row }: PairRow): Key {
  return { ...row, first_day: firstDay, last_day: lastDay };
}

function countTurned(into: Map<string, TokenCounted>, { tenant, value, kind, turned }: Record<string, unknown>): void {
  const bits = Number(turned);
  if (bits === 0 || kind === "") return;
  const mark = `${String(tenant)}\0${String(kind)} ${String(value)}`;
  const counts = into.get(mark) ?? { organizations: 0, failed_organizations: 0, relayed: 0 };
  counts.failed_organizations += bits & 1;
  counts.relayed += (bits & 2) >> 1;
  counts.organizations += (bits & 4) >> 2;
  into.set(mark, counts);
}

function counted(tokens: readonly TokenAdded[], turned: ReadonlyMap<string, TokenCounted>): readonly Key[] {
  const none: TokenCounted = { organizations: 0, failed_organizations: 0, relayed: 0 };
  return tokens.map((token) => {
    const mark = `${token.tenant}\0${token.kind} ${token.value}`;
    return { ...token, ...(turned.get(mark) ?? none) };
  });
}

type Table = {
  readonly table: string;
  /** In the order of the primary key. */
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  readonly set: string;
  readonly returning?: string;
  /** Columns that the statement makes itself. */
  readonly made?: { readonly names: string; readonly values: string };
};

/** Rows in the order of the key; those that may not open a row only where it is there. */
function upsertSql({ table, key, columns, set, returning = "1", made }: Table): string {
  const names = [...key, ...Object.keys(columns)];
  const types = [...key.map((column) => `${column} text`), ...Object.entries(columns).map(([column, type]) => `${column} ${type}`)];
  const isThere = key.map((column) => `t.${column} = g.${column}`).join(" AND ");
  return `INSERT INTO ${table} (${names.join(", ")}${made === undefined ? "" : `, ${made.names}`})
    SELECT ${names.map((column) => `g.${column}`).join(", ")}${made === undefined ? "" : `, ${made.values}`}
    FROM json_to_recordset($1::json) AS g (${types.join(", ")}, opens boolean)
    WHERE g.opens IS NOT FALSE OR EXISTS (SELECT 1 FROM ${table} t WHERE ${isThere})
    ORDER BY ${key.map((column) => `g.${column} COLLATE "C"`).join(", ")}
    ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${set} RETURNING ${returning}`;
}

function sums(table: string, ...columns: readonly string[]): string {
  return columns.map((column) => `${column} = ${table}.${column} + excluded.${column}`).join(", ");
}

const real = "float8";
const pairSql = upsertSql({
  table: "pair",
  key: ["organization", "tenant", "value", "kind"],
  columns: {
    ...{ authenticated: real, signed: real, unauthenticated: real, complaints: real, failures: real, relayed: real, messages: real },
    ...{ days: "bigint", recipients: "bigint", answered: "int", first_day: "int", last_day: "int" },
  },
  made: { names: "turned", values: "4 + (g.failures > 0)::int + 2 * (g.relayed > 0)::int" },
  set: `${sums("pair", "authenticated", "signed", "unauthenticated", "complaints", "failures", "relayed", "messages")},
    days = pair.days | excluded.days, recipients = pair.recipients | excluded.recipients, answered = greatest(pair.answered, excluded.answered),
    first_day = least(pair.first_day, excluded.first_day), last_day = greatest(pair.last_day, excluded.last_day),
    turned = (pair.failures = 0 AND excluded.failures > 0)::int + 2 * (pair.relayed = 0 AND excluded.relayed > 0)::int`,
  returning: "tenant, value, kind, turned",
});

const contactSql = upsertSql({
  table: "contact",
  key: ["organization", "tenant", "recipient"],
  columns: { wrote_to: real, heard_from: real, first_day: "int" },
  set: `${sums("contact", "wrote_to", "heard_from")}, first_day = least(contact.first_day, excluded.first_day)`,
});

const journalSql = upsertSql({
  table: "journal",
  key: ["message_id", "tenant", "party"],
  columns: { day: "int" },
  set: "day = greatest(journal.day, excluded.day)",
});

const tokenSql = upsertSql({
  table: "token",
  key: ["value", "tenant", "kind"],
  columns: { messages: real, failures: real, organizations: "bigint", failed_organizations: "bigint", relayed: "bigint" },
  set: sums("token", "messages", "failures", "organizations", "failed_organizations", "relayed"),
});

const tenantSql = upsertSql({ table: "tenant", key: ["tenant"], columns: { messages: real }, set: sums("tenant", "messages") });

/**
 * The PostgreSQL store's schema, version for version that of sqlite-schema.ts: migrations, in order, in one transaction under a lock, and the
 * checks before. Migrations only add, so that an older version goes on beside a newer one; one that cannot be shared says so in
 * `usable_from`, and is refused by those below it. Keys lead with what tells rows apart soonest and hold the tenant, by which a store can be
 * split. Text sorts by its octets: no locale of the system changes an index.
 */
import { randomBytes } from "node:crypto";
import type { ClientBase } from "pg";
import { decayOfNewStores } from "../memory/decay.ts";
import { StoreFault } from "./sqlite-fault.ts";
import type { StoreMeta } from "./sqlite-schema.ts";

export type PostgresMigration = {
  readonly name: string;
  readonly sql: string;
  /** The oldest schema version that an Assay must know to go on using the store; missing: every one. */
  readonly usableFrom?: number;
};

/** What sender history needs. Room is left in pages whose rows change all day, so that an update stays beside its row. */
const history = `
CREATE TABLE meta (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE tenant (tenant TEXT COLLATE "C" PRIMARY KEY, messages DOUBLE PRECISION NOT NULL) WITH (fillfactor = 50);
CREATE TABLE token (
  tenant TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL,
  messages DOUBLE PRECISION NOT NULL, failures DOUBLE PRECISION NOT NULL,
  organizations BIGINT NOT NULL, failed_organizations BIGINT NOT NULL, relayed BIGINT NOT NULL,
  PRIMARY KEY (value, tenant, kind)
) WITH (fillfactor = 80);
CREATE TABLE pair (
  tenant TEXT COLLATE "C" NOT NULL, organization TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL,
  authenticated DOUBLE PRECISION NOT NULL, signed DOUBLE PRECISION NOT NULL, unauthenticated DOUBLE PRECISION NOT NULL,
  complaints DOUBLE PRECISION NOT NULL, failures DOUBLE PRECISION NOT NULL, relayed DOUBLE PRECISION NOT NULL,
  messages DOUBLE PRECISION NOT NULL,
  days BIGINT NOT NULL, recipients BIGINT NOT NULL, answered INTEGER NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  turned SMALLINT NOT NULL DEFAULT 0,
  PRIMARY KEY (organization, tenant, value, kind)
) WITH (fillfactor = 80);
COMMENT ON COLUMN pair.turned IS 'What the last write made of the pair: 1 failed, 2 carried, 4 opened; for the counts of its token.';
CREATE TABLE writer (id TEXT COLLATE "C" PRIMARY KEY, number BIGINT NOT NULL, day INTEGER NOT NULL);
COMMENT ON TABLE writer IS 'The last batch of each writing process, so that none counts twice.';`;

const correspondence = `
CREATE TABLE contact (
  tenant TEXT COLLATE "C" NOT NULL, organization TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL,
  wrote_to DOUBLE PRECISION NOT NULL, heard_from DOUBLE PRECISION NOT NULL, first_day INTEGER NOT NULL,
  PRIMARY KEY (organization, tenant, recipient)
) WITH (fillfactor = 80);
CREATE TABLE journal (
  tenant TEXT COLLATE "C" NOT NULL, message_id TEXT COLLATE "C" NOT NULL, party TEXT COLLATE "C" NOT NULL, day INTEGER NOT NULL,
  PRIMARY KEY (message_id, tenant, party)
);`;

const learnt = `CREATE TABLE learnt (id TEXT COLLATE "C" PRIMARY KEY, day INTEGER NOT NULL);`;

/** store-tables.ts says what the columns are. Whoever listens is told of each change. */
const entries = `
CREATE TABLE entry (
  key TEXT COLLATE "C" NOT NULL, tenant TEXT COLLATE "C" NOT NULL, shape TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL, action TEXT COLLATE "C" NOT NULL, text TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL,
  matched_day INTEGER, value TEXT NOT NULL,
  PRIMARY KEY (key, tenant, shape, id)
);
CREATE UNIQUE INDEX entry_id ON entry (id, tenant);
CREATE INDEX entry_number ON entry (tenant, number, shape);
CREATE TABLE entry_change (
  number BIGINT PRIMARY KEY, tenant TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, at TEXT NOT NULL, author TEXT NOT NULL,
  value_before TEXT, value_after TEXT, undoes BIGINT
);
CREATE INDEX entry_change_number ON entry_change (tenant, number);
CREATE INDEX entry_change_of ON entry_change (id, tenant);
CREATE FUNCTION tell_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY assay_entries; RETURN NULL; END $$;
CREATE TRIGGER entry_change_told AFTER INSERT OR DELETE ON entry_change FOR EACH STATEMENT EXECUTE FUNCTION tell_entry_change();`;

const sightings = `
CREATE TABLE sighting (
  domain TEXT COLLATE "C" NOT NULL, tenant TEXT COLLATE "C" NOT NULL, infrastructure TEXT COLLATE "C" NOT NULL,
  via TEXT COLLATE "C" NOT NULL, day INTEGER NOT NULL,
  messages BIGINT NOT NULL, acted BIGINT NOT NULL, would_act BIGINT NOT NULL, recipients BIGINT NOT NULL,
  users TEXT NOT NULL, latest TEXT NOT NULL, samples TEXT NOT NULL,
  PRIMARY KEY (domain, tenant, infrastructure, via, day)
);
CREATE INDEX sighting_day ON sighting (day, tenant);`;

const decisions = `
CREATE TABLE decision (
  at BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, tenant TEXT COLLATE "C" NOT NULL, parties TEXT COLLATE "C" NOT NULL,
  answers BYTEA NOT NULL, body BYTEA NOT NULL
);
CREATE UNIQUE INDEX decision_at ON decision (at, id, tenant);
CREATE TABLE decision_party (
  party TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, tenant TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (party, at, id, tenant)
);
CREATE TABLE decision_answer (
  hash BYTEA NOT NULL, tenant TEXT COLLATE "C" NOT NULL, day INTEGER NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (hash, tenant)
);
CREATE INDEX decision_answer_day ON decision_answer (day, hash, tenant);
CREATE TABLE decision_size (
  day INTEGER NOT NULL, kind TEXT COLLATE "C" NOT NULL, tenant TEXT COLLATE "C" NOT NULL, records BIGINT NOT NULL, bytes BIGINT NOT NULL,
  PRIMARY KEY (day, kind, tenant)
) WITH (fillfactor = 50);`;

/** Version n of the schema is what the first n make. Those that were released never change. */
export const postgresMigrations: readonly PostgresMigration[] = [
  { name: "sender history", sql: history },
  { name: "contacts and the outbound journal", sql: correspondence },
  { name: "what was learnt from files", sql: learnt },
  { name: "the operator's entries", sql: entries },
  { name: "spoof intelligence", sql: sightings },
  { name: "the journal of decisions", sql: decisions },
];

/** The channel that entry_change_told speaks on. */
export const entriesChannel = "assay_entries";

/** Brings the store to the newest version, in one transaction; gives the version it found. Throws StoreFault for what is not ours to touch. */
export async function migratePostgres(
  client: ClientBase,
  now: number,
  list: readonly PostgresMigration[] = postgresMigrations,
): Promise<number> {
  const found = await postgresVersion(client, list.length);
  if (found >= list.length) return found;
  await client.query("BEGIN");
  try {
    // Until the transaction ends: two processes that start together make one store.
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    const version = await postgresVersion(client, list.length);
    if (version === 0) {
      if (!(await hasSchema(client))) await client.query("CREATE SCHEMA assay");
      await client.query(
        "CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL, usable_from INTEGER)",
      );
    }
    for (const [i, { name, sql, usableFrom = 1 }] of list.entries()) {
      if (i < version) continue;
      await client.query(sql);
      if (i === 0) await writeMeta(client);
      await client.query("INSERT INTO migrations VALUES ($1, $2, $3, $4)", [i + 1, name, new Date(now).toISOString(), usableFrom]);
    }
    await client.query("COMMIT");
    return found;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** "Assy", as the files of the embedded store are marked. */
const migrationLock = 0x41737379;

/** The schema's version; 0 where there is none. Throws StoreFault where it cannot be shared with `newest`, or is not ours. */
export async function postgresVersion(client: ClientBase, newest: number = postgresMigrations.length): Promise<number> {
  const { encoding, tables, ours } = await one(
    client,
    `SELECT current_setting('server_encoding') AS encoding, to_regclass('assay.migrations') IS NOT NULL AS ours,
      (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'assay' AND c.relkind = 'r') AS tables`,
  );
  if (encoding !== "UTF8") throw new StoreFault("foreign", `the database's encoding is ${String(encoding)}, and must be UTF8`);
  if (ours !== true) {
    if (Number(tables) === 0) return 0;
    throw new StoreFault("foreign", "the database has a schema “assay” of another program");
  }
  const { version, needed } = await one(
    client,
    `SELECT coalesce(max(version), 0) AS version, coalesce(max(coalesce(usable_from, version)) FILTER (WHERE version > ${newest}), 0) AS needed
      FROM migrations`,
  );
  if (Number(needed) > newest)
    throw new StoreFault("newer-schema", `the store has schema version ${Number(version)}, this Assay knows ${newest}`);
  return Number(version);
}

/** Reads what the store was made with; throws StoreFault where it is older than this version. */
export async function readPostgresMeta(client: ClientBase): Promise<StoreMeta> {
  const version = await postgresVersion(client);
  if (version < postgresMigrations.length)
    throw new StoreFault("older-schema", `the store has schema version ${version}, this Assay needs ${postgresMigrations.length}`);
  const { rows } = await client.query<{ name: string; value: string }>("SELECT name, value FROM meta");
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const decay = { epochDay: Number(values.get("epoch_day")), halfLifeDays: Number(values.get("half_life_days")) };
  const key = values.get("key") ?? "";
  if (key === "" || !Number.isFinite(decay.epochDay) || !(decay.halfLifeDays > 0))
    throw new StoreFault("corrupt", "the table meta is damaged");
  return { version, decay, key };
}

async function hasSchema(client: ClientBase): Promise<boolean> {
  const { has } = await one(client, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'assay') AS has");
  return has === true;
}

async function writeMeta(client: ClientBase): Promise<void> {
  const { epochDay, halfLifeDays } = decayOfNewStores;
  await client.query("INSERT INTO meta VALUES ('epoch_day', $1), ('half_life_days', $2), ('key', $3)", [
    ...[String(epochDay), String(halfLifeDays)],
    randomBytes(32).toString("hex"),
  ]);
}

async function one(client: ClientBase, sql: string): Promise<Readonly<Record<string, unknown>>> {
  const { rows } = await client.query<Record<string, unknown>>(sql);
  return rows[0] ?? {};
}

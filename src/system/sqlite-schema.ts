/**
 * The embedded store's schema: migrations, in order, each in its own transaction, and the checks before any of them. A file of a newer
 * version, and a database that is not ours, are refused and left as they are. What the tables mean is memory/rows.ts. The row of an
 * organization as a whole is the pair without a token (kind and value ""), so that it lies beside its pairs; names are written with
 * their labels in reverse, so that mail.contoso.com (com.contoso.mail) lies beside contoso.com: a message then touches few pages.
 * Every key holds the tenant, behind the name that tells rows apart soonest.
 */
import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { type Decay, decayOfNewStores } from "../memory/decay.ts";
import { StoreFault } from "./sqlite-fault.ts";

/** What a store was made with, and keeps: the decay of its counts, and the key of its fingerprints. */
export type StoreMeta = { readonly version: number; readonly decay: Decay; readonly key: string };

export type Migration = { readonly name: string; readonly sql: string };

const history = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tenant (tenant TEXT PRIMARY KEY, messages REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE token (
  tenant TEXT NOT NULL, value TEXT NOT NULL, kind TEXT NOT NULL,
  messages REAL NOT NULL, failures REAL NOT NULL,
  organizations INTEGER NOT NULL, failed_organizations INTEGER NOT NULL, relayed INTEGER NOT NULL,
  PRIMARY KEY (value, tenant, kind)
) WITHOUT ROWID;
CREATE TABLE pair (
  tenant TEXT NOT NULL, organization TEXT NOT NULL, value TEXT NOT NULL, kind TEXT NOT NULL,
  authenticated REAL NOT NULL, signed REAL NOT NULL, unauthenticated REAL NOT NULL, complaints REAL NOT NULL,
  failures REAL NOT NULL, relayed REAL NOT NULL, messages REAL NOT NULL,
  days INTEGER NOT NULL, recipients INTEGER NOT NULL, answered INTEGER NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  PRIMARY KEY (organization, tenant, value, kind)
) WITHOUT ROWID;
CREATE TRIGGER pair_is_gone AFTER DELETE ON pair WHEN old.kind <> '' BEGIN
  UPDATE token SET organizations = organizations - 1,
    failed_organizations = failed_organizations - (old.failures > 0), relayed = relayed - (old.relayed > 0)
  WHERE tenant = old.tenant AND value = old.value AND kind = old.kind;
END;`;

const correspondence = `
CREATE TABLE contact (
  tenant TEXT NOT NULL, organization TEXT NOT NULL, recipient TEXT NOT NULL,
  wrote_to REAL NOT NULL, heard_from REAL NOT NULL, first_day INTEGER NOT NULL,
  PRIMARY KEY (organization, tenant, recipient)
) WITHOUT ROWID;
CREATE TABLE journal (
  tenant TEXT NOT NULL, message_id TEXT NOT NULL, party TEXT NOT NULL, day INTEGER NOT NULL,
  PRIMARY KEY (message_id, tenant, party)
) WITHOUT ROWID;`;

/** Messages that `assay learn` has learnt from files, as fingerprints, with the day they came or went. */
const learnt = "CREATE TABLE learnt (id TEXT PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID;";

/** store-tables.ts says what the columns are. */
const entries = `
CREATE TABLE entry (
  key TEXT NOT NULL, tenant TEXT NOT NULL, shape TEXT NOT NULL, id TEXT NOT NULL,
  kind TEXT NOT NULL, action TEXT NOT NULL, text TEXT NOT NULL, number INTEGER NOT NULL, matched_day INTEGER, value TEXT NOT NULL,
  PRIMARY KEY (key, tenant, shape, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX entry_id ON entry (id, tenant);
CREATE INDEX entry_number ON entry (tenant, number, shape);
CREATE TABLE entry_change (
  number INTEGER NOT NULL, tenant TEXT NOT NULL, id TEXT NOT NULL, at TEXT NOT NULL, author TEXT NOT NULL,
  value_before TEXT, value_after TEXT, undoes INTEGER,
  PRIMARY KEY (number, tenant)
) WITHOUT ROWID;
CREATE INDEX entry_change_number ON entry_change (tenant, number);
CREATE INDEX entry_change_of ON entry_change (id, tenant);`;

const sightings = `
CREATE TABLE sighting (
  domain TEXT NOT NULL, tenant TEXT NOT NULL, infrastructure TEXT NOT NULL, via TEXT NOT NULL, day INTEGER NOT NULL,
  messages INTEGER NOT NULL, acted INTEGER NOT NULL, would_act INTEGER NOT NULL, recipients INTEGER NOT NULL,
  users TEXT NOT NULL, latest TEXT NOT NULL, samples TEXT NOT NULL,
  PRIMARY KEY (domain, tenant, infrastructure, via, day)
) WITHOUT ROWID;
CREATE INDEX sighting_day ON sighting (day, tenant);`;

/** Records are written once and read in order of time: they lie in that order, and beside them what finds them. */
const decisions = `
CREATE TABLE decision (
  at INTEGER NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, parties TEXT NOT NULL, answers BLOB NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX decision_at ON decision (at, id, tenant);
CREATE TABLE decision_party (
  party TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL,
  PRIMARY KEY (party, at, id, tenant)
) WITHOUT ROWID;
CREATE TABLE decision_answer (
  hash BLOB NOT NULL, tenant TEXT NOT NULL, day INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (hash, tenant)
) WITHOUT ROWID;
CREATE INDEX decision_answer_day ON decision_answer (day, hash, tenant);
CREATE TABLE decision_size (
  day INTEGER NOT NULL, kind TEXT NOT NULL, tenant TEXT NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (day, kind, tenant)
) WITHOUT ROWID;`;

/** Version n of the schema is what the first n make. Those that were released never change. */
export const migrations: readonly Migration[] = [
  { name: "sender history", sql: history },
  { name: "contacts and the outbound journal", sql: correspondence },
  { name: "what was learnt from files", sql: learnt },
  { name: "the operator's entries", sql: entries },
  { name: "spoof intelligence", sql: sightings },
  { name: "the journal of decisions", sql: decisions },
];

/** "Assy": marks the file as ours (SQLite file format §1.3.11). */
const applicationId = 0x41737379;

/** Brings the store to the newest version; throws StoreFault for what is not ours to touch. Gives the version it found. */
export function migrate(db: DatabaseSync, now: number, list: readonly Migration[] = migrations): number {
  const found = versionOf(db, list.length);
  if (found === list.length) return found;
  for (let version = found + 1; version <= list.length; version += 1) {
    const migration = list[version - 1];
    if (migration === undefined) break;
    db.exec("BEGIN IMMEDIATE");
    try {
      // Another process may have been faster while we waited for the lock.
      if (versionOf(db, list.length) < version) {
        if (version === 1)
          db.exec(
            `PRAGMA application_id = ${applicationId}; CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL);`,
          );
        db.exec(migration.sql);
        if (version === 1) writeMeta(db);
        db.prepare("INSERT INTO migrations VALUES (?, ?, ?)").run(version, migration.name, new Date(now).toISOString());
      }
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
  return found;
}

/** The schema's version; 0 for an empty file. Throws StoreFault where the file is newer than `newest`, or not ours. */
export function versionOf(db: DatabaseSync, newest: number = migrations.length): number {
  const application = numberOf(db, "PRAGMA application_id");
  if (application !== applicationId) {
    if (application === 0 && numberOf(db, "SELECT count(*) FROM sqlite_schema") === 0) return 0;
    throw new StoreFault("foreign", "the file is a database of another program");
  }
  const version = numberOf(db, "SELECT coalesce(max(version), 0) FROM migrations");
  if (version > newest) throw new StoreFault("newer-schema", `the store has schema version ${version}, this Assay knows ${newest}`);
  return version;
}

export function readMeta(db: DatabaseSync): StoreMeta {
  const version = versionOf(db);
  if (version < migrations.length)
    throw new StoreFault("older-schema", `the store has schema version ${version}, this Assay needs ${migrations.length}`);
  const values = new Map(
    db
      .prepare("SELECT name, value FROM meta")
      .all()
      .map(({ name, value }) => [String(name), String(value)]),
  );
  const decay = { epochDay: Number(values.get("epoch_day")), halfLifeDays: Number(values.get("half_life_days")) };
  const key = values.get("key") ?? "";
  if (key === "" || !Number.isFinite(decay.epochDay) || !(decay.halfLifeDays > 0))
    throw new StoreFault("corrupt", "the table meta is damaged");
  return { version, decay, key };
}

function writeMeta(db: DatabaseSync): void {
  const insert = db.prepare("INSERT INTO meta VALUES (?, ?)");
  insert.run("epoch_day", String(decayOfNewStores.epochDay));
  insert.run("half_life_days", String(decayOfNewStores.halfLifeDays));
  insert.run("key", randomBytes(32).toString("hex"));
}

function numberOf(db: DatabaseSync, sql: string): number {
  const [value] = Object.values(db.prepare(sql).get() ?? {});
  return Number(value ?? 0);
}

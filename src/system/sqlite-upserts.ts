/**
 * One batch into the store, in one transaction: the merges of memory/rows.ts as SQL. An update is a plain addition of what the batch
 * adds, so that several writers can share a file. Rows that a batch may not open are updated where they are. Which pairs are new is
 * counted into their tokens, under the lock that the transaction holds: that makes the counts of organizations exact.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { count, type Ledger, type OrganizationBook, type TenantBook, type TokenEntry } from "../memory/ledger.ts";
import type { PairRow } from "../memory/rows.ts";
import type { Token } from "../verdict/history.ts";

export type Upserts = {
  /** Writes all of the ledger or, where it throws, nothing. Gives the number of rows. `also` runs in the same transaction. */
  write(ledger: Ledger, also?: () => void): number;
};

export function upsertsOf(db: DatabaseSync): Upserts {
  const tenant = upsert(db, "tenant", { key: ["tenant"], set: sums("messages") });
  const pairs = pairWriter(db);
  const tokens = tokenWriter(db);
  const contacts = contactWriter(db);
  const journal = upsert(db, "journal", { key: ["tenant", "message_id", "party"], set: "day = max(day, excluded.day)", values: ["day"] });
  const writeTenant = (name: string, book: TenantBook): number => {
    let rows = book.messages > 0 ? ran(tenant.run(name, book.messages)) : 0;
    for (const key of [...book.organizations.keys()].sort()) {
      const own = book.organizations.get(key);
      if (own !== undefined) rows += pairs([name, key], own) + contacts([name, key], own);
    }
    const places = Array.from(book.tokens.values(), (entry) => ({ place: placed(entry.token), entry }));
    for (const { place, entry } of places.sort(byPlace)) rows += tokens(name, place, entry);
    for (const [messageId, parties] of book.journal)
      for (const [party, day] of parties) rows += ran(journal.run(name, messageId, party, day));
    return rows;
  };
  return {
    write: (ledger, also) =>
      inTransaction(db, () => {
        also?.();
        let rows = 0;
        for (const [name, book] of ledger.tenants) rows += writeTenant(name, book);
        return rows;
      }),
  };
}

/** Runs `work` between BEGIN IMMEDIATE and COMMIT; rolls back and throws on where either fails. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    db.exec("COMMIT");
    return value;
  } catch (error) {
    // Where the disk is full SQLite may have rolled back by itself.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** How a token's value stands in a key: a name with its labels in reverse, beside its organization; a prefix as it is. */
export function placed({ kind, value }: Token): string {
  let dot = value.lastIndexOf(".");
  if (kind === "prefix" || dot === -1) return value;
  let place = value.slice(dot + 1);
  for (let end = dot; dot !== -1; end = dot) {
    dot = end === 0 ? -1 : value.lastIndexOf(".", end - 1);
    place += `.${value.slice(dot + 1, end)}`;
  }
  return place;
}

/** In the order of the table, so that a batch walks through its pages once. */
function byPlace(a: { readonly place: string }, b: { readonly place: string }): number {
  return a.place < b.place ? -1 : a.place === b.place ? 0 : 1;
}

type Owner = readonly [tenant: string, organization: string];

/** The organization as a whole, and its pairs. */
function pairWriter(db: DatabaseSync): (owner: Owner, own: OrganizationBook) => number {
  const write = pairStatements(db);
  return ([tenant, organization], { whole, pairs }) => {
    let rows = 0;
    if (whole !== null) rows += write.row([tenant, organization, "", ""], { ...noPair, ...whole.row }, whole.opens) === "none" ? 0 : 1;
    for (const { row, of, opens } of pairs.values()) {
      const key = [tenant, organization, placed(of.token), of.token.kind] as const;
      const before = row.failures > 0 || row.relayed > 0 ? write.before(key) : null;
      const done = write.row(key, row, opens);
      if (done === "none") continue;
      rows += 1;
      if (done === "opened") count(of.counts, row, null);
      else if (before !== null) count(of.counts, row, before);
    }
    return rows;
  };
}

type PairKey = readonly [tenant: string, organization: string, place: string, kind: string];
const noPair = { complaints: 0, failures: 0, relayed: 0, messages: 0, recipients: 0, answered: 0 } as const;

/** Most pairs are there: the update is tried first, so that what is new is told from what is not by the way. */
function pairStatements(db: DatabaseSync) {
  const update = db.prepare(`UPDATE pair SET authenticated = authenticated + ?, signed = signed + ?, unauthenticated = unauthenticated + ?,
    complaints = complaints + ?, failures = failures + ?, relayed = relayed + ?, messages = messages + ?, days = days | ?,
    recipients = recipients | ?, answered = max(answered, ?), first_day = min(first_day, ?), last_day = max(last_day, ?)
    WHERE tenant = ? AND organization = ? AND value = ? AND kind = ?`);
  const insert = db.prepare(`INSERT INTO pair (authenticated, signed, unauthenticated, complaints, failures, relayed, messages, days,
    recipients, answered, first_day, last_day, tenant, organization, value, kind) VALUES (${places(16)})`);
  const look = db.prepare("SELECT failures, relayed FROM pair WHERE tenant = ? AND organization = ? AND value = ? AND kind = ?");
  return {
    row: (key: PairKey, row: PairRow, opens: boolean): "added" | "opened" | "none" => {
      const { authenticated, signed, unauthenticated, complaints, failures, relayed, messages } = row;
      const { days, recipients, answered, firstDay, lastDay } = row;
      const run = (statement: StatementSync): number =>
        ran(
          statement.run(
            ...[authenticated, signed, unauthenticated, complaints, failures, relayed, messages],
            ...[days, recipients, answered, firstDay, lastDay],
            ...key,
          ),
        );
      if (run(update) > 0) return "added";
      return opens && run(insert) > 0 ? "opened" : "none";
    },
    before: (key: PairKey): { readonly failures: number; readonly relayed: number } | null => {
      const found = look.get(...key);
      return found === undefined ? null : { failures: Number(found["failures"]), relayed: Number(found["relayed"]) };
    },
  };
}

function tokenWriter(db: DatabaseSync): (tenant: string, place: string, entry: TokenEntry) => number {
  const key = ["tenant", "value", "kind"];
  const token = upsert(db, "token", { key, set: sums("messages", "failures", "organizations", "failed_organizations", "relayed") });
  const has = existing(db, "token", key);
  return (tenant, place, { row: { messages, failures }, counts, opens, token: { kind } }) => {
    if (!opens && !has(tenant, place, kind)) return 0;
    return ran(token.run(tenant, place, kind, messages, failures, counts.organizations, counts.failedOrganizations, counts.relayed));
  };
}

function contactWriter(db: DatabaseSync): (owner: Owner, own: OrganizationBook) => number {
  const key = ["tenant", "organization", "recipient"];
  const set = `${sums("wrote_to", "heard_from")}, first_day = min(first_day, excluded.first_day)`;
  const contact = upsert(db, "contact", { key, set, values: ["wrote_to", "heard_from", "first_day"] });
  const has = existing(db, "contact", key);
  return ([tenant, organization], { contacts }) => {
    let rows = 0;
    for (const [recipient, { row, opens }] of contacts)
      if (opens || has(tenant, organization, recipient))
        rows += ran(contact.run(tenant, organization, recipient, row.wroteTo, row.heardFrom, row.firstDay));
    return rows;
  };
}

function sums(...columns: readonly string[]): string {
  return columns.map((column) => `${column} = ${column} + excluded.${column}`).join(", ");
}

type Into = { readonly key: readonly string[]; readonly set: string; readonly values?: readonly string[] };

/** INSERT … ON CONFLICT; the values are the columns that are set, in that order, where none are named. */
function upsert(db: DatabaseSync, table: string, { key, set, values }: Into): StatementSync {
  const columns = [...key, ...(values ?? set.split(", ").map((part) => part.slice(0, part.indexOf(" "))))];
  return db.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places(columns.length)}) ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${set}`,
  );
}

function existing(db: DatabaseSync, table: string, key: readonly string[]): (...key: readonly string[]) => boolean {
  const statement = db.prepare(`SELECT 1 FROM ${table} WHERE ${key.map((column) => `${column} = ?`).join(" AND ")}`);
  return (...key) => statement.get(...key) !== undefined;
}

function places(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}

function ran({ changes }: { readonly changes: number | bigint }): number {
  return Number(changes);
}

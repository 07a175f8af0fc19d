/**
 * The operator's entries in the store (memory/entries.ts), on either database: each change and its line of the audit log in one
 * transaction, durable when it is acknowledged, and what it did can be undone as long as nothing else was done to the entry since.
 * Lists are read in pages, so that a long one holds up nobody. Whether an entry is safe is not asked here.
 */
import { type Kysely, sql, type Transaction } from "kysely";
import { limits } from "../base/limits.ts";
import type { Author, Entry, EntryBook, EntryChange, EntryFilter, EntryResult } from "../memory/entries.ts";
import { auditEntry, auditText, bodyText, entryOf, rowOf } from "./store-entry-rows.ts";
import type { EntryChangeTable, StoreTables } from "./store-tables.ts";

export type EntryStore = {
  readonly db: Kysely<StoreTables>;
  /** Runs `work` in a transaction, one at a time in the whole store; where it cannot, it rejects with a StoreFault. */
  readonly transaction: <T>(work: (transaction: Transaction<StoreTables>) => Promise<T>) => Promise<T>;
  /** What the database throws, as a StoreFault. */
  readonly faultOf: (error: unknown) => Error;
};

export function storeEntryBook(store: EntryStore): EntryBook {
  return {
    make: (entry, author) => store.transaction((db) => make(db, entry, author)),
    change: (entry, author) => store.transaction((db) => change(db, entry, author)),
    remove: (id, author) => store.transaction((db) => remove(db, id, author)),
    undo: (number, author) => store.transaction((db) => undo(db, number, author)),
    get: (id, tenant) => guarded(store, () => found(store.db, id, tenant)),
    list: (filter) => list(store, filter),
    changes: (filter) => changes(store, filter),
    close: () => store.db.destroy(),
  };
}

type Db = Transaction<StoreTables>;

async function make(db: Db, entry: Entry, author: Author): Promise<EntryResult> {
  const number = await nextNumber(db);
  const { id } = entry.entry;
  const made = id === "" ? withId(entry, `${entry.shape === "pair" ? "P" : "L"}${number}`) : entry;
  const before = id === "" ? null : await found(db, id, author.tenant);
  if (before !== null) return { status: "exists", existing: before };
  const refused = await obstacle(db, made, author.tenant);
  return refused ?? replace(db, { before: null, after: made }, { ...author, number, undoes: null });
}

async function change(db: Db, entry: Entry, author: Author): Promise<EntryResult> {
  const before = await found(db, entry.entry.id, author.tenant);
  if (before === null || before.shape !== entry.shape) return { status: "missing" };
  // When it matched is the store's to know: it may have matched since the caller read it.
  const after = withMatchedDay(entry, laterOf(before.entry.matchedDay, entry.entry.matchedDay));
  const twin = await twinOf(db, after, author.tenant);
  if (twin !== null) return { status: "exists", existing: twin };
  return replace(db, { before, after }, { ...author, number: await nextNumber(db), undoes: null });
}

async function remove(db: Db, id: string, author: Author): Promise<EntryResult> {
  const before = await found(db, id, author.tenant);
  if (before === null) return { status: "missing" };
  return replace(db, { before, after: null }, { ...author, number: await nextNumber(db), undoes: null });
}

async function undo(db: Db, undoes: number, author: Author): Promise<EntryResult> {
  const row = await db
    .selectFrom("entry_change")
    .selectAll()
    .where("number", "=", undoes)
    .where("tenant", "=", author.tenant)
    .executeTakeFirst();
  if (row === undefined) return { status: "missing" };
  const done = changeOf(row);
  const now = await found(db, row.id, author.tenant);
  if (!isSame(now, done.after)) return { status: "changed-since" };
  const after = done.before === null ? null : withMatchedDay(done.before, laterOf(done.before.entry.matchedDay, now?.entry.matchedDay));
  const refused = after === null ? null : await obstacle(db, after, author.tenant);
  return refused ?? replace(db, { before: now, after }, { ...author, number: await nextNumber(db), undoes });
}

type Numbered = Author & { readonly number: number; readonly undoes: number | null };

/** The entry and its line of the audit log. */
async function replace(db: Db, { before, after }: Pick<EntryChange, "before" | "after">, by: Numbered): Promise<EntryResult> {
  const { tenant, number, undoes } = by;
  const id = after?.entry.id ?? before?.entry.id ?? "";
  const [place] = await db.selectFrom("entry").select("number").where("id", "=", id).where("tenant", "=", tenant).execute();
  await db.deleteFrom("entry").where("id", "=", id).where("tenant", "=", tenant).execute();
  if (after !== null) {
    await db
      .insertInto("entry")
      .values(rowOf(after, { tenant, number: place?.number ?? number }))
      .execute();
  }
  const row: EntryChangeTable = {
    ...{ number, tenant, id, at: new Date(by.now).toISOString(), author: by.by },
    ...{ value_before: auditText(before), value_after: auditText(after), undoes },
  };
  await db.insertInto("entry_change").values(row).execute();
  return { status: "done", change: changeOf(row) };
}

/** Why this entry cannot be put into the book; null: it can. */
async function obstacle(db: Db, entry: Entry, tenant: string): Promise<EntryResult | null> {
  const twin = await twinOf(db, entry, tenant);
  if (twin !== null) return { status: "exists", existing: twin };
  const known = await found(db, entry.entry.id, tenant);
  if (known !== null) return null;
  const { count } = await db
    .selectFrom("entry")
    .select((of) => of.fn.countAll().as("count"))
    .where("tenant", "=", tenant)
    .where("shape", "=", entry.shape)
    .executeTakeFirstOrThrow();
  const max = entry.shape === "pair" ? limits.entryPairsMax : limits.entryListMax;
  return Number(count) >= max ? { status: "full", max } : null;
}

/** Another entry of the same action about the same. */
async function twinOf(db: Db, entry: Entry, tenant: string): Promise<Entry | null> {
  const { key, shape, action, text, id } = rowOf(entry, { tenant, number: 0 });
  const row = await db
    .selectFrom("entry")
    .select(["shape", "kind", "value", "matched_day"])
    .where("key", "=", key)
    .where("tenant", "=", tenant)
    .where("shape", "=", shape)
    .where("action", "=", action)
    .where("text", "=", text)
    .where("id", "<>", id)
    .executeTakeFirst();
  return row === undefined ? null : entryOf(row);
}

async function found(db: Kysely<StoreTables>, id: string, tenant: string): Promise<Entry | null> {
  const row = await db
    .selectFrom("entry")
    .select(["shape", "kind", "value", "matched_day"])
    .where("id", "=", id)
    .where("tenant", "=", tenant)
    .executeTakeFirst();
  return row === undefined ? null : entryOf(row);
}

/** The transaction is the only one: nobody else takes it. */
async function nextNumber(db: Db): Promise<number> {
  const row = await db
    .selectFrom("entry_change")
    .select((of) => of.fn.max("number").as("last"))
    .executeTakeFirst();
  return Number(row?.last ?? 0) + 1;
}

async function* list(store: EntryStore, { tenant, shape, action, text }: EntryFilter): AsyncGenerator<Entry> {
  for (let below: number | null = null; ; ) {
    let query = store.db
      .selectFrom("entry")
      .select(["shape", "kind", "value", "matched_day", "number"])
      .where("tenant", "=", tenant)
      .orderBy("number", "desc")
      .limit(limits.entryPage);
    if (below !== null) query = query.where("number", "<", below);
    if (shape !== undefined) query = query.where("shape", "=", shape);
    if (action !== undefined) query = query.where("action", "=", action);
    if (text !== undefined) query = query.where(sql<boolean>`lower(text) LIKE ${containing(text)} ESCAPE '!'`);
    const page = await guarded(store, () => query.execute());
    for (const row of page) {
      const entry = entryOf(row);
      if (entry !== null) yield entry;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.entryPage) return;
    below = last.number;
  }
}

async function* changes(store: EntryStore, { tenant, id }: { tenant: string; id?: string | undefined }): AsyncGenerator<EntryChange> {
  for (let below: number | null = null; ; ) {
    let query = store.db
      .selectFrom("entry_change")
      .selectAll()
      .where("tenant", "=", tenant)
      .orderBy("number", "desc")
      .limit(limits.entryPage);
    if (below !== null) query = query.where("number", "<", below);
    if (id !== undefined) query = query.where("id", "=", id);
    const page = await guarded(store, () => query.execute());
    for (const row of page) yield changeOf(row);
    const last = page.at(-1);
    if (last === undefined || page.length < limits.entryPage) return;
    below = last.number;
  }
}

function containing(text: string): string {
  return `%${text.toLowerCase().replaceAll(/[!%_]/g, (char) => `!${char}`)}%`;
}

function changeOf(row: EntryChangeTable): EntryChange {
  const { number, at, author, undoes } = row;
  return { number, at, by: author, before: auditEntry(row.value_before), after: auditEntry(row.value_after), undoes };
}

/** But for when it matched. */
function isSame(a: Entry | null, b: Entry | null): boolean {
  return a === null || b === null ? a === b : a.shape === b.shape && bodyText(a) === bodyText(b);
}

function withId(entry: Entry, id: string): Entry {
  return entry.shape === "pair" ? { shape: "pair", entry: { ...entry.entry, id } } : { shape: "list", entry: { ...entry.entry, id } };
}

function withMatchedDay(entry: Entry, matchedDay: number | null): Entry {
  return entry.shape === "pair"
    ? { shape: "pair", entry: { ...entry.entry, matchedDay } }
    : { shape: "list", entry: { ...entry.entry, matchedDay } };
}

function laterOf(a: number | null, b: number | null | undefined): number | null {
  if (a === null || b == null) return a ?? b ?? null;
  return Math.max(a, b);
}

async function guarded<T>({ faultOf }: EntryStore, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw faultOf(error);
  }
}

/**
 * Entries of the operator as rows of the store and back, and the look-up that a message makes: one statement for pairs and one for the
 * lists, each down the primary key by the message's keys. Pure; the databases differ only in how a list of keys is handed over.
 */
import type { Entry } from "../memory/entries.ts";
import { formatPair } from "../verdict/overrides/entry.ts";
import { entryText } from "../verdict/overrides/list-check.ts";
import type { ListKind } from "../verdict/overrides/list-entry.ts";
import { listKeyOf } from "../verdict/overrides/list-keys.ts";
import { pairKeyOf } from "../verdict/overrides/pair-keys.ts";
import { StoreFault } from "./sqlite-fault.ts";
import type { EntryTable } from "./store-tables.ts";

/** What of a row makes an entry. */
export type StoredEntry = Pick<EntryTable, "shape" | "kind" | "value" | "matched_day">;

/** Columns in this order. `keys` is what stands behind IN: a list of places, or a subquery on one. */
export function lookUpSql(place: { readonly shape: string; readonly tenant: string; readonly keys: string }): string {
  return `SELECT shape, kind, value, matched_day FROM entry WHERE key IN (${place.keys}) AND tenant = ${place.tenant} AND shape = ${place.shape}`;
}

/** Null: a kind of entry that a newer version has made; it is not known here. */
export function entryOf({ shape, kind, value, matched_day }: StoredEntry): Entry | null {
  if (shape === "list" && !Object.hasOwn(listKinds, kind)) return null;
  return { shape, entry: { ...bodyOf(value), matchedDay: matched_day } } as Entry; // bodyText has written the body of this shape
}

export function rowOf(entry: Entry, of: { readonly tenant: string; readonly number: number }): EntryTable {
  return {
    key: entry.shape === "pair" ? pairKeyOf(entry.entry) : listKeyOf(entry.entry),
    tenant: of.tenant,
    shape: entry.shape,
    id: entry.entry.id,
    kind: entry.shape === "pair" ? "pair" : entry.entry.kind,
    action: entry.entry.action,
    text: textOf(entry),
    number: of.number,
    matched_day: entry.entry.matchedDay,
    value: bodyText(entry),
  };
}

/** What an entry is about. */
export function textOf(entry: Entry): string {
  return entry.shape === "pair" ? formatPair(entry.entry) : entryText(entry.entry);
}

/** Without matchedDay, which changes by itself. */
export function bodyText({ entry }: Entry): string {
  const { matchedDay: _, ...body } = entry;
  return JSON.stringify(body);
}

/** An entry with its shape and matchedDay, as the audit log keeps it. */
export function auditText(entry: Entry | null): string | null {
  return entry === null ? null : JSON.stringify(entry);
}

export function auditEntry(text: string | null): Entry | null {
  return text === null ? null : (bodyOf(text) as unknown as Entry); // auditText has written it
}

function bodyOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== "object" || value === null) throw new StoreFault("corrupt", "an entry is damaged");
  return { ...value };
}

const listKinds: Readonly<Record<ListKind, true>> = {
  sender: true,
  recipient: true,
  "safe-sender": true,
  "ip-allow": true,
  "ip-block": true,
  domain: true,
  forwarder: true,
};

/**
 * Rows in maps, tenant by tenant: a whole store (in-core.ts), or what one batch adds to one (system/sqlite-writer.ts). A row that is
 * posted twice is merged. A store counts for each token the organizations that are paired with it. Rows that may not be opened count on
 * where they are: a store leaves them out, a batch keeps them, marked.
 */
import type { Token } from "../verdict/history.ts";
import {
  type ContactRow,
  mergeContacts,
  mergeOrganizations,
  mergePairs,
  mergeTokens,
  type OrganizationRow,
  type PairRow,
  type TokenCounts,
  type TokenRow,
} from "./rows.ts";

/** `opens`: the row may be made if it is not there; otherwise it only counts on where it is. */
export type Entry<R> = { readonly row: R; opens: boolean };
export type TokenEntry = Entry<TokenRow> & { readonly token: Token; readonly counts: TokenCounts };
export type PairEntry = Entry<PairRow> & { readonly of: TokenEntry };

/** What is kept of one organization: as a whole, on each token, with each recipient. */
export type OrganizationBook = {
  whole: Entry<OrganizationRow> | null;
  readonly pairs: Map<string, PairEntry>;
  readonly contacts: Map<string, Entry<ContactRow>>;
};

export type TenantBook = {
  /** All messages. */
  messages: number;
  readonly organizations: Map<string, OrganizationBook>;
  readonly tokens: Map<string, TokenEntry>;
  /** Message-IDs of ours: the parties to each (fingerprints of the sender and of the organizations it went to), with the day. */
  readonly journal: Map<string, Map<string, number>>;
};

export type Ledger = { readonly of: "store" | "batch"; readonly tenants: Map<string, TenantBook> };

export function openLedger(of: Ledger["of"]): Ledger {
  return { of, tenants: new Map() };
}

/** The name of a token in a book. */
export function markOf({ kind, value }: Token): string {
  return `${kind} ${value}`;
}

export function tenantBook(ledger: Ledger, tenant: string): TenantBook {
  let book = ledger.tenants.get(tenant);
  if (book === undefined) {
    book = { messages: 0, organizations: new Map(), tokens: new Map(), journal: new Map() };
    ledger.tenants.set(tenant, book);
  }
  return book;
}

export function organizationBook(book: TenantBook, organization: string): OrganizationBook {
  let found = book.organizations.get(organization);
  if (found === undefined) {
    found = { whole: null, pairs: new Map(), contacts: new Map() };
    book.organizations.set(organization, found);
  }
  return found;
}

/** What is added to one row, where, and whether the row may be opened for it. */
export type Posting<R> = { readonly ledger: Ledger; readonly row: R; readonly opens: boolean };

export function postOrganization(book: OrganizationBook, { ledger, row, opens }: Posting<OrganizationRow>): void {
  if (book.whole !== null) {
    mergeOrganizations(book.whole.row, row);
    book.whole.opens ||= opens;
  } else if (opens || ledger.of === "batch") book.whole = { row: { ...row }, opens };
}

/** Posts to the token; null where it is not there and may not be opened. */
export function postToken(book: TenantBook, token: Token, { ledger, row, opens }: Posting<TokenRow>): TokenEntry | null {
  const mark = markOf(token);
  const found = book.tokens.get(mark);
  if (found !== undefined) {
    mergeTokens(found.row, row);
    found.opens ||= opens;
    return found;
  }
  if (!opens && ledger.of === "store") return null;
  const entry = { token, row: { ...row }, opens, counts: { organizations: 0, failedOrganizations: 0, relayed: 0 } };
  book.tokens.set(mark, entry);
  return entry;
}

export function postPair(book: OrganizationBook, of: TokenEntry, { ledger, row, opens }: Posting<PairRow>): void {
  const mark = markOf(of.token);
  const found = book.pairs.get(mark);
  if (found === undefined && !opens && ledger.of === "store") return;
  // What a batch adds to the counts shows when it meets the store.
  if (ledger.of === "store") count(of.counts, row, found?.row ?? null);
  if (found === undefined) {
    book.pairs.set(mark, { of, row: { ...row }, opens });
    return;
  }
  mergePairs(found.row, row);
  found.opens ||= opens;
}

/** Counts what a pair becomes by `added`; `before` is null where it is new. */
export function count(counts: TokenCounts, added: Adverse, before: Adverse | null): void {
  if (before === null) counts.organizations += 1;
  if (added.failures > 0 && !(before !== null && before.failures > 0)) counts.failedOrganizations += 1;
  if (added.relayed > 0 && !(before !== null && before.relayed > 0)) counts.relayed += 1;
}

type Adverse = Pick<PairRow, "failures" | "relayed">;

export function postContact(book: OrganizationBook, recipient: string, { ledger, row, opens }: Posting<ContactRow>): void {
  const found = book.contacts.get(recipient);
  if (found !== undefined) {
    mergeContacts(found.row, row);
    found.opens ||= opens;
  } else if (opens || ledger.of === "batch") book.contacts.set(recipient, { row: { ...row }, opens });
}

export function postJournal(book: TenantBook, messageId: string, { party, day }: { readonly party: string; readonly day: number }): void {
  let parties = book.journal.get(messageId);
  if (parties === undefined) {
    parties = new Map();
    book.journal.set(messageId, parties);
  }
  parties.set(party, Math.max(day, parties.get(party) ?? day));
}

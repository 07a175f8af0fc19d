/**
 * The history of one message in one statement, on the calling thread: every key it asks for goes down one primary key, and what
 * belongs to one organization, or to one name, lies side by side. The store is only read. Throws what SQLite throws.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { limits } from "../base/limits.ts";
import { answer, type Found, type FoundToken } from "../memory/answer.ts";
import type { EntriesQuestion, FoundEntries } from "../memory/entries.ts";
import type { ContactRow } from "../memory/rows.ts";
import { anyoneFingerprint, fingerprintsOf, messageIdsOf, organizationFingerprint } from "../memory/teach.ts";
import type { HistoryQuestion, KnownHistory } from "../verdict/history.ts";
import { entriesOf } from "./sqlite-entries.ts";
import { keyedFingerprint, openForReading } from "./sqlite-file.ts";
import { readMeta } from "./sqlite-schema.ts";
import { placed } from "./sqlite-upserts.ts";

export type SqliteReader = {
  history(question: HistoryQuestion): KnownHistory;
  entries(question: EntriesQuestion): Extract<FoundEntries, { status: "known" }>;
  close(): void;
  readonly db: DatabaseSync;
};

/** Statements run so far. */
export type ReadCounts = { statements: number };

/** Opens a store that exists and has the newest version. */
export function openSqliteReader(path: string, counts: ReadCounts = { statements: 0 }): SqliteReader {
  const db = openForReading(path);
  try {
    const { decay, key } = readMeta(db);
    const fingerprint = keyedFingerprint(key);
    const prepare = statementsOf(db);
    const history = (question: HistoryQuestion): KnownHistory => {
      const asked = askedOf(question, fingerprint);
      const row = prepare(asked.shape).get(...asked.values) as unknown as Row; // setReturnArrays: a row is an array
      const contacts = asked.recipients.length === 0 ? null : manyContacts(db, question, asked);
      counts.statements += contacts === null ? 1 : 2;
      return answer(question, foundOf(row, question, contacts), decay);
    };
    return { history, entries: entriesOf(db, counts), close: () => db.close(), db };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What a statement depends on: how many there are of each. */
type Shape = { readonly [part in "tokens" | "recipients" | "carrier" | "returned" | "references"]: number };
type Asked = {
  readonly shape: Shape;
  readonly values: readonly (string | number)[];
  readonly recipients: readonly string[];
  readonly anyone: string;
};

/** Recipients whose contacts are read in the same statement; where there are more, a second one reads them all. */
const recipientsJoined = 4;

function askedOf(question: HistoryQuestion, fingerprint: (text: string) => string): Asked {
  const organization = question.organization ?? "";
  const recipients = fingerprintsOf(question.recipients, fingerprint);
  const { references, ...ids } = messageIdsOf(question, fingerprint);
  // A bounce to nobody returns nothing of ours: the statement has no place for it then.
  const returned = recipients.length === 0 ? null : ids.returned;
  const anyone = question.carrier === null ? "" : anyoneFingerprint(fingerprint);
  const values: (string | number)[] = [question.tenant, organization, question.carrier ?? "", anyone];
  for (const token of question.tokens) values.push(placed(token), token.kind);
  const isJoined = recipients.length <= recipientsJoined;
  if (isJoined || returned !== null) values.push(...recipients);
  if (returned !== null || references.length > 0)
    values.push(question.day - limits.journalDays, organizationFingerprint(organization, fingerprint));
  if (returned !== null) values.push(returned);
  values.push(...references);
  const shape = {
    tokens: question.tokens.length,
    recipients: isJoined || returned !== null ? recipients.length : 0,
    carrier: question.carrier === null ? 0 : 1,
    returned: returned === null ? 0 : 1,
    references: references.length,
  };
  return { shape, values, recipients: isJoined ? [] : recipients, anyone };
}

function statementsOf(db: DatabaseSync): (shape: Shape) => StatementSync {
  const kept = new Map<number, StatementSync>();
  return (shape) => {
    const name = (((shape.tokens * 128 + shape.recipients) * 2 + shape.carrier) * 2 + shape.returned) * 16 + shape.references;
    const found = kept.get(name);
    if (found !== undefined) return found;
    if (kept.size >= limits.storeStatementsMax) kept.clear();
    const statement = db.prepare(historySql(shape));
    statement.setReturnArrays(true);
    kept.set(name, statement);
    return statement;
  };
}

const tokenColumns = ["messages", "failures", "organizations", "failed_organizations", "relayed"];
const pairColumns = [
  ...["authenticated", "signed", "unauthenticated", "complaints"],
  ...["days", "recipients", "answered", "first_day", "last_day"],
];
const contactColumns = ["wrote_to", "heard_from", "first_day"];
const firstColumns = 9;
const tokensAt = 5;

/** One wide row: tenant, organization, journal; each token with its pair; each recipient, with the organization and the carrier; anyone with it. */
function historySql({ tokens, recipients, carrier, returned, references }: Shape): string {
  const recipientsAt = tokensAt + 2 * tokens;
  const journalAt = recipientsAt + recipients;
  const sent = (messageIds: string, parties: string): string =>
    `EXISTS (SELECT 1 FROM journal j WHERE j.tenant = ?1 AND j.message_id IN (${messageIds}) AND j.party IN (${parties}) AND j.day >= ?${journalAt})`;
  const returnsOurs = returned > 0 && recipients > 0 ? sent(`?${journalAt + 2}`, list(recipientsAt, recipients)) : "0";
  const answersOurs = references > 0 ? sent(list(journalAt + 2 + returned, references), `?${journalAt + 1}`) : "0";
  const columns = ["t.messages", "o.authenticated", "o.signed", "o.unauthenticated", "o.days", "o.first_day", "o.last_day"];
  columns.push(returnsOurs, answersOurs);
  const joins = ["LEFT JOIN tenant t ON t.tenant = ?1", `LEFT JOIN pair o ON ${pairAt("o", "''", "''")}`];
  for (let i = 0; i < tokens; i += 1) {
    const [value, kind] = [`?${tokensAt + 2 * i}`, `?${tokensAt + 1 + 2 * i}`];
    columns.push(...tokenColumns.map((column) => `t${i}.${column}`), ...pairColumns.map((column) => `p${i}.${column}`));
    joins.push(`LEFT JOIN token t${i} ON t${i}.tenant = ?1 AND t${i}.value = ${value} AND t${i}.kind = ${kind}`);
    joins.push(`LEFT JOIN pair p${i} ON ${pairAt(`p${i}`, value, kind)}`);
  }
  for (let i = 0; i < recipients && recipients <= recipientsJoined; i += 1) {
    for (const [name, organization] of [[`c${i}`, "?2"] as const, ...(carrier > 0 ? [[`d${i}`, "?3"] as const] : [])]) {
      columns.push(...contactColumns.map((column) => `${name}.${column}`));
      joins.push(
        `LEFT JOIN contact ${name} ON ${name}.tenant = ?1 AND ${name}.organization = ${organization} AND ${name}.recipient = ?${recipientsAt + i}`,
      );
    }
  }
  if (carrier > 0) {
    columns.push(...contactColumns.map((column) => `a.${column}`));
    joins.push("LEFT JOIN contact a ON a.tenant = ?1 AND a.organization = ?3 AND a.recipient = ?4");
  }
  return `SELECT ${columns.join(", ")}${carrier > 0 ? "" : ", ?3, ?4"} FROM (SELECT 1) ${joins.join(" ")}`;
}

function pairAt(name: string, value: string, kind: string): string {
  return `${name}.tenant = ?1 AND ${name}.organization = ?2 AND ${name}.value = ${value} AND ${name}.kind = ${kind}`;
}

function list(from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => `?${from + i}`).join(", ");
}

/** Numbers, by position; NULL where a row is missing. */
type Row = readonly (number | null)[];

function foundOf(row: Row, question: HistoryQuestion, contacts: Pick<Found, "contacts" | "carried"> | null): Found {
  const width = tokenColumns.length + pairColumns.length;
  const tokens = question.tokens.map((_, i) => foundToken(row, firstColumns + i * width));
  return {
    messages: row[0] ?? 0,
    organization: foundOrganization(row.slice(1, 7)),
    tokens,
    ...(contacts ?? joinedContacts(row.slice(firstColumns + tokens.length * width), question.carrier === null ? 1 : 2)),
    returnsOurs: row[7] === 1,
    answersOurs: row[8] === 1,
  };
}

/** `step`: 1 with the organization alone, 2 with the carrier in turn, and last anyone's with the carrier. */
function joinedContacts(row: Row, step: 1 | 2): Pick<Found, "contacts" | "carried"> {
  const [contacts, carried]: [ContactRow[], ContactRow[]] = [[], []];
  for (let at = 0; at + 3 <= row.length; at += 3) {
    const contact = foundContact(row.slice(at, at + 3));
    const isCarried = step === 2 && (at % 6 === 3 || at + 6 > row.length);
    if (contact !== null) (isCarried ? carried : contacts).push(contact);
  }
  return { contacts, carried };
}

/** The contacts of many recipients. */
function manyContacts(db: DatabaseSync, question: HistoryQuestion, { recipients, anyone }: Asked): Pick<Found, "contacts" | "carried"> {
  const of = (organization: string | null, parties: readonly string[]): readonly ContactRow[] => {
    if (organization === null) return [];
    const statement = db.prepare(`SELECT wrote_to, heard_from, first_day FROM contact
      WHERE tenant = ? AND organization = ? AND recipient IN (${parties.map(() => "?").join(", ")})`);
    statement.setReturnArrays(true);
    const rows = statement.all(question.tenant, organization, ...parties) as unknown as Row[]; // setReturnArrays: rows are arrays
    return rows.map(foundContact).filter((contact) => contact !== null);
  };
  return { contacts: of(question.organization, recipients), carried: of(question.carrier, [anyone, ...recipients]) };
}

function foundContact([wroteTo, heardFrom, firstDay]: Row): ContactRow | null {
  return wroteTo == null ? null : { wroteTo, heardFrom: heardFrom ?? 0, firstDay: firstDay ?? 0 };
}

function foundOrganization([authenticated, signed, unauthenticated, days, firstDay, lastDay]: Row): Found["organization"] {
  if (authenticated == null) return null;
  return {
    authenticated,
    signed: signed ?? 0,
    unauthenticated: unauthenticated ?? 0,
    days: days ?? 0,
    firstDay: firstDay ?? 0,
    lastDay: lastDay ?? 0,
  };
}

function foundToken(row: Row, at: number): FoundToken {
  const messages = row[at];
  const authenticated = row[at + 5];
  return {
    token:
      messages == null
        ? null
        : {
            messages,
            failures: row[at + 1] ?? 0,
            organizations: row[at + 2] ?? 0,
            failedOrganizations: row[at + 3] ?? 0,
            relayed: row[at + 4] ?? 0,
          },
    pair:
      authenticated == null
        ? null
        : {
            authenticated,
            signed: row[at + 6] ?? 0,
            unauthenticated: row[at + 7] ?? 0,
            complaints: row[at + 8] ?? 0,
            days: row[at + 9] ?? 0,
            recipients: row[at + 10] ?? 0,
            answered: row[at + 11] ?? 0,
            firstDay: row[at + 12] ?? 0,
            lastDay: row[at + 13] ?? 0,
          },
  };
}

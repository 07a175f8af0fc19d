/**
 * The history of one message from PostgreSQL in one round trip: one statement, prepared once a connection, whatever the number of keys. Each
 * key goes down a primary key by itself (a LATERAL look-up of one row), so that statistics that are out of date change nothing. Only reads;
 * throws what the server says.
 */
import type { ClientBase } from "pg";
import { limits } from "../base/limits.ts";
import { answer, type Found, type FoundToken } from "../memory/answer.ts";
import type { ContactRow } from "../memory/rows.ts";
import { anyoneFingerprint, type Fingerprint, fingerprintsOf, messageIdsOf, organizationFingerprint } from "../memory/teach.ts";
import type { HistoryQuestion, KnownHistory } from "../verdict/history.ts";
import { isStorable } from "./postgres-pool.ts";
import type { StoreMeta } from "./sqlite-schema.ts";
import { placed } from "./sqlite-upserts.ts";

export type AskHistory = (client: Pick<ClientBase, "query">, question: HistoryQuestion) => Promise<KnownHistory>;

export function historyOf({ decay }: Pick<StoreMeta, "decay">, fingerprint: Fingerprint): AskHistory {
  return async (client, question) => {
    const values = valuesOf(question, fingerprint);
    const { rows } = await client.query<(number | null)[]>({ name: "history", text: historySql, values, rowMode: "array" });
    return answer(question, foundOf(rows, question), decay);
  };
}

/** Numbers by position: part, place in the list asked for, and what was found. */
type Row = readonly (number | null)[];

const part = { whole: 0, token: 1, contact: 2, carried: 3 } as const;
/** Columns behind part and place; every part fills those it has. */
const width = 14;

function valuesOf(question: HistoryQuestion, fingerprint: Fingerprint): unknown[] {
  const { tenant, tokens, carrier, day } = question;
  const organization = question.organization ?? "";
  const recipients = fingerprintsOf(question.recipients, fingerprint);
  const { returned, references } = messageIdsOf(question, fingerprint);
  return [
    ...[tenant, organization, carrier ?? ""].map(asked),
    ...[tokens.map((token) => asked(placed(token))), tokens.map(({ kind }) => kind)],
    ...[recipients, carrier === null ? [] : [anyoneFingerprint(fingerprint), ...recipients]],
    ...[day - limits.journalDays, organizationFingerprint(organization, fingerprint)],
    // A bounce to nobody returns nothing of ours.
    ...[returned === null ? [] : [returned], references],
  ];
}

/** What no key can hold is in no row; PostgreSQL would refuse the statement. */
function asked(text: string): string {
  return isStorable(text) ? text : "\u{fffd}";
}

const pairColumns = "authenticated, signed, unauthenticated, complaints, days, recipients, answered, first_day, last_day";
const tokenColumns = "messages, failures, organizations, failed_organizations, relayed";
const contactColumns = "wrote_to, heard_from, first_day";

/** As many columns as all parts have, as doubles: they hold every number of the store exactly. */
function columns(list: string, from = ""): string {
  const named = list.split(", ").map((column) => `${from}${column}::float8`);
  return [...named, ...Array.from({ length: width - named.length }, () => "NULL::float8")].join(", ");
}

/** $1 tenant, $2 organization, $3 carrier, $4 values and $5 kinds of tokens, $6 recipients, $7 those of the carrier, $8 the oldest day of the
 * journal, $9 the organization's fingerprint, $10 returned, $11 references. */
const historySql = `
SELECT ${part.whole}, 0, t.messages, o.authenticated, o.signed, o.unauthenticated, o.days::float8, o.first_day::float8, o.last_day::float8,
  CASE WHEN EXISTS (SELECT 1 FROM journal j WHERE j.tenant = $1 AND j.message_id = ANY($10::text[]) AND j.party = ANY($6::text[]) AND j.day >= $8::int)
    THEN 1 ELSE 0 END::float8,
  CASE WHEN EXISTS (SELECT 1 FROM journal j WHERE j.tenant = $1 AND j.message_id = ANY($11::text[]) AND j.party = $9 AND j.day >= $8::int)
    THEN 1 ELSE 0 END::float8,
  ${Array.from({ length: width - 9 }, () => "NULL::float8").join(", ")}
FROM (SELECT 1) AS one
LEFT JOIN tenant t ON t.tenant = $1
LEFT JOIN pair o ON o.organization = $2 AND o.tenant = $1 AND o.value = '' AND o.kind = ''
UNION ALL
SELECT ${part.token}, q.place, ${columns(`${tokenColumns}, ${pairColumns.replaceAll(/\w+/g, "p_$&")}`, "f.")}
FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS q (value, kind, place), LATERAL (
  SELECT t.*, p.* FROM (SELECT 1) AS one
  LEFT JOIN LATERAL (SELECT ${tokenColumns} FROM token WHERE value = q.value AND tenant = $1 AND kind = q.kind LIMIT 1) t ON true
  LEFT JOIN LATERAL (SELECT ${pairColumns.replaceAll(/\w+/g, "$& AS p_$&")}
    FROM pair WHERE organization = $2 AND tenant = $1 AND value = q.value AND kind = q.kind LIMIT 1) p ON true
) f
${contacts(part.contact, "$2", "$6")}
${contacts(part.carried, "$3", "$7")}`;

function contacts(of: number, organization: string, recipients: string): string {
  return `UNION ALL SELECT ${of}, 0, ${columns(contactColumns, "c.")} FROM unnest(${recipients}::text[]) AS q (recipient), LATERAL (
    SELECT ${contactColumns} FROM contact WHERE organization = ${organization} AND tenant = $1 AND recipient = q.recipient LIMIT 1) c`;
}

function foundOf(rows: readonly Row[], question: HistoryQuestion): Found {
  const whole = rows.find(([of]) => of === part.whole)?.slice(2) ?? [];
  const tokens = question.tokens.map((_, i): FoundToken => {
    const row = rows.find(([of, place]) => of === part.token && place === i + 1);
    return foundToken(row?.slice(2) ?? []);
  });
  const contactsOf = (of: number): readonly ContactRow[] =>
    rows
      .filter((row) => row[0] === of)
      .map(([, , wroteTo, heardFrom, firstDay]) => ({ wroteTo: wroteTo ?? 0, heardFrom: heardFrom ?? 0, firstDay: firstDay ?? 0 }));
  return {
    messages: whole[0] ?? 0,
    organization: foundOrganization(whole.slice(1, 7)),
    tokens,
    contacts: contactsOf(part.contact),
    carried: contactsOf(part.carried),
    returnsOurs: whole[7] === 1,
    answersOurs: whole[8] === 1,
  };
}

function foundOrganization([authenticated, signed, unauthenticated, days, firstDay, lastDay]: Row): Found["organization"] {
  if (authenticated == null) return null;
  const counts = { authenticated, signed: signed ?? 0, unauthenticated: unauthenticated ?? 0 };
  return { ...counts, days: days ?? 0, firstDay: firstDay ?? 0, lastDay: lastDay ?? 0 };
}

function foundToken(row: Row): FoundToken {
  const [messages, failures, organizations, failedOrganizations, relayed, ...pair] = row;
  const [authenticated, signed, unauthenticated, complaints, days, recipients, answered, firstDay, lastDay] = pair;
  const counts = { organizations: organizations ?? 0, failedOrganizations: failedOrganizations ?? 0, relayed: relayed ?? 0 };
  return {
    token: messages == null ? null : { messages, failures: failures ?? 0, ...counts },
    pair:
      authenticated == null
        ? null
        : {
            ...{ authenticated, signed: signed ?? 0, unauthenticated: unauthenticated ?? 0, complaints: complaints ?? 0, days: days ?? 0 },
            ...{ recipients: recipients ?? 0, answered: answered ?? 0, firstDay: firstDay ?? 0, lastDay: lastDay ?? 0 },
          },
  };
}

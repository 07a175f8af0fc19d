/**
 * The store's tables as kysely sees them, one type for both databases: what the SQL of sqlite-schema.ts and postgres-schema.ts makes.
 * Numbers are integers below 2^53 unless said otherwise; what has a shape of its own is JSON in a text column. Types only.
 */

export type StoreTables = {
  readonly entry: EntryTable;
  readonly entry_change: EntryChangeTable;
  readonly sighting: SightingTable;
  readonly decision: DecisionTable;
  readonly decision_party: DecisionPartyTable;
  readonly decision_answer: DecisionAnswerTable;
  readonly decision_size: DecisionSizeTable;
};

/** An entry of the operator. Primary key: key, tenant, shape, id. Indexes: (id, tenant) unique; (tenant, number, shape). */
export type EntryTable = {
  /** Under which a message finds it (pairKeyOf, listKeyOf). */
  key: string;
  tenant: string;
  shape: "pair" | "list";
  id: string;
  /** Of a list entry its kind; of a pair `pair`. */
  kind: string;
  action: string;
  /** What it is about, as text: two entries of one shape, action and text are one wish. */
  text: string;
  /** The change by which it came to be there. */
  number: number;
  matched_day: number | null;
  /** The entry as JSON, without matchedDay. */
  value: string;
};

/** What was done to entries: the audit log. Primary key: number, tenant; the number counts up within the store. Indexes: (tenant, number); (id, tenant). */
export type EntryChangeTable = {
  number: number;
  tenant: string;
  /** The entry's. */
  id: string;
  /** RFC 3339, UTC. */
  at: string;
  author: string;
  value_before: string | null;
  value_after: string | null;
  undoes: number | null;
};

/** One pair of spoof intelligence on one day. Primary key: domain, tenant, infrastructure, via, day. Index: (day, tenant). */
export type SightingTable = {
  domain: string;
  tenant: string;
  infrastructure: string;
  via: string;
  day: number;
  messages: number;
  acted: number;
  would_act: number;
  /** A bitmap (memory/rows.ts). */
  recipients: number;
  /** JSON: addresses with their counts. */
  users: string;
  /** JSON: what the last message of the day said. */
  latest: string;
  /** JSON: the newest samples. */
  samples: string;
};

/** One record of the journal, never changed. Unique: at, id, tenant. */
export type DecisionTable = {
  /** When it was decided, milliseconds since 1970: 64 bits. */
  at: number;
  /** The inspection's. */
  id: string;
  tenant: string;
  /** Keyed fingerprints of the addresses that it names, each limits.journalPartyCharacters long, one behind the other. */
  parties: string;
  /** Hashes of its DNS answers (decision_answer), each limits.journalHashBytes long, in the order in which they were asked. */
  answers: Uint8Array;
  /** As journal-pack.ts writes it. */
  body: Uint8Array;
};

/** Whom the records name, for erasure. Primary key: party, at, id, tenant. */
export type DecisionPartyTable = { party: string; at: number; id: string; tenant: string };

/** One answer of DNS, whoever asked: it is kept as long as a record may name it. Primary key: hash, tenant. Index: (day, hash, tenant). */
export type DecisionAnswerTable = {
  hash: Uint8Array;
  tenant: string;
  /** The last day on which it was used. */
  day: number;
  body: Uint8Array;
};

/** How much the journal holds, by the day of a record or of an answer's last use. Primary key: day, kind, tenant. */
export type DecisionSizeTable = { day: number; kind: "decision" | "answer"; tenant: string; records: number; bytes: number };

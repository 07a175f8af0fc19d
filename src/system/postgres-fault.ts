/**
 * What goes wrong with a PostgreSQL store, in the store's closed set of faults, with what to do about it. SQLSTATE decides (PostgreSQL
 * Appendix A), and for what never reached the server the error of the connection. A URL is told without its password, always.
 */
import { type FaultReport, StoreFault, type StoreFaultCode } from "./sqlite-fault.ts";

/** Any error of connecting to the server, or of a statement. */
export function postgresReport(error: unknown): FaultReport {
  if (error instanceof StoreFault) return { code: error.code, detail: error.message };
  const detail = detailOf(error);
  const state = stateOf(error);
  if (state !== null) return { code: codeOfState(state), detail };
  // No SQLSTATE: the connection was not made, or has gone. A mistake of ours is none of these types of error.
  const isOurs =
    error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError || error instanceof ReferenceError;
  return { code: isOurs || !(error instanceof Error) ? "unexpected" : "cannot-open", detail };
}

/** The five characters of SQLSTATE; null where the error is not the server's. */
export function stateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return /^[0-9A-Z]{5}$/.test(error.code) && "severity" in error ? error.code : null;
}

/** Deadlock detected, serialization failure: the transaction was undone, and may be tried again at once. */
export function isRetryable(error: unknown): boolean {
  const state = stateOf(error);
  return state === "40P01" || state === "40001";
}

/** Connection exceptions; too many connections; shutting down, crashed, starting up. */
const connectionStates = /^(?:08...|53300|57P0[1-5])$/;

function codeOfState(state: string): StoreFaultCode {
  if (connectionStates.test(state)) return "cannot-open";
  switch (state) {
    case "55P03": // lock_not_available
    case "57014": // query_canceled: statement_timeout
    case "40P01":
    case "40001":
      return "locked";
    case "53100": // disk_full
      return "full";
    case "25006": // read_only_sql_transaction: a standby
      return "read-only";
    case "XX001": // data_corrupted
    case "XX002": // index_corrupted
      return "corrupt";
    case "42P01": // undefined_table
      return "older-schema";
    default:
      break;
  }
  switch (state.slice(0, 2)) {
    case "28": // invalid authorization
    case "3D": // no such database
      return "cannot-open";
    case "58": // error of the system below
      return "io";
    case "53": // insufficient resources
      return "full";
    default:
      return state === "42501" ? "cannot-open" : "unexpected"; // 42501: insufficient_privilege
  }
}

/** Of several addresses of one name each has an error of its own. */
function detailOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(detailOf).join("; ");
  const text = error instanceof Error ? error.message : String(error);
  return text === "" ? "the connection failed" : text;
}

const advice: Readonly<Record<StoreFaultCode, string>> = {
  locked: "the server is busy, or another session holds a lock: look at pg_stat_activity; Assay goes on by itself",
  full: "the server has no room left: give it disk or memory; Assay goes on by itself",
  corrupt: "the database is damaged: restore a backup",
  io: "the server's disk fails or is full: look at its log",
  "cannot-open": "look at the server, its address, user, password and rights; Assay connects again by itself",
  "read-only": "the server is a standby or read-only: name the primary in memory.url",
  "newer-schema": "it was written by a newer Assay that this one cannot share it with: install that version",
  "older-schema": "it has no tables of this version: run assay db migrate",
  foreign: "name another database in memory.url",
  writer: "the writer's thread ended: it is started again",
  unexpected: "this should not happen: please report it",
};

/** One line for health and for a person: `store postgres://HOST/DATABASE: DETAIL; ADVICE`. */
export function postgresFaultLine(name: string, { code, detail }: FaultReport): string {
  return `store ${name}: ${detail}; ${advice[code]}`;
}

/** A URL as it may be shown: user, host, port and database; neither password nor options. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return "postgres://…";
  const { username, host, pathname, searchParams } = new URL(url);
  return `postgres://${username === "" ? "" : `${username}@`}${searchParams.get("host") ?? host}${pathname}`;
}

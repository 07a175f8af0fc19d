/**
 * What goes wrong with the store's file, in a closed set, with what to do about it. SQLite's primary result code decides; the
 * environment is never the mail's fault, so none of these leaves the store as an exception once it is open.
 */
import { StoreFault, type StoreFaultCode } from "../memory/store-fault.ts";

export { StoreFault, type StoreFaultCode };

export type FaultReport = { readonly code: StoreFaultCode; readonly detail: string };

/** Any error of opening, reading or writing the store. */
export function reportOf(error: unknown): FaultReport {
  if (error instanceof StoreFault) return { code: error.code, detail: error.message };
  const detail = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Error)) return { code: "unexpected", detail };
  if ("errcode" in error && typeof error.errcode === "number") return { code: codeOf(error.errcode), detail };
  if ("code" in error && error.code === "ENOSPC") return { code: "full", detail };
  return { code: "code" in error && "syscall" in error ? "cannot-open" : "unexpected", detail };
}

/** By the primary result code; extended ones carry it in their low octet. */
function codeOf(errcode: number): StoreFaultCode {
  switch (errcode & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return "locked";
    case 13: // SQLITE_FULL
      return "full";
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return "corrupt";
    case 10: // SQLITE_IOERR
      return "io";
    case 8: // SQLITE_READONLY
      return "read-only";
    case 3: // SQLITE_PERM
    case 14: // SQLITE_CANTOPEN
    case 23: // SQLITE_AUTH
      return "cannot-open";
    default:
      return "unexpected";
  }
}

const advice: Readonly<Record<StoreFaultCode, string>> = {
  locked: "another process holds its lock: end what works on the file; Assay goes on by itself",
  full: "the disk is full: free some space; Assay goes on by itself",
  corrupt: "the file is damaged, or no store at all: put a backup in its place while Assay is stopped, or name another file in memory.url",
  io: "the disk fails or is full: look at the system's log",
  "cannot-open": "the file cannot be opened: look at the path, its folder and their permissions",
  "read-only": "the file or its folder is read-only: give Assay the right to write",
  "newer-schema": "it was written by a newer Assay: install that version, or restore a backup",
  "older-schema": "it is of an older version: run assay db migrate",
  foreign: "name another file in memory.url",
  writer: "the writer's thread ended: it is started again",
  unexpected: "this should not happen: please report it",
};

/** One line for health and for a person: `store PATH: DETAIL; ADVICE`. */
export function faultLine(path: string, { code, detail }: FaultReport): string {
  return `store ${path}: ${detail}; ${advice[code]}`;
}

/**
 * Opening the store's file: made with mode 0600 (it knows who writes to whom), write-ahead log, each commit flushed to the disk. Here
 * too the fingerprints: SHA-256 with the store's own key, so that two stores do not match and a list of addresses is no table.
 */
import { hash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { limits } from "../base/limits.ts";
import type { Fingerprint } from "../memory/teach.ts";
import { versionOf } from "./sqlite-schema.ts";

/** The writer's connection. Makes the file where there is none; its folder must exist. */
export function openForWriting(path: string): DatabaseSync {
  ownedFile(path);
  const db = new DatabaseSync(path, { timeout: limits.storeLockMs });
  return prepared(db, () => {
    // What is not ours is told before the first change to the file.
    versionOf(db);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
      PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864;`);
  });
}

/** Makes an empty file for its owner alone, where there is none. */
export function ownedFile(path: string): void {
  closeSync(openSync(path, "a", 0o600));
}

/** A reader's connection: never waits for long, since the mail waits for it. */
export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: readLockMs });
  return prepared(db, () => db.exec(`PRAGMA cache_size = -${limits.storeReadCacheBytes / 1024}`));
}

/** Readers wait only while a log is being recovered or put away: both take milliseconds. */
const readLockMs = 25;

function prepared(db: DatabaseSync, prepare: () => void): DatabaseSync {
  try {
    prepare();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** 132 bits of SHA-256 over key and text, as text. */
export function keyedFingerprint(key: string): Fingerprint {
  return (text) => hash("sha256", `${key} ${text}`, "base64url").slice(0, 22);
}

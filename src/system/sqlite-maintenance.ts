/**
 * Operations on a store as a whole: bringing it to the newest schema, and copying it while it is in use. They throw what SQLite throws,
 * or a StoreFault.
 */
import { rename, rm } from "node:fs/promises";
import { backup } from "node:sqlite";
import { reportOf, StoreFault } from "./sqlite-fault.ts";
import { openForReading, openForWriting, ownedFile } from "./sqlite-file.ts";
import { migrate, versionOf } from "./sqlite-schema.ts";

/** Schema versions before and after. */
export function migrateStore(path: string, now: number): { readonly from: number; readonly to: number } {
  const db = openForWriting(path);
  try {
    const from = migrate(db, now);
    return { from, to: versionOf(db) };
  } finally {
    db.close();
  }
}

/** Copies a store that may be in use (SQLite's online backup) beside the target, and puts it there whole or not at all. */
export async function backUp(path: string, target: string): Promise<void> {
  const partial = `${target}.partial`;
  const db = openForReading(path);
  try {
    await rm(partial, { force: true });
    ownedFile(partial);
    await backup(db, partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    const { code, detail } = reportOf(error);
    throw new StoreFault(code, `cannot write the backup ${target}: ${detail}`);
  } finally {
    db.close();
  }
}

/**
 * The embedded store as `assay learn` writes it: on its own connection and in transactions of its own, so that a message and the mark
 * that it was learnt are written together or not at all. A server may go on using the store meanwhile. Unlike the server's writer it
 * does not go on after a fault: it throws LearningFault, and what was committed stays.
 */
import { limits } from "../base/limits.ts";
import { dayOf } from "../memory/decay.ts";
import { type Learnable, type Learning, LearningFault } from "../memory/learning.ts";
import { openLedger } from "../memory/ledger.ts";
import { countSources } from "../memory/sources.ts";
import { type Teaching, teachLesson, teachSent } from "../memory/teach.ts";
import { faultLine, reportOf } from "./sqlite-fault.ts";
import { keyedFingerprint, openForWriting } from "./sqlite-file.ts";
import { openSqliteReader } from "./sqlite-reader.ts";
import { migrate, readMeta } from "./sqlite-schema.ts";
import { upsertsOf } from "./sqlite-upserts.ts";

export type SqliteLearningOptions = { readonly path: string; readonly suffixes?: readonly string[] | undefined };

/** Opens the store, making and migrating it as needed. Throws LearningFault. */
export function openSqliteLearning({ path, suffixes }: SqliteLearningOptions): Learning {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new LearningFault(faultLine(path, reportOf(error)));
    }
  };
  const inner = guard(() => open(path, suffixes));
  return {
    isLearnt: async (id) => guard(() => inner.isLearnt(id)),
    history: async (question) => guard(() => inner.history(question)),
    learn: async (item) => guard(() => inner.learn(item)),
    flush: async () => guard(() => inner.flush()),
    close: async () => guard(() => inner.close()),
  };
}

/** Done at once: the file is here. */
type Opened = {
  readonly [method in keyof Learning]: (...given: Parameters<Learning[method]>) => Awaited<ReturnType<Learning[method]>>;
};

function open(path: string, suffixes: readonly string[] | undefined): Opened {
  const db = openForWriting(path);
  try {
    migrate(db, Date.now());
    const { decay, key } = readMeta(db);
    const fingerprint = keyedFingerprint(key);
    const teaching: Teaching = { decay, fingerprint, sources: countSources(), localSuffixes: suffixes };
    const upserts = upsertsOf(db);
    db.prepare("DELETE FROM learnt WHERE day < ?").run(dayOf(Date.now()) - limits.learntDays);
    const reader = openSqliteReader(path);
    const find = db.prepare("SELECT 1 FROM learnt WHERE id = ?");
    const mark = db.prepare("INSERT OR IGNORE INTO learnt VALUES (?, ?)");
    const waiting = new Map<string, Learnable>();
    const nameOf = (id: string): string => fingerprint(`learnt ${id}`);
    const flush = (): void => {
      if (waiting.size === 0) return;
      const ledger = openLedger("batch");
      for (const item of waiting.values()) {
        if ("lesson" in item) teachLesson(ledger, item.lesson, teaching);
        else teachSent(ledger, item.sent, teaching);
      }
      upserts.write(ledger, () => {
        for (const [name, { day }] of waiting) mark.run(name, day);
      });
      waiting.clear();
    };
    const isKnown = (name: string): boolean => waiting.has(name) || find.get(name) !== undefined;
    return {
      isLearnt: (id) => isKnown(nameOf(id)),
      history: (question) => reader.history(question),
      learn: (item) => {
        const name = nameOf(item.id);
        if (isKnown(name)) return;
        waiting.set(name, item);
        if (waiting.size >= limits.learnBatch) flush();
      },
      flush,
      close: () => {
        reader.close();
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

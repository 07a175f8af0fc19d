/**
 * What a message asks of PostgreSQL: its history, and the entries that can concern it, each in one round trip that takes
 * limits.historyReadMs or is given up. After a fault the mail does without for a moment instead of waiting message by message; then the
 * server is asked again. Nothing rejects, nothing waits longer.
 */
import type { Pool, PoolClient } from "pg";
import { limits } from "../base/limits.ts";
import type { EntriesQuestion, FoundEntries } from "../memory/entries.ts";
import type { History, HistoryQuestion } from "../verdict/history.ts";
import { findEntries } from "./postgres-entries.ts";
import { postgresReport } from "./postgres-fault.ts";
import { type AskHistory, historyOf } from "./postgres-history.ts";
import { postgresPool } from "./postgres-pool.ts";
import { readPostgresMeta } from "./postgres-schema.ts";
import type { FaultReport } from "./sqlite-fault.ts";
import { keyedFingerprint } from "./sqlite-file.ts";

export type PostgresReading = {
  history(question: HistoryQuestion): Promise<History>;
  entries(question: EntriesQuestion): Promise<FoundEntries>;
  /** Resolves when the store has been read from once, or could not be: the first message need not wait for a connection. */
  ready(): Promise<void>;
  fault(): (FaultReport & { readonly at: number }) | null;
  /** Look-ups so far: one a history, and one for pairs and one for lists, both in one round trip. */
  statements(): number;
  close(): Promise<void>;
};

const unavailable = { status: "unavailable" } as const;

export function openPostgresReading(url: string, mayOpen: () => boolean = () => true): PostgresReading {
  const pool = postgresPool({ url, connections: limits.postgresReadersMax, statementMs: limits.historyReadMs, for: "look-ups" });
  const gate = gateOf();
  let askHistory: AskHistory | null = null;
  let statements = 0;
  let isClosed = false;
  const ask = <T>(read: (client: PoolClient) => Promise<T>): Promise<T | typeof unavailable> => {
    if (isClosed || !gate.isOpen() || (askHistory === null && !mayOpen())) return Promise.resolve(unavailable);
    return inTime(lent(pool, read), gate);
  };
  const opened = async (client: PoolClient): Promise<AskHistory> => {
    if (askHistory === null) {
      const meta = await readPostgresMeta(client);
      askHistory = historyOf(meta, keyedFingerprint(meta.key));
    }
    return askHistory;
  };
  return {
    ready: () =>
      lent(pool, opened).then(
        () => {},
        (error: unknown) => gate.failed(postgresReport(error)),
      ),
    history: (question) =>
      ask(async (client) => {
        const askIt = await opened(client);
        statements += 1;
        return askIt(client, question);
      }),
    entries: (question) =>
      ask((client) => {
        statements += [question.pairKeys, question.listKeys].filter((keys) => keys.length > 0).length;
        return findEntries(client, question);
      }),
    fault: gate.fault,
    statements: () => statements,
    close: async () => {
      isClosed = true;
      await pool.end();
    },
  };
}

/** Lends a connection. One whose statement failed without a word of the server is not used again. */
async function lent<T>(pool: Pool, read: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    const value = await read(client);
    client.release();
    return value;
  } catch (error) {
    client.release(postgresReport(error).code !== "locked");
    throw error;
  }
}

/** Closed for a moment after a fault, and after several readings in a row that came too late. */
type Gate = { isOpen(): boolean; passed(): void; late(): void; failed(report: FaultReport): void; fault: PostgresReading["fault"] };

function gateOf(): Gate {
  let fault: ReturnType<PostgresReading["fault"]> = null;
  let notBefore = 0;
  let late = 0;
  let lateAt = 0;
  const failed = (report: FaultReport): void => {
    const at = Date.now();
    fault = { ...report, at };
    notBefore = at + limits.storeRetryMs;
  };
  return {
    isOpen: () => Date.now() >= notBefore,
    fault: () => fault,
    failed,
    passed: () => {
      fault = null;
      late = 0;
    },
    // One may be the machine's load; and all that were late at the same moment are one.
    late: () => {
      const now = Date.now();
      if (now - lateAt < limits.historyReadMs) return;
      lateAt = now;
      late += 1;
      if (late >= limits.historySlowReadsMax)
        failed({ code: "locked", detail: `the server takes more than ${limits.historyReadMs} ms to answer` });
    },
  };
}

/** A timer that is later than this was held up. */
const busyMs = 20;

/** The value, or `unavailable` when the time is up: what comes later is not waited for, and only told to the gate. */
function inTime<T>(reading: Promise<T>, gate: Gate): Promise<T | typeof unavailable> {
  return new Promise((resolve) => {
    let isLate = false;
    const giveUp = (): void => {
      isLate = true;
      gate.late();
      resolve(unavailable);
    };
    const dueAt = performance.now() + limits.historyReadMs;
    // Where this process was busy itself, the answer may be here and only unread: it has as long again.
    let timer = setTimeout(() => {
      if (performance.now() - dueAt < busyMs) giveUp();
      else timer = setTimeout(giveUp, limits.historyReadMs);
    }, limits.historyReadMs);
    reading.then(
      (value) => {
        clearTimeout(timer);
        if (!isLate) gate.passed();
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        const report = postgresReport(error);
        // The server ended the statement because its time was up: that is late, and counted as such once.
        if (report.code !== "locked") gate.failed(report);
        else if (!isLate) gate.late();
        resolve(unavailable);
      },
    );
  });
}

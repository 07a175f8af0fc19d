/**
 * 100 kills of processes that record into PostgreSQL and 200 of those that change entries, and the server's own sudden end while it is
 * written to. test/memory/killing.ts and entry-killing.ts say what is looked at after each.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { limits } from "../../src/base/limits.ts";
import { openPostgresEntryBook } from "../../src/system/postgres-books.ts";
import { openPostgresMemory } from "../../src/system/postgres-memory.ts";
import { openPostgresReading } from "../../src/system/postgres-reading.ts";
import { killEntryRecorders } from "../memory/entry-killing.ts";
import { eventsOf, type KilledStores, killRecorders } from "../memory/killing.ts";
import { questionsOf, recordEvent, tenantOf, weight } from "../memory/recording.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "./postgres-server.ts";

describe("PostgreSQL: sudden ends", { skip: withoutPostgres() }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());

  test("of 100 processes that are killed while they record, each leaves a store that is whole and has all that was acknowledged", async (t) => {
    const stores = storesOn(server);
    const lanes = await Promise.all([killRecorders(50, 2, stores), killRecorders(50, 3, stores)]);
    const sum = (of: (lane: (typeof lanes)[number]) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    const [kills, early, ahead] = [sum(({ kills }) => kills), sum(({ early }) => early), sum(({ ahead }) => ahead)];
    t.diagnostic(`${kills} kills, ${early} before the store was open, ${ahead} after a batch that was not acknowledged yet`);
    t.diagnostic(`${sum(({ events }) => events)} events`);
    assert.equal(kills, 100);
    assert.ok(ahead > 0, "none was killed between a batch and its acknowledgment");
  });

  test("of 200 processes that are killed while they change entries, none loses one that was acknowledged or leaves one half there", async (t) => {
    const books = {
      place: () => server.database(),
      open: async (url: string) => {
        await idle(url);
        return openPostgresEntryBook(url);
      },
    };
    const lanes = await Promise.all([killEntryRecorders(100, 4, books), killEntryRecorders(100, 5, books)]);
    const sum = (of: (lane: (typeof lanes)[number]) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
    t.diagnostic(`${sum(({ kills }) => kills)} kills, ${sum(({ changes }) => changes)} changes`);
    assert.equal(
      sum(({ kills }) => kills),
      200,
    );
  });

  test("the server's sudden end and its return: nothing acknowledged is lost, nothing counts twice, whatever became of the batch it was at", async (t) => {
    const url = await server.database();
    const memory = await openPostgresMemory(url);
    let recorded = 0;
    let acknowledged = 0;
    for (let end = 0; end < 4; end += 1) {
      // Recording goes on while the server ends, so that it ends at whatever it is doing.
      const until = recorded + 4000;
      const ending = sleep(150 + 120 * end).then(() => server.crash());
      while (recorded < until) {
        for (let burst = 0; burst < 50; burst += 1, recorded += 1) recordEvent(memory, 0, recorded);
        if (recorded % 500 === 0) await Promise.race([memory.flush().then(() => (acknowledged = recorded)), sleep(20)]);
        await sleep(1);
      }
      await ending;
      server.start();
      await memory.flush();
      acknowledged = recorded;
      const events = await storesOn(server).eventsIn(url, 0, acknowledged);
      assert.equal(events, recorded, "what waited is there, once");
    }
    t.diagnostic(`${recorded} events, 4 sudden ends`);
    const [question] = questionsOf(0, 0);
    assert.ok(question !== undefined);
    for (let tries = 0; (await memory.history(question)).status !== "known"; tries += 1) {
      assert.ok(tries < 10, memory.health().why ?? "unavailable");
      await sleep(limits.storeRetryMs);
    }
    for (let tries = 0; memory.health().status !== "ok"; tries += 1) {
      assert.ok(tries < 10, memory.health().why ?? "");
      await sleep(limits.storeRetryMs);
    }
    assert.deepEqual(memory.health(), { status: "ok", why: null, waiting: 0, dropped: 0 });
    await memory.close();
  });
});

/** A session whose client was killed may still be at its last statement: it is waited for. */
async function idle(url: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: "test" });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'assay'",
      );
      if (rows.length === 0) return;
      await sleep(2);
    }
  } finally {
    await client.end();
  }
}

function storesOn(server: PostgresServer): KilledStores {
  const rowsOf = (url: string, sql: string) => server.query(sql, url);
  return {
    open: () => server.database(),
    eventsIn: async (url, run, acknowledged) => {
      if (acknowledged === 0) await idle(url);
      const [made] = await rowsOf(url, "SELECT to_regclass('assay.migrations') IS NOT NULL AS made");
      if (made?.["made"] !== true) {
        assert.equal(acknowledged, 0);
        return 0;
      }
      assert.deepEqual(await rowsOf(url, wrongCounters), []);
      const tenant = tenantOf(run);
      const [sums] = await rowsOf(
        url,
        `SELECT coalesce((SELECT messages FROM tenant WHERE tenant = '${tenant}'), 0) / ${weight} AS lessons,
          (SELECT count(DISTINCT message_id) FROM journal WHERE tenant = '${tenant}')::int AS sent,
          coalesce((SELECT sum(authenticated + complaints) FROM pair WHERE tenant = '${tenant}' AND kind = 'prefix'), 0) / ${weight} AS words`,
      );
      return eventsOf({ lessons: Number(sums?.["lessons"]), sent: Number(sums?.["sent"]), words: Number(sums?.["words"]) }, acknowledged);
    },
    asking: async (url) => {
      const [made] = await rowsOf(url, "SELECT to_regclass('assay.migrations') IS NOT NULL AS made");
      if (made?.["made"] !== true) return null;
      const reading = openPostgresReading(url);
      return {
        history: async (question) => {
          for (let tries = 0; tries < 5; tries += 1) {
            const history = await reading.history(question);
            if (history.status === "known") return history;
            await sleep(limits.storeRetryMs + 100);
          }
          assert.fail(reading.fault()?.detail ?? "unavailable");
        },
        close: () => reading.close(),
      };
    },
  };
}

/** Tokens whose counts are not what their pairs say; pairs without a token. */
const wrongCounters = `SELECT * FROM (SELECT t.tenant, t.value, t.kind, t.organizations, t.failed_organizations, t.relayed, t.messages,
    count(p.*) AS pairs, count(*) FILTER (WHERE p.failures > 0) AS failed, count(*) FILTER (WHERE p.relayed > 0) AS carried,
    coalesce(sum(p.messages), 0) AS seen
  FROM token t FULL JOIN (SELECT * FROM pair WHERE kind <> '') p ON p.tenant = t.tenant AND p.value = t.value AND p.kind = t.kind
  GROUP BY t.tenant, t.value, t.kind, t.organizations, t.failed_organizations, t.relayed, t.messages) AS counted
  WHERE organizations IS DISTINCT FROM pairs OR failed_organizations IS DISTINCT FROM failed OR relayed IS DISTINCT FROM carried
    OR messages IS DISTINCT FROM seen`;

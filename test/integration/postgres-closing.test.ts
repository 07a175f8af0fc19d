/** A store in PostgreSQL that is closed while something of it is under way: short commands end so. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { Client } from "pg";
import { openEntriesCopy } from "../../src/system/postgres-entries-copy.ts";
import { openPostgresMemory } from "../../src/system/postgres-memory.ts";
import { until } from "./mta/child.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "./postgres-server.ts";

describe("PostgreSQL: a store that is closed while its copy of the entries is read", { skip: withoutPostgres() }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());

  const sessions = async (url: string, state: string) =>
    (await server.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'assay' AND datname = current_database() ${state}`, url))
      .length;

  test("in the midst of a statement: no fault is told of", async () => {
    const url = await server.database();
    const memory = await openPostgresMemory(url);
    const client = new Client({ connectionString: url, options: "-c search_path=assay" });
    await client.connect();
    try {
      await client.query("BEGIN; LOCK TABLE entry_change");
      await until(async () => (await sessions(url, "AND wait_event_type = 'Lock'")) > 0, { about: () => "the copy is being read" });
      await memory.close();
    } finally {
      await client.end();
    }
    assert.deepEqual(memory.health(), { status: "ok", why: null, waiting: 0, dropped: 0 });
  });

  test("while its connection is made: the connection is ended", async () => {
    const url = new URL(await server.database());
    await (await openPostgresMemory(url.href)).close();
    const pass = Promise.withResolvers<void>();
    let callers = 0;
    const sockets: Socket[] = [];
    const relay = createServer((near) => {
      callers += 1;
      const far = connect(Number(url.port), url.hostname);
      near.pipe(far);
      pass.promise.then(() => far.pipe(near));
      for (const socket of [near, far]) socket.on("error", () => {});
      sockets.push(near, far);
    });
    await once(relay.listen(0, "127.0.0.1"), "listening");
    const { port } = relay.address() as AddressInfo; // it listens on TCP
    const late = new URL(url);
    late.port = String(port);
    try {
      const copy = openEntriesCopy(late.href, () => true);
      await until(() => callers > 0, { about: () => "the copy connects" });
      const closing = copy.close();
      pass.resolve();
      await closing;
      assert.deepEqual([copy.fault(), callers], [null, 1]);
      await until(async () => (await sessions(url.href, "")) === 0, { about: () => "no connection is left" });
    } finally {
      relay.close();
      for (const socket of sockets) socket.destroy();
    }
  });
});

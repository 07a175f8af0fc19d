/**
 * Two processes of `assay serve` with one PostgreSQL behind Postfix, and what is killed under load: the database, and one of the processes.
 * Mail goes on in both cases; what was decided while the database was away is in its journal afterwards, once.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Assay, startAssay } from "./mta/assay.ts";
import { freePorts, pause, until } from "./mta/child.ts";
import { assertAsTold, assertResumed, passing, throughCrash } from "./mta/crash.ts";
import { without } from "./mta/missing.ts";
import { type Postfix, startPostfix } from "./mta/postfix.ts";
import { zone } from "./mta/zone.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "./postgres-server.ts";

describe("crashes under load, two processes with PostgreSQL", { skip: without("postfix") || withoutPostgres() }, () => {
  let server: PostgresServer;
  let url: string;
  let assay: Assay;
  let postfix: Postfix;

  before(async () => {
    server = await startPostgres();
    url = await server.database();
    const [port = 0, http = 0] = await freePorts(2);
    assay = await startAssay({
      config: `authserv_id = "mx.test"
[[domains]]
name = "inbound.test"
[policy]
mode = "enforce"
[serve]
workers = 2
[memory]
url = "${url}"
[listen]
milter = "inet:127.0.0.1:${port}"
http = "127.0.0.1:${http}"
`,
      zone,
    });
    postfix = await startPostfix({ milter: `inet:127.0.0.1:${port}` });
  });
  after(async () => {
    await postfix?.stop();
    await assay?.close();
    server?.close();
  });

  const decided = (): number => assay.lines().filter((line) => line["schema"] === "assay.decision/1" && line["trace"] !== null).length;
  const recorded = async (): Promise<number> =>
    Number((await server.query("SELECT count(*)::int AS n FROM assay.decision", url))[0]?.["n"]);

  test("PostgreSQL is killed: no client notices, history is missed, and what was decided meanwhile is recorded once", async () => {
    let outage = "";
    const sent = await throughCrash(postfix.port, {
      before: 60,
      crash: async () => {
        server.crash();
        await pause(1500);
        outage = await (await fetch(`http://${String(assay.places.get("http inbound")).replace("inet:", "")}/readyz`)).text();
        server.start();
      },
      message: passing,
    });
    await postfix.settled();
    assert.deepEqual(new Set(sent.map(({ told }) => told)), new Set(["accepted"]));
    assertAsTold(sent, postfix.delivered());
    assert.match(outage, /"store","ok":false/);
    await until(async () => (await recorded()) >= sent.length, { about: () => "the journal does not fill" });
    assert.deepEqual([await recorded(), decided()], [sent.length, sent.length]);
  });

  test("one of the processes is killed: as each client was told, and the other and a new one go on", async () => {
    const pids = assay
      .lines()
      .filter(({ message }) => message === "ready")
      .map(({ pid }) => Number(pid));
    const sent = await throughCrash(postfix.port, {
      before: 60,
      crash: async () => {
        process.kill(pids[0] ?? 0, "SIGKILL");
        await until(() => assay.lines().filter(({ message }) => message === "ready").length > 2, { about: () => "no new process" });
      },
      message: passing,
    });
    await postfix.settled();
    assertAsTold(sent, postfix.delivered());
    assertResumed(sent);
  });
});

/** `assay serve` from outside: starting, what stands in the way, signals, a new configuration, several processes with one store. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Serving } from "./serving.ts";

const httpOnly = '[listen]\nhttp = "127.0.0.1:0"\n';

function serving(t: TestContext, toml: string): Serving {
  const one = new Serving(toml);
  t.after(() => one.remove());
  return one;
}

test("it says where it listens, answers, and SIGTERM ends it with exit status 0", async (t) => {
  const one = serving(t, '[listen]\nmilter = "inet:127.0.0.1:0"\nhttp = "127.0.0.1:0"\n');
  assert.match(await one.place("milter"), /^127\.0\.0\.1:[1-9][0-9]*$/);
  const ready = await fetch(`http://${await one.place("http")}/readyz`);
  assert.equal(ready.status, 200);
  assert.equal(await one.stop(), 0);
  assert.deepEqual(
    one.lines
      .slice(-2)
      .map(({ message }) => message)
      .at(-1),
    "ended",
  );
  assert.equal(one.errors, "");
});

test("a configuration that opens no door is wrong use, with an example of one", async (t) => {
  const one = serving(t, "");
  assert.equal(await one.ended, 2);
  assert.match(one.errors, /opens no door; write for example\n {2}\[listen\]/);
});

test("a mistake in the configuration is wrong use, with line and key", async (t) => {
  const one = serving(t, '[listen]\nmilter = "127.0.0.1"\n');
  assert.equal(await one.ended, 2);
  assert.match(one.errors, /line 2: listen\.milter: wanted/);
});

test("a port that is taken: exit status 2, with what to do", async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === "object" && address !== null);
  const one = serving(t, `[listen]\nhttp = "127.0.0.1:${address.port}"\nmilter = "inet:127.0.0.1:0"\n`);
  assert.equal(await one.ended, 2);
  assert.match(one.errors, /cannot listen at inet:127\.0\.0\.1:[0-9]+: another program listens there/);
});

test("a socket file that a killed process left is replaced; one that answers, and what is no socket, is not", async (t) => {
  const toml = '[listen]\nmilter = "unix:FOLDER/milter.sock"\n';
  const first = serving(t, toml);
  await first.said("ready");
  const second = new Serving(toml, first.folder);
  assert.equal(await second.ended, 2);
  assert.match(second.errors, /another program listens there/);
  first.child.kill("SIGKILL");
  await first.ended;
  assert.ok(readdirSync(first.folder).includes("milter.sock"));
  const third = new Serving(toml, first.folder);
  await third.said("ready");
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ path: join(first.folder, "milter.sock") }, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
  assert.equal(await third.stop(), 0);
  writeFileSync(join(first.folder, "milter.sock"), "mine");
  const fourth = new Serving(toml, first.folder);
  assert.equal(await fourth.ended, 2);
  assert.match(fourth.errors, /no socket/);
});

test("SIGHUP: the new configuration counts from the next message on; one with a mistake leaves the old in force and readyz says so", async (t) => {
  const one = serving(t, httpOnly);
  const before = await one.inspect("ada@good.example");
  one.configure(`${httpOnly}[policy]\npreset = "strict"\n`);
  one.child.kill("SIGHUP");
  const [line] = await one.said("new configuration in force; changed: policy.preset");
  assert.ok(line !== undefined);
  const after = await one.inspect("ada@good.example");
  assert.notEqual(after.policyVersion, before.policyVersion);
  one.configure(`${httpOnly}[policy]\npreset = "hard"\n`);
  one.child.kill("SIGHUP");
  const [refused] = await one.said("configuration refused, the old one stays in force:");
  assert.match(JSON.stringify(refused?.["lines"]), /line 4: policy\.preset: wanted/);
  assert.equal((await one.inspect("ada@good.example")).policyVersion, after.policyVersion);
  const ready = await fetch(`http://${await one.place("http")}/readyz`);
  assert.match(await ready.text(), /policy\.preset/);
});

test("a changed file is read again by itself, once it stays as it is", async (t) => {
  const one = serving(t, httpOnly);
  await one.said("ready");
  one.configure(`${httpOnly}[policy]\npreset = "strict"\n`);
  await one.said("new configuration in force; changed: policy.preset");
});

test("several processes share the port and one store: what each message leaves is written once, by the first; metrics are of all", async (t) => {
  const one = serving(t, `${httpOnly}[serve]\nworkers = 2\n[memory]\nurl = "sqlite:FOLDER/assay.db"\n`);
  await one.said("ready", 2);
  await Promise.all(Array.from({ length: 40 }, (_, i) => one.inspect("ada@good.example", `r${i}@us.example`)));
  const text = await (await fetch(`http://${await one.place("http")}/metrics`)).text();
  const counted = [...text.matchAll(/^assay_verdicts_total\{[^}]*\} ([0-9]+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
  assert.equal(counted, 40);
  assert.equal(await one.stop(), 0);
  const db = new DatabaseSync(join(one.folder, "assay.db"), { readOnly: true });
  t.after(() => db.close());
  assert.equal(db.prepare("SELECT count(*) AS n FROM decision").get()?.["n"], 40);
});

test("a worker process that is killed is started anew, and the port goes on being served", async (t) => {
  const one = serving(t, `${httpOnly}[serve]\nworkers = 2\n`);
  const ready = await one.said("ready", 2);
  process.kill(Number(ready[0]?.["pid"]), "SIGKILL");
  await one.said("a worker process has ended; another is started");
  await one.inspect("ada@good.example");
  await one.said("ready", 3);
  await one.inspect("ada@good.example");
  assert.equal(await one.stop(), 0);
});

test("several processes: one of them watches what is held, and its alarm and figures are told", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "assay-serve-"));
  mkdirSync(join(folder, "bin"));
  const held = JSON.stringify({ queue_name: "hold", queue_id: "4AAA", arrival_time: 1, message_size: 1, sender: "", recipients: [] });
  writeFileSync(join(folder, "bin", "postqueue"), `#!/bin/sh\necho '${held}'\n`, { mode: 0o755 });
  const one = new Serving(`${httpOnly}[serve]\nworkers = 2\n[milter]\nhold = true\n`, folder);
  t.after(() => one.remove());
  await one.said("ready", 2);
  const alarms = await one.said("mail is held and nobody releases it: assay held list");
  assert.equal(alarms.length, 1);
  const text = await (await fetch(`http://${await one.place("http")}/metrics`)).text();
  assert.match(text, /^assay_held_messages 1$/m);
  assert.equal(await one.stop(), 0);
});

test("several processes: a store that the first one cannot write is told of by the readiness page and the metrics of all", async (t) => {
  const one = serving(t, `${httpOnly}[serve]\nworkers = 2\n[memory]\nurl = "sqlite:FOLDER/assay.db"\n`);
  await one.said("ready", 2);
  const at = `http://${await one.place("http")}`;
  const db = new DatabaseSync(join(one.folder, "assay.db"));
  t.after(() => db.close());
  db.exec("BEGIN IMMEDIATE");
  await one.inspect("ada@good.example");
  for (let tries = 0; (await fetch(`${at}/readyz`)).status !== 503; tries += 1) {
    assert.ok(tries < 100, "nobody says that the store is locked");
    await sleep(100);
  }
  assert.match(await (await fetch(`${at}/metrics`)).text(), /^assay_store_degraded 1$/m);
  db.exec("ROLLBACK");
  assert.equal(await one.stop(), 0);
});

test("signals while worker processes are being killed: the first process lives, and ends with exit status 0", async (t) => {
  const one = serving(t, `${httpOnly}[serve]\nworkers = 2\n`);
  for (const { pid } of await one.said("ready", 2)) process.kill(Number(pid), "SIGKILL");
  for (let i = 0; i < 50; i += 1) {
    one.child.kill("SIGHUP");
    await sleep(1);
  }
  await one.said("ready", 4);
  const ended = one.stop();
  for (let i = 0; i < 50; i += 1) {
    one.child.kill("SIGHUP");
    await sleep(2);
  }
  assert.equal(await ended, 0);
  assert.equal(one.errors, "");
});

test("where the first process is killed, the others end too, and a new start finds its port free", async (t) => {
  const one = serving(t, `${httpOnly}[serve]\nworkers = 2\n`);
  const workers = (await one.said("ready", 2)).map(({ pid }) => Number(pid));
  one.child.kill("SIGKILL");
  await one.ended;
  for (let tries = 0; workers.some(isAlive); tries += 1) {
    assert.ok(tries < 200, "a worker lives on");
    await sleep(25);
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a worker that is started anew while the file has a mistake takes what is in force, and not the file", async (t) => {
  const toml = `${httpOnly}[serve]\nworkers = 2\n`;
  const one = serving(t, toml);
  const ready = await one.said("ready", 2);
  one.configure(`${toml}[policy]\npreset = "strict"\n`);
  one.child.kill("SIGHUP");
  await one.said("new configuration in force; changed: policy.preset", 2);
  const { policyVersion } = await one.inspect("ada@good.example");
  one.configure(`${toml}[policy]\npreset = "hard"\n`);
  for (const { pid } of ready) process.kill(Number(pid), "SIGKILL");
  await one.said("ready", 4);
  for (let i = 0; i < 6; i += 1) assert.equal((await one.inspect("ada@good.example")).policyVersion, policyVersion);
  assert.equal(one.errors, "");
  assert.equal(await one.stop(), 0);
});

/** `assay check` and `assay db` with a store, as a user runs them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "assay-check-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let configs = 0;

/** A configuration that names a store of its own. */
function newStore(): { config: string; path: string } {
  configs += 1;
  const path = join(folder, `${configs}.db`);
  const config = join(folder, `${configs}.toml`);
  writeFileSync(config, `[memory]\nurl = "sqlite:${path}"\n`);
  return { config, path };
}

function assay(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const argv = ["--import", "./test/no-dns.ts", "src/main.ts", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

const zone = ["--zone", "examples/zone.yaml"];
const pass = "examples/mail/newsletter-signed-by-its-domain.eml";

type Line = { readonly history: { status: string; messages?: number; from?: { authenticated: number } } | null };

function check(...args: readonly string[]): { lines: readonly Line[]; status: number | null; err: string } {
  const { status, out, err } = assay("check", "--json", ...zone, ...args);
  const lines = out
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Line => JSON.parse(line));
  return { lines, status, err };
}

test("check: without a configuration that names a store none is opened, and the table says so", () => {
  assert.equal(check(pass).lines[0]?.history, null);
  assert.match(assay("check", ...zone, pass).out, /^ {4}memory – +no store configured$/m);
});

test("check: with one, history is read and recorded: the second run knows what the first has seen", () => {
  const { config, path } = newStore();
  const first = check("--config", config, pass);
  assert.deepEqual([first.lines[0]?.history?.status, first.lines[0]?.history?.from?.authenticated], ["known", 0]);
  const second = check("--config", config, pass);
  assert.equal(second.lines[0]?.history?.from?.authenticated, 1);
  assert.deepEqual([second.err, second.status], ["", 0]);
  assert.match(assay("check", ...zone, "--config", config, pass).out, /^ {4}memory known +\S+ +about 2 authenticated messages, on 1 day/m);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("check --jobs: what every thread's messages teach reaches the one writer", () => {
  const mail = join(folder, "mail");
  mkdirSync(mail);
  const message = readFileSync(join(root, pass));
  const count = 100;
  for (let i = 0; i < count; i += 1) writeFileSync(join(mail, `${i}.eml`), message);
  const { config } = newStore();
  const { lines, err, status } = check("--config", config, "--jobs", "3", mail);
  assert.deepEqual([lines.length, err, status], [count, "", 0]);
  for (const { history } of lines) assert.equal(history?.status, "known");
  assert.equal(check("--config", config, pass).lines[0]?.history?.messages, count);
});

test("check: a store that cannot be used changes no verdict and no exit status; the reason is told", () => {
  const { config, path } = newStore();
  const sound = check("--config", config, pass);
  writeFileSync(path, "no database");
  const damaged = check("--config", config, pass);
  assert.deepEqual(damaged.lines[0]?.history, { status: "unavailable" });
  assert.equal(damaged.status, sound.status);
  assert.match(damaged.err, /^assay: store .*damaged/m);
  assert.match(damaged.err, /[12] records? of what messages left behind (is|are) lost/);
  assert.match(assay("check", ...zone, "--config", config, pass).out, /^ {4}memory none +the store could not be read/m);
});

test("check: a store that another process has locked is unavailable, and mail goes on", () => {
  const { config, path } = newStore();
  check("--config", config, pass);
  const other = new DatabaseSync(path);
  other.exec("BEGIN EXCLUSIVE");
  const { lines, err, status } = check("--config", config, pass);
  other.close();
  assert.deepEqual([lines[0]?.history, status], [{ status: "unavailable" }, 0]);
  assert.match(err, /another process holds its lock/);
});

test("check: a store of a newer version is refused", () => {
  const { config, path } = newStore();
  assert.equal(assay("db", "migrate", "--config", config).status, 0);
  const db = new DatabaseSync(path);
  db.exec("INSERT INTO migrations VALUES (1000, 'of the future', '')");
  db.close();
  for (const args of [
    ["check", ...zone, "--config", config, pass],
    ["db", "migrate", "--config", config],
  ]) {
    const { status, err } = assay(...args);
    assert.equal(status, 2);
    assert.match(err, /schema version 1000, this Assay knows \d+; it was written by a newer Assay/);
  }
});

test("db: migrate makes the store, backup copies it and overwrites nothing", () => {
  const { config, path } = newStore();
  assert.match(assay("db", "migrate", "--config", config).out, /made, schema version \d+/);
  assert.match(assay("db", "migrate", "--config", config).out, /nothing to do/);
  check("--config", config, pass);
  assert.equal(assay("db", "backup", "--config", config, `${path}.copy`).status, 0);
  const again = assay("db", "backup", "--config", config, `${path}.copy`);
  assert.deepEqual([again.status, again.err.includes("exists already")], [2, true]);
  const copy = newStore();
  writeFileSync(copy.config, `[memory]\nurl = "sqlite:${path}.copy"\n`);
  assert.equal(check("--config", copy.config, pass).lines[0]?.history?.from?.authenticated, 1);
});

test("db: without a store it is wrong use; a server that is not there is told, and changes no verdict", () => {
  const none = join(folder, "none.toml");
  writeFileSync(none, "");
  assert.match(assay("db", "migrate", "--config", none).err, /names no store \(memory\.url\)/);
  const postgres = join(folder, "postgres.toml");
  writeFileSync(postgres, '[memory]\nurl = "postgres://ann:hidden-word@127.0.0.1:1/d"\n');
  const migrated = assay("db", "migrate", "--config", postgres);
  assert.equal(migrated.status, 2);
  assert.match(migrated.err, /store postgres:\/\/ann@127\.0\.0\.1:1\/d: connect ECONNREFUSED.*look at the server/);
  const { lines, status, err } = check("--config", postgres, pass);
  assert.deepEqual([lines[0]?.history, status], [{ status: "unavailable" }, 0]);
  assert.match(err, /ECONNREFUSED[\s\S]*[12] records? of what messages left behind (is|are) lost/);
  assert.ok(!`${migrated.err}${err}`.includes("hidden-word"));
});

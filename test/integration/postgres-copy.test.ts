/** `assay db copy` between the two kinds of store, there and back. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { limits } from "../../src/base/limits.ts";
import { openStore, openStoreEntries, openStoreLearning } from "../../src/system/open-store.ts";
import { postgresMigrations } from "../../src/system/postgres-schema.ts";
import { migrations } from "../../src/system/sqlite-schema.ts";
import { decisionNumber, question } from "../decisions.ts";
import { questionsOf, recordEvent } from "../memory/recording.ts";
import { authorIn, done, listEntry, pairEntry, sighting } from "../memory/store-suite-entries.ts";
import { numberedLesson } from "./numbered-lesson.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "./postgres-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "assay-copy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function assay(...args: readonly string[]): { status: number | null; out: string; err: string } {
  const argv = ["--import", "./test/no-dns.ts", "src/main.ts", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

/** Everything that a store keeps, more than a page of it. */
async function fill(path: string): Promise<void> {
  const url = { kind: "sqlite", path } as const;
  const memory = await openStore(url, {});
  for (let i = 0; i < 1500; i += 1) recordEvent(memory, 0, i);
  for (let i = 0; i < limits.copyRows + 300; i += 1) memory.recordSent({ ...sent, messageId: `${i}@fabrikam.com` });
  for (let i = 0; i < 30; i += 1) memory.recordSighting(sighting({ domain: `d${i}.example` }));
  for (let i = 0; i < 40; i += 1)
    memory.recordDecision({ ...decisionNumber(i), questions: [question("a.example", "v=spf1 \u0000\u00ff -all")] });
  await memory.flush();
  const book = await openStoreEntries(url);
  const { id } = await done(book.make(pairEntry("a.example, x.example", { note: "Grüße 🐟" }), authorIn("t")));
  await done(book.make(listEntry("b.example"), authorIn("")));
  await done(book.change(pairEntry("c.example, x.example", { id }), authorIn("t")));
  memory.recordMatched({ tenant: "t", day: 20_780, entries: [id] });
  await memory.close();
  await book.close();
  const learning = await openStoreLearning(url, undefined);
  await learning.learn({ id: "in 1", day: 20_779, lesson: numberedLesson(1) });
  await learning.flush();
  await learning.close();
}

const sent = { tenant: "", day: 20_779, sender: "ada@fabrikam.com", recipients: ["x@contoso.com"] };

/** All rows of all tables, but for what a store has for itself. */
function dump(path: string): Readonly<Record<string, readonly unknown[]>> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations' ORDER BY name").all();
    return Object.fromEntries(
      names.map(({ name }) => [
        String(name),
        db
          .prepare(`SELECT * FROM ${String(name)}`)
          .all()
          .map((row) => JSON.stringify(Object.values(row).map((value) => (value instanceof Uint8Array ? [...value] : value))))
          .toSorted(),
      ]),
    );
  } finally {
    db.close();
  }
}

describe("db copy", { skip: withoutPostgres() }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());

  test("both schemas have the same versions", () => {
    assert.deepEqual(
      postgresMigrations.map(({ name }) => name),
      migrations.map(({ name }) => name),
    );
  });

  test("there and back: every row of every table, and the store answers as before", async () => {
    const path = join(folder, "from.db");
    await fill(path);
    const before = dump(path);
    for (const [table, rows] of Object.entries(before)) assert.ok(rows.length > 0, `${table} is empty: the test misses it`);
    const url = (await server.database()).replace("postgres@", "postgres:hidden-word@");
    const there = assay("db", "copy", `sqlite:${path}`, url);
    assert.deepEqual([there.status, existsSync(path)], [0, true], there.err);
    assert.match(there.out, /from\.db: \d+ rows of 14 tables copied to postgres:\/\/postgres@127\.0\.0\.1:\d+\/assay\d+$/m);
    assert.match(there.err, /^pair: \d+ rows$/m);
    assert.ok(!`${there.out}${there.err}`.includes("hidden-word"));
    const [inPostgres, inFile] = await Promise.all([openStore({ kind: "postgres", url }, {}), openStore({ kind: "sqlite", path }, {})]);
    for (const asked of questionsOf(0, 3)) assert.deepEqual(await inPostgres.history(asked), await inFile.history(asked));
    await Promise.all([inPostgres.close(), inFile.close()]);
    const back = assay("db", "copy", url, `sqlite:${join(folder, "back.db")}`);
    assert.equal(back.status, 0, back.err);
    assert.deepEqual(dump(join(folder, "back.db")), before);
  });

  test("a target that holds something is refused, and left as it was; --replace takes it out first", async () => {
    const [path, url] = [join(folder, "small.db"), await server.database()];
    const small = await openStore({ kind: "sqlite", path }, {});
    small.record(numberedLesson(0));
    await small.close();
    const other = await openStore({ kind: "postgres", url }, {});
    for (let i = 0; i < 9; i += 1) other.record(numberedLesson(i));
    await other.close();
    for (const [from, to] of [
      [`sqlite:${path}`, url],
      [url, `sqlite:${path}`],
    ] as const) {
      const refused = assay("db", "copy", from, to);
      assert.equal(refused.status, 2);
      assert.match(refused.err, /is not empty .*--replace/);
    }
    const kept = dump(path);
    const replaced = assay("db", "copy", "--replace", url, `sqlite:${path}`);
    assert.equal(replaced.status, 0, replaced.err);
    assert.notDeepEqual(dump(path), kept);
    assert.equal(assay("db", "copy", "--replace", `sqlite:${path}`, url).status, 0);
  });

  test("wrong use: no store there, a store into itself, what is no URL, and none of it repeats a password", async () => {
    const url = (await server.database()).replace("postgres@", "postgres:hidden-word@");
    const missing = assay("db", "copy", `sqlite:${join(folder, "none.db")}`, url);
    const empty = assay("db", "copy", url, `sqlite:${join(folder, "new.db")}`);
    const itself = assay("db", "copy", url, `${url}?application_name=x`);
    const wrong = assay("db", "copy", url.replace("postgres:", "postgress:"), url);
    assert.match(missing.err, /there is no such store/);
    assert.match(empty.err, /run assay db migrate/);
    assert.match(itself.err, /cannot be copied into itself/);
    assert.match(wrong.err, /the first URL is neither sqlite:PATH nor postgres:/);
    for (const { status, err } of [missing, empty, itself, wrong]) assert.deepEqual([status, err.includes("hidden-word")], [2, false], err);
  });
});

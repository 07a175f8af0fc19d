/**
 * A PostgreSQL server for tests: Debian's binaries, a cluster of its own in a temporary folder, a free port of loopback, ended by the id of
 * its process. Nothing is asked of a cluster that the machine may have. initdb refuses root: as root, all is done as the user postgres.
 * Without the binaries the tests are skipped, and say so; under CI=true that is a failure.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";

export type PostgresServer = {
  /** A new, empty database; gives its URL. */
  database(): Promise<string>;
  /** Runs SQL as the superuser in the database of a URL, or in `postgres`. */
  query(sql: string, url?: string): Promise<readonly Record<string, unknown>[]>;
  /** As a power cut: nothing is written any more. */
  crash(): void;
  stop(): void;
  start(): void;
  readonly url: string;
  /** Ends the server and takes its files away. */
  close(): void;
};

const debian = "/usr/lib/postgresql";

/** The folder of the newest installed version's binaries; null: none is installed. */
function binaries(): string | null {
  const versions = existsSync(debian) ? readdirSync(debian).filter((name) => existsSync(join(debian, name, "bin/initdb"))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : join(debian, newest, "bin");
}

/** Why tests with a server are skipped; false where there is one. Fails under CI=true. */
export function withoutPostgres(): string | false {
  if (binaries() !== null) return false;
  assert.notEqual(process.env["CI"], "true", "PostgreSQL is not installed: apt-get install postgresql");
  return "needs PostgreSQL: apt-get install postgresql";
}

export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const bin = binaries();
  assert.ok(bin !== null, "PostgreSQL is not installed: apt-get install postgresql");
  const folder = mkdtempSync(join(tmpdir(), "assay-postgres-"));
  const port = await freePort();
  const data = join(folder, "data");
  const run = asPostgres(folder);
  const start = (): void => run(join(bin, "pg_ctl"), ["-D", data, "-l", join(folder, "log"), "-w", "-t", "30", "start"]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  try {
    run(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]);
    // Quick to start; everything that durability is about stays as it is by default.
    const own = [`port = ${port}`, "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "max_connections = 50"];
    writeFileSync(join(data, "postgresql.auto.conf"), [...own, ...settings, ""].join("\n"));
    start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  let databases = 0;
  const query: PostgresServer["query"] = async (sql, of = url) => {
    const client = new Client({ connectionString: of, options: "-c search_path=assay,public" });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const stop = (mode: "fast" | "immediate"): void => run(join(bin, "pg_ctl"), ["-D", data, "-w", "-m", mode, "stop"]);
  return {
    url,
    query,
    database: async () => {
      databases += 1;
      const name = `assay${databases}`;
      await query(`CREATE DATABASE ${name}`);
      return url.replace(/[^/]*$/, name);
    },
    crash: () => stop("immediate"),
    stop: () => stop("fast"),
    start,
    close: () => {
      if (existsSync(join(data, "postmaster.pid"))) stop("immediate");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a program as a user who is not root, in that folder. */
function asPostgres(folder: string): (program: string, args: readonly string[]) => void {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    const [, , uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"))?.[0]?.split(":") ?? [];
    assert.ok(uid !== undefined && gid !== undefined, "there is no user postgres");
    chownSync(folder, Number(uid), Number(gid));
  }
  return (program, args) => {
    const [command, ...rest] = isRoot ? ["runuser", "-u", "postgres", "--", program, ...args] : [program, ...args];
    // Its output would be held open by the server that it leaves behind.
    const { status, error } = spawnSync(command ?? program, rest, { cwd: folder, stdio: "ignore", timeout: 60_000 });
    assert.ok(error === undefined, error?.message);
    const log = join(folder, "log");
    assert.equal(status, 0, `${program} ${args.join(" ")}\n${existsSync(log) ? readFileSync(log, "utf8").slice(-2000) : ""}`);
  };
}

function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().on("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => (address === null || typeof address === "string" ? reject(new Error("no port")) : resolve(address.port)));
  });
  return promise;
}

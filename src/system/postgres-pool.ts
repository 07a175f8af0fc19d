/**
 * Connections to PostgreSQL: how they are made and what they all agree on. Tables lie in a schema of their own (`assay`), so that a
 * database can be shared; each statement has an end, on the server and here, so that nothing hangs where a network is cut; whole numbers come
 * back as numbers. A connection that fails makes no noise: whoever uses it is told by his own statement.
 */
import { Client, type ClientConfig, Pool, TypeOverrides } from "pg";
import { limits } from "../base/limits.ts";

export type PostgresOptions = {
  readonly url: string;
  /** The most connections that are open at once. */
  readonly connections: number;
  /** The longest that one statement may take. */
  readonly statementMs: number;
  /** `look-ups`: statements that go down keys, and are planned so whatever the statistics of a young or growing table say. */
  readonly for?: "look-ups";
};

export function postgresPool({ url, connections, statementMs, for: use }: PostgresOptions): Pool {
  const pool = new Pool({
    ...connection(url, statementMs, use === "look-ups" ? " -c enable_seqscan=off -c plan_cache_mode=force_generic_plan" : ""),
    max: connections,
    idleTimeoutMillis: limits.postgresIdleMs,
    // A lost server must not keep a process alive that has nothing else to do.
    allowExitOnIdle: true,
  });
  pool.on("error", ignored);
  pool.on("connect", (client) => void client.on("error", ignored));
  return pool;
}

/** One connection, not connected yet. */
export function postgresClient(url: string, statementMs: number): Client {
  return new Client(connection(url, statementMs)).on("error", ignored);
}

/** The connection is thrown away, and its next user hears why. */
function ignored(): void {}

function connection(url: string, statementMs: number, settings = ""): ClientConfig {
  const parsed = new URL(url);
  const theirs = parsed.searchParams.get("options");
  // pg lets what the URL says win: ours would be lost.
  parsed.searchParams.delete("options");
  return {
    connectionString: parsed.href,
    application_name: "assay",
    connectionTimeoutMillis: limits.postgresConnectMs,
    statement_timeout: statementMs,
    // The server's own end comes first; this one is for a server that no longer speaks.
    query_timeout: statementMs + limits.postgresConnectMs,
    lock_timeout: Math.min(statementMs, limits.storeLockMs),
    idle_in_transaction_session_timeout: limits.postgresIdleMs,
    keepAlive: true,
    // Compiling a statement takes longer than any of ours runs.
    options: `${theirs === null ? "" : `${theirs} `}-c search_path=assay -c TimeZone=UTC -c jit=off${settings}`,
    types: parsers,
  };
}

const parsers = new TypeOverrides();
// int8: what the store keeps stays below 2^53 (bitmaps have 52 bits).
parsers.setTypeParser(20, "text", Number);

/** A key that PostgreSQL's text can hold: no NUL, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

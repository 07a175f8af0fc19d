/** The suite of every store (test/memory/store-suite.ts) on PostgreSQL. */
import { after, before, describe } from "node:test";
import { openPostgresEntryBook, openPostgresInsight, openPostgresJournal } from "../../src/system/postgres-books.ts";
import { openPostgresMemory } from "../../src/system/postgres-memory.ts";
import { describeStore } from "../memory/store-suite.ts";
import { entriesSuite } from "../memory/store-suite-entries.ts";
import { journalSuite } from "../memory/store-suite-journal.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "./postgres-server.ts";

describe("PostgreSQL", { skip: withoutPostgres() }, () => {
  let server: PostgresServer | null = null;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());
  entriesSuite("in PostgreSQL", async () => {
    const url = (await server?.database()) ?? "";
    const memory = await openPostgresMemory(url);
    const [book, insight] = [await openPostgresEntryBook(url), await openPostgresInsight(url)];
    const close = async (): Promise<void> => {
      await Promise.all([memory.close(), book.close(), insight.close()]);
    };
    return { memory, book, insight, close, statements: () => memory.counts().statements };
  });
  journalSuite("PostgreSQL", async () => {
    const url = (await server?.database()) ?? "";
    const memory = await openPostgresMemory(url);
    const journal = await openPostgresJournal(url, "change");
    const count = async (table: string): Promise<number> =>
      Number((await server?.query(`SELECT count(*) AS count FROM ${table}`, url))?.[0]?.["count"]);
    return {
      ...{ memory, journal },
      damage: async (id) => void (await server?.query(`UPDATE decision SET body = '\\x0102' WHERE id = '${id}'`, url)),
      rows: async () => ({
        decisions: await count("decision"),
        parties: await count("decision_party"),
        answers: await count("decision_answer"),
        sizes: await count("decision_size"),
      }),
      close: async () => {
        await Promise.all([memory.close(), journal.close()]);
      },
    };
  });
  describeStore("in PostgreSQL", async () => openPostgresMemory((await server?.database()) ?? ""));
});

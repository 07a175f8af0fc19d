/** docs/memory.md: its tables are the schema's, its numbers are the limits' (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { migrate } from "../../src/system/sqlite-schema.ts";

const page = readFileSync(new URL("../../docs/memory.md", import.meta.url), "utf8").replaceAll(/\s+/g, " ");

test("the page has every table of the store, and no other", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, 0);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  db.close();
  const kept = page.slice(page.indexOf("| table |"), page.indexOf("Every key holds"));
  const named = [...kept.matchAll(/\| (`\w+`(?:, `\w+`)*)[^|]*\|[^|]*\|[^|]*\|/g)].flatMap(([, names = ""]) => names.match(/\w+/g) ?? []);
  assert.deepEqual([...new Set(named)].toSorted(), tables.map(({ name }) => String(name)).toSorted());
});

const megabyte = 1024 * 1024;
const inWords = (count: number): string => count.toLocaleString("en-US");

for (const sentence of [
  `for ${limits.journalDays} days`,
  `for ${limits.learntDays} days`,
  `loses half of its worth in ${limits.historyHalfLifeDays} days`,
  `less than ${limits.historyForgottenBelow} messages is pruned`,
  `(a single message: after ${Math.ceil(limits.historyHalfLifeDays * Math.log2(1 / limits.historyForgottenBelow))} days)`,
  `in steps of ${inWords(limits.historyPruneRows)} rows`,
  `for ${limits.historySourceUnauthenticatedPerDay} unauthenticated and ${inWords(limits.historySourceAuthenticatedPerDay)} authenticated messages a day`,
  `Past ${limits.historyStoreBytesMax / (1024 * megabyte)} GB`,
  `At most ${limits.historyTokensMax} tokens and ${limits.historyRecipientsMax} recipients`,
  `longer than ${limits.historyKeyCharactersMax} characters`,
  `(${limits.storeBatchMs} ms or ${inWords(limits.storeBatchMax)} of them`,
  `below ${limits.storeFreeBytesMin / megabyte} MB free`,
  `Up to ${inWords(limits.storeQueueMax)} lessons wait`,
  `longer than ${limits.historyReadMs} ms`,
]) {
  test(`the page says "${sentence}"`, () => assert.ok(page.includes(sentence)));
}

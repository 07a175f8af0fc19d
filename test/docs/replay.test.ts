/** docs/replay.md: its samples print what it says (`node scripts/journal-samples.ts`), its numbers are the limits' (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runSamples, samples } from "../../scripts/journal-samples.ts";
import { limits } from "../../src/base/limits.ts";
import { recipientsMax } from "../../src/gateway/replay/readiness.ts";
import { notReplayableWords } from "../../src/gateway/replay/redecide.ts";

const text = readFileSync(new URL("../../docs/replay.md", import.meta.url), "utf8");
const page = text.replaceAll(/\s+/g, " ");

test("every sample of the page prints what the page says, one after the other", async () => {
  const told = samples();
  assert.ok(told.length >= 4);
  assert.deepEqual(
    await runSamples(told.map(({ command }) => command)),
    told.map(({ printed }) => printed),
  );
});

test("the page has a line for each thing that cannot be decided again, but for what no configuration can say", () => {
  const rows = text.slice(text.indexOf("| why |"), text.indexOf("Entries that were made since")).trim().split("\n").slice(2);
  // Nothing in a configuration chooses the profile that From is read by.
  assert.equal(rows.length, Object.keys(notReplayableWords).length - 1);
});

const inWords = (count: number): string => count.toLocaleString("en-US");

for (const sentence of [
  `up to ${inWords(recipientsMax.rule)} a rule and ${recipientsMax.sender} a sender`,
  `${inWords(limits.journalSendersMax)} senders of a rule are kept apart`,
  `${limits.journalPruneRecords} at a time`,
]) {
  test(`the page says "${sentence}"`, () => assert.ok(page.includes(sentence)));
}

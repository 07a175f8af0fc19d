/** docs/spoof-intelligence.md: its samples print what it says (`node scripts/store-samples.ts`), its numbers are the limits' (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runSamples, samples } from "../../scripts/store-samples.ts";
import { limits } from "../../src/base/limits.ts";

const page = readFileSync(new URL("../../docs/spoof-intelligence.md", import.meta.url), "utf8").replaceAll(/\s+/g, " ");

test("every sample of the page prints what the page says, one after the other", async () => {
  const told = samples();
  assert.ok(told.length >= 11);
  assert.deepEqual(
    await runSamples(told.map(({ command }) => command)),
    told.map(({ printed }) => printed),
  );
});

const inWords = (count: number): string => count.toLocaleString("en-US");

for (const sentence of [
  `${inWords(limits.entryPairsMax)} pairs and ${inWords(limits.entryListMax)} entries of the lists`,
  `kept for ${limits.sightingDays} days, with ${limits.sightingUsersMax} addresses and ${limits.sightingSamplesMax} sample messages`,
  `at most ${limits.sightingTextCharactersMax} characters`,
  `may bring ${limits.sightingSourcePairsPerDay} new pairs a day, all sources of a tenant together ${inWords(limits.sightingTenantPairsPerDay)}`,
  `Notes have at most ${limits.entryNoteCharactersMax} characters`,
  `up to ${limits.storeLockMs / 1000} seconds`,
  `ends after ${limits.entryIdleDays} days in which no message needed it`,
  `with more than ${limits.sharedOrganizationsMax} of them`,
]) {
  test(`the page says "${sentence}"`, () => assert.ok(page.includes(sentence)));
}

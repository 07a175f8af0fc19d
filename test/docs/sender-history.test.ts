/** docs/sender-history.md: its numbers, its table of actions and its terms are the code's (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { actionLines } from "../../src/verdict/action.ts";
import { senderHistoryDefaults } from "../../src/verdict/policy.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/sender-history.md");
const rows = page.split("\n").filter((line) => line.startsWith("| "));

test("docs/sender-history.md has every number with its default", () => {
  for (const [name, value] of Object.entries(senderHistoryDefaults)) assert.ok(rows.includes(`| \`${name}\` | ${value} |`), name);
});

test("docs/sender-history.md has the table of actions as it is", () => {
  for (const { preset, verdict, allowed, good, unknown, suspicious, blocked } of actionLines()) {
    assert.ok(rows.includes(`| ${[preset, verdict, allowed, good, unknown, suspicious, blocked].join(" | ")} |`), `${preset} ${verdict}`);
  }
});

test("docs/sender-history.md names every term of the score, and none that is not there", () => {
  const code = read("src/verdict/score-terms.ts") + read("src/verdict/score.ts");
  const groups = ["score-dkim", "score-spf", "score-ptr", "score-prefix"];
  const inCode = new Set([...groups, ...[...code.matchAll(/"(score-[a-z0-9-]+)"/g)].map(([, id]) => id)]);
  const inPage = new Set([...page.matchAll(/`(score-[a-z0-9-]+)`/g)].map(([, id]) => id));
  assert.deepEqual([...inPage].toSorted(), [...inCode].toSorted());
});

/** docs/configuration.md is what the schema says, and its samples are files that load without a warning (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configurationPage } from "../../scripts/configuration.ts";
import { allKeys } from "../../src/config/known-keys.ts";
import { loadConfig } from "../../src/config/load.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

test("docs/configuration.md is what scripts/configuration.ts makes of the schema", () => {
  assert.equal(page, configurationPage(), "run: node scripts/configuration.ts");
});

test("docs/configuration.md has a line for every key", () => {
  const rows = page.split("\n").filter((line) => /^\| `[a-z0-9_]+` \| /.test(line));
  assert.equal(rows.length, allKeys.filter(({ kind }) => kind === "value").length);
});

for (const [index, [, sample = ""]] of [...page.matchAll(/```toml\n([\s\S]*?)```/g)].entries()) {
  test(`docs/configuration.md: sample ${index + 1} loads`, () => {
    const loaded = loadConfig(Buffer.from(sample));
    assert.ok(loaded.ok, JSON.stringify(loaded));
  });
}

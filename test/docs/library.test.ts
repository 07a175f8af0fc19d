/** Every sample of docs/library.md runs and prints what the page says (house rule 16). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const page = readFileSync(new URL("../../docs/library.md", import.meta.url), "utf8");
const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const samples = [...page.matchAll(/```ts\n([\s\S]*?)```\n\nprints\n\n```text\n([\s\S]*?)```/g)];

test("docs/library.md has its samples", () => assert.equal(samples.length, 3));

for (const [number, sample] of samples.entries()) {
  test(`docs/library.md sample ${number + 1} prints what the page says`, () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-docs-"));
    try {
      const file = join(folder, "sample.ts");
      writeFileSync(file, (sample[1] ?? "").replaceAll('from "assay"', `from ${JSON.stringify(entry)}`));
      const ran = spawnSync(process.execPath, [file], { encoding: "utf8" });
      assert.equal(ran.stderr, "");
      assert.equal(ran.stdout, sample[2]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

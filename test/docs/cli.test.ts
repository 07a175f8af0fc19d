/**
 * Every ```console sample of docs/cli.md prints what the page says (house rule 16). Times are compared as if all were 0 ms, and `[…]` in
 * the page stands for any text of a line: keys and signatures are made anew with the examples.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const samples = [...page.matchAll(/```console\n\$ (.+)\n([\s\S]*?)```/g)];

/** Runs a sample as it stands, with `assay` being this checkout; stderr goes where stdout goes, as on a terminal. */
export function runSample(command: string): string {
  const script = `assay() { "$NODE" --import ./test/no-dns.ts src/main.ts "$@"; }\n{ ${command}\n} 2>&1`;
  const env = { ...process.env, NODE: process.execPath };
  return spawnSync("sh", ["-c", script], { cwd: root, encoding: "utf8", env }).stdout;
}

test("docs/cli.md has its samples", () => assert.ok(samples.length >= 12, `${samples.length}`));

for (const [, command = "", expected = ""] of samples) {
  test(command, () => {
    const normal = (text: string): string[] =>
      text
        .replace(/\b\d+ ms\b/g, "0 ms")
        .trimEnd()
        .split("\n");
    const printed = normal(runSample(command));
    const wanted = normal(expected);
    for (const [i, line] of wanted.entries()) {
      const parts = line.split("[…]").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      assert.match(printed[i] ?? "(nothing more)", new RegExp(`^${parts.join(".*")}$`), `line ${i + 1}`);
    }
    assert.equal(printed.length, wanted.length, printed.join("\n"));
  });
}

test("docs/cli.md names every error code of --json", () => {
  const source = readFileSync(new URL("../../src/doors/cli/sources.ts", import.meta.url), "utf8");
  const union = /export type TroubleCode =([\s\S]*?);/.exec(source)?.[1] ?? "";
  const codes = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 5);
  for (const code of codes) assert.ok(page.includes(`| \`${code}\` |`), code);
});

/** Every ```console sample of docs/cli.md prints what the page says (house rule 16); `node scripts/cli-samples.ts` brings it up to date. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runSample, samples } from "../../scripts/cli-samples.ts";

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");

test("docs/cli.md has its samples", () => assert.ok(samples().length >= 12));

for (const { command, printed } of samples()) test(`$ ${command}`, () => assert.equal(runSample(command), printed));

test("docs/cli.md names every error code of --json", () => {
  const source = readFileSync(new URL("../../src/doors/cli/sources.ts", import.meta.url), "utf8");
  const union = /export type TroubleCode =([\s\S]*?);/.exec(source)?.[1] ?? "";
  const codes = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 5);
  for (const code of codes) assert.ok(page.includes(`| \`${code}\` |`), code);
});

/** docs/http.md: every sample answers what the page says, every error code and parameter is there, and the numbers are the limits' (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runSamples, samples } from "../../scripts/http-samples.ts";
import { limits } from "../../src/base/limits.ts";
import { envelopeQuery, envelopeSchema } from "../../src/doors/http/envelope.ts";
import { faultStatus } from "../../src/doors/http/fault.ts";

const page = readFileSync(new URL("../../docs/http.md", import.meta.url), "utf8");

test("docs/http.md has its samples, and each answers what the page says", async () => {
  const shown = samples();
  assert.ok(shown.length >= 5);
  const printed = await runSamples(shown.map(({ command }) => command));
  for (const [i, { command, printed: expected }] of shown.entries()) assert.equal(printed[i], expected, command);
});

test("docs/http.md has every error code with its status, and no other", () => {
  const told = [...page.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
  const known = Object.entries(faultStatus);
  assert.deepEqual(told.toSorted(), known.toSorted());
});

test("docs/http.md has every parameter and key of the envelope", () => {
  for (const name of Object.keys(envelopeQuery.shape)) assert.ok(page.includes(`| \`${name}\` |`), name);
  for (const name of Object.keys(envelopeSchema.shape)) assert.ok(page.includes(`\`${name}\``), name);
});

for (const sentence of [
  `up to ${limits.httpRecipientsMax.toLocaleString("en-US")} times`,
  `limited to ${limits.httpJsonBytesMax / 2 ** 20} MB`,
  `headers have ${limits.httpHeadersMs / 1000} s to come, the whole request ${limits.httpRequestMs / 1000} s`,
  `larger than ${limits.httpHeaderBytesMax / 1024} KB`,
  `| message in JSON | ${limits.httpJsonBytesMax / 2 ** 20} MB, ${limits.httpJsonAtOnce} at once |`,
  `| idle connection | ${limits.httpIdleMs / 1000} s |`,
]) {
  test(`the page says "${sentence}"`, () => assert.ok(page.includes(sentence)));
}

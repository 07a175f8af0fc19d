/** README opens with the two commands, and shows what the first one really prints (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runSample } from "../../scripts/cli-samples.ts";

const page = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

test("README opens with the two commands", () => {
  assert.match(page, /^# Assay\n\n```sh\n\.\/assay check --zone examples\/zone\.yaml examples\/mail\nnpm test\n```\n/);
});

test("README shows real output", () => {
  const [, command = "", printed = ""] = /```console\n\$ \.\/(.+)\n([\s\S]*?)```/.exec(page) ?? [];
  assert.equal(runSample(command), printed);
});

test("README counts the example messages rightly", () => {
  const output = runSample("assay check --zone examples/zone.yaml examples/mail");
  assert.match(output, /^17 messages$/m);
  assert.ok(page.includes("inspects seventeen messages"));
});

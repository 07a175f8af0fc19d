/** docs/reference.md and the published schema say what the code says (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspectionSchemaText } from "../../scripts/inspection-schema.ts";
import { referencePage, wordLists } from "../../scripts/reference.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("docs/reference.md is what scripts/reference.ts makes of the code", () => {
  assert.equal(read("docs/reference.md"), referencePage(), "run: node scripts/reference.ts");
});

test("schema/inspection.schema.json is what scripts/inspection-schema.ts makes of the code", () => {
  assert.equal(read("schema/inspection.schema.json"), inspectionSchemaText(), "run: node scripts/inspection-schema.ts");
});

test("every word of the evidence is in the published schema, and says what it means", () => {
  const schema = read("schema/inspection.schema.json");
  const mute = wordLists().flatMap((list) => list.words.filter((one) => one.note === "").map((one) => `${list.file} ${one.word}`));
  assert.deepEqual(mute, []);
  const missing = wordLists().flatMap((list) =>
    list.words.filter((one) => !schema.includes(JSON.stringify(one.word))).map((one) => `${list.file} ${one.word}`),
  );
  assert.deepEqual(missing, []);
});

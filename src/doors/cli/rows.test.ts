import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectionWith } from "../../../test/inspections.ts";
import type { Removal } from "../../stamp/inspection.ts";
import { rowsOf } from "./rows.ts";

function forged(...names: readonly string[]): string | undefined {
  const removals = names.map((name, i): Removal => ({ name, index: i + 1, why: "a field that only we write" }));
  const row = rowsOf({ ...inspectionWith(), removals }).find(({ label }) => label === "Forged");
  return row === undefined ? undefined : `${row.result}: ${row.detail}`;
}

test("RFC 8601 §5: fields that speak in our name are counted and named", () => {
  assert.equal(forged(), undefined);
  assert.equal(forged("x-assay-report"), "1 field: speaks in our name, and would be removed: x-assay-report");
  assert.equal(
    forged("x-assay-report", "authentication-results", "x-assay-report"),
    "3 fields: speak in our name, and would be removed: authentication-results, x-assay-report",
  );
});

test("attack: many disguised names do not fill the screen", () => {
  assert.ok((forged(...Array.from({ length: 900 }, (_, i) => `x-assay-${i}`)) ?? "").length < 200);
});

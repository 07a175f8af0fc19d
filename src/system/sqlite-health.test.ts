import assert from "node:assert/strict";
import test from "node:test";
import { limits } from "../base/limits.ts";
import { healthOf } from "./sqlite-health.ts";

const well = { fault: null, waiting: 0, dropped: 0, freeBytes: limits.storeFreeBytesMin, isFull: false };

const cases: [what: string, given: Partial<Parameters<typeof healthOf>[1]>, why: RegExp | null][] = [
  ["all is well", {}, null],
  ["free space is not known yet", { freeBytes: null }, null],
  ["the disk is nearly full: before it is", { freeBytes: limits.storeFreeBytesMin - 1 }, /63 MB are free on its disk.*before it is full/],
  ["half of the queue is taken", { waiting: limits.storeQueueMax / 2 }, null],
  ["more than half of the queue is taken: before lessons are dropped", { waiting: limits.storeQueueMax / 2 + 1 }, /10001 lessons wait/],
  ["the store is as large as it may be", { isFull: true }, /no new rows/],
  [
    "a fault comes first",
    { fault: { code: "full", detail: "database or disk is full" }, isFull: true },
    /disk is full; the disk is full: free/,
  ],
];

for (const [what, given, why] of cases) {
  test(`health: ${what}`, () => {
    const health = healthOf("a.db", { ...well, ...given }, null);
    assert.equal(health.status, why === null ? "ok" : "degraded");
    if (why === null) assert.equal(health.why, null);
    else assert.match(health.why ?? "", why);
    assert.match(health.why ?? "store a.db: ", /^store a\.db: /);
  });
}

test("health: what reading met is told too", () => {
  assert.match(healthOf("a.db", null, { code: "corrupt", detail: "malformed" }).why ?? "", /malformed; the file is damaged/);
});

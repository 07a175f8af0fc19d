import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../base/limits.ts";
import { countSightingSources } from "./sighting-sources.ts";
import type { Sighting } from "./sightings.ts";

const sighting: Sighting = {
  ...{ tenant: "", day: 20_000, user: "a@contoso.com", domain: "contoso.com", infrastructure: "evil.example", by: "ptr", confirmed: true },
  ...{ shared: false, warning: null, allowable: null, spoof: "external", compauth: "fail", reason: "001", standing: "unknown" },
  ...{ action: "deliver", withheld: true, entry: null, recipients: [] },
  sample: { inspection: "1", at: "2026-06-01T00:00:00Z", messageId: null, mailFrom: null, ip: "198.51.100.7", explanation: "" },
};
const fresh = (): number => 0;

test("a source opens so many pairs a day, and begins anew with the next", () => {
  const sources = countSightingSources();
  for (let i = 0; i < limits.sightingSourcePairsPerDay; i += 1) assert.ok(sources.mayOpen(sighting, fresh));
  assert.ok(!sources.mayOpen(sighting, fresh));
  assert.ok(sources.mayOpen({ ...sighting, sample: { ...sighting.sample, ip: "203.0.113.7" } }, fresh), "another source");
  assert.ok(sources.mayOpen({ ...sighting, day: sighting.day + 1 }, fresh));
});

test("work that is tried again is counted once: what was begun can be taken back, and only once", () => {
  const sources = countSightingSources();
  for (let i = 0; i < limits.sightingSourcePairsPerDay; i += 1) {
    const takeBack = sources.begin();
    assert.ok(sources.mayOpen(sighting, fresh), "the try that fails");
    takeBack();
    takeBack();
    sources.begin();
    assert.ok(sources.mayOpen(sighting, fresh), "the try that is kept");
  }
  assert.ok(!sources.mayOpen(sighting, fresh));
});

import assert from "node:assert/strict";
import test from "node:test";
import { limits } from "../base/limits.ts";
import type { Lesson } from "../verdict/history.ts";
import { countSources } from "./sources.ts";

const day = 20_700;

function from(prefix: string, given: Partial<Lesson> = {}): Lesson {
  return {
    ...{ tenant: "", day, organization: "contoso.com", kind: "unauthenticated", signed: false, failed: false, answered: false },
    ...{ tokens: [{ kind: "prefix", value: prefix }], carriers: [], carrier: null, recipients: [] },
    ...given,
  };
}

for (const [kinds, most] of [
  [["unauthenticated"], limits.historySourceUnauthenticatedPerDay],
  [["unauthenticated", "seen"], limits.historySourceUnauthenticatedPerDay],
  [["authenticated"], limits.historySourceAuthenticatedPerDay],
] as const) {
  test(`limit: of one source's ${kinds.join(" or ")} mail ${most} messages a day may open rows (N-1, N, N+1)`, () => {
    const sources = countSources();
    const given = Array.from({ length: most + 1 }, (_, i) =>
      sources.mayOpen(from("192.0.2.0/24", { kind: kinds[i % kinds.length] ?? "seen" })),
    );
    assert.deepEqual(given.slice(-3), [true, true, false]);
    assert.equal(given.filter(Boolean).length, most);
  });
}

function spent(): ReturnType<typeof countSources> {
  const sources = countSources();
  for (let i = 0; i <= limits.historySourceUnauthenticatedPerDay; i += 1) sources.mayOpen(from("192.0.2.0/24"));
  return sources;
}

test("sources: what one has spent is not another's, nor another tenant's, nor that of authenticated mail, nor the next day's", () => {
  assert.equal(spent().mayOpen(from("192.0.2.0/24")), false);
  assert.equal(spent().mayOpen(from("198.51.100.0/24")), true);
  assert.equal(spent().mayOpen(from("192.0.2.0/24", { tenant: "other" })), true);
  assert.equal(spent().mayOpen(from("192.0.2.0/24", { kind: "authenticated" })), true);
  assert.equal(spent().mayOpen(from("192.0.2.0/24", { day: day + 1 })), true);
});

test("sources: a prefix that only carried is the source too (attack: invented names through a list)", () => {
  const prefix = { kind: "prefix", value: "192.0.2.0/24" } as const;
  assert.equal(spent().mayOpen(from("", { tokens: [{ kind: "dkim", value: "a.example" }], carriers: [prefix] })), false);
});

test("sources: mail without a prefix shares one source", () => {
  const sources = countSources();
  const nameless = (i: number): Lesson => from("", { tokens: [{ kind: "helo", value: `h${i}.example` }] });
  for (let i = 0; i < limits.historySourceUnauthenticatedPerDay; i += 1) assert.equal(sources.mayOpen(nameless(i)), true);
  assert.equal(sources.mayOpen(nameless(-1)), false);
});

test("limit: past so many sources in a day no further one opens rows (N-1, N, N+1); those that are known go on", () => {
  const sources = countSources();
  for (let i = 0; i < limits.historySourcesMax - 1; i += 1) sources.mayOpen(from(`${i}`));
  assert.equal(sources.mayOpen(from("the last")), true);
  assert.equal(sources.mayOpen(from("one more")), false);
  assert.equal(sources.mayOpen(from("the last")), true);
});

test("sources: an attempt that fails has counted nothing, one that succeeds has", () => {
  const sources = countSources();
  const most = limits.historySourceUnauthenticatedPerDay;
  const batch = (): boolean => Array.from({ length: most }, () => sources.mayOpen(from("192.0.2.0/24"))).every(Boolean);
  for (let tries = 0; tries < 3; tries += 1) {
    assert.throws(
      () =>
        sources.attempt(() => {
          batch();
          throw new Error("locked");
        }),
      /locked/,
    );
  }
  assert.equal(sources.attempt(batch), true);
  assert.equal(sources.mayOpen(from("192.0.2.0/24")), false);
});

test("what was tried and came to nothing is taken back, once", () => {
  const sources = countSources();
  const lesson = from("192.0.2.0/24");
  for (let i = 0; i < 3 * limits.historySourceUnauthenticatedPerDay; i += 1) {
    const { value, takeBack } = sources.tentative(() => sources.mayOpen(lesson));
    assert.equal(value, true);
    takeBack();
    takeBack();
  }
  assert.equal(sources.mayOpen(lesson), true);
});

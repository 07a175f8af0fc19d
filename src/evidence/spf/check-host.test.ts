import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../base/limits.ts";
import type { Answer, RecordOf, RecordType } from "../../dns/answer.ts";
import { messageDns } from "../../dns/budget.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { checkHost } from "./check-host.ts";

type Table = { readonly [question: string]: Answer | readonly (string | { preference: number; exchange: string })[] };

/** Answers "TXT example.com" from a table; what is not there does not exist. */
function resolverOf(table: Table, onQuery: () => void = () => {}): Resolver {
  return {
    query<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
      onQuery();
      const entry = table[`${type} ${name}`];
      if (entry === undefined) return Promise.resolve({ status: "nxdomain" });
      if ("status" in entry) return Promise.resolve(entry as Answer<T>);
      const records = entry.map((value) => (type === "TXT" ? Buffer.from(String(value)) : value)) as RecordOf<T>[];
      return Promise.resolve({ status: "found", records, ttlSeconds: 60, authenticated: false });
    },
  };
}

const query = { ip: "192.0.2.1", sender: "user@example.com", helo: "mx.example.com", identity: "mailfrom" } as const;
function run(table: Table, options: { clock?: () => number; onQuery?: () => void } = {}) {
  const clock = options.clock ?? (() => 0);
  // The message's deadline is the lane's to keep: here it never runs out.
  const dns = messageDns(resolverOf(table, options.onQuery), { clock: () => 0 })("mailfrom");
  return checkHost(query, { dns, clock });
}

test("RFC 7208 §2.6: a whole result", async () => {
  assert.deepEqual(await run({ "TXT example.com": ["v=spf1 a:h.example -all"], "A h.example": ["192.0.2.1"] }), {
    identity: "mailfrom",
    domain: "example.com",
    result: "pass",
    reason: "matched",
    mechanism: "a:h.example",
    explanation: null,
    lookups: 1,
    voidLookups: 0,
    broad: false,
  });
});

for (const status of ["servfail", "timeout", "refused"] as const) {
  test(`RFC 7208 §4.4, §5: ${status} is a temporary error, at first and in a term`, async () => {
    assert.deepEqual(pick(await run({ "TXT example.com": { status } })), ["temperror", "dns", null]);
    const term = await run({ "TXT example.com": ["v=spf1 ip4:198.51.100.1 a:h.example +all"], "A h.example": { status } });
    assert.deepEqual(pick(term), ["temperror", "dns", "a:h.example"]);
  });
}

test("a question withheld for its deadline is a temporary error; for a name DNS cannot carry, no such name", async () => {
  const late = await run({ "TXT example.com": ["v=spf1 a:h.example +all"], "A h.example": { status: "timeout", withheld: "deadline" } });
  assert.deepEqual(pick(late), ["temperror", "deadline", "a:h.example"]);
  const odd = await run({ "TXT example.com": ["v=spf1 a:h.example +all"], "A h.example": { status: "refused", withheld: "name" } });
  assert.deepEqual(pick(odd), ["pass", "matched", "+all"]);
  const none = await run({ "TXT example.com": { status: "refused", withheld: "name" } });
  assert.deepEqual(pick(none), ["none", "no-record", null]);
});

test("RFC 7208 §4.6.4: an answer of zero records is void", async () => {
  const found = { status: "found", records: [], ttlSeconds: 1, authenticated: false } as const;
  for (const terms of ["a:h.example mx:h.example", "a:h.example exists:h.example"]) {
    const result = await run({ "TXT example.com": [`v=spf1 ${terms} +all`], "A h.example": found, "MX h.example": found });
    assert.deepEqual([result.result, result.voidLookups], ["pass", 2]);
  }
});

for (const [elapsed, expected] of [
  [limits.spfTotalMs - 1, ["fail", "matched", "-all"]],
  [limits.spfTotalMs, ["fail", "matched", "-all"]],
  [limits.spfTotalMs + 1, ["temperror", "deadline", "a:second.example"]],
] as const) {
  test(`RFC 7208 §4.6.4: evaluation ends ${elapsed} ms after it began: ${expected.join(" ")}`, async () => {
    let now = 5000;
    let asked = 0;
    const result = await run(
      { "TXT example.com": ["v=spf1 a:first.example a:second.example -all"] },
      {
        clock: () => now,
        onQuery: () => {
          asked += 1;
          if (asked === 2) now += elapsed;
        },
      },
    );
    assert.deepEqual(pick(result), expected);
  });
}

test("attack: addresses that are none match nobody", async () => {
  const table = { "TXT example.com": ["v=spf1 a:h.example/0 -all"], "A h.example": ["", "x", "192.0.2.001", "::1", "999.0.0.1"] };
  assert.deepEqual(pick(await run(table)), ["fail", "matched", "-all"]);
});

test("determinism: the order of DNS answers changes no result", async () => {
  const hosts = [1, 2, 3, 4].map((preference) => ({ preference, exchange: `m${preference}.example` }));
  const table = (mx: typeof hosts): Table => ({
    "TXT example.com": ["v=spf1 mx -all"],
    "MX example.com": mx,
    "A m1.example": { status: "servfail" },
    "A m2.example": ["198.51.100.1"],
    "A m3.example": ["192.0.2.1"],
    "A m4.example": { status: "timeout" },
  });
  for (const order of [hosts, hosts.toReversed(), [...hosts.slice(2), ...hosts.slice(0, 2)]])
    assert.deepEqual(pick(await run(table(order))), ["pass", "matched", "mx"]);
});

const term = fc.constantFrom(
  "a",
  "mx",
  "ptr",
  "all",
  "-all",
  "a:%{h}",
  "include:example.com",
  "include:b.example",
  "exists:%{p}.example",
  "ip4:192.0.2.0/24",
  "-ip6:::/0",
  "redirect=b.example",
  "exp=%{l}.example",
  "x=%{c}",
  "mx:%{d0}",
  "a:%%",
  "moo",
  "\u00ff",
);
test("property: any record, and any trouble on the way, gives a result within the limits", async () => {
  const record = fc.array(term, { maxLength: 14 }).map((terms) => `v=spf1 ${terms.join(" ")}`);
  const status = fc.constantFrom("servfail", "timeout", "nodata", "nxdomain") as fc.Arbitrary<
    "servfail" | "timeout" | "nodata" | "nxdomain"
  >;
  await fc.assert(
    fc.asyncProperty(record, record, status, fc.string({ unit: "binary", maxLength: 30 }), async (one, two, other, text) => {
      let questions = 0;
      const table: Table = {
        "TXT example.com": [one],
        "TXT b.example": [two],
        "A b.example": { status: other },
        "MX example.com": [{ preference: 1, exchange: text }],
        "PTR 1.2.0.192.in-addr.arpa": [text, "mx.example.com"],
      };
      const dns = messageDns(
        resolverOf(table, () => (questions += 1)),
        { clock: () => 0 },
      )("mailfrom");
      const result = await checkHost({ ...query, helo: text }, { dns, clock: () => 0 });
      assert.ok(result.lookups <= limits.spfTermsMax && result.voidLookups <= limits.spfVoidLookupsMax + 1 && questions <= 22);
      assert.ok(result.mechanism === null || /^[\x20-\x7e]*$/.test(result.mechanism));
      assert.ok(result.explanation === null || result.result === "fail");
    }),
    { numRuns: 500 },
  );
});

function pick({ result, reason, mechanism }: { result: string; reason: string; mechanism: string | null }): readonly (string | null)[] {
  return [result, reason, mechanism];
}

test("the order in which DNS gives up to ten PTR records decides nothing (RFC 7208 §7.3, %{p})", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `h${String.fromCharCode(97 + i)}.example.com`);
  const table = (pointers: readonly string[]): Table => ({
    "TXT example.com": ["v=spf1 -all exp=why.example.com"],
    "TXT why.example.com": ["%{p}"],
    "PTR 1.2.0.192.in-addr.arpa": pointers,
    "A hc.example.com": ["192.0.2.1"],
    "A hf.example.com": ["192.0.2.1"],
  });
  for (const pointers of [names, names.toReversed()]) assert.equal((await run(table(pointers))).explanation, "hc.example.com");
});

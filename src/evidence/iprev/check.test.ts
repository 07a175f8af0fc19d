import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import type { Answer, RecordOf, RecordType } from "../../dns/answer.ts";
import { messageDns } from "../../dns/budget.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { checkIprev } from "./check.ts";
import type { IprevResult } from "./result.ts";

type Table = { readonly [question: string]: Answer | readonly string[] };
const asked: string[] = [];

function resolverOf(table: Table): Resolver {
  return {
    query<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
      asked.push(`${type} ${name}`);
      const entry = table[`${type} ${name}`] ?? { status: "nxdomain" };
      if ("status" in entry) return Promise.resolve(entry as Answer<T>);
      return Promise.resolve({
        status: "found",
        records: entry as readonly string[] as RecordOf<T>[],
        ttlSeconds: 60,
        authenticated: false,
      });
    },
  };
}

function run(table: Table, ip: string | null = "192.0.2.1", quota = 4): Promise<IprevResult> {
  asked.length = 0;
  return checkIprev(ip, messageDns(resolverOf(table), { clock: () => 0, quotas: { iprev: quota } })("iprev"));
}

const pointer = "PTR 1.2.0.192.in-addr.arpa";
const servfail: Answer = { status: "servfail" };
const cases: readonly (readonly [name: string, table: Table, expected: IprevResult, ip?: string | null])[] = [
  [
    "a name that resolves back",
    { [pointer]: ["mx.example.com"], "A mx.example.com": ["198.51.100.1", "192.0.2.1"] },
    result("pass", null, ["mx.example.com"], 1),
  ],
  [
    "a name that does not",
    { [pointer]: ["mx.example.com"], "A mx.example.com": ["198.51.100.1"] },
    result("fail", "not-confirmed", ["mx.example.com"]),
  ],
  ["a name that does not exist", { [pointer]: ["mx.example.com"] }, result("fail", "not-confirmed", ["mx.example.com"])],
  ["no PTR: no such name", {}, result("permerror", "no-ptr", [])],
  ["no PTR: no data", { [pointer]: { status: "nodata" } }, result("permerror", "no-ptr", [])],
  ["no PTR: an empty answer", { [pointer]: [] }, result("permerror", "no-ptr", [])],
  ["the PTR question fails", { [pointer]: servfail }, result("temperror", "ptr-dns", [])],
  ["the PTR question times out", { [pointer]: { status: "timeout" } }, result("temperror", "ptr-dns", [])],
  [
    "the address question fails",
    { [pointer]: ["mx.example.com"], "A mx.example.com": servfail },
    result("temperror", "forward-dns", ["mx.example.com"]),
  ],
  [
    "one address question fails, another name is confirmed",
    { [pointer]: ["a.example.com", "b.example.com"], "A a.example.com": servfail, "A b.example.com": ["192.0.2.1"] },
    result("pass", null, ["b.example.com", "a.example.com"], 1),
  ],
  [
    "one address question fails, another name is not confirmed: nothing is known",
    { [pointer]: ["a.example.com", "b.example.com"], "A a.example.com": servfail },
    result("temperror", "forward-dns", ["a.example.com", "b.example.com"]),
  ],
  [
    "confirmed names first, each once, in lower case, without final dot",
    {
      [pointer]: ["C.example.com.", "b.example.com", "c.example.com", "A.example.com"],
      "A c.example.com": ["192.0.2.1"],
      "A b.example.com": ["192.0.2.1"],
    },
    result("pass", null, ["b.example.com", "c.example.com", "a.example.com"], 2),
  ],
  [
    "attack: a PTR that is no host name confirms nothing and is not shown",
    { [pointer]: ["x\r\ny.example.com", "(evil).example", "*"] },
    result("fail", "not-confirmed", []),
  ],
  [
    "IPv6",
    {
      "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": ["mx.example.com"],
      "AAAA mx.example.com": ["2001:DB8:0:0::1"],
    },
    result("pass", null, ["mx.example.com"], 1),
    "2001:db8::1",
  ],
  [
    "IPv6 wants AAAA",
    {
      "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": ["mx.example.com"],
      "A mx.example.com": ["192.0.2.1"],
    },
    result("fail", "not-confirmed", ["mx.example.com"]),
    "2001:db8::1",
  ],
  [
    "an IPv4-mapped client is IPv4",
    { [pointer]: ["mx.example.com"], "A mx.example.com": ["192.0.2.1"] },
    result("pass", null, ["mx.example.com"], 1),
    "::ffff:192.0.2.1",
  ],
  ["no client address", {}, result("none", "no-client", []), null],
  ["what is no address", {}, result("none", "no-client", []), "192.0.2"],
];
for (const [name, table, expected, ip] of cases) {
  test(`RFC 8601 §3: ${name}: ${expected.result}`, async () => assert.deepEqual(await run(table, ip), expected));
}

test("RFC 8601 §3: the first name, confirmed if any is, says whether the PTR is generic", async () => {
  assert.equal((await run({ [pointer]: ["dyn-1.example.com"], "A dyn-1.example.com": ["192.0.2.1"] })).generic, true);
  assert.equal((await run({ [pointer]: ["dyn-1.example.com", "mx.example.com"], "A mx.example.com": ["192.0.2.1"] })).generic, false);
  assert.equal((await run({ [pointer]: ["192-0-2-1.example.com"] })).generic, true);
});

test("RFC 8601 §3: names past the limit are not looked up, and in a message no more than the lane may ask", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `n${String(i).padStart(2, "0")}.example.com`);
  const inMessage = await run({ [pointer]: names });
  assert.equal(asked.length, 4);
  assert.deepEqual([inMessage.result, inMessage.reason, inMessage.names.length], ["fail", "not-confirmed", limits.iprevNamesMax]);
  await run({ [pointer]: names }, "192.0.2.1", 60);
  assert.equal(asked.length, 1 + limits.iprevNamesMax);
});

test("determinism: the order of PTR records changes nothing", async () => {
  const names = ["e.example.com", "a.example.com", "d.example.com", "b.example.com", "c.example.com"];
  const table = { "A b.example.com": ["192.0.2.1"] };
  const first = await run({ [pointer]: names, ...table });
  assert.deepEqual(await run({ [pointer]: names.toReversed(), ...table }), first);
  assert.equal(first.result, "pass");
});

function result(word: IprevResult["result"], reason: IprevResult["reason"], names: readonly string[], confirmed = 0): IprevResult {
  return { result: word, reason, names, confirmed, generic: false };
}

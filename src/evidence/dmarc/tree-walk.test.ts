import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type DnsTable, tableDns } from "../../../test/dns-table.ts";
import { organizationalDomain, walkNames } from "./tree-walk.ts";

async function walk(name: string, table: DnsTable) {
  const dns = tableDns(table);
  const { domain, walked, found, trouble } = await organizationalDomain(name, dns);
  return { domain, walked, found, trouble, asked: dns.asked, rounds: dns.rounds() };
}
const u = ["v=DMARC1; p=none"];
const y = ["v=DMARC1; p=none; psd=y"];
const n = ["v=DMARC1; p=none; psd=n"];

describe("RFC 9989 §4.10: the names of a walk", () => {
  test("the RFC's example of thirteen labels takes eight questions", () => {
    assert.deepEqual(walkNames("a.b.c.d.e.f.g.h.i.j.mail.example.com"), [
      "a.b.c.d.e.f.g.h.i.j.mail.example.com",
      "g.h.i.j.mail.example.com",
      "h.i.j.mail.example.com",
      "i.j.mail.example.com",
      "j.mail.example.com",
      "mail.example.com",
      "example.com",
      "com",
    ]);
  });
  for (const [labels, questions] of [
    [1, 1],
    [2, 2],
    [7, 7],
    [8, 8],
    [9, 8],
    [127, 8],
  ] as const) {
    test(`${labels} labels: ${questions} questions`, () => {
      const name = Array.from({ length: labels }, (_, i) => (i === labels - 1 ? "com" : "a")).join(".");
      assert.equal(walkNames(name).length, questions);
    });
  }
});

describe("RFC 9989 §4.10.2: the Organizational Domain", () => {
  const cases: readonly [string, string, DnsTable, string, readonly string[], number][] = [
    ["nothing found: the name itself", "a.example.com", {}, "a.example.com", [], 3],
    [
      "B.4.1: the fewest labels win",
      "signing.example.com",
      { "_dmarc.signing.example.com": u, "_dmarc.example.com": u },
      "example.com",
      ["signing.example.com", "example.com"],
      3,
    ],
    [
      "records of parents alone",
      "a.mail.example.com",
      { "_dmarc.mail.example.com": u, "_dmarc.example.com": u },
      "example.com",
      ["mail.example.com", "example.com"],
      4,
    ],
    [
      "psd=n stops and wins",
      "a.mail.example.com",
      { "_dmarc.mail.example.com": n, "_dmarc.example.com": u },
      "mail.example.com",
      ["mail.example.com"],
      2,
    ],
    ["psd=n at the start", "example.com", { "_dmarc.example.com": n, "_dmarc.com": u }, "example.com", ["example.com"], 1],
    ["psd=y at the TLD: one label below", "a.mail.example.com", { "_dmarc.com": y }, "example.com", ["com"], 4],
    ["psd=y at the immediate parent", "example.com", { "_dmarc.com": y }, "example.com", ["com"], 2],
    [
      "psd=y where the walk starts is no PSD above it",
      "bank.example",
      { "_dmarc.bank.example": y, "_dmarc.example": u },
      "bank.example",
      ["bank.example"],
      1,
    ],
    [
      "B.4.3",
      "mail.mega.bank.example",
      { "_dmarc.bank.example": y, "_dmarc.giant.bank.example": u },
      "mega.bank.example",
      ["bank.example"],
      3,
    ],
    [
      "a record below psd=y does not change the domain",
      "a.b.bank.example",
      { "_dmarc.a.b.bank.example": u, "_dmarc.bank.example": y },
      "b.bank.example",
      ["a.b.bank.example", "bank.example"],
      3,
    ],
    ["a TLD's record without psd is the organization", "a.example.com", { "_dmarc.com": u }, "com", ["com"], 3],
    [
      "psd=u said aloud is the default",
      "a.example.com",
      { "_dmarc.a.example.com": ["v=DMARC1; psd=u"], "_dmarc.example.com": u },
      "example.com",
      ["a.example.com", "example.com"],
      3,
    ],
    [
      "§4.10 step 2: several records are discarded and the walk goes on",
      "a.example.com",
      { "_dmarc.a.example.com": [...n, ...u], "_dmarc.example.com": u },
      "example.com",
      ["example.com"],
      3,
    ],
    [
      "other TXT records and wrong versions do not count",
      "a.example.com",
      { "_dmarc.a.example.com": ["v=spf1 -all", ...n], "_dmarc.example.com": ["v=dmarc1; psd=n"] },
      "a.example.com",
      ["a.example.com"],
      1,
    ],
    [
      "§4.10.2: the label below psd=y may be one the walk skipped",
      "a.b.c.d.e.f.g.h.i",
      { "_dmarc.c.d.e.f.g.h.i": y },
      "b.c.d.e.f.g.h.i",
      ["c.d.e.f.g.h.i"],
      2,
    ],
    ["a single label", "localhost", { "_dmarc.localhost": u }, "localhost", ["localhost"], 1],
    [
      "an invalid policy does not keep a record from counting",
      "a.example.com",
      { "_dmarc.example.com": ["v=DMARC1; p=bogus"] },
      "example.com",
      ["example.com"],
      3,
    ],
  ];
  for (const [title, name, table, domain, found, questions] of cases) {
    test(title, async () => {
      const got = await walk(name, table);
      assert.deepEqual([got.domain, got.found, got.trouble], [domain, found, null]);
      assert.deepEqual(got.walked, walkNames(name).slice(0, questions));
      assert.ok(got.rounds <= 2, `${got.rounds} rounds`);
    });
  }
  test("nothing is asked beyond a stop at the first name", async () => {
    assert.deepEqual((await walk("example.com", { "_dmarc.example.com": n })).asked, ["_dmarc.example.com"]);
  });
  test("no question is asked for a name DNS cannot carry", async () => {
    const long = [..."abcd"].map((c) => c.repeat(61)).join(".");
    const got = await walk(`${long}.io`, {});
    assert.ok(got.asked.every((name) => name.length <= 253));
    assert.equal(got.domain, `${long}.io`);
  });
});

describe("temporary errors in a walk", () => {
  test("before the answer is determined there is none", async () => {
    const got = await walk("a.example.com", { "_dmarc.example.com": "servfail", "_dmarc.com": u });
    assert.deepEqual([got.domain, got.trouble, got.walked], [null, "dns", ["a.example.com", "example.com"]]);
  });
  test("a time-out is told apart", async () => {
    assert.equal((await walk("example.com", { "_dmarc.com": "timeout" })).trouble, "timeout");
  });
  test("above a stop they do not matter", async () => {
    const got = await walk("a.example.com", { "_dmarc.example.com": n, "_dmarc.com": "timeout" });
    assert.deepEqual([got.domain, got.trouble], ["example.com", null]);
  });
});

/** The RFC's algorithm, told once more in its own order, one question after the other. */
function sequentialModel(start: string, table: DnsTable): { domain: string; walked: string[]; found: string[] } {
  const walked: string[] = [];
  const found: { name: string; psd: string }[] = [];
  let labels = start.split(".");
  let first = true;
  while (labels.length > 0) {
    const name = labels.join(".");
    walked.push(name);
    const entry = table[`_dmarc.${name}`];
    const records = Array.isArray(entry) ? entry.filter((text: string) => /^v=DMARC1(;|$)/.test(text)) : [];
    if (records.length === 1) {
      const psd = /psd=([yn])/.exec(records[0])?.[1] ?? "u";
      found.push({ name, psd });
      if (psd !== "u") break;
    }
    labels = first && labels.length >= 8 ? labels.slice(-7) : labels.slice(1);
    first = false;
  }
  const names = found.map((at) => at.name);
  for (const { name, psd } of found) {
    if (psd === "n") return { domain: name, walked, found: names };
    if (psd === "y" && name !== start) {
      return {
        domain: start
          .split(".")
          .slice(-name.split(".").length - 1)
          .join("."),
        walked,
        found: names,
      };
    }
  }
  return { domain: names.at(-1) ?? start, walked, found: names };
}

test("RFC 9989 §4.10: parallel questions give what the sequential algorithm gives", async () => {
  const entry = fc.constantFrom(u, y, n, [...u, ...n], ["v=spf1 -all"], ["v=spf1 -all", ...y], [], "nodata" as const);
  const label = fc.constantFrom("a", "b", "c");
  await fc.assert(
    fc.asyncProperty(
      fc.array(label, { minLength: 1, maxLength: 11 }),
      fc.array(entry, { minLength: 11, maxLength: 11 }),
      async (labels, entries) => {
        const name = labels.join(".");
        const table = Object.fromEntries(labels.map((_, i) => [`_dmarc.${labels.slice(i).join(".")}`, entries[i] ?? []]));
        const { domain, walked, found } = await walk(name, table);
        assert.deepEqual({ domain, walked, found }, sequentialModel(name, table));
      },
    ),
    { numRuns: 500 },
  );
});

/**
 * RFC 9989 §4.10 and §5.3 told a second time, one question after the other and without a thought for speed, against the real
 * thing over random trees of records, errors among them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTxt } from "../../src/evidence/dmarc/record.ts";
import type { DmarcResult } from "../../src/evidence/dmarc/result.ts";
import { evaluate } from "../dmarc-case.ts";
import type { DnsTable, TableEntry } from "../dns-table.ts";

class TemporaryError extends Error {}
type Tags = Readonly<Record<string, string>>;
type Found = readonly { readonly name: string; readonly tags: Tags }[];

/** §4.10 steps 2 and 6 at one name. */
function recordAt(table: DnsTable, name: string): Tags | null {
  const entry = table[`_dmarc.${name}`];
  if (entry === "servfail" || entry === "timeout") throw new TemporaryError();
  if (entry === undefined || typeof entry === "string") return null;
  const records = entry.filter((text) => /^v=DMARC1(;|$)/.test(text));
  if (records.length !== 1) return null;
  const pairs = (records[0] ?? "").split(";").map((part) => part.trim().split("="));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
}

function walk(table: DnsTable, start: string): Found {
  const found: { name: string; tags: Tags }[] = [];
  let labels = start.split(".");
  for (let target = 0; labels.length > 0; target += 1) {
    const name = labels.join(".");
    const tags = recordAt(table, name);
    if (tags !== null) found.push({ name, tags });
    if (tags?.["psd"] === "y" || tags?.["psd"] === "n") break;
    labels = target === 0 && labels.length >= 8 ? labels.slice(-7) : labels.slice(1);
  }
  return found;
}

/** §4.10.2. */
function organization(table: DnsTable, start: string): string {
  const found = walk(table, start);
  for (const { name, tags } of found) {
    if (tags["psd"] === "n") return name;
    if (tags["psd"] === "y" && name !== start)
      return start
        .split(".")
        .slice(-(name.split(".").length + 1))
        .join(".");
  }
  return found.at(-1)?.name ?? start;
}

type Policy = DmarcResult["policy"];
type Expected = { result: string; policyDomain: string | null; policy: Policy };

/** §4.10.1 and §5.3; `none` stands for every way in which DMARC does not apply. */
function model(table: DnsTable, author: string, passing: readonly string[]): Expected {
  const without = (result: string): Expected => ({ result, policyDomain: null, policy: null });
  let place: Found[number] | undefined;
  try {
    const own = recordAt(table, author);
    if (own !== null) place = { name: author, tags: own };
    else {
      const found = walk(table, author);
      const org = organization(table, author);
      place = found.find((at) => at.name === org) ?? found.find((at) => at.tags["psd"] === "y");
    }
  } catch {
    return without("temperror");
  }
  if (place === undefined) return without("none");
  const policy = policyOf(table, place, author);
  if (policy === "none-applies") return without("none");
  const outcomes = passing.map((id) => align(table, { author, id, strict: place.tags["aspf"] === "s" }));
  const passes = outcomes.includes("yes");
  const open = !passes && (outcomes.includes("unknown") || policy === "unknown");
  return {
    result: passes ? "pass" : open ? "temperror" : "fail",
    policyDomain: place.name,
    policy: policy === "unknown" ? null : policy,
  };
}

function policyOf(table: DnsTable, { name, tags }: Found[number], author: string): NonNullable<Policy> | "none-applies" | "unknown" {
  const policies = ["none", "quarantine", "reject"] as const;
  const valid = (tag: string) => tags[tag] === undefined || policies.some((one) => one === tags[tag]);
  if (!(valid("p") && valid("sp") && valid("np"))) return tags["rua"] === undefined ? "none-applies" : "none";
  const exists = table[`A ${author}`];
  const forExisting = name === author ? (tags["p"] ?? "none") : (tags["sp"] ?? tags["p"] ?? "none");
  const forMissing = name === author ? forExisting : (tags["np"] ?? forExisting);
  if (exists === "servfail" && forExisting !== forMissing) return "unknown";
  const published = exists === "nxdomain" ? forMissing : forExisting;
  const lowered = tags["t"] === "y" ? { reject: "quarantine", quarantine: "none", none: "none" }[published] : published;
  return policies.find((one) => one === lowered) ?? "none";
}

function align(table: DnsTable, { author, id, strict }: { author: string; id: string; strict: boolean }): "yes" | "no" | "unknown" {
  if (id === author) return "yes";
  if (strict) return "no";
  try {
    const shared = organization(table, author);
    // An Organizational Domain is at or above its name: what is elsewhere needs no walk, whatever errors it would meet.
    if (id !== shared && !id.endsWith(`.${shared}`)) return "no";
    return organization(table, id) === shared ? "yes" : "no";
  } catch {
    return "unknown";
  }
}

const records = [
  "v=DMARC1",
  "v=DMARC1; p=reject",
  "v=DMARC1; p=none; sp=reject; np=quarantine",
  "v=DMARC1; p=reject; t=y; np=none",
  "v=DMARC1; p=quarantine; psd=y; np=reject",
  "v=DMARC1; p=reject; psd=n",
  "v=DMARC1; p=reject; psd=u; aspf=s",
  "v=DMARC1; p=bogus",
  "v=DMARC1; p=bogus; rua=mailto:a@b.c",
  "v=DMARC1; sp=bogus; psd=y",
];
const label = fc.constantFrom("a", "b");
const record = fc.constantFrom(...records);
const entry: fc.Arbitrary<TableEntry> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<TableEntry>("nodata") },
  { weight: 4, arbitrary: record.map((text) => [text]) },
  { weight: 1, arbitrary: fc.tuple(record, record).map((texts) => [...texts]) },
  { weight: 1, arbitrary: record.map((text) => ["v=spf1 -all", text, "v=DMARC2; p=reject"]) },
);
const broken: fc.Arbitrary<TableEntry> = fc.oneof(
  { weight: 12, arbitrary: entry },
  { weight: 1, arbitrary: fc.constantFrom<TableEntry>("servfail", "timeout") },
);

const tree = (at: fc.Arbitrary<TableEntry>) =>
  fc
    .record({
      trunk: fc.array(label, { minLength: 1, maxLength: 9 }),
      branches: fc.array(fc.record({ keep: fc.nat(9), below: fc.array(label, { maxLength: 4 }) }), { maxLength: 3 }),
      entries: fc.array(at, { minLength: 60, maxLength: 60 }),
      existence: fc.constantFrom<TableEntry>("nxdomain", "nodata", ["192.0.2.1"], "servfail"),
    })
    .map(({ trunk, branches, entries, existence }) => {
      const author = trunk.join(".");
      const passing = branches.map(({ keep, below }) => [...below, ...trunk.slice(Math.min(keep, trunk.length - 1))].join("."));
      const names = new Set([author, ...passing].flatMap((name) => name.split(".").map((_, i, labels) => labels.slice(i).join("."))));
      const table: Record<string, TableEntry> = { [`A ${author}`]: existence };
      for (const [i, name] of [...names].entries()) table[`_dmarc.${name}`] = entries[i] ?? "nodata";
      return { author, passing, table };
    });

async function agrees({ author, passing, table }: { author: string; passing: readonly string[]; table: DnsTable }): Promise<void> {
  const expected = model(table, author, passing);
  const { dmarc } = await evaluate({
    from: author,
    spf: passing.map((domain) => ({ result: "pass", domain }) as const),
    expect: passing,
    zone: table,
    quota: 200,
  });
  const got: Expected = { result: dmarc.result, policyDomain: dmarc.policyDomain, policy: dmarc.policy };
  // Where no record applies the composite verdict tells a broken record and a best guess apart; to the RFC both are none.
  if (got.policyDomain === null && (got.result === "bestguesspass" || got.result === "permerror")) got.result = "none";
  assert.deepEqual(got, expected);
}

test("RFC 9989: discovery, policy and alignment as the model has them", async () => {
  await fc.assert(fc.asyncProperty(tree(entry), agrees), { numRuns: 1000 });
});

test("RFC 9989 §5.3.6: and with temporary errors", async () => {
  await fc.assert(fc.asyncProperty(tree(broken), agrees), { numRuns: 1000 });
});

test("the model's records are records", () => {
  for (const text of records) assert.equal(readTxt(Buffer.from(text)).kind, "record");
});

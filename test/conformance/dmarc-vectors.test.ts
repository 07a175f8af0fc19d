/**
 * DMARC cases recorded from another program's tests. Where they describe that program and not RFC 9989, the case is listed with
 * its reason, and has to differ: one that comes to agree fails the run, so that the list stays true.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { startDmarc } from "../../src/evidence/dmarc/evaluate.ts";
import { type DmarcRecord, readTxt } from "../../src/evidence/dmarc/record.ts";
import { corpusPath, missing } from "../corpora.ts";
import { type DnsTable, type TableEntry, tableDns } from "../dns-table.ts";

type Call = { readonly fn: string; readonly opts?: Options; readonly domain?: string; readonly zone: Zone };
type Options = { readonly headerFrom: string | readonly string[]; readonly dkimDomains: Identifiers; readonly spfDomains: Identifiers };
type Identifiers = readonly (string | { readonly domain: string })[];
type Zone = Readonly<Record<string, { readonly TXT?: readonly (readonly string[])[] | { readonly $error: string } }>>;
type Assertion = { readonly subject: unknown; readonly ops: readonly (readonly [string, unknown?])[] };
type Vector = {
  readonly suite: readonly string[];
  readonly it: string;
  readonly calls: readonly Call[];
  readonly asserts: readonly Assertion[];
};

const historic = "pct, rf and ri are no tags of RFC 9989 (App. C.5.2, §4.7: unknown tags MUST be ignored)";
const ownWords = "describes that program's own text or bookkeeping, not DMARC";
const deviations: Readonly<Record<string, string>> = {
  "Should return temperror on DNS failure": `temperror all the same; the error's wording ${ownWords}`,
  "Should parse all common tags": historic,
  "Should handle split TXT records": historic,
  "Should handle whitespace around values": historic,
  "Should parse all standard tags": historic,
  "Should convert pct to integer": historic,
  "Should convert ri to integer": historic,
  "Should handle invalid pct value as 0": historic,
  "Should return false for headerFrom array with multiple elements":
    "RFC 9989 §11.5 wants care with several authors: permerror, never a way out (here two mailboxes of one domain: evaluated)",
  "Should include ARC result in comment when provided": ownWords,
  "Should track undersized DKIM signatures": ownWords,
  "Should report an undersized DKIM signature even when strict alignment rejects it": ownWords,
  "Should return raw record in rr field": ownWords,
  "Should include raw record in rr field": ownWords,
  "Should generate formatted info string": ownWords,
  "Should handle tags with no value": ownWords,
  "Should handle tags starting with equals": ownWords,
  'Should not query "_dmarc.null" when no org domain can be derived':
    "RFC 9989 §4.10 walks up to the top label whatever the name; an address never gets here, From validation refuses it",
  "Should return false when multiple DMARC records exist":
    "RFC 9989 §4.10 discards them all, so no record applies; design/compauth.md calls that permerror, reason record",
};

const file = "dmarc/vectors.jsonl";
const path = corpusPath(file);
const vectors: readonly Vector[] =
  path === null
    ? []
    : readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));

for (const vector of vectors) {
  const deviation = deviations[vector.it];
  test(`${vector.suite.join(": ")}: ${vector.it}${deviation === undefined ? "" : " (differs)"}`, async () => {
    const seen = await Promise.all(vector.calls.map(run));
    const failures = vector.asserts.filter((one) => !holds(one, seen));
    if (deviation === undefined) assert.deepEqual(failures, []);
    else assert.notDeepEqual(failures, [], `agrees now; strike it off the list: ${deviation}`);
  });
}

test("the DMARC vectors are whole", { skip: path === null && missing(file) }, () => {
  assert.equal(vectors.length, 59);
  const titles = new Set(vectors.map((vector) => vector.it));
  for (const title of Object.keys(deviations)) assert.ok(titles.has(title), title);
});

/** What a case can ask about, under that program's names. `undefined`: nothing of ours answers to the name. */
type Seen = { readonly present: boolean; readonly asked: readonly string[]; readonly [subject: string]: unknown };

async function run(call: Call): Promise<Seen> {
  const table = tableOf(call.zone);
  const dns = tableDns(table);
  const authors = [call.opts?.headerFrom ?? call.domain ?? ""].flat().map((from) => from.slice(from.indexOf("@") + 1));
  const pass = (list: Identifiers = []) =>
    list.map((one) => ({ result: "pass", domain: typeof one === "string" ? one : one.domain }) as const);
  const dkim = pass(call.opts?.dkimDomains);
  const spf = pass(call.opts?.spfDomains);
  const found = await startDmarc([...new Set(authors)], { dns }).finish({ dkim, spf });
  const { dmarc } = found;
  const record = recordAt(table, dmarc.policyDomain);
  return {
    present: dmarc.policyDomain !== null || !["none"].includes(dmarc.result),
    asked: dns.asked,
    "status.result": dmarc.result,
    "status.header.from": dmarc.domain,
    "status.header.d": dmarc.policyDomain,
    domain: dmarc.policyDomain,
    policy: dmarc.policy,
    isOrgRecord: dmarc.policyDomain !== dmarc.domain,
    v: record === null ? undefined : "DMARC1",
    p: record?.p,
    sp: record?.sp,
    adkim: record?.adkim,
    aspf: record?.aspf,
    fo: record?.fo.join(":"),
    rua: record?.rua.join(","),
    ruf: record?.ruf.join(","),
    "alignment.dkim.strict": record?.adkim === "s",
    "alignment.spf.strict": record?.aspf === "s",
    "alignment.dkim.result": dkim[found.dkim.findIndex((one) => one.aligned)]?.domain,
    "alignment.spf.result": spf[found.spf.findIndex((one) => one.aligned)]?.domain,
    "thrown error": dmarc.result === "temperror" ? "ETIMEOUT" : undefined,
  };
}

function holds({ subject, ops }: Assertion, seen: readonly Seen[]): boolean {
  const [first] = seen;
  if (first === undefined) return false;
  if (Array.isArray(subject)) return seen.flatMap((one) => one.asked).join() === String(ops.at(-1)?.[1]);
  if (typeof subject !== "string") return first["thrown error"] === ops[0]?.[1];
  const [, which = "", rest = ""] = /^result(\d*)\.?(.*)$/.exec(subject) ?? [];
  const one = seen[Number(which)];
  if (one === undefined || !subject.startsWith("result")) return false;
  if (rest === "") return ops.every(([op]) => (op === "false" ? !one.present : one.present));
  const value = one[rest];
  return ops.every(([op, wanted]) => {
    if (op === "equal") return value === wanted;
    if (op === "true" || op === "false") return value === (op === "true");
    // `not`, `ok` and `undefined`: no such identifier.
    return op === "not" || op === "ok" || op === "undefined" ? value === undefined : false;
  });
}

function tableOf(zone: Zone): DnsTable {
  const table: Record<string, TableEntry> = {};
  for (const [name, { TXT }] of Object.entries(zone)) {
    if (TXT === undefined) continue;
    if ("$error" in TXT) table[name] = TXT.$error === "ETIMEOUT" ? "timeout" : "nodata";
    else table[name] = TXT.map((strings) => strings.join(""));
  }
  return table;
}

function recordAt(table: DnsTable, domain: string | null): DmarcRecord | null {
  const entry = domain === null ? undefined : table[`_dmarc.${domain}`];
  if (entry === undefined || typeof entry === "string") return null;
  const readings = entry.map((text) => readTxt(Buffer.from(text, "latin1")));
  for (const reading of readings) if (reading.kind === "record") return reading.record;
  return null;
}

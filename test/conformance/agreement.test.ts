import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { agree } from "../../lab/agree.ts";
import { readVerdictRow } from "../../lab/verdict-row.ts";
import { requireCorpus } from "../corpora.ts";

test("real verdicts: the table agrees with what was stamped", (t) => {
  const path = requireCorpus(t, "m365-verdicts/dev.jsonl");
  if (path === null) return;
  const { agreement, faults } = agree(readFileSync(path, "utf8").split("\n"));
  assert.deepEqual(faults, []);
  for (const reason of ["100", "109", "111", "000", "001"]) {
    const [agreed, rows] = agreement.byReason[reason] ?? [0, -1];
    assert.equal(agreed, rows, `every row expected ${reason}`);
  }
  const [agreed = 0, rows = 0] = agreement.byReason["130"] ?? [];
  assert.ok(rows - agreed <= 3, `${rows - agreed} of ${rows} rows expected 130 are missed`);
  assert.ok(agreement.reason / agreement.rows >= 0.954, `${agreement.reason} of ${agreement.rows}`);
});

/** A row as the file has it, with other domains. */
const row = {
  id: "made-1",
  ip: "192.0.2.7",
  helo: null,
  spf: "none",
  mailFrom: null,
  dkim: [{ result: "none", comment: "message not signed", d: null }],
  dmarc: "none",
  action: "none",
  headerFrom: "contoso.com",
  arc: [],
  expected: { compauth: "fail", reason: "001" },
};
const pass = (d: string) => ({ result: "pass", comment: "signature was verified", d });
const set = (i: number, sealer: string, said: object) => ({
  ...{ i, sealer, authservId: `mx.${sealer}`, spf: "pass", mailFrom: null, dkim: [], dmarc: "none", action: null, headerFrom: null },
  ...{ arc: i === 1 ? "none" : "pass", cv: i === 1 ? "none" : "pass" },
  ...said,
});

const cases: readonly [string, object, string][] = [
  ["nothing passes, no record", {}, "fail 001"],
  ["dmarc=pass is taken as stamped", { dmarc: "pass" }, "pass 100"],
  ["dmarc=bestguesspass is taken as stamped", { dmarc: "bestguesspass" }, "pass 109"],
  [
    "permerror, and one of several signatures aligns",
    { dmarc: "permerror", dkim: [pass("mailer.example"), pass("Mail.CONTOSO.com")] },
    "pass 111",
  ],
  ["permerror, and SPF of a name below the organization", { dmarc: "permerror", spf: "pass", mailFrom: "bounce.contoso.com" }, "pass 111"],
  [
    "permerror, and nothing aligns",
    { dmarc: "permerror", spf: "pass", mailFrom: "mailer.example", dkim: [pass("mailer.example")] },
    "fail 001",
  ],
  ["temperror, and an aligned pass", { dmarc: "temperror", dkim: [pass("contoso.com")] }, "pass 111"],
  [
    "tenants below onmicrosoft.com are strangers to each other",
    { dmarc: "permerror", headerFrom: "a.onmicrosoft.com", dkim: [pass("b.onmicrosoft.com")] },
    "fail 001",
  ],
  [
    "a tenant below onmicrosoft.com is itself, whatever the case",
    { dmarc: "permerror", headerFrom: "YtReR.onmicrosoft.com", dkim: [pass("ytrer.OnMicrosoft.com")] },
    "pass 111",
  ],
  ["organizations by the suffix list: co.uk", { dmarc: "permerror", headerFrom: "a.co.uk", spf: "pass", mailFrom: "b.co.uk" }, "fail 001"],
  [
    "organizations by its private section",
    { dmarc: "permerror", headerFrom: "a.github.io", spf: "pass", mailFrom: "b.github.io" },
    "fail 001",
  ],
  ["an enforced policy: quarantine", { dmarc: "fail", action: "quarantine" }, "fail 000"],
  ["an enforced policy: oreject", { dmarc: "fail", action: "oreject" }, "fail 000"],
  ["a sampled policy was not enforced", { dmarc: "fail", action: "pct.quarantine" }, "fail 001"],
  ["a policy of none", { dmarc: "fail", action: "none" }, "fail 001"],
  [
    "a trusted sealer saw dmarc=pass for this From domain",
    {
      dmarc: "fail",
      action: "quarantine",
      arc: [set(1, "microsoft.com", { dmarc: "pass", headerFrom: "CONTOSO.com" }), set(2, "google.com", {})],
    },
    "pass 130",
  ],
  [
    "… for another From domain",
    { arc: [set(1, "microsoft.com", {}), set(2, "microsoft.com", { dmarc: "pass", headerFrom: "fabrikam.com" })] },
    "fail 001",
  ],
  [
    "below a sealer that is not trusted nothing is read",
    { arc: [set(1, "microsoft.com", { dmarc: "pass", headerFrom: "contoso.com" }), set(2, "mailer.example", {})] },
    "fail 001",
  ],
  [
    "a chain whose newest set says arc=fail",
    { arc: [set(1, "microsoft.com", { dmarc: "pass", headerFrom: "contoso.com" }), set(2, "microsoft.com", { arc: "fail", cv: "fail" })] },
    "fail 001",
  ],
  ["no From domain", { headerFrom: null, dmarc: "pass" }, "fail 001"],
  ["sets and action may be missing", { arc: undefined, action: undefined }, "fail 001"],
];

for (const [name, changes, wanted] of cases) {
  test(`a row is read as design/compauth.md says: ${name}`, () => {
    const [compauth = "", reason = ""] = wanted.split(" ");
    const { agreement, differences, faults } = agree([JSON.stringify({ ...row, ...changes, expected: { compauth, reason } })]);
    assert.deepEqual([...differences.keys(), ...faults], []);
    assert.equal(agreement.reason, 1);
  });
}

const faulty: readonly [string, string, RegExp][] = [
  ["not JSON", "{", /not JSON/],
  ["no object", "[]", /expected object/],
  ["a word nobody stamps", JSON.stringify({ ...row, spf: "maybe" }), /^spf: /],
  ["no expectation", JSON.stringify({ ...row, expected: undefined }), /^expected: /],
  ["signatures that are no list", JSON.stringify({ ...row, dkim: "pass" }), /^dkim: /],
];

for (const [name, line, wanted] of faulty) {
  test(`a bad row is a line that says why: ${name}`, () => {
    const read = readVerdictRow(line);
    assert.ok(typeof read === "string");
    assert.match(read, wanted);
  });
}

test("npm run agreement: one JSON object, bad rows on stderr, status 2", () => {
  const directory = mkdtempSync(join(tmpdir(), "agreement-"));
  const file = join(directory, "rows.jsonl");
  try {
    writeFileSync(file, `${JSON.stringify(row)}\n\n`);
    const output = execFileSync(process.execPath, ["lab/agreement.ts", file, "--json"], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(output), { rows: 1, compauth: 1, reason: 1, byReason: { "001": [1, 1] } });
    assert.equal(output.split("\n").length, 2);
    writeFileSync(file, `${JSON.stringify(row)}\nnonsense\n`);
    const { status, stdout, stderr } = spawnSync(process.execPath, ["lab/agreement.ts", file, "--json"], { encoding: "utf8" });
    assert.deepEqual([status, JSON.parse(stdout).rows], [2, 1]);
    assert.match(stderr, /rows\.jsonl:2: not JSON/);
    assert.equal(spawnSync(process.execPath, ["lab/agreement.ts", join(directory, "absent.jsonl")]).status, 2);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

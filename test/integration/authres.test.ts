/**
 * Debian's python3-authres, a parser by other authors, reads what we stamp and sees the same methods, results and properties.
 * It unfolds nothing itself and drops a quoted value that is not the last of its method; both are known limits of it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import type { AuthenticationResults } from "../../src/mail/authentication-results.ts";
import { formatAuthenticationResults } from "../../src/stamp/authentication-results.ts";
import { stampOf } from "../../src/stamp/rfc8601.ts";
import { dkim, dmarc, type StampCase, spf, stampInput } from "../stamp-input.ts";

const python = "/usr/bin/python3";
const installed = spawnSync(python, ["-c", "import authres"]).status === 0;
const wanted = process.env["CI"] === "true";
const skip = !installed && !wanted && "python3-authres is not installed";

const script = `
import authres, json, sys
def read(value):
    header = authres.AuthenticationResultsHeader.parse("Authentication-Results: " + value)
    results = [[r.method, r.result, r.reason, [[p.type, p.name, p.value] for p in r.properties]] for r in header.results]
    return {"id": header.authserv_id, "results": results}
print(json.dumps([read(value) for value in json.load(sys.stdin)]))
`;

type Seen = { readonly id: string; readonly results: readonly unknown[] };

function readByAuthres(values: readonly AuthenticationResults[]): readonly Seen[] {
  const texts = values.map((value) => formatAuthenticationResults(value).replaceAll("\r\n", ""));
  const run = spawnSync(python, ["-c", script], { input: JSON.stringify(texts), encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

function expected({ authservId, results }: AuthenticationResults): Seen {
  return {
    id: authservId ?? "",
    results: results.map(({ method, result, reason, properties }) => [
      method,
      result,
      reason,
      properties.map((one) => [one.ptype, one.property, one.value]),
    ]),
  };
}

const cases: readonly (readonly [string, StampCase])[] = [
  [
    "everything passes",
    {
      spf: [spf({ result: "pass", domain: "example.com" })],
      dkim: [dkim({ signatureStart: "Ab/+12xY" })],
      dmarc: dmarc({ result: "pass", policy: "reject" }),
    },
  ],
  ["the null path", { mailFrom: "", spf: [spf({ result: "pass", domain: "mail.example.com" })] }],
  [
    "HELO beside MAIL FROM",
    { spf: [spf({ result: "fail", domain: "a.example" }), spf({ identity: "helo", result: "pass", domain: "b.example" })] },
  ],
  ["bestguesspass", { dmarc: dmarc({ result: "bestguesspass" }), verdict: { compauth: "pass", reason: "109" } }],
  [
    "failures with reasons",
    {
      spf: [spf({ result: "temperror", reason: "dns", domain: "a.example" })],
      dkim: [dkim({ result: "fail", reason: "body-hash" }), dkim({ result: "permerror", reason: "no-key" })],
      dmarc: dmarc({ result: "temperror", reason: "identifier-dns", policy: "reject" }),
      arc: { result: "fail", reason: "seal", oldestPass: null },
      iprev: { result: "fail", reason: "not-confirmed" },
    },
  ],
  ["ARC and IPv6", { ip: "2001:db8::1", arc: { result: "pass", reason: null, oldestPass: 2 } }],
  ["no author, no domain", { fromDomain: null, dmarc: dmarc({ result: "permerror", reason: "author", domain: null }) }],
];

describe("python3-authres reads our field", { skip }, () => {
  const values = cases.map(([, input]) => stampOf(stampInput(input), { authservId: "mx.contoso.com", compauth: true }));
  const read = installed ? readByAuthres(values) : [];
  for (const [i, [title]] of cases.entries()) {
    test(title, () => {
      const value = values[i];
      assert.ok(value !== undefined && installed, "python3-authres is not installed");
      assert.deepEqual(read[i], expected(value));
    });
  }
  test("nothing was done", () => {
    const value: AuthenticationResults = { authservId: "mx.contoso.com", version: 1, results: [] };
    assert.deepEqual(readByAuthres([value]), [expected(value)]);
  });
  test("text from outside stays in its place", () => {
    const text = 'x"; dmarc=pass (header.from=victim.example) \\';
    const results = [
      {
        method: "spf",
        version: null,
        result: "fail",
        reason: null,
        comments: [text],
        properties: [{ ptype: "smtp", property: "helo", value: text }],
      },
      { method: "dkim", version: null, result: "none", reason: null, comments: [], properties: [] },
    ];
    const [seen] = readByAuthres([{ authservId: "mx.contoso.com", version: null, results }]);
    assert.deepEqual(
      seen?.results.map((one) => (Array.isArray(one) ? one.slice(0, 2) : one)),
      [
        ["spf", "fail"],
        ["dkim", "none"],
      ],
    );
  });
});

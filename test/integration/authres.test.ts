/**
 * Debian's python3-authres, a parser by other authors, reads what we stamp and sees the same methods, results and properties.
 * It unfolds nothing itself and drops a quoted value that is not the last of its method; both are known limits of it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { outcomeOf, type SignatureReason } from "../../src/evidence/signature/result.ts";
import { type AuthenticationResults, parseAuthenticationResults } from "../../src/mail/authentication-results.ts";
import { formatAuthenticationResults } from "../../src/stamp/authentication-results.ts";
import { rfc8601Results } from "../../src/stamp/rfc8601.ts";
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

const unread = { domain: null, selector: null, algorithm: null, signatureStart: null };
const dmarcWords = ["pass", "fail", "none", "permerror", "temperror", "bestguesspass"] as const;
const spfWords = ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"] as const;
const iprevWords = ["pass", "fail", "temperror", "permerror"] as const;
const compauthWords = ["pass", "softpass", "fail", "none"] as const;

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
  ["the null path without a HELO name", { mailFrom: "", helo: null, spf: [spf({ result: "none", reason: "no-domain", domain: null })] }],
  ["no client, no path, nothing signed", { ip: null, mailFrom: null, spf: [], iprev: { result: "none", reason: "no-client" } }],
  [
    "HELO beside MAIL FROM",
    { spf: [spf({ result: "fail", domain: "a.example" }), spf({ identity: "helo", result: "pass", domain: "b.example" })] },
  ],
  [
    "bestguesspass of the null path",
    {
      mailFrom: "",
      spf: [spf({ result: "pass", domain: "mail.example.com" })],
      dmarc: dmarc({ result: "bestguesspass" }),
      verdict: { compauth: "pass", reason: "109" },
    },
  ],
  [
    "RFC 6531: internationalized names and addresses",
    {
      mailFrom: "jörg@bücher.example",
      fromAddress: "jörg@bücher.example",
      fromDomain: "xn--bcher-kva.example",
      spf: [spf({ result: "pass", domain: "xn--bcher-kva.example" })],
      dkim: [dkim({ domain: "xn--bcher-kva.example", selector: "xn--schlssel-95a" })],
      dmarc: dmarc({ result: "pass", domain: "xn--bcher-kva.example", policy: "reject" }),
    },
  ],
  [
    "as many signatures as are told, each with its own outcome",
    {
      dkim: Object.entries(outcomeOf)
        .filter(([reason]) => reason !== "over-limit")
        .slice(0, limits.dkimSignaturesMax)
        .map(([reason, result], i) =>
          dkim({ result, reason: reason as SignatureReason, domain: `d${i}.example`, signatureStart: `Sig0000${i}` }),
        ),
    },
  ],
  ...(Object.keys(outcomeOf) as SignatureReason[]).map((reason): [string, StampCase] => [
    `a signature: ${reason}`,
    { dkim: [dkim({ result: outcomeOf[reason], reason })] },
  ]),
  ["a signature of which nothing can be read", { dkim: [dkim({ result: "permerror", reason: "syntax", ...unread })] }],
  ...spfWords.map((result): [string, StampCase] => [
    `SPF ${result}`,
    {
      spf: [
        spf({ result, reason: result === "temperror" ? "dns" : result === "permerror" ? "term-limit" : "matched", domain: "a.example" }),
      ],
    },
  ]),
  ...dmarcWords.flatMap((result) =>
    ([null, "none", "quarantine", "reject"] as const).map((policy): [string, StampCase] => [
      `DMARC ${result}, policy ${policy}`,
      {
        dmarc: dmarc({
          result,
          reason: result === "temperror" ? "record-timeout" : result === "permerror" ? "record" : "no-record",
          policy,
        }),
      },
    ]),
  ),
  ...compauthWords.map((compauth): [string, StampCase] => [`compauth ${compauth}`, { verdict: { compauth, reason: "130" } }]),
  ...iprevWords.map((result): [string, StampCase] => [
    `iprev ${result}`,
    { iprev: { result, reason: result === "pass" ? null : "ptr-dns" } },
  ]),
  ["ARC and IPv6", { ip: "2001:db8::1", arc: { result: "pass", reason: null, oldestPass: 2 } }],
  ["ARC fails", { arc: { result: "fail", reason: "seal", oldestPass: null } }],
  ["ARC temperror, which RFC 8617 §7 has not", { arc: { result: "temperror", reason: "dns", oldestPass: null } }],
  ["no author, no domain", { fromDomain: null, dmarc: dmarc({ result: "permerror", reason: "author", domain: null }) }],
];

describe("python3-authres reads our field", { skip }, () => {
  const values = cases.map(([, input]) => {
    const read = parseAuthenticationResults(rfc8601Results(stampInput(input), { authservId: "mx.contoso.com", compauth: true }));
    assert.ok(read !== null);
    return read;
  });
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

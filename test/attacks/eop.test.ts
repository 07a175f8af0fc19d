/**
 * The spoofing attacks of "Composition Kills" against the other fields we write: Microsoft's shape, Received-SPF and the report.
 * Whatever an attacker puts into HELO, path, From or a signature, each field reads back as the results we found and no others.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect, parseAuthenticationResults, zoneResolver } from "../../src/index.ts";
import { readReceivedSpf } from "../../src/stamp/received-spf.ts";
import { parseReport } from "../../src/stamp/report.ts";
import { corpusPath, missing } from "../corpora.ts";

type Case = { readonly id: string; readonly helo: string; readonly mailfrom: string; readonly rcptto: string; readonly data_b64: string };

const corpus = corpusPath("attacks/espoofer.jsonl");
const cases: Case[] =
  corpus === null
    ? []
    : readFileSync(corpus, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));

test("the spoofing cases are all there", { skip: corpus === null && missing("attacks/espoofer.jsonl") }, () => {
  assert.equal(cases.length, 22);
});

const resolver = zoneResolver({ "_dmarc.legitimate.com": [{ TXT: "v=DMARC1; p=reject" }], "legitimate.com": [{ TXT: "v=spf1 -all" }] });

for (const { id, helo, mailfrom, rcptto, data_b64 } of cases) {
  test(`attack ${id}: nothing is injected into any field`, async () => {
    const { headers, evidence, verdict } = await inspect(
      { message: Buffer.from(data_b64, "base64"), ip: "198.51.100.66", helo, mailFrom: mailfrom, rcptTo: [rcptto] },
      { resolver, authservId: "mx.victim.com", policy: { stampFormat: "eop", stampEopRecipientDomain: "victim.com" } },
    );
    for (const field of headers) assert.match(field, /^[A-Za-z-]+: [ -~]*(?:\r\n [ -~]+)*$/);
    const [results = "", receivedSpf = "", report = ""] = headers;
    const spf = evidence.spf.find(({ identity }) => identity === "mailfrom")?.result ?? "none";
    const read = parseAuthenticationResults(results)?.results ?? [];
    assert.deepEqual(
      read.filter(({ method }) => method !== "dkim").map(({ method, result }) => `${method}=${result}`),
      [`spf=${spf}`, `dmarc=${evidence.dmarc.result}`, `compauth=${verdict.compauth}`],
    );
    assert.equal(read.filter(({ method }) => method === "dkim").length, Math.max(1, evidence.dkim.length));
    assert.equal(readReceivedSpf(receivedSpf.slice("Received-SPF: ".length).replaceAll("\r\n", ""))?.result, spf);
    const { compauth, reason, helo: said } = parseReport(report) ?? {};
    assert.deepEqual([compauth, reason, said], [verdict.compauth, verdict.reason, helo === "" ? null : helo]);
  });
}

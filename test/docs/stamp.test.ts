/** docs/stamp.md shows what is written, and knows every key of the report (house rule 16). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect, zoneResolver } from "../../src/index.ts";
import { parseReport, reportField } from "../../src/stamp/report.ts";

const page = readFileSync(new URL("../../docs/stamp.md", import.meta.url), "utf8");
const samples = [...page.matchAll(/```text\n([\s\S]*?)\n```/g)].map(([, sample = ""]) => sample);
const withLf = (field: string): string => field.replaceAll("\r\n", "\n");

test("the sample in Microsoft's shape is what a message gets", async () => {
  const resolver = zoneResolver({
    "contoso.com": [{ TXT: "v=spf1 ip4:192.0.2.10 -all" }],
    "_dmarc.contoso.com": [{ TXT: "v=DMARC1; p=reject" }],
  });
  const message = Buffer.from("From: ann@Contoso.com\r\n\r\nHello.\r\n");
  const { headers } = await inspect(
    { message, ip: "192.0.2.10", helo: "mail.contoso.com", mailFrom: "ann@contoso.com" },
    { resolver, authservId: "mx.fabrikam.com", policy: { stampFormat: "eop" } },
  );
  assert.ok(samples.includes(headers.slice(0, 2).map(withLf).join("\n")), headers.join("\n"));
});

test("the sample report is one that we write, and the table has its keys", () => {
  const sample = samples.find((text) => text.startsWith("X-Assay-Report:")) ?? "";
  const report = parseReport(sample);
  assert.ok(report !== null);
  assert.equal(withLf(reportField(report)), sample);
  const documented = [...page.matchAll(/^\| (`[A-Z]+`(?:, `[A-Z]+`)*) \| /gm)].flatMap(([, keys = ""]) => keys.match(/[A-Z]+/g) ?? []);
  assert.deepEqual(documented.toSorted(), ["VIA", ...[...sample.matchAll(/([A-Z]+):[^;]*;/g)].map(([, key]) => key ?? "")].toSorted());
});

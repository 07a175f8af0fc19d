/**
 * The public RFC 7208 suite, every case, with its explanation. A case may allow several results; where it names an explanation it
 * has to come out whole (DEFAULT: there is none).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { messageDns } from "../../src/dns/budget.ts";
import { checkHost } from "../../src/evidence/spf/check-host.ts";
import { type Zone, zoneResolver } from "../../src/system/zone-resolver.ts";
import { corpusPath, missing } from "../corpora.ts";

type SuiteCase = { host: string; helo: string; mailfrom: string; result: string | string[]; explanation?: string; spec?: unknown };
type Suite = { description: string; tests: Record<string, SuiteCase>; zonedata: Zone };

const file = "spf/rfc7208-tests.yml";
const path = corpusPath(file);
// Each document is one zone with its cases.
const suites = path === null ? [] : parseAllDocuments(readFileSync(path, "utf8")).map((document) => document.toJS() as Suite);

for (const suite of suites) {
  for (const [name, one] of Object.entries(suite.tests)) {
    test(`RFC 7208 §${one.spec}: ${suite.description}: ${name}`, async () => {
      const clock = () => 1_700_000_000_000;
      const dns = messageDns(zoneResolver(suite.zonedata), { clock })("mailfrom");
      const found = await checkHost({ ip: one.host, sender: one.mailfrom, helo: one.helo, identity: "mailfrom" }, { dns, clock });
      const allowed = typeof one.result === "string" ? [one.result] : one.result;
      assert.ok(allowed.includes(found.result), `${found.result} (${found.reason}, ${found.mechanism}), wanted ${allowed.join(" or ")}`);
      if (one.explanation !== undefined) assert.equal(found.explanation ?? "DEFAULT", one.explanation);
    });
  }
}

test("RFC 7208: the suite is whole", { skip: path === null && missing(file) }, () => {
  assert.equal(
    suites.reduce((count, suite) => count + Object.keys(suite.tests).length, 0),
    193,
  );
});

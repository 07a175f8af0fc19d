/** The public ARC validation suite (corpus arc/validate.yml): every case, with the chain validation status that it expects. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { prepareArc } from "../../src/evidence/arc/verify.ts";
import { bodyHashes } from "../../src/evidence/signature/body-hash.ts";
import { readBody } from "../../src/mail/body.ts";
import { openMessage } from "../../src/mail/message.ts";
import { corpusPath, missing } from "../corpora.ts";
import { testDns } from "../signer.ts";

type Suite = {
  readonly description: string;
  readonly tests: Readonly<Record<string, { readonly description: string; readonly message: string; readonly cv: string | null }>>;
  readonly "txt-records": Readonly<Record<string, string>> | null;
};

const path = corpusPath("arc/validate.yml");

describe("ARC validation suite", { skip: path === null && missing("arc/validate.yml") }, () => {
  // The shape of the suite is its own; a case that does not fit it fails its test.
  const suites = path === null ? [] : parseAllDocuments(readFileSync(path, "utf8")).map((document) => document.toJS() as Suite);
  test("171 cases", () => {
    const count = suites.reduce((sum, suite) => sum + Object.keys(suite.tests).length, 0);
    assert.equal(count, path === null ? 0 : 171);
  });
  for (const suite of suites) {
    describe(suite.description, () => {
      const records = Object.entries(suite["txt-records"] ?? {}).map(([name, text]) => [name, [text]] as const);
      for (const [name, { description, message, cv }] of Object.entries(suite.tests)) {
        test(`${name}: ${description}`, async () => {
          const result = await validate(message, Object.fromEntries(records));
          // The suite leaves cv= empty where the newest seal says "fail": RFC 8617 §5.2 step 2.
          assert.equal(result, cv === null || cv === "" ? "fail" : cv.toLowerCase());
        });
      }
    });
  }
});

async function validate(text: string, records: Parameters<typeof testDns>[0]): Promise<string> {
  const message = await openMessage(Buffer.from(text, "utf8"));
  const arc = prepareArc(message.header, { dns: testDns(records), clock: () => Date.UTC(2026, 10, 21), trustedSealers: [] });
  const bodies = bodyHashes(arc.bodyHashes, message.header.lineEnd);
  await readBody(message.body, message.header.lineEnd, [bodies]);
  return (await arc.finish(bodies)).result;
}

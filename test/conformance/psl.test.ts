/** The Public Suffix List's own test pairs: a name and its registrable domain, or null. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { domainToAscii } from "../../src/mail/domain.ts";
import { organizationalDomainByList } from "../../src/mail/public-suffix.ts";
import { corpusPath, missing } from "../corpora.ts";

const file = "psl/tests.txt";
const path = corpusPath(file);
const lines = path === null ? [] : readFileSync(path, "utf8").split("\n");
const pairs = lines.filter((line) => line.trim() !== "" && !line.startsWith("//")).map((line) => line.trim().split(/\s+/));

for (const [name = "", registrable = ""] of pairs) {
  test(`${name} → ${registrable}`, () => {
    const ascii = name === "null" ? null : domainToAscii(name);
    const expected = registrable === "null" ? null : domainToAscii(registrable);
    assert.equal(ascii === null ? null : organizationalDomainByList(ascii), expected);
  });
}

test("the pairs are whole", { skip: path === null && missing(file) }, () => assert.equal(pairs.length, 78));

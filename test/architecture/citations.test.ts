/** Citations of RFCs: the fixed form, sections that exist, and the whole of the project's code. */
import assert from "node:assert/strict";
import test from "node:test";
import { allCitations, citationsIn, sectionsOf, unknownSections } from "../../scripts/citations.ts";
import { requireCorpus } from "../corpora.ts";

function sections(text: string): readonly string[] {
  return citationsIn("a.ts", text).citations.map(({ rfc, section }) => `${rfc} ${section}`);
}

test("citations: one section, several of one RFC, appendices, sentence ends", () => {
  assert.deepEqual(sections("// RFC 7208 §4.6.4: at most ten."), ["7208 4.6.4"]);
  assert.deepEqual(sections("// RFC 6376 §3.5, §3.7 and §6.1.1."), ["6376 3.5", "6376 3.7", "6376 6.1.1"]);
  assert.deepEqual(sections("// (RFC 5322 §A.1.2) and RFC 8301 §3.2."), ["5322 A.1.2", "8301 3.2"]);
  assert.deepEqual(sections("// RFC 8601 words"), []);
});

test("citations: other forms are faults, words of ours are not", () => {
  const faults = (text: string): number => citationsIn("a.ts", text).faults.length;
  const wrong = ["RFC 7208 section 4.6", "RFC 7208, Section 4.6", "RFC 5322 appendix A.1", "RFC7208 §4.6", "RFC-7208 §4", "RFC 7208 §four"];
  for (const text of wrong) assert.equal(faults(text), 1, text);
  for (const text of ['mode = "rfc9989"', "RFC 8601 words", "RFC 7208's suite", "RFC 7208 §4"]) assert.equal(faults(text), 0, text);
});

test("citations: headings are sections, the table of contents is not", () => {
  const text =
    "   1.  Contents . . . 3\n1.  Introduction\n\n4.6.4.  DNS Lookup Limits\nA.1.  Simple\nAppendix B.  More\n20 things happen\n";
  assert.deepEqual([...sectionsOf(text)], ["1", "4.6.4", "A.1", "B"]);
});

test("citations: a section that an RFC does not have is found", (t) => {
  if (requireCorpus(t, "rfc/rfc7208.txt") === null) return;
  const cite = (rfc: number, section: string) => ({ rfc, section, file: "a.ts", line: 1 });
  assert.deepEqual(unknownSections([cite(7208, "4.6.4"), cite(9989, "4.10"), cite(8601, "2.7.1"), cite(1, "99")]), []);
  assert.deepEqual(unknownSections([cite(7208, "4.6.9")]), ["a.ts:1 RFC 7208 has no §4.6.9"]);
});

test("citations: the project's own", () => {
  const { citations, faults } = allCitations();
  assert.equal(faults.length, 0, `\n${faults.join("\n")}\n`);
  assert.ok(citations.length > 0);
});

/** The catalogue of reason codes: whole, marked and in our own order; every code a header may carry has an answer. */
import assert from "node:assert/strict";
import test from "node:test";
import { reasons } from "./reasons.ts";
import { knownReason, reasonFamilies, reasonsOfOthers } from "./reasons-of-others.ts";

const everyCode =
  `000 001 002 010 011 100 101 102 103 104 105 108 109 111 112 115 116 130 200 201 202 300 400 401 405 451 501 502 601 604 605
   701 702 703 704 905`.split(/\s+/);

test("every code of the published list, of real mail and of the design is in one of the two tables, and in one only", () => {
  const codes = [...Object.keys(reasons), ...Object.keys(reasonsOfOthers)].sort();
  assert.deepEqual(codes, [...everyCode].sort());
});

test("the numbers of our own are marked, and no others", () => {
  const marked = Object.entries({ ...reasons, ...reasonsOfOthers }).filter(([, one]) => one.ours);
  assert.deepEqual(marked.map(([code]) => code).sort(), ["200", "300", "400", "401"]);
  assert.ok(marked.every(([, one]) => one.documented === "assay"));
});

test("codes that nobody documents are told as such", () => {
  const seen = Object.entries({ ...reasons, ...reasonsOfOthers }).filter(([, one]) => one.documented === "seen");
  assert.deepEqual(seen.map(([code]) => code).sort(), ["105", "405", "451", "604", "605"]);
});

test("each code's result is its family's", () => {
  for (const [code, { compauth }] of Object.entries({ ...reasons, ...reasonsOfOthers })) {
    const family = reasonFamilies[`${code.charAt(0)}xx`];
    // 5xx has no documented result; ours for 502 is none.
    if (code.startsWith("5")) assert.ok(compauth === null || compauth === "none", code);
    else assert.equal(compauth, family?.compauth, code);
  }
});

test("decided codes name their rows, the main one first; others name none", () => {
  for (const [code, { row, rows }] of Object.entries(reasons)) {
    assert.equal(rows[0], row, code);
    assert.ok(
      rows.every((one) => one >= 1 && one <= 19),
      code,
    );
  }
  assert.ok(Object.values(reasonsOfOthers).every(({ row, rows }) => row === null && rows.length === 0));
  const decided = new Set(Object.values(reasons).flatMap(({ rows }) => rows));
  assert.deepEqual(
    [...decided].sort((a, b) => a - b),
    Array.from({ length: 19 }, (_, i) => i + 1),
    "every row gives a code",
  );
});

test("every text is a sentence or more, and a failure always tells the sender what to do", () => {
  for (const [code, one] of Object.entries({ ...reasons, ...reasonsOfOthers, ...reasonFamilies })) {
    for (const text of [one.cause, one.meaning, one.senderCan ?? "Fine."]) assert.match(text, /^[A-Z].*\.$/s, code);
    if (one.compauth === "fail") assert.ok(one.senderCan !== null, code);
  }
});

const lookups: [code: string, author: "assay" | "other", known: string, compauth: string | null][] = [
  ["000", "other", "code", "fail"],
  ["300", "assay", "code", "none"],
  ["300", "other", "family", "none"],
  ["200", "other", "family", "softpass"],
  ["451", "other", "code", "none"],
  ["607", "other", "family", "fail"],
  ["199", "assay", "family", "pass"],
  ["501", "other", "code", null],
  ["555", "other", "family", null],
  ["800", "other", "unknown", null],
  ["", "other", "unknown", null],
  ["1000", "other", "unknown", null],
  ["toString", "other", "unknown", null],
  ["__proto__", "assay", "unknown", null],
  ["constructor", "other", "unknown", null],
];

for (const [code, author, known, compauth] of lookups) {
  test(`reason ${JSON.stringify(code)} of ${author}: ${known}`, () => {
    const found = knownReason(code, author);
    assert.equal(found.known, known);
    assert.equal(found.compauth, compauth);
    assert.ok(found.cause.length > 0);
  });
}

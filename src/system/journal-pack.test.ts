/** Records as octets: what goes in comes out, and what is no record is told. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inspectionWith } from "../../test/inspections.ts";
import type { Decision } from "../memory/journal.ts";
import { journalDictionary } from "./journal-dictionary.ts";
import { answerHash, packAnswer, packDecision, unpackAnswer, unpackDecision } from "./journal-pack.ts";

const { headers: _, ...inspection } = inspectionWith();
const decision: Decision = { tenant: "t", inspection, subject: "Grüße \u0000", matched: null, questions: [] };
const question = {
  name: "contoso.com",
  type: "MX",
  answer: { status: "found", records: [{ preference: 10, exchange: "mx.contoso.com" }] },
} as const;

test("a record comes back as it was, without what is kept beside it", () => {
  const { tenant: __, questions: ___, ...record } = decision;
  assert.deepEqual(unpackDecision(packDecision(decision)), record);
  assert.deepEqual(unpackAnswer(packAnswer(question)), question);
});

test("an ordinary record takes a fifth of its JSON", () => {
  assert.ok(packDecision(decision).length < JSON.stringify(decision).length / 5);
});

test("what is no record gives null: another version, cut, damaged, of another shape", () => {
  const whole = packDecision(decision);
  const damaged = Uint8Array.from(whole, (octet, i) => (i === 20 ? octet ^ 0xff : octet));
  for (const body of [new Uint8Array(0), Uint8Array.of(2, ...whole.subarray(1)), whole.subarray(0, 40), damaged, packAnswer(question)])
    assert.equal(unpackDecision(body), null);
  assert.equal(unpackAnswer(whole), null);
});

test("a hash is of the question with its answer, whatever the order of keys", () => {
  const { answer, type, name } = question;
  assert.deepEqual(answerHash({ answer, type, name }), answerHash(question));
  assert.equal(answerHash(question).length, 16);
  assert.notDeepEqual(answerHash({ ...question, name: "fabrikam.com" }), answerHash(question));
});

test("the dictionary is what stored records were made with: it never changes", () => {
  assert.equal(
    createHash("sha256").update(journalDictionary).digest("hex"),
    "dfc67a0a11a76aef013a4297062e97bbe36ebcb1ec220944397b3d7b24f8da40",
  );
});

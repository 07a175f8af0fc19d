import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "./limits.ts";
import { memoized } from "./memo.ts";

function counted(): { made: string[]; length: (text: string) => number | null } {
  const made: string[] = [];
  const length = memoized((text) => {
    made.push(text);
    return text === "" ? null : text.length;
  });
  return { made, length };
}

test("what was made once comes back, null too", () => {
  const { made, length } = counted();
  assert.deepEqual([length("ab"), length("ab"), length(""), length("")], [2, 2, null, null]);
  assert.deepEqual(made, ["ab", ""]);
});

test("attack: many texts, or long ones, do not make it grow", () => {
  const { made, length } = counted();
  for (let i = 0; i <= limits.memoEntriesMax; i++) length(`n${i}`);
  length("n0");
  assert.equal(made.length, limits.memoEntriesMax + 2, "n0 was forgotten when the memory was full");
  const long = "x".repeat(limits.memoTextCharactersMax + 1);
  length(long);
  length(long);
  assert.equal(made.filter((text) => text === long).length, 2);
});

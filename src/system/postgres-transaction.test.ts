import assert from "node:assert/strict";
import { test } from "node:test";
import { numberedPieces } from "./postgres-transaction.ts";

const list = (...items: readonly number[]): string => JSON.stringify(items.map((n) => ({ n })));

test("what is written gets the next number; what comes again, with more behind it, keeps its own", () => {
  const pieces = numberedPieces();
  assert.deepEqual(pieces.of(list(1, 2)), [{ json: list(1, 2), number: 1 }]);
  pieces.allWritten();
  assert.deepEqual(pieces.of(list(3)), [{ json: list(3), number: 2 }]);
  assert.deepEqual(pieces.of(list(3)), [{ json: list(3), number: 2 }]);
  assert.deepEqual(pieces.of(list(3, 4, 5)), [
    { json: list(3), number: 2 },
    { json: list(4, 5), number: 3 },
  ]);
  assert.deepEqual(pieces.of(list(3, 4, 5, 6)), [
    { json: list(3), number: 2 },
    { json: list(4, 5), number: 3 },
    { json: list(6), number: 4 },
  ]);
  pieces.allWritten();
  assert.deepEqual(pieces.of(list(3)), [{ json: list(3), number: 5 }]);
});

test("where the oldest were dropped meanwhile, what is left is new; a list that only begins alike is not the same", () => {
  const pieces = numberedPieces();
  pieces.of(list(1, 2));
  assert.deepEqual(pieces.of(list(2, 3)), [{ json: list(2, 3), number: 2 }]);
  assert.deepEqual(pieces.of(list(2, 33)), [{ json: list(2, 33), number: 3 }]);
});

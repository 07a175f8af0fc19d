import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { bitsIn, dayBit, recipientBit, unionOf } from "./rows.ts";

test("bitmaps: union and count as with bigints, over all 52 bits", () => {
  const bitmap = fc.bigInt({ min: 0n, max: 2n ** 52n - 1n });
  fc.assert(
    fc.property(bitmap, bitmap, (a, b) => {
      const both = unionOf(Number(a), Number(b));
      assert.equal(BigInt(both), a | b);
      assert.equal(bitsIn(both), (a | b).toString(2).replaceAll("0", "").length);
    }),
  );
});

test("bitmaps: each day and each recipient sets one bit; neighbouring days never the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40_000 }), fc.string(), (day, text) => {
      assert.equal(bitsIn(dayBit(day)), 1);
      assert.equal(bitsIn(recipientBit(text)), 1);
      for (let i = 1; i < 52; i += 1) assert.notEqual(dayBit(day), dayBit(day + i));
    }),
  );
});

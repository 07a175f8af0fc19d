import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { dayOf, decayOfNewStores, weightOf } from "./decay.ts";

const decay = decayOfNewStores;
const anyDay = fc.integer({ min: decay.epochDay - 400, max: decay.epochDay + 25_000 });
const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)), `${a} is not ${b}`);

test("decay: a message counts 1 on its day, half after 30 days, a quarter after 60", () => {
  for (const day of [decay.epochDay, decay.epochDay + 17, decay.epochDay - 90]) {
    const worth = (later: number): number => weightOf(day, decay) / weightOf(day + later, decay);
    assert.equal(worth(0), 1);
    close(worth(limits.historyHalfLifeDays), 0.5);
    close(worth(2 * limits.historyHalfLifeDays), 0.25);
    close(worth(1), 2 ** (-1 / 30));
  }
});

test("forward decay is associative: sums that are kept apart and added are the sum of all, read on whatever day", () => {
  fc.assert(
    fc.property(fc.array(anyDay, { maxLength: 30 }), fc.array(anyDay, { maxLength: 30 }), anyDay, (some, others, read) => {
      const sum = (days: readonly number[]): number => days.reduce((total, day) => total + weightOf(day, decay), 0);
      const now = weightOf(read, decay);
      close((sum(some) + sum(others)) / now, sum([...others, ...some]) / now);
    }),
  );
});

test("forward decay: reading later is the same as fading what was read before", () => {
  fc.assert(
    fc.property(anyDay, fc.nat(400), fc.nat(400), (day, first, then) => {
      const at = (later: number): number => weightOf(day, decay) / weightOf(day + later, decay);
      close(at(first + then), at(first) * 2 ** (-then / decay.halfLifeDays));
    }),
  );
});

test("decay: numbers stay finite for 84 years after the epoch of a store", () => {
  assert.ok(Number.isFinite(weightOf(decay.epochDay + 84 * 365, decay)));
  assert.ok(weightOf(decay.epochDay - 84 * 365, decay) > 0);
});

test("days are UTC: one ends with its last millisecond", () => {
  assert.equal(dayOf(Date.UTC(2026, 0, 1)), 20_454);
  assert.equal(dayOf(Date.UTC(2026, 0, 1) - 1), 20_453);
  assert.equal(dayOf(Date.UTC(2026, 0, 1, 23, 59, 59, 999)), 20_454);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "./answer.ts";
import { inFlight } from "./in-flight.ts";

const answer: Answer = { status: "nodata", ttlSeconds: 60 };
const withheld: Answer = { status: "timeout", withheld: "deadline" };

function starter(): { start: (abandoned: AbortSignal) => Promise<Answer>; starts: AbortSignal[]; finish: () => void } {
  const starts: AbortSignal[] = [];
  const finishers: (() => void)[] = [];
  const start = (abandoned: AbortSignal) =>
    new Promise<Answer>((resolve) => {
      starts.push(abandoned);
      finishers.push(() => resolve(answer));
    });
  const finish = () => {
    for (const end of finishers) end();
  };
  return { start, starts, finish };
}

test("RFC 5452 §5: identical questions under way are asked once and answered alike", async () => {
  const flights = inFlight();
  const { start, starts, finish } = starter();
  const all = Array.from({ length: 100 }, () => flights.join("A a.example", start, undefined));
  const other = flights.join("MX a.example", start, undefined);
  assert.equal(starts.length, 2);
  finish();
  assert.deepEqual(new Set([...(await Promise.all(all)), await other]), new Set([answer]));
  assert.equal(flights.size, 0);
});

test("a question that has ended is asked anew", async () => {
  const flights = inFlight();
  const { start, starts, finish } = starter();
  const first = flights.join("A a.example", start, undefined);
  finish();
  await first;
  const second = flights.join("A a.example", start, undefined);
  finish();
  await second;
  assert.equal(starts.length, 2);
});

test("one who stops waiting gets `withheld`; the others get the answer", async () => {
  const flights = inFlight();
  const { start, starts, finish } = starter();
  const control = new AbortController();
  const leaver = flights.join("A a.example", start, control.signal);
  const stayer = flights.join("A a.example", start, new AbortController().signal);
  const unbound = flights.join("A a.example", start, undefined);
  control.abort();
  assert.deepEqual(await leaver, withheld);
  assert.equal(starts[0]?.aborted, false);
  finish();
  assert.deepEqual([await stayer, await unbound], [answer, answer]);
});

test("when the last one stops waiting, the question is given up and the next one starts anew", async () => {
  const flights = inFlight();
  const { start, starts, finish } = starter();
  const controls = [new AbortController(), new AbortController()];
  const waiting = controls.map((control) => flights.join("A a.example", start, control.signal));
  for (const control of controls) control.abort();
  assert.deepEqual(await Promise.all(waiting), [withheld, withheld]);
  assert.deepEqual([starts[0]?.aborted, flights.size], [true, 0]);
  const next = flights.join("A a.example", start, undefined);
  assert.equal(starts.length, 2);
  finish();
  assert.deepEqual(await next, answer);
});

test("a signal that has fired already starts nothing", async () => {
  const { start, starts } = starter();
  assert.deepEqual(await inFlight().join("A a.example", start, AbortSignal.abort()), withheld);
  assert.equal(starts.length, 0);
});

test("giving up all tells every question", () => {
  const flights = inFlight();
  const { start, starts } = starter();
  flights.join("A a.example", start, undefined);
  flights.join("A b.example", start, undefined);
  flights.abandonAll();
  assert.deepEqual([starts.map((signal) => signal.aborted), flights.size], [[true, true], 0]);
});

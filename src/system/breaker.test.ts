/** The breaker at its bounds, N-1, N, N+1 of each: questions, domains, silence, probes; and within the resolver, with a server that dies. */
import assert from "node:assert/strict";
import test from "node:test";
import { limits } from "../base/limits.ts";
import { type Breaker, openBreaker } from "./breaker.ts";

const { breakerFailures, breakerDomains, breakerSilenceMs, breakerProbeMs } = limits;

function opened(): { readonly breaker: Breaker; readonly changes: string[]; readonly pass: (ms: number) => void } {
  let now = 1_800_000_000_000;
  const changes: string[] = [];
  const breaker = openBreaker({ clock: () => now, onChange: (state) => changes.push(state) });
  return {
    breaker,
    changes,
    pass: (ms) => {
      now += ms;
    },
  };
}

/** So many questions in a row that nobody answered, of so many domains in turn. */
function fail(
  breaker: Breaker,
  { questions = breakerFailures, domains = breakerFailures }: { readonly questions?: number; readonly domains?: number } = {},
): void {
  for (let i = 0; i < questions; i += 1) breaker.ended(`a${i}.d${i % domains}.example`, { status: "timeout" });
}

for (const [questions, state] of [
  [breakerFailures - 1, "closed"],
  [breakerFailures, "open"],
  [breakerFailures + 1, "open"],
] as const) {
  test(`${questions} unanswered questions: ${state}`, () => {
    const { breaker, pass, changes } = opened();
    pass(breakerSilenceMs);
    fail(breaker, { questions });
    assert.equal(breaker.state, state);
    assert.deepEqual(changes, state === "open" ? ["open"] : []);
  });
}

for (const [domains, state] of [
  [1, "closed"],
  [breakerDomains - 1, "closed"],
  [breakerDomains, "open"],
  [breakerDomains + 1, "open"],
] as const) {
  test(`of ${domains} domains, however many questions: ${state}`, () => {
    const { breaker, pass } = opened();
    pass(breakerSilenceMs);
    fail(breaker, { questions: 1000, domains });
    assert.equal(breaker.state, state);
  });
}

for (const [ms, state] of [
  [breakerSilenceMs - 1, "closed"],
  [breakerSilenceMs, "open"],
  [breakerSilenceMs + 1, "open"],
] as const) {
  test(`${ms} ms after the last answer: ${state} (attack: one message with a pile of dead domains)`, () => {
    const { breaker, pass } = opened();
    breaker.ended("good.example", { status: "found" });
    pass(ms);
    fail(breaker);
    assert.equal(breaker.state, state);
  });
}

for (const status of ["found", "nodata", "nxdomain", "servfail", "refused"] as const) {
  test(`${status} is an answer: the resolver lives, and the count begins anew`, () => {
    const { breaker, pass } = opened();
    pass(breakerSilenceMs);
    fail(breaker, { questions: breakerFailures - 1 });
    breaker.ended("dead-zone.example", { status });
    pass(breakerSilenceMs);
    fail(breaker, { questions: breakerFailures - 1 });
    assert.equal(breaker.state, "closed");
    fail(breaker, { questions: 1 });
    assert.equal(breaker.state, "open");
  });
}

test("open: nothing is asked but one question in a while; each probe that fails waits again", () => {
  const { breaker, pass } = opened();
  pass(breakerSilenceMs);
  assert.equal(breaker.asks(), true);
  fail(breaker);
  assert.equal(breaker.asks(), false);
  pass(breakerProbeMs - 1);
  assert.equal(breaker.asks(), false);
  pass(1);
  assert.equal(breaker.asks(), true);
  assert.equal(breaker.asks(), false);
  breaker.ended("probe.example", { status: "timeout" });
  assert.equal(breaker.asks(), false);
  pass(breakerProbeMs);
  assert.equal(breaker.asks(), true);
});

test("open: the first answer closes it, and it takes the whole number again to open", () => {
  const { breaker, pass, changes } = opened();
  pass(breakerSilenceMs);
  fail(breaker);
  breaker.ended("probe.example", { status: "nxdomain" });
  assert.deepEqual(changes, ["open", "closed"]);
  assert.equal(breaker.asks(), true);
  fail(breaker);
  assert.equal(breaker.state, "closed");
  pass(breakerSilenceMs);
  fail(breaker, { questions: 1 });
  assert.equal(breaker.state, "open");
});

test("open: a clock that is set back does not keep it shut", () => {
  const { breaker, pass } = opened();
  pass(breakerSilenceMs);
  fail(breaker);
  pass(-3_600_000);
  assert.equal(breaker.asks(), true);
});

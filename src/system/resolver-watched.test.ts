/** What others see of the resolver: each question's end, each look into the cache; and the breaker between the cache and the servers. */
import assert from "node:assert/strict";
import test from "node:test";
import { a, against, closedPort, cname, found, resolver } from "../../test/resolver-under-test.ts";
import { type Breaker, openBreaker } from "./breaker.ts";
import type { AnsweredQuestion } from "./resolver.ts";

function watched(): { readonly ends: AnsweredQuestion[]; readonly looks: string[]; readonly options: object } {
  const ends: AnsweredQuestion[] = [];
  const looks: string[] = [];
  const options = { onAnswered: (answered: AnsweredQuestion) => ends.push(answered), onCache: (outcome: string) => looks.push(outcome) };
  return { ends, looks, options };
}

test("a question is told once it has ended, with type, outcome and time; one from the cache is not", async () => {
  const { ends, looks, options } = watched();
  const { query } = await against((asked) => asked.reply({ answers: [a(asked.name)] }), options);
  await query("x.example", "A");
  await query("X.example", "A");
  await query("x.example", "A");
  assert.equal(ends.length, 1);
  assert.deepEqual([ends[0]?.type, ends[0]?.outcome], ["A", "found"]);
  assert.ok((ends[0]?.ms ?? -1) >= 0);
  assert.deepEqual(looks, ["miss", "hit", "hit"]);
});

test("what was given up is not told", async () => {
  const { ends, options } = watched();
  const { query } = await against(() => {}, options);
  const giving = new AbortController();
  const answer = query("x.example", "A", { signal: giving.signal });
  giving.abort();
  await answer;
  assert.deepEqual(ends, []);
});

test("a server that dies opens the breaker, what is known is still answered, and its return closes it", async () => {
  let now = 1_800_000_000_000;
  let lives = true;
  const breaker = openBreaker({ clock: () => now, failuresMax: 6, domainsMin: 3 });
  const { ends, options } = watched();
  const more = { ...options, breaker, clock: () => now, timeoutMs: 20, attempts: 1 };
  const { query, sent } = await against((asked) => lives && asked.reply({ answers: [a(asked.name, "192.0.2.1", 86_400)] }), more);
  assert.deepEqual(await query("known.example", "A"), found(["192.0.2.1"], 86_400));
  lives = false;
  now += 20_000;
  await Promise.all(Array.from({ length: 6 }, (_, i) => query(`x.d${i}.example`, "A")));
  assert.equal(breaker.state, "open");
  const before = sent.length;
  assert.deepEqual(await query("y.example", "TXT"), { status: "timeout", withheld: "breaker" });
  assert.equal(sent.length, before);
  assert.deepEqual(ends.at(-1), { type: "TXT", outcome: "withheld", ms: 0 });
  assert.equal((await query("known.example", "A")).status, "found");
  lives = true;
  now += 2000;
  assert.equal((await query("y.example", "A")).status, "found");
  assert.equal(breaker.state, "closed");
  assert.equal((await query("z.example", "A")).status, "found");
});

test("a server that is not there at all counts as no answer", async () => {
  const seen: string[] = [];
  const breaker: Breaker = { asks: () => true, ended: (name, { status }) => seen.push(`${name} ${status}`), state: "closed" };
  const { query } = resolver([await closedPort()], { breaker, timeoutMs: 50, attempts: 1 });
  assert.equal((await query("x.example", "A")).status, "timeout");
  assert.deepEqual(seen, ["x.example timeout"]);
});

test("an alias that was answered is an answer, though its target's servers are silent", async () => {
  const seen: string[] = [];
  const breaker: Breaker = { asks: () => true, ended: (name, { status }) => seen.push(`${name} ${status}`), state: "closed" };
  const { query } = await against(
    (asked) => asked.lowerName === "alias.example" && asked.reply({ answers: [cname(asked.name, "silent.example")] }),
    { breaker, timeoutMs: 30, attempts: 1 },
  );
  assert.equal((await query("alias.example", "A")).status, "timeout");
  assert.deepEqual(seen, ["alias.example found", "silent.example timeout"]);
});

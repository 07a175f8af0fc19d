import assert from "node:assert/strict";
import { test } from "node:test";
import { print } from "./lines.ts";
import type { Output } from "./ports.ts";
import { progress, totals } from "./totals.ts";

test("totals by verdict and reason, the good first", () => {
  const sums = totals();
  for (const tally of ["fail 001", "unreadable", "pass 100", "undecided", "pass 109", "pass 100", "fail 000", "none 300"])
    sums.count(tally);
  assert.equal(
    print(sums.lines(), { colour: false }),
    `8 messages
  pass 100              2
  pass 109              1
  none 300              1
  fail 000              1
  fail 001              1
  undecided             1
  unreadable            1
`,
  );
  assert.equal(sums.line(), "8 messages, pass 100: 2, pass 109: 1, none 300: 1, fail 000: 1, fail 001: 1, undecided: 1, unreadable: 1");
});

function collected(isTerminal: boolean): Output & { readonly texts: string[] } {
  const texts: string[] = [];
  return {
    texts,
    isTerminal,
    colour: false,
    write: (text) => {
      texts.push(text);
      return Promise.resolve(true);
    },
  };
}

test("progress: only on a terminal, only where the messages do not scroll by themselves, ten times a second at most", async () => {
  let now = 1000;
  const clock = (): number => now;
  for (const [err, out, shown] of [
    [true, false, true],
    [true, true, false],
    [false, false, false],
  ] as const) {
    const stderr = collected(err);
    const line = progress(stderr, collected(out), clock);
    await line.show(() => "1 messages");
    now += 10;
    await line.show(() => "2 messages");
    now += 100;
    await line.show(() => "3 messages");
    await line.clear();
    assert.deepEqual(stderr.texts, shown ? ["\r\x1b[K1 messages", "\r\x1b[K3 messages", "\r\x1b[K"] : []);
  }
});

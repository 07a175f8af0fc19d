/** DNS round trips: how often a verdict on an ordinary message waits for an answer before it can ask on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assayRounds, ordinaryMail } from "../bench/rounds.ts";

for (const ordinary of ordinaryMail(Math.floor(Date.now() / 1000) - 3600)) {
  test(`at most three sequential DNS round trips: ${ordinary.title}`, async () => {
    const rounds = await assayRounds(ordinary);
    assert.ok(rounds.length <= 3, JSON.stringify(rounds, null, 1));
    // RFC 7208 §4.6.4 and RFC 9989 §4.10 bound the questions; ordinary mail is far below.
    assert.ok(rounds.flat().length <= 24, JSON.stringify(rounds, null, 1));
  });

  test(`the same questions in the same rounds a second time: ${ordinary.title}`, async () => {
    assert.deepEqual(await assayRounds(ordinary), await assayRounds(ordinary));
  });
}

/** What becomes of a message, octet by octet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import type { Disposition } from "../../gateway/dialogue/journey.ts";
import { answerToMessage, type Edited, refusal } from "./edits.ts";
import { negotiate } from "./negotiate.ts";

function agreed(version: number, actions: number, steps: number): Edited["agreement"] {
  const bytes = Buffer.alloc(12);
  [version, actions, steps].forEach((word, at) => {
    bytes.writeUInt32BE(word, 4 * at);
  });
  const negotiated = negotiate({ command: 0, bytes, start: 0, end: 12 }, { isPostfix: true, mail: true, rcpt: true, data: true });
  assert.ok(negotiated !== null);
  return negotiated.agreement;
}

const postfix: Edited = { agreement: agreed(6, 0x1ff, 0x1f_ffff), hold: false, oddHeader: null };
const old: Edited = { ...postfix, agreement: agreed(2, 0x3f, 0x7f) };

function accepted(over: Partial<Extract<Disposition, { kind: "accept" }>>): Extract<Disposition, { kind: "accept" }> {
  return { kind: "accept", headers: [], removals: [], hold: null, inspection: null, ...over };
}

/** Letter and data of each packet; a number at its beginning as such. */
function written(disposition: Exclude<Disposition, { kind: "gone" }>, edited: Edited): readonly string[] {
  const bytes = answerToMessage(disposition, edited);
  const packets: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const letter = bytes.toString("latin1", at + 4, at + 5);
    const data = bytes.subarray(at + 5, at + 4 + length);
    packets.push(
      "im".includes(letter) ? `${letter}${data.readUInt32BE(0)} ${data.toString("latin1", 4)}` : letter + data.toString("latin1"),
    );
    at += 4 + length;
  }
  return packets;
}

test("accepted as it is: continue, so that filters behind us see it", () => {
  assert.deepEqual(written(accepted({}), postfix), ["c"]);
});

test("fields go in at index 0, bottommost first, with their leading space and folds of bare LF", () => {
  const headers = ["Authentication-Results: mx;\r\n spf=pass", "X-Assay-Report: A:b;\r\n C:d"];
  assert.deepEqual(written(accepted({ headers }), postfix), [
    "i0 X-Assay-Report\0 A:b;\n C:d\0",
    "i0 Authentication-Results\0 mx;\n spf=pass\0",
    "c",
  ]);
});

test("a server that puts the leading space itself gets the value without it, and no more than that", () => {
  const headers = ["A: one", "B:  two", "C:none"];
  assert.deepEqual(written(accepted({ headers }), old), ["i0 C\0none\0", "i0 B\0 two\0", "i0 A\0one\0", "c"]);
});

test("removals stand before insertions, in the order of the disposition: highest index first", () => {
  const removals = [
    { name: "authentication-results", index: 3, why: "x" },
    { name: "x-assay-report", index: 1, why: "x" },
    { name: "authentication-results", index: 1, why: "x" },
  ];
  assert.deepEqual(written(accepted({ removals, headers: ["A: b"] }), postfix), [
    "m3 authentication-results\0\0",
    "m1 x-assay-report\0\0",
    "m1 authentication-results\0\0",
    "i0 A\0 b\0",
    "c",
  ]);
});

test("attack: a disguised name is removed by its own letters, and does not shift the count of the others", () => {
  const oddHeader = Buffer.from(
    "Authentication-Results\x7f: a\r\nAuthentication-Results: b\r\nauthentication-results: c\r\n\x01Authentication-Results: d\r\n\r\n",
    "latin1",
  );
  const removals = [4, 3, 2, 1].map((index) => ({ name: "authentication-results", index, why: "x" }));
  assert.deepEqual(written(accepted({ removals }), { ...postfix, oddHeader }), [
    "m1 \x01Authentication-Results\0\0",
    "m2 authentication-results\0\0",
    "m1 Authentication-Results\0\0",
    "m1 Authentication-Results\x7f\0\0",
    "c",
  ]);
});

test("attack: a header full of forged fields and one odd name costs no more time than its length", () => {
  const count = 990;
  const oddHeader = Buffer.from(`X Odd: 1\r\n${"Authentication-Results: a\r\n".repeat(count)}\r\n`);
  const removals = Array.from({ length: count }, (_, i) => ({ name: "authentication-results", index: count - i, why: "x" }));
  const startedAt = performance.now();
  const answer = written(accepted({ removals }), { ...postfix, oddHeader });
  // Milliseconds; seconds, where each field is counted anew for each removal.
  assert.ok(performance.now() - startedAt < 1000);
  assert.deepEqual(
    [answer.length, answer[0], answer.at(-2)],
    [count + 1, "m990 Authentication-Results\0\0", "m1 Authentication-Results\0\0"],
  );
});

test("nothing is asked of a server that it did not offer", () => {
  const all = accepted({ headers: ["A: b"], removals: [{ name: "a", index: 1, why: "x" }], hold: "because" });
  assert.deepEqual(written(all, { ...postfix, agreement: agreed(6, 0, 0), hold: true }), ["c"]);
  assert.deepEqual(written(all, { ...postfix, agreement: agreed(6, 0x01, 0x10_0000), hold: true }), ["i0 A\0 b\0", "c"]);
  assert.deepEqual(written(all, { ...postfix, agreement: agreed(6, 0x10, 0), hold: true }), ["m1 a\0\0", "c"]);
  assert.deepEqual(written(all, { ...postfix, agreement: agreed(6, 0x20, 0), hold: true }), ["qbecause\0", "c"]);
});

test("a hold is opt-in; without it the message is delivered, marked as it is", () => {
  const held = accepted({ headers: ["A: b"], hold: "a\r\nb" });
  assert.deepEqual(written(held, { ...postfix, hold: true }), ["i0 A\0 b\0", "qa??b\0", "c"]);
  assert.deepEqual(written(held, postfix), ["i0 A\0 b\0", "c"]);
});

function replied(code: number, enhanced: string, text: string): string {
  return refusal({ code, enhanced, text }).toString("latin1", 4);
}

test("a refusal is our own reply, and nothing but it", () => {
  const reply = { code: 550, enhanced: "5.7.509", text: "Access denied" };
  assert.deepEqual(written({ kind: "refuse", reply, inspection: null }, postfix), ["y550 5.7.509 Access denied\0"]);
});

test("each % of a reply is doubled: Sendmail takes it for a format, Postfix undoes it", () => {
  assert.equal(replied(550, "5.7.1", "100% of %s%%n"), "y550 5.7.1 100%% of %%s%%%%n\0");
});

test("a reply is one line of printable ASCII, whatever it was", () => {
  assert.equal(replied(450, "4.7.1", "a\r\n250 ok\0\t\u00e9"), "y450 4.7.1 a??250 ok???\0");
});

test("a reply's length is bounded, and never ends within a doubled %", () => {
  const long = replied(550, "5.7.1", "%".repeat(2000));
  assert.ok(long.length <= limits.milterReplyTextBytesMax + 2);
  assert.match(long, /^y550 5\.7\.1 (?:%%)+\0$/);
  assert.ok(replied(550, "5.7.1", "x".repeat(5000)).length <= limits.replyLineBytesMax + 2);
});

test("the classes of both codes agree, and no reply says that all is well: Postfix takes either for a broken filter", () => {
  assert.equal(replied(450, "5.7.1", "x"), "y450 4.7.1 x\0");
  assert.equal(refusal({ code: 250, enhanced: "2.0.0", text: "ok" }).toString("latin1", 4), "t");
});

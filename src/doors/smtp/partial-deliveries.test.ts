/** One answer for many recipients: docs/decisions/0014-lmtp-one-answer-for-many.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { combined, PartialDeliveries } from "./partial-deliveries.ts";
import { replyBytes, replyOf } from "./reply.ts";

const ok = replyOf(250, "2.0.0 <b@us.example> delivered");
const full = replyOf(452, "4.2.2 Mailbox full");
const gone = replyOf(550, "5.2.1 Mailbox disabled");
const of = (...replies: readonly (typeof ok)[]) => replies.map((reply, i) => ({ recipient: `${"abc".charAt(i)}@us.example`, reply }));

for (const [name, outcomes, before, wanted] of [
  ["all took it", of(ok, ok), 0, ok],
  ["all have it from before", of(), 2, replyOf(250, "2.0.0 Delivered before")],
  ["one later", of(ok, full), 0, full],
  ["one later, one never", of(gone, full), 0, full],
  ["all never", of(gone, gone), 0, gone],
  ["one never", of(ok, gone), 0, replyOf(550, "5.2.1 <b@us.example>: Mailbox disabled", "5.2.1 Delivered to the other 1")],
  ["one never, others before", of(gone), 2, replyOf(550, "5.2.1 <a@us.example>: Mailbox disabled", "5.2.1 Delivered to the other 2")],
] as const)
  test(`RFC 2033 §4.2: ${name}`, () => assert.deepEqual(combined(outcomes, before), wanted));

test("who has the message is known for five days, and of a bounded number of messages", () => {
  const partial = new PartialDeliveries();
  partial.add("m", ["a"], 0);
  partial.add("m", ["b"], 1000);
  assert.deepEqual(["a", "b", "c"].filter(partial.of("m", 2000)), ["a", "b"]);
  assert.equal(partial.of("m", 1001 + limits.partialDeliveryMs)("a"), false);
  for (let i = 0; i < limits.partialDeliveriesMax; i++) partial.add(`n${i}`, ["a"], 0);
  assert.equal(partial.of("m", 2000)("a"), false);
  assert.equal(partial.of("n0", 0)("a"), true);
});

test("attack: messages to many recipients of which one fails: the oldest are forgotten, not the memory filled", () => {
  const partial = new PartialDeliveries();
  const many = Array.from({ length: limits.partialRecipientsMax / 4 }, (_, i) => `bob+${i}@us.example`);
  for (const message of ["a", "b", "c", "d", "e"]) partial.add(message, many, 0);
  const known = ["a", "b", "c", "d", "e"].filter((message) => partial.of(message, 0)("bob+0@us.example"));
  assert.deepEqual(known, ["b", "c", "d", "e"]);
});

test("attack: a recipient whose letters end with the octets of CR and LF ends no line of the reply", () => {
  const reply = combined([...of(ok), { recipient: "b\u010d\u010a250 ok@us.example", reply: gone }], 0);
  assert.equal(
    replyBytes(reply).toString(),
    "550-5.2.1 <b\u010d\u010a250 ok@us.example>: Mailbox disabled\r\n550 5.2.1 Delivered to the other 1\r\n",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldQueueFault, heldIn, postfixHeldQueue } from "./held-queue.ts";

const line = (queue: string, id: string, more: object = {}): string =>
  JSON.stringify({
    queue_name: queue,
    queue_id: id,
    arrival_time: 1795248000,
    message_size: 1234,
    sender: "ada@good.example",
    recipients: [{ address: "bob@us.example" }, { address: "carol@us.example", delay_reason: "x" }],
    ...more,
  });

test("postqueue(1) -j: messages on hold, and no others", () => {
  const text = [line("deferred", "4AAA"), line("hold", "4BBB"), line("active", "4CCC")].join("\n");
  assert.deepEqual(heldIn(`${text}\n`), [
    {
      queueId: "4BBB",
      arrivedAt: 1795248000000,
      bytes: 1234,
      sender: "ada@good.example",
      recipients: ["bob@us.example", "carol@us.example"],
    },
  ]);
});

test("what is no message of that form is passed over, and stops nothing", () => {
  const odd = [
    "",
    "{",
    "null",
    "[]",
    '"x"',
    line("hold", "4DDD", { queue_id: 7 }),
    line("hold", "4EEE", { recipients: "x", sender: null }),
  ];
  assert.deepEqual(
    heldIn(odd.join("\n")).map(({ queueId, recipients }) => [queueId, recipients]),
    [["4EEE", []]],
  );
});

test("a machine without Postfix: said, with where to look instead", async () => {
  const path = process.env["PATH"];
  process.env["PATH"] = "/nonexistent";
  try {
    await assert.rejects(
      postfixHeldQueue(null).list(),
      (error) => error instanceof HeldQueueFault && /run this where Postfix runs/.test(error.message),
    );
  } finally {
    process.env["PATH"] = path;
  }
  assert.equal(await postfixHeldQueue(null).release([]), 0);
});

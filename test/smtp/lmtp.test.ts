/** LMTP behind the proxy (RFC 2033): an answer for each recipient, and one for the client (docs/decisions/0014-lmtp-one-answer-for-many.md). */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { letter, openProxy } from "./proxy.ts";
import type { SinkScript } from "./sink.ts";
import type { Speaker } from "./speaker.ts";

async function sendTo(client: Speaker, recipients: readonly string[]): Promise<string> {
  await client.say("MAIL FROM:<ada@good.example>");
  for (const recipient of recipients) await client.say(`RCPT TO:<${recipient}@us.example>`);
  await client.say("DATA");
  client.write(letter);
  return client.line(".");
}

function answering(answers: Readonly<Record<string, string>>): SinkScript {
  return {
    lmtp: true,
    answer: (stage, argument) =>
      stage === "end" ? (Object.entries(answers).find(([name]) => argument.includes(`<${name}@`))?.[1] ?? null) : null,
  };
}

test("RFC 2033 §4.1: LHLO, and over a local socket too", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "assay-lmtp-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { greeted, sink } = await openProxy(t, { sink: { lmtp: true, path: join(folder, "lmtp") } });
  assert.match(await sendTo(await greeted(), ["bob"]), /^250 2\.0\.0 Ok/);
  assert.ok(sink.commands.includes("LHLO mx.us.example"));
  assert.ok(!sink.commands.some((line) => line.startsWith("EHLO")));
});

test("RFC 2033 §4.2: all take it: 250, one copy", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { lmtp: true } });
  const client = await greeted();
  assert.match(await sendTo(client, ["a", "b", "c"]), /^250 /);
  assert.equal(sink.letters.length, 1);
  assert.equal(sink.letters[0]?.rcpt.length, 3);
  assert.match(await sendTo(client, ["a"]), /^250 /);
});

test("RFC 2033 §4.2: one is to get it later: the client comes again with all, and nobody gets a second copy", async (t) => {
  const script = answering({ b: "452 4.2.2 <b@us.example> Mailbox full" });
  const { greeted, sink } = await openProxy(t, { sink: script });
  const client = await greeted();
  assert.equal(await sendTo(client, ["a", "b", "c"]), "452 4.2.2 <b@us.example> Mailbox full");
  assert.equal(await sendTo(client, ["a", "b", "c"]), "452 4.2.2 <b@us.example> Mailbox full");
  sink.script = { lmtp: true };
  assert.match(await sendTo(client, ["a", "b", "c"]), /^250 /);
  assert.deepEqual(
    sink.letters.map(({ rcpt }) => rcpt.map((line) => line.slice(9, 10)).join("")),
    ["ac", "b"],
  );
});

test("RFC 2033 §4.2: the client comes again with each recipient alone: still no second copy, and the next message is no nested one", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: answering({ b: "452 4.2.2 Mailbox full" }) });
  const client = await greeted();
  assert.match(await sendTo(client, ["a", "b"]), /^452 /);
  assert.match(await sendTo(client, ["a"]), /^250 /);
  assert.equal(sink.letters.length, 1);
  const before = sink.commands.length;
  assert.match(await sendTo(client, ["c"]), /^250 /);
  assert.equal(sink.commands[before], "RSET");
});

test("RFC 2033 §4.2: one will never get it: the sender is told who, and that the others have it", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: answering({ b: "550 5.2.1 Mailbox disabled" }) });
  assert.equal(await sendTo(await greeted(), ["a", "b"]), "550 5.2.1 <b@us.example>: Mailbox disabled|5.2.1 Delivered to the other 1");
  assert.equal(sink.letters.length, 1);
});

test("RFC 2033 §4.2: nobody takes it: the words of the first, and one recipient alone: its words", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: answering({ a: "550 5.2.1 No a", b: "550 5.2.1 No b" }) });
  const client = await greeted();
  assert.equal(await sendTo(client, ["a", "b"]), "550 5.2.1 No a");
  assert.equal(await sendTo(client, ["b"]), "550 5.2.1 No b");
  assert.equal(sink.letters.length, 0);
});

test("RFC 2033 §4.2: the connection is cut between the answers: who has the message does not get it again", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    sink: { lmtp: true, cut: (stage, count) => (stage === "end" && count === 1 ? "silent" : null) },
  });
  const client = await greeted();
  assert.match(await sendTo(client, ["a", "b"]), /^451 4\.4\.2 /);
  sink.script = { lmtp: true };
  assert.match(await sendTo(client, ["a", "b"]), /^250 /);
  assert.deepEqual(
    sink.letters.map(({ rcpt }) => rcpt.map((line) => line.slice(9, 10)).join("")),
    ["a", "b"],
  );
});

/** The door closes: idle connections at once, messages under way are finished, what is late is cut with a temporary failure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { letter, openProxy, send } from "./proxy.ts";
import { Speaker } from "./speaker.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("drain: no new connection, 421 4.3.2 to the idle, the message under way is delivered and answered", async (t) => {
  const { greeted, door, sink } = await openProxy(t);
  const [idle, busy] = [await greeted(), await greeted()];
  await busy.say("MAIL FROM:<a@good.example>");
  const closed = door.close(5000);
  assert.equal((await idle.reply()).code, 421);
  assert.ok(await idle.closed());
  await assert.rejects(Speaker.to(door.place));
  assert.match(await busy.line("RCPT TO:<b@us.example>"), /^250 /);
  await busy.say("DATA");
  busy.write(letter);
  assert.match(await busy.line("."), /^250 /);
  assert.equal((await busy.reply()).code, 421);
  await closed;
  assert.deepEqual([door.connections, sink.letters.length], [0, 1]);
});

test("drain: who is not done in time is cut, told 421, and the next hop has nothing of it", async (t) => {
  const { greeted, door, sink } = await openProxy(t);
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  client.write(letter);
  const began = Date.now();
  await door.close(200);
  assert.ok(Date.now() - began < 2000);
  assert.ok(await client.closed());
  assert.deepEqual([door.connections, sink.letters.length], [0, 0]);
});

test("drain: an answer of the next hop that is on its way still reaches the client", async (t) => {
  const { greeted, door } = await openProxy(t, { sink: { before: (stage) => (stage === "end" ? pause(300) : null) } });
  const client = await greeted();
  const answer = send(client);
  await pause(150);
  const closed = door.close(5000);
  assert.match(await answer, /^250 /);
  await closed;
});

test("drain: a door that nobody uses closes at once", async (t) => {
  const { door } = await openProxy(t);
  await door.close(10_000);
  assert.equal(door.connections, 0);
});

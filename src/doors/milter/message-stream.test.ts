/** Octets from the connection to the inspection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageStream } from "./message-stream.ts";

const a = Buffer.from("aaa");
const b = Buffer.from("bb");

async function readAll(stream: MessageStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

test("what is pushed before and while it is read comes out in order, and the end after it", async () => {
  const stream = new MessageStream(() => {});
  stream.push(a);
  const read = readAll(stream);
  await Promise.resolve();
  stream.push(b);
  stream.push(Buffer.alloc(0));
  stream.push(a);
  stream.end();
  assert.equal(await read, "aaabbaaa");
});

test("it says how much waits, and when less does", async () => {
  const seen: number[] = [];
  const stream: MessageStream = new MessageStream(() => seen.push(stream.waiting));
  stream.push(a);
  stream.push(b);
  assert.equal(stream.waiting, 5);
  stream.end();
  await readAll(stream);
  assert.deepEqual(seen, [2, 0]);
});

test("a message that breaks off throws at once, what waited is not read; nothing is rejected that nobody waits for", async () => {
  const stream = new MessageStream(() => {});
  stream.push(a);
  stream.fail(new Error("cut"));
  assert.equal(stream.waiting, 0);
  await assert.rejects(readAll(stream), /cut/);
  const waiting = new MessageStream(() => {});
  const read = readAll(waiting);
  waiting.fail(new Error("cut"));
  await assert.rejects(read, /cut/);
  new MessageStream(() => {}).fail(new Error("nobody reads"));
});

test("after its end a message cannot break off", async () => {
  const stream = new MessageStream(() => {});
  stream.push(a);
  stream.end();
  stream.fail(new Error("too late"));
  assert.equal(await readAll(stream), "aaa");
});

test("a reader that stops lets go of all that waits and all that comes", async () => {
  const stream = new MessageStream(() => {});
  stream.push(a);
  stream.push(b);
  for await (const chunk of stream) {
    assert.equal(chunk, a);
    break;
  }
  stream.push(a);
  assert.equal(stream.waiting, 0);
});

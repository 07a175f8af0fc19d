import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { tcpFrames } from "./dns-transport.ts";

const framed = (message: Uint8Array) => Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

test("RFC 1035 §4.2.2: messages come out whole, however the stream is cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 50 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(framed));
      const got: Uint8Array[] = [];
      const take = tcpFrames((frame) => got.push(frame));
      for (let at = 0, i = 0; at < stream.length; i++) {
        const next = at + (cuts[i % cuts.length] ?? 1);
        assert.equal(take(stream.subarray(at, next)), true);
        at = next;
      }
      // An empty message is a length and nothing more.
      const whole = sent.filter((message) => message.length > 0).map((message) => Buffer.from(message));
      assert.deepEqual(
        got.map((frame) => Buffer.from(frame)),
        whole,
      );
    }),
  );
});

test("the longest message has 65,535 octets", () => {
  const got: number[] = [];
  const take = tcpFrames((frame) => got.push(frame.length));
  assert.equal(take(framed(new Uint8Array(65_535))), true);
  assert.deepEqual(got, [65_535]);
});

test("attack: a server that never stops sending is cut off after four messages of the longest", () => {
  const take = tcpFrames(() => undefined);
  const longest = framed(new Uint8Array(65_535));
  for (let i = 0; i < 4; i++) assert.equal(take(longest), true);
  assert.equal(take(Uint8Array.of(0)), false);
});

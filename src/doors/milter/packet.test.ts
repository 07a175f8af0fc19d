/** Packets, whole and in pieces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { FrameReader, packet } from "./packet.ts";

const three = Buffer.concat([
  Buffer.from([0, 0, 0, 6]),
  Buffer.from("Hhelo\0"),
  Buffer.from([0, 0, 0, 1]),
  Buffer.from("N"),
  Buffer.from([0, 0, 0, 4]),
  Buffer.from("Babc"),
]);

function readAll(reader: FrameReader): readonly string[] {
  const found: string[] = [];
  for (;;) {
    const frame = reader.next();
    if (frame === "incomplete") return found;
    if (frame === "garbage") return [...found, "garbage"];
    found.push(String.fromCharCode(frame.command) + frame.bytes.toString("latin1", frame.start, frame.end));
  }
}

test("packets come out the same wherever TCP cuts them", () => {
  const whole = ["Hhelo\0", "N", "Babc"];
  for (let first = 0; first <= three.length; first += 1) {
    for (let second = first; second <= three.length; second += 1) {
      const reader = new FrameReader();
      const found: string[] = [];
      for (const piece of [three.subarray(0, first), three.subarray(first, second), three.subarray(second)]) {
        reader.push(piece);
        found.push(...readAll(reader));
      }
      assert.deepEqual(found, whole);
      assert.equal(reader.waiting, 0);
    }
  }
});

test("packets that come an octet at a time, or all pieces before the first is read", () => {
  for (const readsEach of [true, false]) {
    const reader = new FrameReader();
    const found: string[] = [];
    for (const octet of three) {
      reader.push(Buffer.from([octet]));
      if (readsEach) found.push(...readAll(reader));
    }
    found.push(...readAll(reader));
    assert.deepEqual(found, ["Hhelo\0", "N", "Babc"]);
  }
});

test("a packet that lies whole in one piece is not copied", () => {
  const reader = new FrameReader();
  reader.push(three);
  const frame = reader.next();
  assert.ok(typeof frame === "object");
  assert.equal(frame.bytes, three);
});

test("lengths: nothing, the longest, one more, four gigabytes", () => {
  const reading = (dataBytes: number, has: Buffer) => {
    const reader = new FrameReader();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(dataBytes);
    reader.push(Buffer.concat([length, has]));
    return reader.next();
  };
  assert.equal(reading(0, Buffer.from("N")), "garbage");
  assert.equal(typeof reading(limits.milterFrameBytesMax - 1, Buffer.alloc(limits.milterFrameBytesMax - 1)), "object");
  assert.equal(typeof reading(limits.milterFrameBytesMax, Buffer.alloc(limits.milterFrameBytesMax)), "object");
  assert.equal(reading(limits.milterFrameBytesMax + 1, Buffer.from("B")), "garbage");
  assert.equal(reading(0xffff_ffff, Buffer.from("B")), "garbage");
});

test("what waits is counted", () => {
  const reader = new FrameReader();
  reader.push(three.subarray(0, 7));
  assert.equal(reader.waiting, 7);
  assert.equal(reader.next(), "incomplete");
  assert.equal(reader.waiting, 7);
  reader.push(three.subarray(7));
  assert.equal(reader.waiting, three.length);
  reader.next();
  assert.equal(reader.waiting, three.length - 10);
});

test("written packets: length, letter, numbers, strings with one NUL at their end", () => {
  assert.equal(packet("c").toString("hex"), "0000000163");
  assert.equal(packet("i", 1, "A", " b").toString("latin1"), "\0\0\0\x0ai\0\0\0\x01A\0 b\0");
  assert.equal(packet("q", "a\0b").toString("latin1"), "\0\0\0\x04qab\0");
  assert.equal(packet("i", 0, "é", "").toString("hex"), "000000096900000000c3a90000");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { readRecord } from "./record-cache.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test("the same bytes are parsed once, in whatever buffer they come", () => {
  const first = readRecord(bytes("v=spf1 a:once.example -all"));
  assert.equal(readRecord(new Uint8Array(bytes("v=spf1 a:once.example -all"))), first);
  assert.notEqual(readRecord(bytes("v=spf1 a:twice.example -all")), first);
  assert.notEqual(readRecord(bytes("v=spf1 a:Once.example -all")), first);
});

test("octets above 127 are kept apart", () => {
  assert.notDeepEqual(readRecord(bytes("v=spf1 \u0080a")), readRecord(bytes("v=spf1 \u0081a")));
});

test("limit: the cache forgets the record used longest ago, not the one in use", () => {
  const hot = bytes("v=spf1 a:hot.example -all");
  const cold = bytes("v=spf1 a:cold.example -all");
  const [hotRecord, coldRecord] = [readRecord(hot), readRecord(cold)];
  const filler = "y".repeat(4000);
  for (let i = 0; i * 4000 < limits.spfCachedBytesMax * 2; i++) {
    readRecord(bytes(`v=spf1 x${i}=${filler}`));
    assert.equal(readRecord(Buffer.from(hot)), hotRecord);
  }
  assert.notEqual(readRecord(Buffer.from(cold)), coldRecord);
  assert.equal(readRecord(cold), coldRecord, "the very same answer is known for as long as it lives");
});

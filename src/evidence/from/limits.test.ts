import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import type { FromProfile } from "./result.ts";
import { type ParsedFrom, parseFrom } from "./validate.ts";

const utf8 = (text: string) => Buffer.from(text, "utf8");
const from = (value: string, profile?: FromProfile) => parseFrom(utf8(`From: ${value}\r\n`), profile);
const outcome = ({ reason, advice }: ParsedFrom) => (reason === null ? advice.join(" ") || "valid" : reason);

test("limits.fromFieldBytesMax: N-1 and N octets, not N+1; the address is given all the same", () => {
  for (const length of [limits.fromFieldBytesMax - 1, limits.fromFieldBytesMax, limits.fromFieldBytesMax + 1]) {
    const value = ` "${"a".repeat(900)}\r\n ${"b".repeat(900)}\r\n ${"c".repeat(900)}" <a@example.com>`;
    const result = parseFrom(utf8(`From:${" ".repeat(length - value.length)}${value}\r\n`));
    assert.equal(outcome(result), length > limits.fromFieldBytesMax ? "field-too-long" : "valid");
    assert.equal(result.domain, "example.com");
  }
});

test("limits.commentDepthMax, limits.fromMailboxesMax: one more is invalid, the address is given all the same", () => {
  const depth = limits.commentDepthMax + 1;
  const deep = from(`${"(".repeat(depth)}${")".repeat(depth)} a@example.com`, "rfc5322");
  assert.deepEqual([outcome(deep), deep.domain], ["comment-too-deep", "example.com"]);
  const many = (count: number) => from(Array.from({ length: count }, () => "a@example.com").join(","), "rfc5322");
  assert.equal(outcome(many(limits.fromMailboxesMax)), "several-addresses-one-domain");
  assert.equal(outcome(many(limits.fromMailboxesMax + 1)), "too-many-addresses");
});

test("header-too-large comes first, and the domain is given where it can be read", () => {
  const before = parseFrom(utf8(`From: a@example.com\r\n${"X: 1\r\n".repeat(limits.headerFieldsMax)}`));
  assert.deepEqual([before.reason, before.domain], ["header-too-large", "example.com"]);
  const behind = parseFrom(utf8(`${"X: 1\r\n".repeat(limits.headerFieldsMax)}From: a@example.com\r\n`));
  assert.deepEqual([behind.reason, behind.domain], ["header-too-large", null]);
  const long = parseFrom(utf8(`From: a@example.com, ${"b@example.com, ".repeat(5000)}\r\nFrom: c@c.test\r\n`));
  assert.deepEqual([long.reason, long.domain], ["header-too-large", "example.com"]);
});

test("hostile From: ends at once, deterministic, invalid", () => {
  const values = [
    "a@example.com, ".repeat(20_000),
    "(".repeat(100_000),
    "(".repeat(4000),
    `${"(".repeat(2000)}${")".repeat(2000)}`,
    "a@é.test,".repeat(450),
    "a@é".repeat(20_000),
    "=?x?q?a@b.c?= ".repeat(5000),
    "<".repeat(65_000),
    '"'.repeat(65_001),
    "@".repeat(65_000),
    "\\".repeat(65_000),
  ];
  for (const value of values) {
    const headers = [`From: ${value}\r\n`, `From: ${value.slice(0, 4000)}\r\n`.repeat(60)];
    for (const header of headers) {
      const result = parseFrom(utf8(header));
      assert.equal(result.result, "invalid", value.slice(0, 20));
      assert.ok(result.domains.length <= limits.fromDomainsMax);
    }
  }
});

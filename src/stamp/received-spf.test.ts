import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { spf, stampInput } from "../../test/stamp-input.ts";
import { limits } from "../base/limits.ts";
import { eopSpf } from "./eop-words.ts";
import { readReceivedSpf, receivedSpfField } from "./received-spf.ts";

/** The value, unfolded. */
const receivedSpf = (...input: Parameters<typeof receivedSpfField>): string =>
  receivedSpfField(...input)
    .slice("Received-SPF: ".length)
    .replaceAll("\r\n", "");

const outcomes = Object.keys(eopSpf) as (keyof typeof eopSpf)[];

describe("RFC 7208 §9.1: what we write we can read", () => {
  for (const result of outcomes) {
    test(result, () => {
      const input = stampInput({ ip: "2001:db8::1", helo: "h.example", spf: [spf({ result, domain: "example.com" })] });
      const read = readReceivedSpf(receivedSpf(input, "mx.contoso.com"));
      assert.equal(read?.result, result);
      assert.ok(read.comments[0]?.startsWith("mx.contoso.com: "));
      if (result !== "pass" && result !== "fail") assert.deepEqual(read.properties, []);
      else {
        const named = [
          ["receiver", "mx.contoso.com"],
          ["client-ip", "2001:db8::1"],
          ["helo", "h.example"],
        ];
        assert.deepEqual(read.properties, result === "pass" ? [...named, ["pr", "C"]] : named);
      }
    });
  }
  test("the null path speaks of the HELO name, in its case", () => {
    const input = stampInput({ mailFrom: "", helo: "Mail.Example.com", spf: [spf({ result: "pass", domain: "mail.example.com" })] });
    assert.match(receivedSpf(input, "mx.contoso.com"), /domain of Mail\.Example\.com designates .*; helo=Mail\.Example\.com; pr=C$/);
  });
  test("nothing known", () => {
    const input = stampInput({ ip: null, helo: null, mailFrom: null, spf: [] });
    assert.equal(receivedSpf(input, "mx.contoso.com"), "None (mx.contoso.com: none does not designate permitted sender hosts)");
  });
});

describe("reading", () => {
  const cases: readonly (readonly [string, ReturnType<typeof readReceivedSpf>])[] = [
    ["pass", { result: "pass", comments: [], properties: [] }],
    [
      '(a) Pass (b: c) receiver = "mx.\\e" (d) ; helo=x;;',
      {
        result: "pass",
        comments: ["a", "b: c", "d"],
        properties: [
          ["receiver", "mx.e"],
          ["helo", "x"],
        ],
      },
    ],
    [
      "Pass (mailfrom) identity=mailfrom; receiver=<UNKNOWN>",
      {
        result: "pass",
        comments: ["mailfrom"],
        properties: [
          ["identity", "mailfrom"],
          ["receiver", "<UNKNOWN>"],
        ],
      },
    ],
    ["fail helo=", { result: "fail", comments: [], properties: [["helo", ""]] }],
    ["", null],
    ["(pass", null],
    ["pass receiver", null],
    ['pass receiver="x', null],
    ["pass\r\nX: y", null],
    [`pass (${"x".repeat(limits.authenticationResultsBytesMax)})`, null],
  ];
  for (const [text, read] of cases) test(JSON.stringify(text).slice(0, 60), () => assert.deepEqual(readReceivedSpf(text), read));
  test("total on arbitrary text", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'pass ()=;"\\:x-\n') }), (text) => void readReceivedSpf(text)));
  });
});

test("attack: HELO, path and client stay in their place, and no line passes 998 octets", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), fc.constantFrom(...outcomes), (evil, result) => {
      const input = stampInput({ ip: evil, helo: evil, mailFrom: `a@${evil}`, spf: [spf({ result, domain: evil })] });
      const field = receivedSpfField(input, evil);
      assert.match(field, /^[ -~]*(?:\r\n [ -~]*)*$/);
      for (const line of field.split("\r\n")) assert.ok(line.length <= limits.lineBytesMax);
      assert.equal(readReceivedSpf(receivedSpf(input, evil))?.comments.length, 1);
    }),
  );
});

test("RFC 5322 §2.1.1: names of full length are folded rather than past 998 octets", () => {
  const long = `${"a".repeat(60)}.`.repeat(4).slice(0, 240);
  const field = receivedSpfField(stampInput({ helo: long, spf: [spf({ result: "pass", domain: long })] }), long);
  assert.ok(field.split("\r\n").length > 3);
  const short = receivedSpfField(stampInput({ helo: long, spf: [spf({ result: "pass", domain: "a.example" })] }), "mx.contoso.com");
  assert.equal(short.split("\r\n").length, 1);
});

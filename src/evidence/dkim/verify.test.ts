import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { at, ed25519, key, message, nowSeconds, other, outcome, pass, tampered, verify, verifyOne } from "../../../test/dkim-message.ts";
import { signatureField, signed, type TestMessage, testDns, written } from "../../../test/signer.ts";
import { limits } from "../../base/limits.ts";

describe("RFC 6376 §6.1.3 sound signatures", () => {
  for (const header of ["simple", "relaxed"]) {
    for (const body of ["simple", "relaxed"]) {
      test(`rsa-sha256 c=${header}/${body}`, async () => {
        assert.deepEqual(outcome(await verifyOne(signed(message, { key, canonicalization: `${header}/${body}` }))), pass);
      });
      test(`RFC 8463 ed25519-sha256 c=${header}/${body}`, async () => {
        const source = signed(message, { key: ed25519, algorithm: "ed25519-sha256", canonicalization: `${header}/${body}` });
        assert.deepEqual(outcome(await verifyOne(source, testDns({ [at]: [ed25519.record] }))), pass);
      });
      test(`LF message c=${header}/${body}: each LF counts as CRLF`, async () => {
        const source = written(signed(message, { key, canonicalization: `${header}/${body}` }))
          .toString("latin1")
          .replaceAll("\r\n", "\n");
        assert.deepEqual(outcome(await verifyOne(Buffer.from(source, "latin1"))), pass);
      });
    }
  }
  test("§3.5 no c= is simple/simple", async () => assert.deepEqual(outcome(await verifyOne(signed(message, { key }))), pass));
  test("§3.5 c=relaxed is relaxed/simple", async () =>
    assert.deepEqual(outcome(await verifyOne(signed(message, { key, canonicalization: "relaxed" }))), pass));
  test("everything that is reported of a pass", async () => {
    const source = signed(message, { key, canonicalization: "relaxed/relaxed", selector: "SEL", domain: "Example.COM" });
    const result = await verifyOne(source);
    assert.match(result.signatureStart ?? "", /^[A-Za-z0-9+/]{8}$/);
    assert.deepEqual(result, {
      result: "pass",
      reason: null,
      headerResult: "pass",
      bodyResult: "pass",
      domain: "example.com",
      selector: "sel",
      algorithm: "rsa-sha256",
      keyBits: 2048,
      bodyCovered: true,
      signatureStart: result.signatureStart,
      comment: null,
    });
  });
  test("§3.4.2 a field rewrapped and respaced still verifies relaxed, not simple", async () => {
    for (const [canonicalization, expected] of [
      ["relaxed/relaxed", pass],
      ["simple/simple", ["fail", "signature", "fail", "pass"]],
    ] as const) {
      const { headers, body } = signed(message, { key, canonicalization });
      const changed = headers.map((field) => (field.startsWith("Subject") ? "SUBJECT :a folded\r\n\tsubject" : field));
      assert.deepEqual(outcome(await verifyOne({ headers: changed, body })), expected);
    }
  });
  test("§3.7 b= with white space around and within it, before other tags", async () => {
    const { headers, body } = signed(message, { key, canonicalization: "relaxed/simple" });
    const [field = "", ...rest] = headers;
    const spaced = field.replace(/b=(\S{10})(\S{10})(\S+)$/, "b= $1\r\n $2 \t$3 \r\n ");
    assert.notEqual(spaced, field);
    assert.deepEqual(outcome(await verifyOne({ headers: [spaced, ...rest], body })), pass);
  });
  test("§3.5 tags in any order, unknown tags and a final semicolon", async () => {
    const source = signed(message, { key, before: "z=From:a|To:b; bh2=x; v=1;", tags: "unknown=~value with words~;" });
    assert.deepEqual(outcome(await verifyOne(source)), pass);
    const final = tampered({ key, canonicalization: "relaxed/simple" }, /$/, "; ");
    assert.deepEqual(outcome(await verifyOne(final)), ["fail", "signature", "fail", "pass"], "the semicolon is covered");
  });
  test("empty body, and no body at all", async () => {
    for (const canonicalization of ["simple/simple", "relaxed/relaxed"]) {
      const source = signed({ ...message, body: "" }, { key, canonicalization });
      assert.deepEqual(outcome(await verifyOne(source)), pass);
      assert.deepEqual(outcome(await verifyOne(written(source).subarray(0, -2))), pass);
    }
  });
});

describe("RFC 6376 §5.4.2 selection of header fields", () => {
  const twice: TestMessage = { ...message, headers: ["Comments: one", ...message.headers, "Comments: two", "Comments: three"] };
  test("bottom to top, as often as named", async () => {
    for (const h of ["from:comments", "comments:from:comments", "comments:comments:COMMENTS:from", "From : Comments"]) {
      assert.deepEqual(outcome(await verifyOne(signed(twice, { key, h }))), pass, h);
    }
  });
  test("a field added above the signed one does not matter; below it does", async () => {
    const { headers, body } = signed(message, { key });
    assert.deepEqual(outcome(await verifyOne({ headers: ["Subject: other", ...headers], body })), pass);
    assert.deepEqual(outcome(await verifyOne({ headers: [...headers, "Subject: other"], body })), ["fail", "signature", "fail", "pass"]);
  });
  test("a name signed once more than it occurs (oversigned) forbids another", async () => {
    const { headers, body } = signed(message, { key, h: "from:from:subject:reply-to" });
    assert.deepEqual(outcome(await verifyOne({ headers, body })), pass);
    for (const added of ["From: x@y.example", "from : x@y.example", "Reply-To: x@y.example"]) {
      assert.deepEqual(outcome(await verifyOne({ headers: [added, ...headers], body })), ["fail", "signature", "fail", "pass"], added);
    }
  });
  test("§3.7 h= with dkim-signature means the others, never itself", async () => {
    const first = signed(message, { key, selector: "one" });
    const dns = testDns({ "one._domainkey.example.com": [key.record], [at]: [key.record] });
    for (const h of ["from:dkim-signature", "from:dkim-signature:dkim-signature"]) {
      const results = await verify(signed(first, { key, h }), dns);
      assert.deepEqual(results.map(outcome), [pass, pass], h);
    }
  });
  for (const count of [limits.signedHeadersMax - 1, limits.signedHeadersMax, limits.signedHeadersMax + 1]) {
    test(`limits.signedHeadersMax: ${count} names`, async () => {
      const result = await verifyOne(signed(message, { key, h: ["from", ...Array.from({ length: count - 1 }, () => "x")].join(":") }));
      assert.deepEqual(outcome(result), count > limits.signedHeadersMax ? ["policy", "over-limit", "none", "none"] : pass);
    });
  }
});

describe("RFC 6376 §6.1.3 changed messages: header and body apart", () => {
  const { headers, body } = signed(message, { key, canonicalization: "relaxed/relaxed" });
  test("body", async () =>
    assert.deepEqual(outcome(await verifyOne({ headers, body: `${body}more` })), ["fail", "body-hash", "pass", "fail"]));
  test("header", async () => {
    const changed = headers.map((field) => field.replace("subject", "object"));
    assert.deepEqual(outcome(await verifyOne({ headers: changed, body })), ["fail", "signature", "fail", "pass"]);
  });
  test("both", async () =>
    assert.deepEqual(outcome(await verifyOne({ headers: headers.map((field) => field.replace("subject", "object")), body: "" })), [
      "fail",
      "body-hash",
      "fail",
      "fail",
    ]));
  test("another key of the domain", async () =>
    assert.deepEqual(outcome(await verifyOne({ headers, body }, testDns({ [at]: [other.record] }))), [
      "fail",
      "signature",
      "fail",
      "pass",
    ]));
  test("b= of another length", async () => {
    const source = tampered({ key }, /b=.*$/, "b=AAAA");
    assert.deepEqual(outcome(await verifyOne(source)), ["fail", "signature", "fail", "pass"]);
  });
  test("an Ed25519 signature of another length", async () => {
    const source = tampered({ key: ed25519, algorithm: "ed25519-sha256" }, /b=.*$/, "b=AAAA");
    assert.deepEqual(outcome(await verifyOne(source, testDns({ [at]: [ed25519.record] }))), ["fail", "signature", "fail", "pass"]);
  });
});

describe("RFC 6376 §3.5 l=", () => {
  const canonical = "Some text\r\n\r\nmore\r\n";
  const options = { key, canonicalization: "relaxed/relaxed" };
  test("the whole body: pass", async () => {
    const result = await verifyOne(signed(message, { ...options, tags: `l=${canonical.length};` }));
    assert.deepEqual([...outcome(result), result.bodyCovered], [...pass, true]);
  });
  for (const length of [0, 1, canonical.length - 1]) {
    test(`l=${length}, less than the body: never a pass`, async () => {
      const result = await verifyOne(signed(message, { ...options, length, tags: `l=${length};` }));
      assert.deepEqual([...outcome(result), result.bodyCovered], ["policy", "body-partly-signed", "pass", "pass", false]);
    });
  }
  test("attack §8.2: text appended behind l= ", async () => {
    const { headers, body } = signed(message, { ...options, tags: `l=${canonical.length};` });
    const result = await verifyOne({ headers, body: `${body}--x\r\nContent-Type: text/html\r\n` });
    assert.deepEqual(outcome(result), ["policy", "body-partly-signed", "pass", "pass"]);
  });
  test("l= beyond the body is no value l= may have, though the hash fits", async () => {
    for (const length of [`${canonical.length + 1}`, "9".repeat(76)]) {
      const result = await verifyOne(signed(message, { ...options, tags: `l=${length};` }));
      assert.deepEqual(outcome(result), ["permerror", "syntax", "pass", "fail"]);
    }
  });
  test("l=0 over a body of nothing covers it all", async () => {
    assert.deepEqual(outcome(await verifyOne(signed({ ...message, body: "\r\n \r\n" }, { ...options, tags: "l=0;" }))), pass);
  });
});

describe("RFC 6376 §3.5 t= and x=", () => {
  const skew = limits.clockSkewMs / 1000;
  const cases: readonly (readonly [name: string, tags: string, expected: readonly (string | null)[]])[] = [
    ["x= at this second", `x=${nowSeconds};`, pass],
    ["x= a second ago", `x=${nowSeconds - 1};`, ["fail", "expired", "pass", "pass"]],
    ["x= in a second", `x=${nowSeconds + 1};`, pass],
    ["t= as far ahead as clocks may be", `t=${nowSeconds + skew};`, pass],
    ["t= a second further", `t=${nowSeconds + skew + 1};`, ["fail", "not-yet-valid", "pass", "pass"]],
    ["t= of 13 digits is infinite", "t=1000000000000;", ["fail", "not-yet-valid", "pass", "pass"]],
    ["x= of 13 digits is infinite", "x=1000000000000;", pass],
    ["t= of zero", "t=0;", pass],
    ["leading zeros", "t=0000000000000001; x=0000009999999999;", pass],
  ];
  for (const [name, tags, expected] of cases) {
    test(name, async () => assert.deepEqual(outcome(await verifyOne(signed(message, { key, tags }))), expected));
  }
  test("an expired signature that does not verify: all is told", async () => {
    const { headers } = signed(message, { key, tags: "x=5;" });
    assert.deepEqual(outcome(await verifyOne({ headers, body: "" })), ["fail", "expired", "pass", "fail"]);
  });
});

describe("RFC 6376 §6.1 several signatures", () => {
  function many(count: number, domainOf: (i: number) => string): TestMessage {
    let source = message;
    for (let i = count - 1; i >= 0; i -= 1)
      source = { ...message, headers: [signatureField(message, { key, domain: domainOf(i) }), ...source.headers] };
    return source;
  }
  test("results stand in the order of the header", async () => {
    const source = many(3, (i) => `d${i}.example`);
    const results = await verify(source, testDns({ "sel._domainkey.d1.example": [key.record] }));
    assert.deepEqual(
      results.map(({ domain, reason }) => [domain, reason]),
      [
        ["d0.example", "no-key"],
        ["d1.example", null],
        ["d2.example", "no-key"],
      ],
    );
  });
  test("one question for each selector and domain", async () => {
    const dns = testDns({ [at]: [key.record] });
    const results = await verify(
      many(4, () => "example.com"),
      dns,
    );
    assert.deepEqual(results.map(outcome), [pass, pass, pass, pass]);
    assert.deepEqual(dns.asked, [at]);
  });
  for (const count of [limits.dkimSignaturesMax - 1, limits.dkimSignaturesMax, limits.dkimSignaturesMax + 1, 500]) {
    test(`limits.dkimSignaturesMax: ${count}, the last one the author's, which comes first`, async () => {
      const source = many(count, (i) => (i === count - 1 ? "mail.example.com" : `d${i}.example`));
      const dns = testDns({ "sel._domainkey.mail.example.com": [key.record] });
      const results = await verify(source, dns, ["sub.example.com"]);
      assert.equal(results.length, count);
      assert.equal(results.at(-1)?.result, "pass");
      assert.equal(results.filter(({ reason }) => reason === "no-key").length, Math.min(count, limits.dkimSignaturesMax) - 1);
      const left = results.slice(limits.dkimSignaturesMax - 1, -1);
      assert.ok(left.every((result) => result.result === "policy" && result.reason === "over-limit" && result.domain !== null));
      assert.equal(dns.asked.length, Math.min(count, limits.dkimSignaturesMax));
    });
  }
  test("signatures that are not sound do not use up the limit", async () => {
    const source = many(30, (i) => (i < 29 ? "localhost" : "example.com"));
    assert.equal((await verify(source)).at(-1)?.result, "pass");
  });
  test("limits.bodyHashesMax: more different l= than that are not hashed, and never pass", async () => {
    let source = message;
    for (let i = 0; i < 6; i += 1) source = signed(source, { key, length: i, tags: `l=${i};` });
    const results = await verify(source);
    assert.deepEqual(
      results.map(({ reason }) => reason),
      [...Array.from({ length: limits.bodyHashesMax }, () => "body-partly-signed"), "over-limit", "over-limit"],
    );
  });
  test("a header past the limits: every signature that was read is listed, none is verified, nothing is asked or hashed", async () => {
    const { headers, body } = signed(message, { key });
    const dns = testDns({ [at]: [key.record] });
    const results = await verify({ headers: [...headers, ...Array.from({ length: limits.headerFieldsMax }, () => "X: y")], body }, dns);
    assert.deepEqual(results.map(outcome), [["policy", "over-limit", "none", "none"]]);
    assert.deepEqual(dns.asked, []);
  });
  test("no signature: an empty list", async () => assert.deepEqual(await verify(message), []));
});

describe("hostile input (limits of base/limits.ts)", () => {
  test("2,000 signatures and h= with 100,000 names never pass", async () => {
    const field = signatureField(message, { key });
    for (const headers of [
      Array.from({ length: 2000 }, () => field.slice(0, 120)),
      Array.from({ length: 300 }, () => field),
      [field.replace(/h=[^;]*/, `h=from${":x".repeat(100_000)}`)],
      [field.replace(/h=[^;]*/, `h=from${":x".repeat(20_000)}`)],
    ]) {
      const results = await verify({ headers: [...headers, ...message.headers], body: message.body }, testDns({}));
      assert.ok(results.every(({ result }) => result !== "pass"));
    }
  });
  test("no header makes it throw", async () => {
    const piece = fc.constantFrom(
      "DKIM-Signature:",
      "v=1;",
      "a=rsa-sha256;",
      "b=",
      "bh=",
      "d=example.com;",
      "h=from:",
      "i=@",
      "l=",
      "s=sel;",
      "c=relaxed;",
      "\r\n ",
      "\n",
      "\r",
      ";",
      "=",
      "\0",
      "\xff",
      "From: a@b\r\n",
      "x",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), async (pieces) => {
        const source = Buffer.from(`DKIM-Signature: ${pieces.join("")}\r\nFrom: a@example.com\r\n\r\ntext`, "latin1");
        for (const { result } of await verify(source)) assert.notEqual(result, "pass");
      }),
      { numRuns: 500 },
    );
  });
});

import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ed25519TestKey,
  rsaTestKey,
  type SignOptions,
  signatureField,
  signed,
  type TestDns,
  type TestMessage,
  testDns,
  written,
} from "../../../test/signer.ts";
import { limits } from "../../base/limits.ts";
import { readBody } from "../../mail/body.ts";
import { openMessage } from "../../mail/message.ts";
import { bodyHashes } from "../signature/body-hash.ts";
import type { DkimResult } from "./result.ts";
import { prepareDkim } from "./verify.ts";

const now = Date.UTC(2026, 10, 21);
const nowSeconds = now / 1000;
const key = rsaTestKey();
const other = rsaTestKey();
const ed25519 = ed25519TestKey();
const at = "sel._domainkey.example.com";
const message: TestMessage = {
  headers: ["Received: from a\r\n by b", "From: A  <a@example.com>", "To: b@example.net", "Subject:  a\tfolded\r\n  subject "],
  body: "Some  text \r\n\r\nmore\r\n\r\n",
};

async function verify(
  source: TestMessage | Buffer,
  dns: TestDns = testDns({ [at]: [key.record] }),
  authorDomains: readonly string[] = ["example.com"],
): Promise<readonly DkimResult[]> {
  const opened = await openMessage(Buffer.isBuffer(source) ? source : written(source));
  const dkim = prepareDkim(opened.header, { authorDomains, dns, clock: () => now });
  const bodies = bodyHashes(dkim.bodyHashes, opened.header.lineEnd);
  await readBody(opened.body, opened.header.lineEnd, [bodies]);
  return dkim.finish(bodies);
}

async function verifyOne(source: TestMessage | Buffer, dns?: TestDns): Promise<DkimResult> {
  const results = await verify(source, dns);
  assert.equal(results.length, 1);
  const [result] = results;
  assert.ok(result !== undefined);
  return result;
}

function outcome({ result, reason, headerResult, bodyResult }: DkimResult): readonly (string | null)[] {
  return [result, reason, headerResult, bodyResult];
}

const pass = ["pass", null, "pass", "pass"];

/** The message signed, then its signature field changed without signing again. */
function tampered(options: SignOptions, from: string | RegExp, to: string): TestMessage {
  const { headers, body } = signed(message, options);
  const [field = "", ...rest] = headers;
  assert.notEqual(field.replace(from, to), field);
  return { headers: [field.replace(from, to), ...rest], body };
}

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

describe("RFC 6376 §6.1.1 signature fields that are not sound", () => {
  const cases: readonly (readonly [name: string, from: string | RegExp, to: string])[] = [
    ["no v=", "v=1;", ""],
    ["v=2", "v=1;", "v=2;"],
    ["v=1.0", "v=1;", "v=1.0;"],
    ["no a=", /a=[^;]*;/, ""],
    ["no b=", /b=[^;]*$/, ""],
    ["no bh=", /bh=[^;]*;/, ""],
    ["no d=", /d=[^;]*;/, ""],
    ["no h=", / ?\th=[^;]*;/, "\t"],
    ["no s=", /s=[^;]*;/, ""],
    ["a tag twice", "d=example.com;", "d=example.com; d=example.com;"],
    ["tag names are case-sensitive", "d=example.com;", "D=example.com;"],
    ["an empty tag", "d=example.com;", "d=example.com;;"],
    ["a tag without a name", "d=example.com;", "d=example.com; =x;"],
    ["a tag without a value sign", "d=example.com;", "d=example.com; x;"],
    ["a control character", "d=example.com;", "d=example.com; n=\x01;"],
    ["b= is not base64", /b=\S+$/, "b=a*b"],
    ["b= is empty", /b=\S+$/, "b="],
    ["bh= of another length", /bh=[^;]*;/, "bh=AAAA;"],
    ["bh= is not base64", /bh=[^;]*;/, "bh=*;"],
    ["unknown algorithm", "rsa-sha256", "rsa-sha512"],
    ["unknown key type", "rsa-sha256", "dsa-sha256"],
    ["c= unknown", "c=relaxed/relaxed", "c=relaxed/strict"],
    ["c= with three parts", "c=relaxed/relaxed", "c=relaxed/relaxed/relaxed"],
    ["c= empty", "c=relaxed/relaxed", "c="],
    ["d= with one label", "d=example.com", "d=localhost"],
    ["d= empty", "d=example.com", "d="],
    ["d= with an empty label", "d=example.com", "d=example..com"],
    ["d= with a final dot", "d=example.com", "d=example.com."],
    ["d= folded within", "d=example.com", "d=exam\r\n ple.com"],
    ["d= an address literal", "d=example.com", "d=[192.0.2.1]"],
    ["§6.1.1 d= a top-level domain", "d=example.com", "d=com"],
    ["§6.1.1 d= a public suffix", "d=example.com", "d=co.uk"],
    ["s= empty", "s=sel", "s="],
    ["s= with a space", "s=sel", "s=s el"],
    ["h= empty", /h=[^;]*;/, "h=;"],
    ["h= without From", /h=[^;]*;/, "h=to:subject;"],
    ["h= with an empty name", /h=[^;]*;/, "h=from::to;"],
    ["h= with a space in a name", /h=[^;]*;/, "h=from:a b;"],
    ["i= of another domain", "d=example.com;", "d=example.com; i=a@example.net;"],
    ["i= above d=", "d=example.com;", "d=mail.example.com; i=@example.com;"],
    ["i= that only ends like d=", "d=example.com;", "d=example.com; i=@badexample.com;"],
    ["i= without @", "d=example.com;", "d=example.com; i=example.com;"],
    ["l= negative", "d=example.com;", "d=example.com; l=-1;"],
    ["l= empty", "d=example.com;", "d=example.com; l=;"],
    ["l= with 77 digits", "d=example.com;", `d=example.com; l=${"1".repeat(77)};`],
    ["q= unknown", "d=example.com;", "d=example.com; q=http/get;"],
    ["t= is not a number", "d=example.com;", "d=example.com; t=1e9;"],
    ["x= is not a number", "d=example.com;", "d=example.com; x=tomorrow;"],
    ["x= before t=", "d=example.com;", "d=example.com; t=2000; x=1999;"],
    ["x= equal to t=", "d=example.com;", "d=example.com; t=2000; x=2000;"],
  ];
  for (const [name, from, to] of cases) {
    test(name, async () => {
      const dns = testDns({ [at]: [key.record] });
      const result = await verifyOne(tampered({ key, canonicalization: "relaxed/relaxed" }, from, to), dns);
      assert.deepEqual(outcome(result), ["permerror", "syntax", "none", "none"]);
      assert.deepEqual(dns.asked, [], "no question is asked for a field that is not sound");
    });
  }
  const attacks: readonly (readonly [name: string, tag: string, value: string])[] = [
    ["server_a3: NUL in s=", "s", "selector._domainkey.attack.com.\0.any"],
    ["NUL in d=", "d", "legitimate.com\0.attack.com"],
    ["server_a4: quote in d=", "d", "legitimate.com'a.attack.com"],
    ["server_a4: parenthesis in d=", "d", "legitimate.com(.attack.com"],
    ["server_a4: double quote in d=", "d", 'legitimate.com".attack.com'],
    ["CR in s=", "s", "sel\r.x"],
    ["underscore names are let through, slashes are not", "s", "a/b"],
  ];
  for (const [name, tag, value] of attacks) {
    test(`attack: ${name}: no question to DNS`, async () => {
      const dns = testDns({});
      const source = tampered({ key }, new RegExp(`\\b${tag}=[^;]*;`), `${tag}=${value};`);
      assert.deepEqual(outcome(await verifyOne(source, dns)), ["permerror", "syntax", "none", "none"]);
      assert.deepEqual(dns.asked, []);
    });
  }
  test("RFC 5322 §2.2.3 a bare LF in the field is no fold", async () => {
    assert.deepEqual(outcome(await verifyOne(tampered({ key }, "; d=", ";\n d="))), ["permerror", "syntax", "none", "none"]);
  });
  test("a name for DNS of more than 253 octets", async () => {
    const domain = `${Array.from({ length: 4 }, () => "a".repeat(60)).join(".")}.com`;
    const dns = testDns({});
    assert.equal((await verifyOne(tampered({ key }, "d=example.com", `d=${domain}`), dns)).reason, "syntax");
    assert.deepEqual(dns.asked, []);
  });
  for (const extra of [-1, 0, 1]) {
    test(`limits.signatureFieldBytesMax ${extra >= 0 ? "+" : ""}${extra}`, async () => {
      const bare = signatureField(message, { key, tags: "n=x;" }).length;
      const pad = "x".repeat(limits.signatureFieldBytesMax - bare + 1 + extra);
      const result = await verifyOne(signed(message, { key, tags: `n=${pad};` }));
      assert.deepEqual(outcome(result), extra > 0 ? ["policy", "over-limit", "none", "none"] : pass);
      assert.equal(result.domain, "example.com");
    });
  }
});

describe("RFC 6376 §3.5 i=, RFC 8616 U-labels", () => {
  for (const identity of ["@example.com", "a@example.com", "@sub.example.com", "a=40b@SUB.Example.com", "a\r\n b@sub.exam\r\n ple.com"]) {
    test(`i=${JSON.stringify(identity)} is at or below d=`, async () =>
      assert.deepEqual(outcome(await verifyOne(signed(message, { key, tags: `i=${identity};` }))), pass));
  }
  test("RFC 8616 §5: d=, s= and i= with U-labels are looked up as A-labels and hashed as written", async () => {
    const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
    const source = signed(message, {
      key,
      domain: latin1("bücher.example"),
      selector: latin1("größe"),
      tags: latin1("i=ä@sub.bücher.example;"),
    });
    const dns = testDns({ "xn--gre-6ka8i._domainkey.xn--bcher-kva.example": [key.record] });
    const result = await verifyOne(source, dns);
    assert.deepEqual(outcome(result), pass);
    assert.equal(result.domain, "xn--bcher-kva.example");
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

describe("RFC 8301 algorithms and sizes of keys", () => {
  test("§3.1 rsa-sha1 is never verified, and no key is asked for", async () => {
    const dns = testDns({ [at]: [key.record] });
    const result = await verifyOne(tampered({ key }, "rsa-sha256", "rsa-sha1"), dns);
    assert.deepEqual(outcome(result), ["policy", "weak-algorithm", "none", "none"]);
    assert.equal(result.algorithm, "rsa-sha1");
    assert.deepEqual(dns.asked, []);
  });
  for (const bits of [1023, 1024, 1025]) {
    test(`§3.2 ${bits} bits`, async () => {
      const sized = rsaTestKey(bits);
      const result = await verifyOne(signed(message, { key: sized }), testDns({ [at]: [sized.record] }));
      assert.deepEqual(outcome(result), bits < 1024 ? ["policy", "weak-key", "none", "pass"] : pass);
      assert.equal(result.keyBits, bits);
    });
  }
  /** A key record of any size, as no signer would need it. */
  const forged = (modulus: Buffer, exponent: Buffer): string =>
    `p=${der(0x30, der(0x02, modulus), der(0x02, exponent)).toString("base64")}`;
  const e = Buffer.from([1, 0, 1]);
  const number = (bits: number): Buffer => {
    const octets = Buffer.alloc(Math.ceil(bits / 8) + 1, 0xff);
    octets[0] = 0;
    octets[1] = 0xff >> ((8 - (bits % 8)) % 8);
    return octets;
  };
  for (const bits of [4095, 4096, 4097, 16_384]) {
    test(`§3.2 ${bits} bits: read, then ${bits > 4096 ? "refused" : "tried"}`, async () => {
      const result = await verifyOne(signed(message, { key }), testDns({ [at]: [forged(number(bits), e)] }));
      assert.deepEqual(outcome(result), bits > 4096 ? ["policy", "weak-key", "none", "pass"] : ["fail", "signature", "fail", "pass"]);
      assert.equal(result.keyBits, bits);
    });
  }
  const exponents: readonly (readonly [name: string, exponent: Buffer, reason: string])[] = [
    ["1", Buffer.from([1]), "weak-key"],
    ["3", Buffer.from([3]), "signature"],
    ["2^32 - 1", Buffer.from([0, 255, 255, 255, 255]), "signature"],
    ["2^32 + 1", Buffer.from([1, 0, 0, 0, 1]), "weak-key"],
    ["of 2,000 bits (attack: 100 times the work)", number(2000), "weak-key"],
    ["even", Buffer.from([1, 0, 0]), "key-syntax"],
    ["zero", Buffer.from([0]), "key-syntax"],
    ["negative", Buffer.from([0x81]), "key-syntax"],
  ];
  for (const [name, exponent, reason] of exponents) {
    test(`RSA exponent ${name}`, async () =>
      assert.equal((await verifyOne(signed(message, { key }), testDns({ [at]: [forged(number(2048), exponent)] }))).reason, reason));
  }
  test("an even modulus", async () => {
    const even = number(2048);
    even[even.length - 1] = 0xfe;
    assert.equal((await verifyOne(signed(message, { key }), testDns({ [at]: [forged(even, e)] }))).reason, "key-syntax");
  });
});

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

describe("RFC 6376 §6.1.2 keys", () => {
  const p = key.record.slice(key.record.indexOf("p="));
  const bare = `p=${createPublicKey(key.privateKey).export({ format: "der", type: "pkcs1" }).toString("base64")}`;
  const spaced = p.replace(/(.{60})/g, "$1 ");
  const found = (record: string) => [[record]] as const;
  const cases: readonly (readonly [
    name: string,
    answer: Parameters<typeof testDns>[0][string] | undefined,
    expected: readonly (string | null)[],
  ])[] = [
    ["§3.6.1 only p=", ...found(p), pass],
    ["RFC 8017 A.1.1 a bare RSAPublicKey", ...found(bare), pass],
    ["white space within p=", ...found(spaced), pass],
    ["unknown tags, notes, a final semicolon", ...found(`v=DKIM1; k=rsa; n=a note; g=*; x-y_z=1; ${p};`.replace("x-y_z", "xy_z")), pass],
    ["no record: nxdomain", undefined, ["permerror", "no-key", "none", "pass"]],
    ["no record: nodata", "nodata", ["permerror", "no-key", "none", "pass"]],
    ["step 2: servfail", "servfail", ["temperror", "dns", "none", "pass"]],
    ["step 2: time-out", "timeout", ["temperror", "dns", "none", "pass"]],
    ["step 5: another record, by wildcard", ...found("v=spf1 -all"), ["permerror", "key-syntax", "none", "pass"]],
    ["step 5: not a tag-list", ...found("omgwhatsgoingon"), ["permerror", "key-syntax", "none", "pass"]],
    ["step 5: empty", ...found(""), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 v= is compared as a string", ...found(`v=DKIM1.0; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 v=dkim1", ...found(`v=dkim1; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 v= not first", ...found(`k=rsa; v=DKIM1; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["no p=", ...found("v=DKIM1; k=rsa"), ["permerror", "key-syntax", "none", "pass"]],
    ["a tag twice", ...found(`v=DKIM1; k=rsa; k=rsa; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["step 7: revoked", ...found("v=DKIM1; k=rsa; p="), ["permerror", "revoked", "none", "pass"]],
    ["step 7: revoked, with a semicolon and white space", ...found("v=DKIM1; p= ;"), ["permerror", "revoked", "none", "pass"]],
    ["p= is not base64", ...found("p=%%%"), ["permerror", "key-syntax", "none", "pass"]],
    ["p= is not a key", ...found("p=AAAA"), ["permerror", "key-syntax", "none", "pass"]],
    ["step 8: k=ed25519 for rsa-sha256", ...found(ed25519.record), ["permerror", "key-syntax", "none", "pass"]],
    ["step 8: unknown k=", ...found(`k=dsa; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["k= in upper case", ...found(`k=RSA; ${p}`), pass],
    ["step 6: h= with the hash", ...found(`h=sha1 : sha256; ${p}`), pass],
    ["step 6: h= without it", ...found(`h=sha1; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 s=email", ...found(`s=email; ${p}`), pass],
    ["§3.6.1 s=other:*", ...found(`s=other:*; ${p}`), pass],
    ["§3.6.1 s=other: as if there were no record", ...found(`s=other; ${p}`), ["permerror", "no-key", "none", "pass"]],
    ["§3.6.1 t=s with i= equal to d=", ...found(`t=s; ${p}`), pass],
    ["unknown flags", ...found(`t=z:yy; ${p}`), pass],
    ["§3.6.2.2 several records: one of them is the key", ["v=spf1 -all", other.record, "p=", key.record], pass],
    ["§3.6.2.2 several records, none usable: a fixed reason", ["x", "p="], ["permerror", "revoked", "none", "pass"]],
  ];
  for (const [name, answer, expected] of cases) {
    test(name, async () => {
      const table = answer === undefined ? {} : { [at]: answer };
      assert.deepEqual(outcome(await verifyOne(signed(message, { key }), testDns(table))), expected);
    });
  }
  test("§3.6.1 t=s with i= below d=", async () => {
    const result = await verifyOne(signed(message, { key, tags: "i=@sub.example.com;" }), testDns({ [at]: [`t=y:s; ${p}`] }));
    assert.deepEqual(outcome(result), ["permerror", "syntax", "pass", "pass"]);
  });
  test("§3.6.1 t=y is shown, and changes nothing", async () => {
    const result = await verifyOne(signed(message, { key }), testDns({ [at]: [`t=y; ${p}`] }));
    assert.deepEqual(outcome(result), pass);
    assert.match(result.comment ?? "", /testing/);
  });
  test("§3.6.2.2 the order of the answer does not matter", async () => {
    const records = [other.record, key.record, `k=rsa; ${bare}`, "p=", "junk"];
    for (const shuffled of [records, [...records].reverse(), [...records.slice(2), ...records.slice(0, 2)]]) {
      assert.deepEqual(outcome(await verifyOne(signed(message, { key }), testDns({ [at]: shuffled }))), pass);
    }
  });
  for (const extra of [-1, 0, 1]) {
    test(`limits.keyRecordBytesMax ${extra >= 0 ? "+" : ""}${extra}`, async () => {
      const record = `n=${"x".repeat(limits.keyRecordBytesMax - p.length - 3 + extra)};${p}`;
      const expected = extra > 0 ? ["permerror", "key-syntax", "none", "pass"] : pass;
      assert.deepEqual(outcome(await verifyOne(signed(message, { key }), testDns({ [at]: [record] }))), expected);
    });
    test(`limits.keyRecordsTriedMax ${extra >= 0 ? "+" : ""}${extra} keys, the right one last`, async () => {
      // "n=0" sorts before "n=9": the records are tried in the order of their octets.
      const wrong = Array.from({ length: limits.keyRecordsTriedMax - 1 + extra }, (_, i) => `n=${i};${other.record.slice(16)}`);
      const result = await verifyOne(signed(message, { key }), testDns({ [at]: [`n=9;${p}`, ...wrong] }));
      assert.equal(result.reason, extra > 0 ? "signature" : null);
    });
  }
  test("RFC 8463 §4.2 an Ed25519 key of 31 or 33 octets", async () => {
    const source = signed(message, { key: ed25519, algorithm: "ed25519-sha256" });
    for (const size of [31, 33]) {
      const record = `k=ed25519; p=${Buffer.alloc(size, 7).toString("base64")}`;
      assert.deepEqual(outcome(await verifyOne(source, testDns({ [at]: [record] }))), ["permerror", "key-syntax", "none", "pass"]);
    }
  });
});

describe("attack: Ed25519 keys of small order", () => {
  const p = 2n ** 255n - 19n;
  const mod = (n: bigint): bigint => ((n % p) + p) % p;
  const power = (base: bigint, exponent: bigint): bigint => {
    let [result, square] = [1n, mod(base)];
    for (let left = exponent; left > 0n; left >>= 1n) {
      if (left & 1n) result = mod(result * square);
      square = mod(square * square);
    }
    return result;
  };
  const d = mod(-121665n * power(121666n, p - 2n));
  const octets = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(64, "0"), "hex").reverse();
  /** y of the points of order 1, 2, 4 and 8, from the curve equation -x² + y² = 1 + d·x²·y². */
  const y8 = (() => {
    // Doubling a point of order 8 gives y = 0, so x² = -y²: then d·y⁴ + 2y² - 1 = 0.
    const root = (n: bigint): bigint => {
      const r = power(n, (p + 3n) / 8n);
      return mod(r * r) === mod(n) ? r : mod(r * power(2n, (p - 1n) / 4n));
    };
    const s = root(1n + d);
    const squares = [mod((-1n + s) * power(d, p - 2n)), mod((-1n - s) * power(d, p - 2n))];
    return squares.map(root).filter((y) => squares.includes(mod(y * y)));
  })();
  const small = [0n, 1n, p - 1n, p, p + 1n, ...y8, ...y8.map((y) => p - y)];
  test("all of them are refused, with either sign", async () => {
    assert.ok(y8.length > 0);
    // A signature that such a key lets anybody make: R = B·0 = the identity, S = 0.
    const field = signatureField(message, { key: ed25519, algorithm: "ed25519-sha256" });
    const forgery = Buffer.concat([octets(1n), Buffer.alloc(32)]).toString("base64");
    const source = { ...message, headers: [field.replace(/b=\S*$/, `b=${forgery}`), ...message.headers] };
    for (const y of small) {
      for (const sign of [0, 0x80]) {
        const point = octets(y);
        point[31] = (point[31] ?? 0) | sign;
        const result = await verifyOne(source, testDns({ [at]: [`k=ed25519; p=${point.toString("base64")}`] }));
        assert.deepEqual(outcome(result), ["policy", "weak-key", "none", "pass"], point.toString("hex"));
      }
    }
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
  test("2,000 signatures and h= with 100,000 names end quickly and never pass", async () => {
    const field = signatureField(message, { key });
    const started = process.cpuUsage();
    for (const headers of [
      Array.from({ length: 2000 }, () => field.slice(0, 120)),
      Array.from({ length: 300 }, () => field),
      [field.replace(/h=[^;]*/, `h=from${":x".repeat(100_000)}`)],
      [field.replace(/h=[^;]*/, `h=from${":x".repeat(20_000)}`)],
    ]) {
      const results = await verify({ headers: [...headers, ...message.headers], body: message.body }, testDns({}));
      assert.ok(results.every(({ result }) => result !== "pass"));
    }
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 1_000_000, `${user + system} µs`);
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

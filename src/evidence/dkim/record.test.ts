import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { at, key, message, outcome, pass, tampered, verifyOne } from "../../../test/dkim-message.ts";
import { signatureField, signed, testDns } from "../../../test/signer.ts";
import { limits } from "../../base/limits.ts";

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

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dkim, dmarc, type StampCase, spf, stampInput } from "../../test/stamp-input.ts";
import { limits } from "../base/limits.ts";
import { parseAuthenticationResults } from "../mail/authentication-results.ts";
import { formatAuthenticationResults } from "./authentication-results.ts";
import { rfc8601Results } from "./rfc8601.ts";

/** Our field's value, unfolded. */
function stamp(input: StampCase, options: { authservId?: string; compauth?: boolean } = {}): string {
  const text = rfc8601Results(stampInput(input), { authservId: "mx.contoso.com", compauth: true, ...options });
  const value = parseAuthenticationResults(text);
  assert.ok(value !== null);
  assert.equal(formatAuthenticationResults(value), text);
  assert.match(text, /^[\x00-\x7f]*$/);
  return text.replaceAll("\r\n ", " ");
}

test("contract, Stamp: order and names of a message that passes", () => {
  assert.equal(
    stamp({
      spf: [spf({ result: "pass", domain: "bounce.example.com" }), spf({ identity: "helo", result: "none", domain: "mail.example.com" })],
      dkim: [dkim({ domain: "example.com", selector: "s1", signatureStart: "Ab/+12xY" })],
      dmarc: dmarc({ result: "pass", policy: "reject" }),
      iprev: { result: "pass", reason: null },
      verdict: { compauth: "pass", reason: "100" },
    }),
    "mx.contoso.com; spf=pass smtp.mailfrom=bounce.example.com; spf=none smtp.helo=mail.example.com; " +
      'dkim=pass header.a=rsa-sha256 header.d=example.com header.s=s1 header.b="Ab/+12xY"; ' +
      "dmarc=pass header.from=example.com policy.dmarc=reject; arc=none; iprev=pass policy.iprev=192.0.2.1; compauth=pass reason=100",
  );
});

describe("methods", () => {
  const has = (title: string, input: StampCase, ...clauses: readonly string[]) => {
    test(title, () => {
      const text = stamp(input);
      for (const clause of clauses) assert.ok(`${text};`.includes(`; ${clause};`), `${clause}\n${text}`);
    });
  };
  has(
    "RFC 7208 §2.4: the null path is shown as the HELO name it was checked with",
    { mailFrom: "", spf: [spf({ result: "pass", domain: "mail.example.com" })] },
    "spf=pass smtp.helo=mail.example.com",
  );
  has("no domain to check", { spf: [spf({ result: "none", reason: "no-domain", domain: null })] }, "spf=none");
  has(
    "an SPF error says why",
    { spf: [spf({ result: "permerror", reason: "term-limit", domain: "a.example" })] },
    "spf=permerror reason=term-limit smtp.mailfrom=a.example",
  );
  has("not signed", {}, "dkim=none");
  has(
    "a signature that fails says why",
    { dkim: [dkim({ result: "fail", reason: "body-hash", domain: "a.example", selector: null, algorithm: null, signatureStart: null })] },
    "dkim=fail reason=body-hash header.d=a.example",
  );
  has(
    "bestguesspass is no registered word",
    { dmarc: dmarc({ result: "bestguesspass", policy: null }), verdict: { compauth: "pass", reason: "109" } },
    "dmarc=none header.from=example.com",
    "compauth=pass reason=109",
  );
  has(
    "RFC 9989 §9.1: policy.dmarc is the policy that applies",
    { dmarc: dmarc({ result: "fail", publishedPolicy: "reject", policy: "quarantine" }) },
    "dmarc=fail header.from=example.com policy.dmarc=quarantine",
  );
  has(
    "DMARC errors say why",
    { dmarc: dmarc({ result: "temperror", reason: "record-timeout", policy: null }) },
    "dmarc=temperror reason=record-timeout header.from=example.com",
  );
  has(
    "no author domain",
    { fromDomain: null, dmarc: dmarc({ result: "permerror", reason: "author", domain: null, policy: null }) },
    "dmarc=permerror reason=author",
  );
  has("ARC", { arc: { result: "pass", reason: null, oldestPass: 0 } }, "arc=pass header.oldest-pass=0");
  has("RFC 8617 §7 has no temperror", { arc: { result: "temperror", reason: "dns", oldestPass: null } }, "arc=fail reason=dns");
  has(
    "iprev",
    { ip: "2001:db8::1", iprev: { result: "permerror", reason: "no-ptr" } },
    'iprev=permerror reason=no-ptr policy.iprev="2001:db8::1"',
  );

  test("RFC 8601 §2.7.3: without a client nothing is said of iprev", () => {
    assert.doesNotMatch(stamp({ ip: null, iprev: { result: "none", reason: "no-client" } }), /iprev/);
  });
  test("compauth can be left to another field", () => {
    assert.doesNotMatch(stamp({}, { compauth: false }), /compauth/);
  });
  test("signatures past the limit are not told, unless there is nothing else", () => {
    const over = dkim({ result: "policy", reason: "over-limit", domain: "x.example" });
    const many = [
      ...Array.from({ length: limits.dkimSignaturesMax }, () => dkim({ domain: "a.example" })),
      ...Array.from({ length: 2000 }, () => over),
    ];
    assert.equal(stamp({ dkim: many }).match(/dkim=/g)?.length, limits.dkimSignaturesMax);
    assert.match(stamp({ dkim: [over, over] }), /; dkim=policy reason=over-limit [^;]*; dmarc/);
  });
});

describe("what comes from outside stays in its place", () => {
  test("domain, selector and signature", () => {
    const evil = 'x"; dmarc=pass header.from=victim.example;\r\n y';
    const text = stamp({
      spf: [spf({ result: "none", domain: evil })],
      dkim: [dkim({ result: "permerror", reason: "syntax", domain: null, selector: "s.\0.é😀", algorithm: evil, signatureStart: evil })],
    });
    const read = parseAuthenticationResults(text);
    assert.deepEqual(
      read?.results.map((one) => one.method),
      ["spf", "dkim", "dmarc", "arc", "iprev", "compauth"],
    );
    assert.equal(read?.results[1]?.properties.find((one) => one.property === "s")?.value, "s.?.??");
  });
  test("an internationalized authserv-id is written as A-labels", () => {
    assert.match(stamp({}, { authservId: "Bücher.Example." }), /^xn--bcher-kva\.example; /);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { dkim, dmarc, type StampCase, spf, stampInput } from "../../test/stamp-input.ts";
import { limits } from "../base/limits.ts";
import { outcomeOf } from "../evidence/signature/result.ts";
import { parseAuthenticationResults } from "../mail/authentication-results.ts";
import { eopResults } from "./eop.ts";
import { eopDkim } from "./eop-words.ts";

type Options = { readonly recipientDomain?: string | null; readonly compauth?: boolean; readonly signers?: readonly (string | null)[] };

function value(input: StampCase, { recipientDomain = null, compauth = true, signers = [] }: Options = {}): string {
  return eopResults({ ...stampInput(input), signers }, { recipientDomain, compauth });
}

describe("layouts (reference: eop.md §2d)", () => {
  const two = {
    spf: [spf({ result: "pass", domain: "example.com" })],
    dkim: [dkim({ domain: "a.example" }), dkim({ domain: "b.example" })],
  };
  const items = "dkim=pass (signature was verified) header.d=";
  const head = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; ";
  const tail = "dmarc=none action=none header.from=example.com";
  test("since December 2021", () => {
    assert.equal(value(two), `${head}${items}a.example;${items}b.example;${tail};compauth=fail reason=001`);
  });
  test("without the composite result it ends in a semicolon", () => {
    assert.equal(value(two, { compauth: false }), `${head}${items}a.example;${items}b.example;${tail};`);
  });
  test("with a recipient domain, as Microsoft's pages print it", () => {
    assert.equal(
      value(two, { recipientDomain: "contoso.com" }),
      `${head}contoso.com; ${items}a.example; contoso.com; ${items}b.example; contoso.com; ${tail}; compauth=fail reason=001`,
    );
  });
  test("with a recipient domain and no composite result, as it is found in mail until 2021", () => {
    assert.equal(
      value(two, { recipientDomain: "contoso.com", compauth: false }),
      `${head}contoso.com; ${items}a.example;contoso.com; ${items}b.example;contoso.com; ${tail};`,
    );
  });
});

describe("the fixed table", () => {
  test("nothing but a pass is written as one", () => {
    for (const [reason, { result }] of Object.entries(eopDkim)) assert.equal(result === "pass", reason === "pass", reason);
  });
  for (const [reason, result] of Object.entries(outcomeOf) as [keyof typeof outcomeOf, (typeof outcomeOf)[keyof typeof outcomeOf]][]) {
    test(`DKIM ${result}, ${reason}`, () => {
      const words = eopDkim[reason];
      const text = value({ dkim: [dkim({ result, reason, domain: "a.example" })] });
      assert.ok(text.includes(`; dkim=${words.result} (${words.comment}) header.d=a.example;`), text);
    });
  }
  test("a temporary error is never a failure of the signature", () => assert.equal(eopDkim.dns.result, "timeout"));
  test("RFC 9989: action is what the policy asks for with this result", () => {
    const policy = (action: "none" | "quarantine" | "reject") =>
      / action=(\S+)/.exec(value({ dmarc: dmarc({ result: "fail", action }) }))?.[1];
    assert.deepEqual([policy("none"), policy("quarantine"), policy("reject")], ["none", "quarantine", "oreject"]);
  });
});

describe("what is not known", () => {
  test("RFC 7208 §2.4: the null path is shown as the HELO name that was checked", () => {
    const text = value({ mailFrom: "", helo: "Mail.Example.com", spf: [spf({ result: "pass", domain: "mail.example.com" })] });
    assert.match(text, /^spf=pass \(sender IP is 192\.0\.2\.1\) smtp\.helo=Mail\.Example\.com; /);
  });
  test("no client, no domain, no signature, no author", () => {
    const text = value({
      ip: null,
      mailFrom: null,
      fromDomain: null,
      spf: [],
      dkim: [dkim({ result: "permerror", reason: "syntax", domain: null })],
      dmarc: dmarc({ result: "permerror", reason: "author", domain: null }),
    });
    assert.equal(
      text,
      "spf=none (sender IP is ) smtp.mailfrom=none; dkim=fail (signature syntax error) header.d=none;" +
        "dmarc=permerror action=none header.from=none;compauth=fail reason=001",
    );
    assert.notEqual(parseAuthenticationResults(text), null);
  });
  test("RFC 5890: a name that was sent as U-labels is shown as it was checked", () => {
    const text = value({
      mailFrom: "a@bücher.example",
      fromDomain: "xn--bcher-kva.example",
      fromAddress: "a@Bücher.example",
      spf: [spf({ result: "none", domain: "xn--bcher-kva.example" })],
      dmarc: dmarc({ domain: "xn--bcher-kva.example" }),
    });
    assert.ok(text.includes("smtp.mailfrom=xn--bcher-kva.example; "), text);
    assert.ok(text.includes("header.from=xn--bcher-kva.example;"), text);
  });
  test("several authors: the one that was evaluated", () => {
    const text = value({ fromDomain: "a.example", fromAddress: "x@A.example", dmarc: dmarc({ result: "permerror", domain: "b.example" }) });
    assert.ok(text.includes("header.from=b.example;"), text);
  });
  test("signatures past the limit are not told, unless there is nothing else", () => {
    const over = dkim({ result: "policy", reason: "over-limit", domain: "x.example" });
    const verified = Array.from({ length: limits.dkimSignaturesMax }, (_, i) => dkim({ domain: `a${i}.example` }));
    const signers = [null, null, ...verified.map((_, i) => `A${i}.example`)];
    const text = value({ dkim: [over, over, ...verified] }, { signers });
    assert.deepEqual(
      text.match(/header\.d=[^;]+/g),
      verified.map((_, i) => `header.d=A${i}.example`),
    );
    assert.equal(value({ dkim: [over, over] }).match(/dkim=/g)?.length, 1);
  });
});

describe("attack: names that would end their place", () => {
  const hostile = [
    "x; dmarc=pass action=none header.from=victim.example",
    "x\r\nX: y",
    "x) ; dkim=pass (",
    "a b",
    "é😀\0",
    "(",
    '"',
    "\u202e",
  ];
  test("no character but those of names is written", () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary" })), (evil) => {
        const text = value(
          {
            ip: evil,
            helo: evil,
            mailFrom: `a@${evil}`,
            fromDomain: evil,
            fromAddress: `a@${evil}`,
            spf: [spf({ result: "none", domain: evil })],
            dkim: [dkim({ domain: evil }), dkim({ domain: "a.example" })],
            dmarc: dmarc({ result: "fail", domain: evil }),
          },
          { signers: [evil, evil], recipientDomain: "contoso.com" },
        );
        const read = parseAuthenticationResults(text);
        assert.deepEqual(
          read?.results.map(({ method, result }) => `${method}=${result}`).filter((one) => !one.startsWith("compauth")),
          ["spf=none", "dkim=pass", "dkim=pass", "dmarc=fail"],
        );
        assert.match(text, /^[ -~]*$/);
      }),
    );
  });
});

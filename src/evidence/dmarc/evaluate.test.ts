import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { evaluate, pass, reject, rows } from "../../../test/dmarc-case.ts";

const none = { result: "none", domain: null } as const;

describe("RFC 9989 §5.3.5: pass or fail", () => {
  const zone = { "_dmarc.example.com": reject };
  rows([
    [
      "DKIM of the author domain",
      { dkim: [pass("example.com")], zone },
      { result: "pass", reason: "aligned", alignedBy: "dkim", action: "none", policy: "reject" },
    ],
    ["SPF of the author domain", { spf: [pass("example.com")], zone }, { result: "pass", alignedBy: "spf" }],
    ["both: DKIM is named", { spf: [pass("example.com")], dkim: [pass("example.com")], zone }, { alignedBy: "dkim" }],
    ["one aligned signature among others", { dkim: [pass("list.example.net"), pass("example.com")], zone }, { result: "pass" }],
    ["letter case and final dots are no difference", { dkim: [pass("Example.COM.")], zone }, { result: "pass" }],
    [
      "a U-label identifier is its A-label (RFC 8616)",
      { from: "xn--bcher-kva.example", dkim: [pass("bücher.example")], zone: { "_dmarc.xn--bcher-kva.example": reject } },
      { result: "pass" },
    ],
    [
      "nothing passed",
      { spf: [{ result: "fail", domain: "example.com" }], dkim: [{ result: "fail", domain: "example.com" }], zone },
      { result: "fail", reason: "nothing-passed", action: "reject" },
    ],
    [
      "what passed is another's",
      { spf: [pass("evil.test")], dkim: [pass("evil.test")], zone },
      { result: "fail", reason: "not-aligned", alignedBy: null },
    ],
    [
      "an identifier that only ends in the same letters",
      { spf: [pass("notexample.com")], dkim: [pass("example.com.evil.test")], zone },
      { result: "fail" },
    ],
    [
      "§4.4.2: SPF for HELO never counts",
      { spf: [none, { result: "pass", domain: "example.com", identity: "helo" }], zone },
      { result: "fail", reason: "nothing-passed" },
    ],
    [
      "neutral, policy and softfail are no pass",
      {
        spf: [{ result: "softfail", domain: "example.com" }],
        dkim: [
          { result: "policy", domain: "example.com" },
          { result: "neutral", domain: "example.com" },
        ],
        zone,
      },
      { result: "fail" },
    ],
  ]);
  test("§3.2.4: MAIL FROM of the null path counts with the HELO name", async () => {
    const { dmarc, spf } = await evaluate({ spf: [{ result: "pass", domain: "mail.example.com", identity: "mailfrom" }], zone });
    assert.equal(dmarc.result, "pass");
    assert.deepEqual(spf, [{ aligned: true, alignedBestGuess: true }]);
  });
  test("§4.4.2: HELO never aligns, whosever name it is; what failed is told all the same", async () => {
    const { spf, dkim } = await evaluate({
      spf: [pass("evil.test"), { result: "none", domain: "mail.example.com", identity: "helo" }],
      dkim: [
        { result: "fail", domain: "example.com" },
        { result: "permerror", domain: null },
      ],
      zone,
    });
    assert.deepEqual(
      spf.map((one) => one.aligned),
      [false, false],
    );
    assert.deepEqual(
      dkim.map((one) => one.aligned),
      [true, false],
    );
    assert.deepEqual(
      [...spf, ...dkim].map((one) => one.alignedBestGuess),
      [false, true, true, false],
    );
  });
});

describe("RFC 9989 §4.10.2: alignment", () => {
  const bank = { "_dmarc.bank.example": ["v=DMARC1; p=none; psd=y"], "_dmarc.giant.bank.example": reject };
  const strict = { "_dmarc.example.com": ["v=DMARC1; p=reject; aspf=s; adkim=s"] };
  rows([
    ["relaxed: below the author", { dkim: [pass("a.b.example.com")], zone: { "_dmarc.example.com": reject } }, { result: "pass" }],
    [
      "relaxed: above the author",
      { from: "news.example.com", spf: [pass("example.com")], zone: { "_dmarc.example.com": reject } },
      { result: "pass" },
    ],
    [
      "relaxed: beside the author",
      { from: "news.example.com", spf: [pass("bounce.example.com")], zone: { "_dmarc.example.com": reject } },
      { result: "pass" },
    ],
    ["strict: the same name alone", { dkim: [pass("example.com")], zone: strict }, { result: "pass" }],
    ["strict: not below (SPF)", { spf: [pass("mail.example.com")], zone: strict }, { result: "fail" }],
    ["strict: not below (DKIM)", { dkim: [pass("mail.example.com")], zone: strict }, { result: "fail" }],
    [
      "B.4.1: a signer with a record of its own",
      { dkim: [pass("signing.example.com")], zone: { "_dmarc.example.com": reject, "_dmarc.signing.example.com": reject } },
      { result: "pass" },
    ],
    [
      "B.4.2: a deep author",
      {
        from: "a.b.c.d.e.f.g.h.i.j.k.example.com",
        dkim: [pass("signing.example.com")],
        zone: { "_dmarc.example.com": reject, "_dmarc.signing.example.com": reject },
      },
      { result: "pass", policyDomain: "example.com" },
    ],
    [
      "B.4.3: below a PSD, the same bank",
      { from: "giant.bank.example", spf: [pass("mail.giant.bank.example")], zone: bank },
      { result: "pass" },
    ],
    [
      "B.4.3: below a PSD, another bank",
      { from: "giant.bank.example", dkim: [pass("mail.mega.bank.example")], zone: bank },
      { result: "fail" },
    ],
    [
      "a separate walk for each identifier: psd=n splits a child off",
      { dkim: [pass("mail.child.example.com")], zone: { "_dmarc.example.com": reject, "_dmarc.child.example.com": ["v=DMARC1; psd=n"] } },
      { result: "fail" },
    ],
    [
      "a child cut off does not vouch for the parent, nor the parent for it",
      {
        from: "child.example.com",
        dkim: [pass("example.com")],
        zone: { "_dmarc.example.com": reject, "_dmarc.child.example.com": ["v=DMARC1; p=reject; psd=n"] },
      },
      { result: "fail", policyDomain: "child.example.com" },
    ],
    [
      "the suffix list plays no part: a record at a listed suffix joins what is below",
      { from: "a.github.io", dkim: [pass("b.github.io")], zone: { "_dmarc.github.io": ["v=DMARC1; p=none"] } },
      { result: "pass" },
    ],
    [
      "a TLD with a record that is no PSD's",
      { from: "a.corp", spf: [pass("b.corp")], zone: { "_dmarc.a.corp": reject, "_dmarc.corp": reject } },
      { result: "pass" },
    ],
    [
      "strangers under one TLD",
      { from: "a.corp", spf: [pass("b.corp")], zone: { "_dmarc.a.corp": reject } },
      { result: "fail", reason: "not-aligned" },
    ],
  ]);
});

describe("design/compauth.md row 7: bestguesspass", () => {
  rows([
    [
      "SPF of a subdomain",
      { spf: [pass("mail.example.com")], zone: {} },
      { result: "bestguesspass", reason: "aligned", alignedBy: "spf", policy: null, action: "none" },
    ],
    [
      "DKIM of the organization",
      { from: "a.example.co.uk", dkim: [pass("b.example.co.uk")], zone: {} },
      { result: "bestguesspass", alignedBy: "dkim" },
    ],
    ["not through a public suffix", { from: "a.co.uk", dkim: [pass("b.co.uk")], zone: {} }, { result: "none" }],
    ["not through the private section", { from: "a.github.io", dkim: [pass("b.github.io")], zone: {} }, { result: "none" }],
    [
      "not between tenants of onmicrosoft.com",
      { from: "a.onmicrosoft.com", spf: [pass("b.onmicrosoft.com")], zone: {} },
      { result: "none" },
    ],
    [
      "not under a suffix that the operator adds",
      { from: "a.hosting.example", spf: [pass("b.hosting.example")], localSuffixes: ["hosting.example"], zone: {} },
      { result: "none" },
    ],
    ["SPF through +all is no best guess", { spf: [{ ...pass("example.com"), broad: true }], zone: {} }, { result: "none" }],
    ["SPF for HELO is none", { spf: [{ ...pass("example.com"), identity: "helo" }], zone: {} }, { result: "none" }],
    [
      "a name that is itself a suffix: the same name",
      { from: "github.io", dkim: [pass("github.io")], zone: {} },
      { result: "bestguesspass" },
    ],
    ["what failed is none", { spf: [{ result: "softfail", domain: "example.com" }], zone: {} }, { result: "none", reason: "no-record" }],
    [
      "a temporary error without a record stays none",
      { spf: [{ result: "temperror", domain: "example.com" }], zone: {} },
      { result: "none" },
    ],
    [
      "a broad record does not spoil a DMARC pass",
      { spf: [{ ...pass("example.com"), broad: true }], zone: { "_dmarc.example.com": reject } },
      { result: "pass" },
    ],
  ]);
});

describe("RFC 9989 §5.3.1, §11.5: not exactly one author domain", () => {
  const zone = { "_dmarc.example.com": reject, "_dmarc.weak.test": ["v=DMARC1; p=quarantine"], "_dmarc.evil.test": ["v=DMARC1; p=none"] };
  rows([
    [
      "none",
      { from: [], dkim: [pass("example.com")], zone },
      { result: "permerror", reason: "author", domain: null, action: "none", walked: [] },
    ],
    [
      "the strictest failing policy drives the action",
      { from: ["evil.test", "weak.test", "example.com"], dkim: [pass("evil.test")], zone },
      { result: "permerror", reason: "author", domain: "example.com", policy: "reject", action: "reject", alignedBy: null },
    ],
    [
      "in whatever order",
      { from: ["example.com", "evil.test"], dkim: [pass("evil.test")], zone },
      { domain: "example.com", action: "reject" },
    ],
    [
      "one that passes lends nothing to the other",
      { from: ["evil.test", "weak.test"], dkim: [pass("evil.test")], zone },
      { domain: "weak.test", action: "quarantine" },
    ],
    [
      "all pass: still no DMARC result",
      { from: ["evil.test", "example.com"], dkim: [pass("evil.test"), pass("example.com")], zone },
      { result: "permerror", action: "none", domain: "evil.test" },
    ],
    [
      "decoys with long names cannot hide it",
      { from: ["a.b.c.d.e.f.g.h.x.test", "b.b.c.d.e.f.g.h.y.test", "c.b.c.d.e.f.g.h.z.test", "example.com"], zone, quota: 12 },
      { domain: "example.com", action: "reject" },
    ],
    [
      "nor a subdomain",
      { from: ["a.b.c.d.e.f.g.h.x.test", "b.b.c.d.e.f.g.h.y.test", "c.b.c.d.e.f.g.h.z.test", "hr.example.com"], zone, quota: 12 },
      { domain: "hr.example.com", action: "reject" },
    ],
    ["a fifth is not evaluated", { from: ["a.test", "b.test", "c.test", "d.test", "example.com"], zone }, { action: "none" }],
  ]);
  test("an identifier of one author is aligned with neither", async () => {
    const { dkim } = await evaluate({ from: ["evil.test", "example.com"], dkim: [pass("evil.test")], zone });
    assert.deepEqual(dkim, [{ aligned: false, alignedBestGuess: false }]);
  });
});

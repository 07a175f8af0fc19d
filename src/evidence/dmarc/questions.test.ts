import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { evaluate, pass, reject, rows } from "../../../test/dmarc-case.ts";

describe("RFC 9989 §5.3.6: temporary errors", () => {
  const own = { "_dmarc.news.example.com": reject } as const;
  rows([
    [
      "the author's record: SERVFAIL",
      { dkim: [pass("example.com")], zone: { "_dmarc.example.com": "servfail" } },
      { result: "temperror", reason: "record-dns", policy: null, action: "none", alignedBy: null },
    ],
    ["the author's record: refused", { zone: { "_dmarc.example.com": "refused" } }, { result: "temperror", reason: "record-dns" }],
    ["the author's record: time-out", { zone: { "_dmarc.example.com": "timeout" } }, { result: "temperror", reason: "record-timeout" }],
    [
      "a parent's, while the author has none",
      { from: "a.example.com", zone: { "_dmarc.example.com": "servfail", "_dmarc.com": reject } },
      { result: "temperror", reason: "record-dns" },
    ],
    [
      "the first one in the walk names the reason",
      { from: "a.example.com", zone: { "_dmarc.example.com": "timeout", "_dmarc.com": "servfail" } },
      { reason: "record-timeout" },
    ],
    [
      "above a stop nothing matters",
      { from: "a.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; psd=n"], "_dmarc.com": "timeout" } },
      { result: "fail", policy: "reject" },
    ],
    [
      "own record found: an exact pass needs no walk",
      { from: "news.example.com", spf: [pass("news.example.com")], zone: { ...own, "_dmarc.example.com": "servfail" } },
      { result: "pass" },
    ],
    [
      "own record found: alignment alone is open",
      { from: "news.example.com", spf: [pass("example.com")], zone: { ...own, "_dmarc.example.com": "servfail" } },
      { result: "temperror", reason: "identifier-dns", policy: "reject", action: "none" },
    ],
    [
      "the identifier's own walk is open",
      { dkim: [pass("x.example.com")], zone: { "_dmarc.example.com": reject, "_dmarc.x.example.com": "timeout" } },
      { result: "temperror", reason: "identifier-dns" },
    ],
    [
      "a stranger's walk opens nothing",
      { dkim: [pass("evil.com")], zone: { "_dmarc.example.com": reject, "_dmarc.evil.com": "timeout" } },
      { result: "fail", reason: "not-aligned" },
    ],
    [
      "an aligned SPF temperror",
      { spf: [{ result: "temperror", domain: "example.com" }], zone: { "_dmarc.example.com": reject } },
      { result: "temperror", reason: "identifier-dns", action: "none" },
    ],
    [
      "an aligned DKIM temperror, relaxed",
      { dkim: [{ result: "temperror", domain: "a.example.com" }], zone: { "_dmarc.example.com": reject } },
      { result: "temperror" },
    ],
    [
      "a stranger's temperror",
      { dkim: [{ result: "temperror", domain: "evil.com" }], zone: { "_dmarc.example.com": reject } },
      { result: "fail", reason: "nothing-passed" },
    ],
    [
      "HELO's temperror",
      { spf: [{ result: "temperror", domain: "example.com", identity: "helo" }], zone: { "_dmarc.example.com": reject } },
      { result: "fail" },
    ],
    [
      "strict: a subdomain's temperror would not align",
      { dkim: [{ result: "temperror", domain: "a.example.com" }], zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; adkim=s"] } },
      { result: "fail" },
    ],
    [
      "a pass outweighs a temperror",
      { spf: [{ result: "temperror", domain: "example.com" }], dkim: [pass("example.com")], zone: { "_dmarc.example.com": reject } },
      { result: "pass" },
    ],
    [
      "np: existence unknown, and it failed",
      { from: "a.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=none; np=reject"], "A a.example.com": "servfail" } },
      { result: "temperror", reason: "existence-dns", policy: null, publishedPolicy: null, action: "none" },
    ],
    [
      "np: existence unknown, and it passed",
      {
        from: "a.example.com",
        dkim: [pass("example.com")],
        zone: { "_dmarc.example.com": ["v=DMARC1; p=none; np=reject"], "A a.example.com": "timeout" },
      },
      { result: "pass" },
    ],
  ]);
});

describe("questions and round trips", () => {
  const zone = { "_dmarc.example.com": reject };
  test("own record and exact identifiers: one question", async () => {
    const { asked } = await evaluate({
      spf: [pass("example.com")],
      dkim: [pass("example.com"), { result: "fail", domain: "x.example.com" }],
      zone,
    });
    assert.deepEqual(asked, ["_dmarc.example.com"]);
  });
  test("a stranger beside an exact pass costs nothing, nor does one that shares no label", async () => {
    const { asked } = await evaluate({ spf: [pass("bounce.sender.com")], dkim: [pass("example.com"), pass("sender.net")], zone });
    assert.deepEqual(asked, ["_dmarc.example.com"]);
  });
  test("strict alignment costs nothing", async () => {
    const { asked } = await evaluate({ spf: [pass("a.example.com")], zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; aspf=s"] } });
    assert.deepEqual(asked, ["_dmarc.example.com"]);
  });
  test("no record: two rounds, the walk's names once", async () => {
    const { asked, rounds } = await evaluate({ from: "a.b.example.com", spf: [pass("a.b.example.com")], zone: {} });
    assert.deepEqual(asked, ["_dmarc.a.b.example.com", "_dmarc.b.example.com", "_dmarc.example.com", "_dmarc.com"]);
    assert.equal(rounds, 2);
  });
  test("an expected identifier is walked along with the author's record", async () => {
    const { asked, rounds, dmarc } = await evaluate({ expect: ["Bounce.Example.com"], spf: [pass("bounce.example.com")], zone });
    assert.equal(dmarc.result, "pass");
    assert.equal(rounds, 1);
    assert.deepEqual(asked.toSorted(), ["_dmarc.bounce.example.com", "_dmarc.com", "_dmarc.example.com"]);
  });
  test("a stranger, an equal or an unreadable name that is expected asks nothing", async () => {
    const { asked } = await evaluate({ expect: ["sender.com", "example.com", "ex ample", ""], dkim: [pass("example.com")], zone });
    assert.deepEqual(asked, ["_dmarc.example.com"]);
  });
  test("existence is asked only where np differs from what else would apply", async () => {
    const { asked } = await evaluate({ from: "a.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; np=reject"] } });
    assert.ok(!asked.some((question) => question.startsWith("A ")));
  });
  test("identifiers cannot spend what the author's walk needs", async () => {
    const deep = Array.from({ length: 8 }, (_, i) => `${i}.b.c.d.e.f.example.com`);
    const { dmarc } = await evaluate({
      from: "a.example.com",
      expect: deep,
      dkim: deep.map((domain) => ({ result: "fail", domain })),
      zone: { "_dmarc.example.com": ["v=DMARC1; p=none; np=reject"] },
      quota: 12,
    });
    assert.deepEqual([dmarc.result, dmarc.policy], ["fail", "reject"]);
  });
  test("a name that stops the walk is not passed", async () => {
    const { asked, dmarc } = await evaluate({
      dkim: [pass("a.example.com")],
      zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; psd=n"] },
    });
    assert.equal(dmarc.result, "pass");
    assert.deepEqual(asked, ["_dmarc.example.com", "_dmarc.a.example.com"]);
  });
  test("walked: the author's names, whoever made us ask them", async () => {
    const { dmarc } = await evaluate({ dkim: [pass("a.example.com")], zone });
    assert.deepEqual(dmarc.walked, ["example.com", "com"]);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scanHeader } from "../mail/header.ts";
import { forgedFields } from "./removals.ts";

const ids = ["mx.contoso.com", "xn--bcher-kva.example"];
const header = (text: string) => scanHeader(Buffer.from(text, "utf8"), "crlf");
const removed = (...fields: readonly string[]) => forgedFields(header(`${fields.join("\r\n")}\r\n`), { ids });

describe("standards §4.7: a field that claims our authserv-id goes, however it is written", () => {
  const forged: readonly [string, string][] = [
    ["plain", "Authentication-Results: mx.contoso.com; dmarc=pass"],
    ["letter case of the name", "AUTHENTICATION-results: mx.contoso.com; dmarc=pass"],
    ["letter case of the id", "Authentication-Results: MX.Contoso.COM; dmarc=pass"],
    ["no white space", "Authentication-Results:mx.contoso.com;dmarc=pass"],
    ["white space around", "Authentication-Results: \t mx.contoso.com \t ; dmarc=pass"],
    ["folded before the id", "Authentication-Results:\r\n mx.contoso.com; dmarc=pass"],
    ["folded behind it", "Authentication-Results: mx.contoso.com\r\n\t; dmarc=pass"],
    ["a comment before", "Authentication-Results: (evil.example;) mx.contoso.com; dmarc=pass"],
    ["nested comments with quoted pairs", "Authentication-Results: (a (b \\) c)) mx.contoso.com (d); dmarc=pass"],
    ["a version", "Authentication-Results: mx.contoso.com 1; dmarc=pass"],
    ["a version that does not exist", "Authentication-Results: mx.contoso.com 99; dmarc=pass"],
    ["a version after a comment", "Authentication-Results: mx.contoso.com (x) 1 (y); dmarc=pass"],
    ["quoted", 'Authentication-Results: "mx.contoso.com"; dmarc=pass'],
    ["quoted pairs", 'Authentication-Results: "m\\x.cont\\oso.com"; dmarc=pass'],
    ["a final dot", "Authentication-Results: mx.contoso.com.; dmarc=pass"],
    ["A-label", "Authentication-Results: xn--bcher-kva.example; dmarc=pass"],
    ["U-label", "Authentication-Results: bücher.example; dmarc=pass"],
    ["U-label, upper case", "Authentication-Results: BÜCHER.example; dmarc=pass"],
    ["full-width letters (UTS #46)", "Authentication-Results: ｍｘ.contoso.com; dmarc=pass"],
    ["`none`", "Authentication-Results: mx.contoso.com; none"],
    ["ARC's instance in front", "Authentication-Results: i=1; mx.contoso.com; dmarc=pass"],
    ["space before the colon", "Authentication-Results : mx.contoso.com; dmarc=pass"],
    ["a folded name", "Authentication-Results\r\n : mx.contoso.com; dmarc=pass"],
    ["a NUL in the name", "Authentication-Results\0: mx.contoso.com; dmarc=pass"],
    ["between semicolons, as Microsoft wrote the recipient's domain", "Authentication-Results: spf=pass; mx.contoso.com; dmarc=pass"],
  ];
  for (const [title, field] of forged) {
    test(title, () => assert.equal(removed("Subject: x", field).length, 1, field));
  }
  test("RFC 8601 §5: a version that is not supported goes, whoever it names", () => {
    assert.equal(removed("Authentication-Results: mx.example.net 2; dmarc=pass").length, 1);
    assert.equal(removed("Authentication-Results: mx.example.net 1; dmarc=pass").length, 0);
  });
  test("as the first line, with a leading space", () => {
    assert.equal(removed(" Authentication-Results: mx.contoso.com; dmarc=pass", "Subject: x").length, 1);
  });
});

describe("standards §4.7: what cannot be read and contains our authserv-id goes", () => {
  const unreadable: readonly [string, string][] = [
    ["no result", "Authentication-Results: mx.contoso.com"],
    ["a joined field", "Authentication-Results: evil.example, mx.contoso.com; dmarc=pass"],
    ["a NUL", "Authentication-Results: mx.contoso.com\0; dmarc=pass"],
    ["a NUL within", "Authentication-Results: mx.con\0toso.com; dmarc=pass"],
    ["a bare CR", "Authentication-Results: x\rAuthentication-Results: mx.contoso.com; dmarc=pass"],
    ["white space within", "Authentication-Results: mx . contoso . com ; dmarc=pass"],
    ["folded within", "Authentication-Results: mx.con\r\n toso.com; dmarc=pass"],
    ["comments within", "Authentication-Results: mx(x).contoso(y).com; dmarc=pass"],
    ["a string without end", 'Authentication-Results: "mx.contoso.com; dmarc=pass'],
    ["a comment without end", "Authentication-Results: mx.contoso.com (; dmarc=pass"],
    ["text behind the id", "Authentication-Results: mx.contoso.com dmarc=pass"],
    ["quoted with more behind it", 'Authentication-Results: "mx.contoso.com; dmarc=pass"; dmarc=fail'],
    ["a substructure", "Authentication-Results: mx.contoso.com/x; dmarc=pass"],
    ["U-label", "Authentication-Results: Bücher.example dmarc=pass"],
    ["ideographic full stops", "Authentication-Results: mx。contoso。com dmarc=pass"],
    ["zero-width characters", "Authentication-Results: mx.con\u200btoso.com dmarc=pass"],
    ["an encoded word", "Authentication-Results: =?utf-8?b?bXguY29udG9zby5jb20=?=; dmarc=pass"],
    ["comments too deep", `Authentication-Results: ${"(".repeat(50)}${")".repeat(50)} mx.contoso.com; dmarc=pass`],
    ["too long to read", `Authentication-Results: mx.contoso.com; x=y (${"x".repeat(20_000)}); dmarc=pass`],
  ];
  for (const [title, field] of unreadable) {
    test(title, () => assert.equal(removed(field).length, 1, field));
  }
});

describe("fields of others stay", () => {
  const foreign: readonly [string, string][] = [
    ["another id", "Authentication-Results: mx.example.net; dmarc=pass header.from=mx.contoso.com"],
    ["an id that contains ours", "Authentication-Results: mx.contoso.com.example.net; dmarc=pass"],
    ["an id above ours", "Authentication-Results: contoso.com; dmarc=pass"],
    ["ours in a comment or a reason", 'Authentication-Results: mx.example.net (mx.contoso.com); dmarc=pass reason="mx.contoso.com"'],
    ["Microsoft's form", "Authentication-Results: spf=pass (sender IP is 10.2.3.4) smtp.mailfrom=a.example; contoso.com; dkim=none"],
    ["what cannot be read and does not name us", "Authentication-Results: mx.example.net dmarc=pass"],
    ["ARC's copy", "ARC-Authentication-Results: i=1; mx.contoso.com; dmarc=pass"],
    ["another field", "X-Authentication-Results: mx.contoso.com; dmarc=pass"],
    ["an original", "Authentication-Results-Original: mx.contoso.com; dmarc=pass"],
  ];
  for (const [title, field] of foreign) {
    test(title, () => assert.deepEqual(removed(field), []));
  }
});

test("highest index first, counted for each name, top to bottom", () => {
  const found = removed(
    "Authentication-Results: mx.contoso.com; dmarc=pass",
    "Received: from x",
    "X-Assay-Verdict: pass",
    "Authentication-Results: mx.example.net; dmarc=pass",
    "authentication-results: MX.contoso.com; spf=pass",
    "X-ASSAY-Verdict: fail",
  );
  assert.deepEqual(
    found.map(({ name, index }) => `${name} ${index}`),
    ["x-assay-verdict 2", "authentication-results 3", "x-assay-verdict 1", "authentication-results 1"],
  );
  assert.equal(found[3]?.why, "claims our authserv-id mx.contoso.com");
});

test("without an id of ours nothing is removed, and an empty id matches nothing", () => {
  const fields = header("Authentication-Results: mx.contoso.com; dmarc=pass\r\nAuthentication-Results: ;;\r\n");
  assert.deepEqual(forgedFields(fields, { ids: [] }), []);
  assert.deepEqual(forgedFields(fields, { ids: ["", " "] }), []);
});

test("a header full of hostile fields that name nobody loses none", () => {
  const fields = Array.from({ length: 900 }, (_, i) => `Authentication-Results: ${"é(\\ ".repeat(50)}${i}`).join("\r\n");
  const scanned = header(`${fields}\r\n`);
  assert.deepEqual(forgedFields(scanned, { ids }), []);
});

describe("stamp.format = eop: a field that names nobody passes for ours", () => {
  const eop = (...fields: readonly string[]) =>
    forgedFields(header(`${fields.join("\r\n")}\r\n`), {
      ids: [...ids, "fabrikam.com"],
      format: "eop",
      localMilters: ["rspamd.contoso.com"],
    });
  const goes: readonly (readonly [string, string])[] = [
    ["the layout since 2021", "Authentication-Results: spf=pass (sender IP is 10.2.3.4) smtp.mailfrom=a.example; dkim=none"],
    ["folded before the first result", "Authentication-Results:\r\n spf=pass (sender IP is 10.2.3.4) smtp.mailfrom=a.example;"],
    ["the older layout", "Authentication-Results: spf=pass smtp.mailfrom=a.example; other.example; dkim=none"],
    [
      "the older layout's form without SPF, the token in front",
      "Authentication-Results: fabrikam.com; dkim=none header.d=none;fabrikam.com; dmarc=pass",
    ],
    ["a comment in front", "Authentication-Results: (x) dmarc=bestguesspass action=none header.from=a.example"],
    ["a semicolon in front", "Authentication-Results: ; dmarc=pass"],
    ["ARC's instance in front", "Authentication-Results: i=1; spf=pass smtp.mailfrom=a.example"],
    ["a comment that does not end", "Authentication-Results: (spf=pass smtp.mailfrom=a.example"],
    ["a NUL", "Authentication-Results: spf=pass\0 smtp.mailfrom=a.example"],
    ["nothing", "Authentication-Results:"],
    ["RFC 8601's form with our id", "Authentication-Results: mx.contoso.com; dmarc=pass"],
    [
      "Received-SPF with our name in its comment",
      "Received-SPF: Pass (mx.contoso.com: domain of a.example designates 192.0.2.1 as permitted sender)",
    ],
    ["letter case, a final dot", "RECEIVED-SPF: none (MX.Contoso.com.: a.example does not designate permitted sender hosts)"],
    ["with our name as receiver", "Received-SPF: pass (x) receiver=mx.contoso.com; client-ip=192.0.2.1"],
    ["a quoted receiver, after a comment", 'Received-SPF: pass receiver = (y) "mx.contoso\\.com"'],
    ["a U-label", "Received-SPF: pass receiver=bücher.example"],
    ["unreadable, and names us", "Received-SPF: pass (mx.contoso.com: x; receiver=mx.contoso.com"],
    ["a second comment", "Received-SPF: pass (x) (mx.contoso.com: y)"],
    ["a disguised name", "Received-SPF\0: pass receiver=mx.contoso.com"],
  ];
  for (const [title, field] of goes) test(`goes: ${title}`, () => assert.equal(eop(field).length, 1, field));

  const stays: readonly (readonly [string, string])[] = [
    ["RFC 8601's form of another", "Authentication-Results: mx.example.net; dmarc=pass"],
    ["a filter of ours that is listed", "Authentication-Results: rspamd.contoso.com; dkim=pass"],
    ["ARC's copy in Microsoft's form", "ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=a.example"],
    ["an original", "Authentication-Results-Original: spf=pass smtp.mailfrom=a.example"],
    [
      "Received-SPF of another",
      "Received-SPF: pass (mx.example.net: domain of mx.contoso.com designates 192.0.2.1) receiver=mx.example.net; helo=mx.contoso.com",
    ],
    ["Received-SPF that names nobody", "Received-SPF: pass (mailfrom) identity=mailfrom; receiver=<UNKNOWN>"],
  ];
  for (const [title, field] of stays) test(`stays: ${title}`, () => assert.deepEqual(eop(field), [], field));
  test("what the format rfc8601 never writes is not ours in it", () => {
    assert.deepEqual(removed("Received-SPF: Pass (mx.contoso.com: x) receiver=mx.contoso.com", "Authentication-Results: spf=pass"), []);
  });
});

describe("filters on this side of the border that are listed", () => {
  const kept = (localMilters: readonly string[], field: string) => forgedFields(header(`${field}\r\n`), { ids, localMilters });
  test("their fields stay, whatever else is in them", () => {
    for (const rest of ["dkim=pass", "spf=pass; mx.contoso.com; dkim=none", "dkim=pass broken mx.contoso.com"]) {
      assert.equal(kept([], `Authentication-Results: RSPAMD.contoso.com; ${rest}`).length, rest === "dkim=pass" ? 0 : 1, rest);
      assert.deepEqual(kept(["Rspamd.Contoso.com."], `Authentication-Results: RSPAMD.contoso.com; ${rest}`), [], rest);
    }
  });
  test("attack: a listed name that is our own opens no door", () => {
    assert.equal(kept(["mx.contoso.com"], "Authentication-Results: mx.contoso.com; dmarc=pass").length, 1);
  });
});

import assert from "node:assert/strict";
import test from "node:test";
import * as values from "./values.ts";

const forms: readonly (readonly [
  name: string,
  read: (text: string) => unknown,
  good: readonly (readonly [text: string, value: string])[],
  bad: readonly string[],
])[] = [
  [
    "tenant id",
    values.tenantId,
    [
      ["a", "a"],
      ["contoso-2", "contoso-2"],
    ],
    ["", "A", "-a", "a-", "a_b", "ä", "x".repeat(64)],
  ],
  [
    "entry name",
    values.entryName,
    [
      ["Alumni of 1999", "Alumni of 1999"],
      ["gw.contoso.com", "gw.contoso.com"],
    ],
    ["", " a", "a ", "a\nb", "a,b", "x".repeat(65)],
  ],
  ["field name (RFC 5322 §3.6.8)", values.fieldName, [["X-Scan-Verdict", "X-Scan-Verdict"]], ["", "X Scan", "X:", "ü", "x".repeat(78)]],
  [
    "address",
    values.mailAddress,
    [
      ["Ada@Contoso.com", "Ada@contoso.com"],
      ['"a b"@bücher.example', '"a b"@xn--bcher-kva.example'],
    ],
    [
      "",
      "ada",
      "@contoso.com",
      "<ada@contoso.com>",
      "ada@[192.0.2.1]",
      "a b@contoso.com",
      "ada@contoso..com",
      "@a.example:ada@contoso.com",
    ],
  ],
  [
    "domain pattern",
    values.domainPattern,
    [
      ["*", "*"],
      ["*.Contoso.com", "*.contoso.com"],
      ["contoso.com", "contoso.com"],
    ],
    ["", "**", "*contoso.com", "a.*.com", "*.", "192.0.2.1"],
  ],
  [
    "filter pattern",
    values.filterPattern,
    [
      ["Infected*", "infected*"],
      ["yes, score=9", "yes, score=9"],
    ],
    ["", " a", "a ", "a\tb", "x".repeat(257)],
  ],
  [
    "login",
    values.login,
    [
      ["ada", "ada"],
      ["CONTOSO\\ada", "CONTOSO\\ada"],
    ],
    ["", "a b", "a\u0000", "x".repeat(255)],
  ],
  ["reply text", values.replyText, [["+1 555 0100", "+1 555 0100"]], ["", " a", "a ", "a\rb", "ä"]],
];

for (const [name, read, good, bad] of forms) {
  test(`values: ${name}`, () => {
    for (const [text, value] of good) assert.equal(read(text), value, text);
    for (const text of bad) assert.equal(read(text), null, JSON.stringify(text));
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../base/limits.ts";
import { openMessage } from "../../mail/message.ts";
import { type FromAdvice, type FromProfile, type FromReason, fromAdvice, fromReasons } from "./result.ts";
import { type ParsedFrom, parseFrom, validateFrom } from "./validate.ts";

const utf8 = (text: string) => Buffer.from(text, "utf8");
const from = (value: string, profile?: FromProfile) => parseFrom(utf8(`From: ${value}\r\n`), profile);
const outcome = ({ reason, advice }: ParsedFrom) => (reason === null ? advice.join(" ") || "valid" : reason);

// reference: eop.md §6, every example.
const eop: readonly (readonly [value: string, outcome: FromReason | FromAdvice | "valid", address: string | null])[] = [
  ["sender@contoso.com", "valid", "sender@contoso.com"],
  ["<sender@contoso.com>", "valid", "sender@contoso.com"],
  ["< sender@contoso.com >", "space-inside-brackets", "sender@contoso.com"],
  ['"Sender, Example" <sender.example@contoso.com>', "valid", "sender.example@contoso.com"],
  ['"Microsoft 365" <sender@contoso.com>', "valid", "sender@contoso.com"],
  ["Microsoft 365 <sender@contoso.com>", "display-name-not-quoted", "sender@contoso.com"],
  ["<>", "empty", null],
  ["<firstname lastname@contoso.com>", "space-in-address", "firstname lastname@contoso.com"],
  ["Microsoft 365 sender@contoso.com", "no-angle-brackets", "sender@contoso.com"],
  ['"Microsoft 365" <sender@contoso.com> (Sent by a process)', "text-after-address", "sender@contoso.com"],
  ["Sender, Example <sender.example@contoso.com>", "unquoted-comma", "sender.example@contoso.com"],
  ['"Microsoft 365 <sender@contoso.com>"', "all-quoted", "sender@contoso.com"],
  ['"Microsoft 365 <sender@contoso.com>" sender@contoso.com', "no-angle-brackets", "sender@contoso.com"],
  ["Microsoft 365<sender@contoso.com>", "no-space-before-bracket", "sender@contoso.com"],
  ['"Microsoft 365"<sender@contoso.com>', "no-space-before-bracket", "sender@contoso.com"],
];

for (const [value, expected, address] of eop) {
  test(`eop.md §6: From: ${value}`, () => {
    const result = from(value);
    assert.equal(outcome(result), expected);
    assert.equal(result.address, address);
    assert.equal(result.domain, address === null ? null : "contoso.com");
    assert.deepEqual(result.domains, address === null ? [] : ["contoso.com"]);
  });
}

test("eop.md §6: no From", () => {
  for (const header of ["", "Sender: a@contoso.com\r\n", "Resent-From: a@contoso.com\r\nReply-To: a@contoso.com\r\n", "X-From: a@b.test"]) {
    assert.deepEqual(parseFrom(utf8(header)), {
      result: "invalid",
      reason: "missing",
      address: null,
      domain: null,
      displayName: null,
      advice: [],
      domains: [],
      mailboxes: [],
    });
  }
});

test("RFC 5322 §3.6.2: Sender, Reply-To and Resent-From play no part", () => {
  const alone = parseFrom(utf8("From: a@contoso.com\r\n"));
  const beside = parseFrom(utf8("Sender: x@b.test\r\nReply-To: y@b.test\r\nFrom: a@contoso.com\r\nResent-From: z@b.test\r\n"));
  assert.deepEqual(beside, alone);
});

/** value, in eop, in rfc5322, domains. */
type Row = readonly [value: string, eop: string, rfc5322: string, domains: readonly string[]];
const rows: readonly Row[] = [
  // Several authors (RFC 9989 §5.3.1; attacks server_a14, a18, client_a2).
  ["<first@attack.com>, <admin@legitimate.com>", "several-domains", "several-domains", ["attack.com", "legitimate.com"]],
  ["admin@legitimate.com,<second@attack.com>", "several-domains", "several-domains", ["legitimate.com", "attack.com"]],
  ["<a@example.com>, <b@Example.COM>", "several-addresses", "several-addresses-one-domain", ["example.com"]],
  ["<a@münchen.example>, <b@xn--mnchen-3ya.example>", "several-addresses", "several-addresses-one-domain", ["xn--mnchen-3ya.example"]],
  ["a@a.test, b@b.test, c@c.test, d@d.test, e@e.test", "several-domains", "several-domains", ["a.test", "b.test", "c.test", "d.test"]],
  ["a@[192.0.2.1], b@b.test", "several-domains", "several-domains", ["b.test"]],
  // RFC 6854: groups name no author.
  ["Undisclosed:;", "group", "group", []],
  ["Sales: a@example.com;", "group", "group", ["example.com"]],
  // RFC 2047 §5: no encoded word in an address (attack server_a15).
  [
    "=?utf-8?B?PGFkbWluQGxlZ2l0aW1hdGUuY29tPg==?=,<second@attack.com>",
    "encoded-word-in-address",
    "encoded-word-in-address",
    ["attack.com", "legitimate.com"],
  ],
  ["=?utf-8?q?admin=40legitimate.com?=@attack.com", "encoded-word-in-address", "encoded-word-in-address", ["attack.com", "legitimate.com"]],
  ['<"=?utf-8?q?admin?="@example.com>', "encoded-word-in-address", "encoded-word-in-address", ["example.com"]],
  ["=?utf-8?B?PGFkbWluQGxlZ2l0aW1hdGUuY29tPg==?=", "encoded-word-in-address", "encoded-word-in-address", ["legitimate.com"]],
  // RFC 5322 §4.4: a route is to be ignored (attack server_a16).
  ["<@attack.com,@any.com:admin@legitimate.com>", "source-route", "obsolete-syntax", ["legitimate.com"]],
  // No valid reading: every domain that some reader may see (attacks server_a17, a19).
  ["<admin@legitimate.com>\\,<second@attack.com>", "several-domains", "several-domains", ["legitimate.com", "attack.com"]],
  ["<any@attack.com>admin@legitimate.com", "text-after-address", "text-after-address", ["attack.com", "legitimate.com"]],
  ["<any@attack.com><admin@legitimate.com>", "text-after-address", "text-after-address", ["attack.com", "legitimate.com"]],
  ["any@attack.com@legitimate.com", "text-after-address", "text-after-address", ["attack.com", "legitimate.com"]],
  ["admin@legitimate.com <any@attack.com>", "unquoted-special", "unquoted-special", ["attack.com", "legitimate.com"]],
  ["any@attack.com <any@attack.com>", "unquoted-special", "unquoted-special", ["attack.com"]],
  ["Re: Jane <any@attack.com>", "unquoted-special", "unquoted-special", ["attack.com"]],
  ["admin@legitimate.com:<any@attack.com>", "unquoted-special", "unquoted-special", ["attack.com", "legitimate.com"]],
  ["admin@legitimate.com;<any@attack.com>", "several-domains", "several-domains", ["legitimate.com", "attack.com"]],
  ['"Jane <admin@legitimate.com>, <any@attack.com>', "unterminated", "unterminated", ["legitimate.com", "attack.com"]],
  ["<admin@legitimate.com, <any@attack.com>", "syntax", "syntax", ["attack.com", "legitimate.com"]],
  ["<admin@legitimate.com", "unterminated", "unterminated", ["legitimate.com"]],
  ["admin@legitimate.com (x", "unterminated", "unterminated", ["legitimate.com"]],
  ["<admin@legitimate.com any@attack.com>", "syntax", "syntax", ["legitimate.com", "attack.com"]],
  // Control characters (attack: parsers that stop at NUL).
  ["admin@legitimate.com\0.attack.com", "control-character", "control-character", ["legitimate.com"]],
  ["<admin@legitimate.com\0>, <any@attack.com>", "control-character", "control-character", ["legitimate.com", "attack.com"]],
  ['"Ja\x08ne" <a@example.com>', "control-character", "control-character", ["example.com"]],
  ["(\x1b[2J) a@example.com", "control-character", "control-character", ["example.com"]],
  ["a@example.com\r", "control-character", "control-character", ["example.com"]],
  // Domains that mail cannot come from.
  ["user@localhost", "domain", "domain", ["localhost"]],
  ["user@com", "domain", "domain", ["com"]],
  ["user@[192.0.2.1]", "address-literal", "address-literal", []],
  ["user@[IPv6:2001:db8::1]", "address-literal", "address-literal", []],
  ["user@192.0.2.1", "domain", "domain", ["192.0.2.1"]],
  ["user@example.com.", "domain", "domain", ["example.com"]],
  ["user@.example.com", "domain", "domain", []],
  ["user@-example.com", "domain", "domain", []],
  ["user@example-.com", "domain", "domain", ["example-.com"]],
  ["user@exa/mple.com", "domain", "domain", []],
  ["user@", "domain", "domain", []],
  ["<postmaster>", "domain", "domain", []],
  [`user@${"a".repeat(64)}.com`, "domain", "domain", []],
  // Local parts.
  ["@example.com", "local-part", "local-part", ["example.com"]],
  [".user@example.com", "local-part", "local-part", ["example.com"]],
  ["us..er@example.com", "local-part", "local-part", ["example.com"]],
  ['"us er"@example.com', "quoted-local-part", "quoted-local-part", ["example.com"]],
  ['"admin@legitimate.com"@attack.com', "quoted-local-part", "quoted-local-part", ["attack.com"]],
  ['us."er"@example.com', "local-part", "obsolete-syntax", ["example.com"]],
  [`${"a".repeat(100)}@example.com`, "valid", "valid", ["example.com"]],
  // Legal in RFC 5322, not in eop.
  ["a@example.com (Jane)", "text-after-address", "comment", ["example.com"]],
  ["<a@example.com>(Jane)", "text-after-address", "comment", ["example.com"]],
  ['"Jane"<a@example.com>', "no-space-before-bracket", "valid", ["example.com"]],
  ['"Jane"(x)<a@example.com>', "no-space-before-bracket", "comment", ["example.com"]],
  ["a @ example.com", "space-in-address", "obsolete-syntax", ["example.com"]],
  ["a@example .com", "space-in-address", "obsolete-syntax", ["example.com"]],
  ["admin@(x)example.com", "comment-in-address", "comment", ["example.com"]],
  ["<(x)a@example.com>", "comment-in-address", "comment", ["example.com"]],
  ["a@example.com,", "unquoted-comma", "obsolete-syntax", ["example.com"]],
  [", a@example.com", "unquoted-comma", "obsolete-syntax", ["example.com"]],
  // Legal in both.
  ["(x) a@example.com", "comment", "comment", ["example.com"]],
  ["John Q. Public <a@example.com>", "display-name-not-quoted obsolete-syntax", "obsolete-syntax", ["example.com"]],
  ['"" <a@example.com>', "valid", "valid", ["example.com"]],
  ["=?utf-8?q?J=C3=BCrgen?= <a@example.com>", "valid", "valid", ["example.com"]],
  ['"Jane"\r\n <a@example.com>', "valid", "valid", ["example.com"]],
  ['"Jane"\t<a@example.com>', "valid", "valid", ["example.com"]],
  // No address.
  ["", "empty", "empty", []],
  ["  ", "empty", "empty", []],
  ["Jane Doe", "empty", "empty", []],
  ["(nobody)", "empty", "empty", []],
  ["Jane, Doe", "empty", "empty", []],
  ["<>, a@example.com", "syntax", "syntax", ["example.com"]],
  // RFC 6532, RFC 5890, UTS #46.
  ["jürgen@münchen.example", "valid", "valid", ["xn--mnchen-3ya.example"]],
  ["用户@例子.广告", "valid", "valid", ["xn--fsqu00a.xn--4rr70v"]],
  ["admin@LEGITIMATE.Com", "valid", "valid", ["legitimate.com"]],
  ["admin@ｌegitimate.com", "valid", "valid", ["legitimate.com"]],
  ["admin@legitimate。com", "valid", "valid", ["legitimate.com"]],
  ["admin@legi\u200btimate.com", "domain", "domain", ["legitimate.com"]],
  ["admin@legi\u00adtimate.com", "domain", "domain", ["legitimate.com"]],
  ["admin@legitimate\u2000.com", "domain", "domain", []],
  ["admin@xn--a.com", "domain", "domain", []],
  ["admin@legitimate\u202e.com", "domain", "domain", []],
  ["ad\u200bmin@example.com", "invisible-characters", "invisible-characters", ["example.com"]],
];

for (const [value, inEop, inRfc5322, domains] of rows) {
  test(`From: ${JSON.stringify(value).slice(0, 90)}`, () => {
    for (const [profile, expected] of [
      ["eop", inEop],
      ["rfc5322", inRfc5322],
    ] as const) {
      const result = from(value, profile);
      assert.equal(outcome(result), expected, profile);
      assert.deepEqual(result.domains, domains, profile);
      assert.equal(result.domain, domains[0] ?? null, profile);
    }
  });
}

test("the default profile is eop", () => {
  assert.deepEqual(from('"Jane"<a@example.com>'), from('"Jane"<a@example.com>', "eop"));
});

/** Display names: what is shown, and the advice about it. */
const names: readonly (readonly [value: string, displayName: string | null, advice: readonly FromAdvice[]])[] = [
  ['"Jane \\"JD\\" Doe" <a@example.com>', 'Jane "JD" Doe', []],
  ["=?utf-8?q?J=C3=BCrgen?= =?iso-8859-1?q?_Gro=DF?= <a@example.com>", "Jürgen Groß", []],
  ['"=?utf-8?q?J=C3=BCrgen?=" <a@example.com>', "Jürgen", []],
  ['"Jürgen" <a@example.com>', "Jürgen", []],
  ['" " <a@example.com>', null, []],
  ["=?utf-8?q?Jane=00=1B=5B2J=0D=0A?= <a@example.com>", "Jane\ufffd\ufffd[2J\ufffd\ufffd", ["invisible-characters"]],
  // RFC 9989 §11.4: another address in the display name.
  ['"CEO <ceo@legitimate.com>" <x@freemail.example>', "CEO <ceo@legitimate.com>", ["address-in-display-name"]],
  ['"ceo@legitimate.com" <x@freemail.example>', "ceo@legitimate.com", ["address-in-display-name"]],
  ['"ceo＠legitimate．com" <x@freemail.example>', "ceo＠legitimate．com", ["address-in-display-name"]],
  ['"ceo@legi\u200btimate.com" <x@freemail.example>', "ceo@legi\u200btimate.com", ["address-in-display-name", "invisible-characters"]],
  ["=?utf-8?b?Y2VvQGxlZ2l0aW1hdGUuY29t?= <x@freemail.example>", "ceo@legitimate.com", ["encoded-address-in-display-name"]],
  ["=?utf-8?q?ceo=40legiti?= =?utf-8?q?mate=2Ecom?= <x@freemail.example>", "ceo@legitimate.com", ["encoded-address-in-display-name"]],
  ['"=?utf-8?q?ceo=40legitimate.com?=" <x@freemail.example>', "ceo@legitimate.com", ["encoded-address-in-display-name"]],
  ['"X@Freemail.example" <x@freemail.example>', "X@Freemail.example", []],
  ['"x@münchen.example" <x@xn--mnchen-3ya.example>', "x@münchen.example", []],
  ['"@handle" <x@freemail.example>', "@handle", []],
  ['"Jane @ Example" <x@freemail.example>', "Jane @ Example", []],
  // Zero-width and bidirectional controls, and the places where joiners belong.
  ['"Pay\u200bPal" <x@freemail.example>', "Pay\u200bPal", ["invisible-characters"]],
  ['"Pay\u200dPal" <x@freemail.example>', "Pay\u200dPal", ["invisible-characters"]],
  ['"\u202emoc.lapyap" <x@freemail.example>', "\u202emoc.lapyap", ["invisible-characters"]],
  ['"\u3164" <x@freemail.example>', "\u3164", ["invisible-characters"]],
  ['"نامه\u200cای" <x@freemail.example>', "نامه\u200cای", []],
  ['"Jane 👩\u200d💻" <x@freemail.example>', "Jane 👩\u200d💻", []],
];

for (const [value, displayName, advice] of names) {
  test(`display name: ${JSON.stringify(value)}`, () => {
    const result = from(value);
    assert.equal(result.result, "valid");
    assert.equal(result.displayName, displayName);
    assert.deepEqual(result.advice, advice);
  });
}

test("the name a reader sees is given for invalid fields too", () => {
  assert.equal(from("Sender, Example <a@example.com>").displayName, "Sender, Example");
  assert.equal(from("Microsoft 365 a@example.com").displayName, "Microsoft 365");
  assert.equal(from('"Microsoft 365 <a@example.com>"').displayName, "Microsoft 365 <a@example.com>");
});

const fields: readonly (readonly [header: string, outcome: string, domains: readonly string[]])[] = [
  // Attacks server_a8 to a13, client_a1: several From fields, in every disguise.
  ["From: <first@attack.com>\r\nFrom: <admin@legitimate.com>\r\n", "several-fields", ["attack.com", "legitimate.com"]],
  [" From: <first@attack.com>\r\nFrom: <admin@legitimate.com>\r\n", "several-fields", ["attack.com", "legitimate.com"]],
  ["From: <first@attack.com>\r\nFrom : <admin@legitimate.com>\r\n", "several-fields", ["attack.com", "legitimate.com"]],
  ["From\r\n : <first@attack.com>\r\nFrom: <admin@legitimate.com>\r\n", "several-fields", ["attack.com", "legitimate.com"]],
  ["From\0: <first@attack.com>\r\nFrom: <admin@legitimate.com>\r\n", "several-fields", ["attack.com", "legitimate.com"]],
  ["FROM: a@example.com\r\nTo: b\r\nfrom: a@example.com\r\n", "several-fields", ["example.com"]],
  ["From: \r\nFrom: a@example.com\r\n", "several-fields", ["example.com"]],
  ["From\r\n : <first@attack.com>\r\nSender: <admin@legitimate.com>\r\n", "malformed-field", ["attack.com"]],
  ["From\r\n : <first@attack.com>\r\nResent-From: <admin@legitimate.com>\r\n", "malformed-field", ["attack.com"]],
  [" From: a@example.com\r\n", "malformed-field", ["example.com"]],
  [" X: lost\r\nFrom: a@example.com\r\n", "malformed-field", ["example.com"]],
  ["\r\n\r\nFrom: a@example.com\r\n", "missing", []],
  ["\xef\xbb\xbfFrom: a@example.com\r\n", "malformed-field", ["example.com"]],
  // RFC 5322 §4.5: alone, the obsolete form is From.
  ["From : a@example.com\r\n", "obsolete-syntax", ["example.com"]],
  // Line ends there or not, either kind; other fields ignored.
  ["From: a@example.com", "valid", ["example.com"]],
  ["From: a@example.com\n", "valid", ["example.com"]],
  ["Subject: x\nFrom: Jane\n <a@example.com>\nTo: y", "display-name-not-quoted", ["example.com"]],
  ["Subject: x\r\nfrom:\r\n\ta@example.com\r\nTo: y\r\n\r\nFrom: b@b.test\r\n", "valid", ["example.com"]],
  ["From:a@example.com", "valid", ["example.com"]],
  // An LF ends no line of a CRLF message.
  ["Subject: x\r\nFrom: a@example.com\n b@b.test\r\n", "control-character", ["example.com", "b.test"]],
];

for (const [header, expected, domains] of fields) {
  test(`header: ${JSON.stringify(header).slice(0, 100)}`, () => {
    const result = parseFrom(Buffer.from(header, "latin1"));
    assert.equal(outcome(result), expected);
    assert.deepEqual(result.domains, domains);
  });
}

test("RFC 6532 §3.2: octets that are no UTF-8 are invalid, and the address is given", () => {
  const latin1 = parseFrom(Buffer.from('From: "J\xfcrgen" <a@example.com>\r\n', "latin1"));
  assert.deepEqual([outcome(latin1), latin1.domain, latin1.displayName], ["invalid-utf-8", "example.com", "J\ufffdrgen"]);
  const cut = parseFrom(Buffer.from("From: a\xc3@example.com\r\n", "latin1"));
  assert.deepEqual([outcome(cut), cut.domain], ["invalid-utf-8", "example.com"]);
  const voila = parseFrom(utf8("From: <a@example.com> à\r\n"));
  assert.equal(outcome(voila), "text-after-address");
});

test("mailboxes: address as written, domain in A-labels", () => {
  const { mailboxes } = from('"Jane" <Jane.Doe@Example.COM>, g:j@[192.0.2.1], (x) j . d@münchen.example;', "rfc5322");
  assert.deepEqual(mailboxes, [
    { displayName: "Jane", address: "Jane.Doe@Example.COM", localPart: "Jane.Doe", domain: "example.com" },
    { displayName: null, address: "j@[192.0.2.1]", localPart: "j", domain: null },
    { displayName: null, address: "j.d@münchen.example", localPart: "j.d", domain: "xn--mnchen-3ya.example" },
  ]);
});

test("validateFrom gives what parseFrom gives, without the mailboxes", () => {
  for (const [value] of rows) {
    const header = `Subject: x\r\nFrom: ${value}\r\n`;
    const { mailboxes: _, ...result } = parseFrom(utf8(header));
    assert.deepEqual(validateFrom(openMessage(utf8(`${header}\r\nbody`)).header), result);
  }
});

const pieces = [
  "From",
  "from",
  ":",
  " ",
  "\t",
  "\r\n",
  "\r\n ",
  "\n",
  "<",
  ">",
  '"',
  "(",
  ")",
  ",",
  ";",
  "@",
  ".",
  "a",
  "b.test",
  "[",
  "]",
  "\\",
];
const noise = fc.string({ unit: fc.constantFrom(...pieces, "=?utf-8?q?", "?=", "\0", "\xc3", "\xa4", "x@y.test"), maxLength: 60 });

test("property: any bytes give a result of closed words, never an exception, always the same", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    noise.map((text) => Buffer.from(`From:${text}`, "latin1")),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom<FromProfile>("eop", "rfc5322"), (block, profile) => {
      const result = parseFrom(block, profile);
      assert.deepEqual(parseFrom(Uint8Array.from(block), profile), result);
      assert.equal(result.result === "valid", result.reason === null);
      if (result.reason !== null) assert.ok(fromReasons.includes(result.reason));
      assert.ok(result.advice.every((word) => fromAdvice.includes(word)));
      assert.equal(result.domain, result.domains[0] ?? null);
      assert.ok(result.domains.length <= limits.fromDomainsMax);
      if (result.result === "valid") {
        assert.equal(result.domains.length, 1);
        assert.ok(result.mailboxes.length > 0 && result.mailboxes.every(({ domain }) => domain === result.domain));
      }
    }),
    { numRuns: 3000 },
  );
});

test("property: what is valid in eop is valid in rfc5322, with the same author", () => {
  fc.assert(
    fc.property(noise, (text) => {
      const block = Buffer.from(`From: ${text}`, "latin1");
      const strict = parseFrom(block, "eop");
      if (strict.result !== "valid") return;
      const wide = parseFrom(block, "rfc5322");
      assert.deepEqual([wide.result, wide.address, wide.domain], ["valid", strict.address, strict.domain]);
    }),
    { numRuns: 3000 },
  );
});

test("property: RFC 5322 §2.2.3, §1.2.2: folding, the case of the name and other fields change nothing", () => {
  const before = fc.constantFrom("", "X: 1\r\n", "Sender: s@s.test\r\nTo: t@t.test\r\n");
  const name = fc.constantFrom("From", "FROM", "fRoM");
  const fold = fc.constantFrom(" ", "\r\n ", "\r\n\t", " \r\n  ");
  const value = fc.constantFrom(...rows.map(([one]) => one)).filter((one) => !one.includes("\r"));
  fc.assert(
    fc.property(before, name, fold, value, (above, from, space, one) => {
      const result = parseFrom(utf8(`${above}${from}:${space}${one}\r\nSubject: x\r\n`));
      assert.deepEqual(result, parseFrom(utf8(`From: ${one}\r\n`)));
    }),
  );
});

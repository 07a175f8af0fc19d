import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../base/limits.ts";
import { openMessage } from "./message.ts";
import { reportReader } from "./report.ts";

type Options = { readonly mailFrom?: string | null; readonly sizes?: readonly number[] };

/** What the bounce returns, its body handed over in blocks of these sizes. */
function returnedBy(text: string, { mailFrom = "", sizes = [1 << 20] }: Options = {}): string | null {
  const message = openMessage(Buffer.from(text, "latin1"));
  const reader = reportReader(message.header, mailFrom);
  if (reader === null) return null;
  const { body } = message;
  assert.ok(body instanceof Uint8Array);
  for (let at = 0, i = 0; at < body.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    reader.update(body.subarray(at, at + size));
    at += size;
  }
  reader.end();
  return reader.returned;
}

const reportType = 'multipart/report; report-type=delivery-status; boundary="b1"';
const status = ["Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example", ""];
const original = ["From: <ben@fabrikam.com>", "Message-ID: <1@fabrikam.com>", "Subject: Hello", "", "Hello", ""];

function bounce(parts: readonly (readonly string[])[], { type = reportType, eol = "\r\n", before = "a preamble\n" } = {}): string {
  const lines = ["From: MAILER-DAEMON@mx.example", `Content-Type: ${type}`, "", ...before.split("\n")];
  for (const part of parts) lines.push("--b1", ...part);
  lines.push("--b1--", "");
  return lines.join(eol);
}

const text = ["Content-Type: text/plain", "", "Could not be delivered: Message-ID: <0@fabrikam.com>", ""];
const whole = bounce([text, status, ["Content-Type: message/rfc822", "", ...original]]);

test("RFC 6522 §3: the returned message's Message-ID", () => assert.equal(returnedBy(whole), "1@fabrikam.com"));

for (const sizes of [[1], [2, 3], [7], [61], [4093]]) {
  test(`the same in blocks of ${sizes.join(" and ")}`, () => assert.equal(returnedBy(whole, { sizes }), "1@fabrikam.com"));
}

test("RFC 3462 §2: the header alone, text/rfc822-headers", () => {
  const part = ["Content-Type: text/rfc822-headers; charset=us-ascii", "", "Message-ID:", " <2@fabrikam.com>", "From: <b@x.example>", ""];
  assert.equal(returnedBy(bounce([text, status, part])), "2@fabrikam.com");
});

test("RFC 6533 §3: message/global-headers", () => {
  assert.equal(returnedBy(bounce([["Content-Type: message/global-headers", "", "Message-Id: <3@fabrikam.com>", ""]])), "3@fabrikam.com");
});

test("a message of bare line feeds", () => {
  const parts = [text, status, ["Content-Type: message/rfc822", "", ...original]];
  for (const sizes of [[1 << 20], [1], [5]]) assert.equal(returnedBy(bounce(parts, { eol: "\n" }), { sizes }), "1@fabrikam.com");
});

test("the body begins with the delimiter", () => {
  const body = `--b1\r\nContent-Type: message/rfc822\r\n\r\n${original.join("\r\n")}\r\n--b1--\r\n`;
  assert.equal(returnedBy(`Content-Type: ${reportType}\r\n\r\n${body}`), "1@fabrikam.com");
});

test("RFC 2046 §5.1.1: white space behind a delimiter; the closing delimiter is missing", () => {
  const body = `--b1 \t\r\nContent-Type: message/rfc822\r\n\r\n${original.join("\r\n")}`;
  assert.equal(returnedBy(`Content-Type: ${reportType}\r\n\r\n${body}`), "1@fabrikam.com");
});

const silent: readonly (readonly [name: string, message: string, options?: Options])[] = [
  ["RFC 3461 §6.1: not the null reverse path", whole, { mailFrom: "mailer-daemon@mx.example" }],
  ["an unknown reverse path", whole, { mailFrom: null }],
  ["multipart/mixed", bounce([["Content-Type: message/rfc822", "", ...original]], { type: 'multipart/mixed; boundary="b1"' })],
  ["no boundary", bounce([["Content-Type: message/rfc822", "", ...original]], { type: "multipart/report" })],
  ["a boundary of 71", bounce([], { type: `multipart/report; boundary="${"b".repeat(71)}"` })],
  ["nothing returned", bounce([text, status])],
  ["behind the closing delimiter", bounce([text]) + ["--b1", "Content-Type: message/rfc822", "", ...original].join("\r\n")],
  [
    "attack: a Message-ID in the body of the returned message",
    bounce([["Content-Type: message/rfc822", "", "From: <x@x.example>", "", "Message-ID: <1@fabrikam.com>", ""]]),
  ],
  [
    "attack: two Message-IDs in the returned header",
    bounce([["Content-Type: message/rfc822", "", "Message-ID: <1@a.example>", "Message-ID: <2@a.example>", ""]]),
  ],
  [
    "encoded: RFC 2045 §6.4 does not allow it",
    bounce([["Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", "TWVzc2FnZS1JRDogPDFAeD4=", ""]]),
  ],
  ["two Content-Types", whole.replace("Content-Type:", "Content-Type: text/plain\r\nContent-Type:")],
  ["a longer boundary that begins like ours", whole.replaceAll("--b1", "--b1x")],
  ["no part at all", `Content-Type: ${reportType}\r\n\r\n`],
];
for (const [name, message, options] of silent) test(`nothing is returned: ${name}`, () => assert.equal(returnedBy(message, options), null));

test("a nested multipart whose boundary begins like ours does not end the part", () => {
  const nested = ['Content-Type: multipart/alternative; boundary="b1-nested"', "", "--b1-nested", "", "Hello", "--b1-nested--", ""];
  assert.equal(returnedBy(bounce([nested, status, ["Content-Type: message/rfc822", "", ...original]])), "1@fabrikam.com");
});

for (const [count, expected] of [
  [limits.reportPartsMax - 2, "1@fabrikam.com"],
  [limits.reportPartsMax - 1, "1@fabrikam.com"],
  [limits.reportPartsMax, null],
] as const) {
  test(`limit: ${count} parts before the returned one`, () => {
    const parts = [...Array.from({ length: count }, () => text), ["Content-Type: message/rfc822", "", ...original]];
    for (const sizes of [[1 << 20], [997]]) assert.equal(returnedBy(bounce(parts), { sizes }), expected);
  });
}

test("limit: a part's beginning alone is read", () => {
  const typed = "Content-Type: message/rfc822\r\n\r\n";
  const own = "Message-ID: <1@fabrikam.com>\r\n";
  // Between the delimiter and the limit stand its line end, the part's header, the filler and the id.
  const room = limits.returnedPartBytesMax - "\r\n".length - typed.length - own.length;
  const filler = (bytes: number): string => {
    const lines = Math.floor((bytes - 20) / 100);
    const line = `X-F: ${"x".repeat(93)}\r\n`;
    const rest = bytes - lines * 100;
    return `${line.repeat(lines)}X-F: ${"y".repeat(rest - 7)}\r\n`;
  };
  for (const [bytes, expected] of [
    [room - 1, "1@fabrikam.com"],
    [room, "1@fabrikam.com"],
    [room + 20, null],
  ] as const) {
    const message = `Content-Type: ${reportType}\r\n\r\n--b1\r\n${typed}${filler(bytes)}${own}\r\nHello\r\n--b1--\r\n`;
    for (const sizes of [[1 << 20], [1000], [8191]]) assert.equal(returnedBy(message, { sizes }), expected, `${bytes} in ${sizes}`);
  }
});

test("attack: 25 MB of delimiters, and of text after the first part, are read in little time", () => {
  const started = performance.now();
  assert.equal(returnedBy(`Content-Type: ${reportType}\r\n\r\n${"--b1\r\n".repeat(4_000_000)}`, { sizes: [32_768] }), null);
  assert.equal(returnedBy(`Content-Type: ${reportType}\r\n\r\n--b1\r\n\r\n${"\r\n-".repeat(8_000_000)}`, { sizes: [32_768] }), null);
  assert.ok(performance.now() - started < 3000);
});

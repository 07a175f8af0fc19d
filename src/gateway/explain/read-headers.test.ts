/** Header fields out of pasted text: each way in which copies come out, and what a real message must not be taken for. */
import assert from "node:assert/strict";
import test from "node:test";
import { readHeaders } from "./read-headers.ts";

const value = "mx.contoso.com; spf=pass smtp.mailfrom=a.example; dmarc=pass header.from=a.example";
const folded =
  "Authentication-Results: mx.contoso.com;\n spf=pass smtp.mailfrom=a.example;\n\tdmarc=pass header.from=a.example\nFrom: a@a.example";

const forms: readonly [name: string, input: string | Uint8Array][] = [
  ["LF", folded],
  ["CRLF", folded.replaceAll("\n", "\r\n")],
  ["CR", folded.replaceAll("\n", "\r")],
  ["CR CR LF", folded.replaceAll("\n", "\r\r\n")],
  ["a byte order mark", `\ufeff${folded}`],
  ["UTF-16, little end first", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(folded, "utf16le")])],
  ["UTF-16, big end first", Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(folded, "utf16le").swap16()])],
  ["indented", folded.replace(/^/gm, "    ")],
  ["indented with no-break spaces", folded.replace(/^/gm, "\u00a0\u00a0")],
  ["the first line alone indented", `   ${folded}`],
  ["quoted", folded.replace(/^/gm, "> ")],
  ["in a code fence", `\`\`\`text\n${folded}\n\`\`\`\n`],
  ["empty lines above", `\n\n\r\n${folded}`],
  ["double-spaced", folded.replaceAll("\n", "\n\n")],
  ["without folding", folded.replace(/\n[ \t]/g, "\n")],
  ["an mbox line above", `From a@a.example Tue Feb  3 10:14:08 2026\n${folded}`],
  [
    "a mail client's summary above",
    `Created at: Tue\nFrom: a\nTo: b\nSPF: PASS with IP 192.0.2.1\nDMARC: 'PASS'\n\nDelivered-To: lee@fabrikam.com\n${folded}`,
  ],
  ["a sentence above", `Here are the headers, please help:\n\n${folded}`],
];

for (const [name, input] of forms) {
  test(`pasted: ${name}`, () => {
    const read = readHeaders(typeof input === "string" ? Buffer.from(input) : input);
    const field = read?.fields.find((one) => one.name === "authentication-results");
    assert.equal(field?.value.replace(/\s+/g, " "), value);
    assert.ok(read?.fields.some((one) => one.name === "from" && one.value === "a@a.example"));
  });
}

const nothing: readonly (string | Uint8Array)[] = [
  "",
  "\n\n",
  "no field here",
  "  \t",
  Buffer.from([0xff, 0xfe]),
  Buffer.alloc(1000),
  ":",
  ": x",
  "From\n: a",
];

for (const input of nothing) {
  test(`not one field: ${JSON.stringify(input).slice(0, 40)}`, () => assert.equal(readHeaders(Buffer.from(input)), null));
}

test("attack: fields in the body of a message are not fields of its header", () => {
  const message =
    "Received: from a by b\nDate: x\nFrom: a@a.example\n\nAuthentication-Results: mx.contoso.com; dmarc=pass\n\n\nReceived: x\n";
  assert.deepEqual(
    readHeaders(Buffer.from(message))?.fields.map(({ name }) => name),
    ["received", "date", "from"],
  );
  const plain = "MIME-Version: 1.0\nFrom: a@a.example\n\nAuthentication-Results: mx.contoso.com; dmarc=pass\n";
  assert.deepEqual(
    readHeaders(Buffer.from(plain))?.fields.map(({ name }) => name),
    ["mime-version", "from"],
  );
});

test("attack: in a header with folds a line that is no field is not joined to the trusted field above it", () => {
  const read = readHeaders(
    Buffer.from("Authentication-Results: mx.contoso.com;\n spf=none\ndmarc=pass compauth=pass\nFrom: a@a.example\n"),
  );
  assert.equal(read?.fields[0]?.value, "mx.contoso.com; spf=none");
  assert.ok(read?.remarks.some((text) => text.includes("left out")));
});

test("attack: a bare CR within a field is no line end", () => {
  const read = readHeaders(Buffer.from("Subject: x\rAuthentication-Results: mx.contoso.com; dmarc=pass\nFrom: a@a.example\n"));
  assert.deepEqual(
    read?.fields.map(({ name }) => name),
    ["subject", "from"],
  );
});

test("a name that is malformed is not read as the name it resembles", () => {
  const read = readHeaders(Buffer.from("Authentication-Results : mx.contoso.com; dmarc=pass\nFrom: a@a.example\n"));
  assert.deepEqual(
    read?.fields.map(({ name }) => name),
    ["from"],
  );
});

test("limits: a header past 256 KiB is read to there, and that is said", () => {
  const read = readHeaders(Buffer.from(`From: a@a.example\n${"X-Filler: aaaaaaaaaaaaaaaa\n".repeat(20_000)}`));
  assert.ok((read?.fields.length ?? 0) <= 1000);
  assert.ok(read?.remarks.some((text) => text.includes("256 KiB")));
});

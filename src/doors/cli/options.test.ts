import assert from "node:assert/strict";
import { test } from "node:test";
import * as options from "./options.ts";
import { UsageError } from "./ports.ts";

const refuses = (read: () => unknown): void => assert.throws(read, UsageError);

test("--ip: both families, in canonical form, with or without brackets", () => {
  assert.equal(options.readIp("192.0.2.1"), "192.0.2.1");
  assert.equal(options.readIp("[192.0.2.1]"), "192.0.2.1");
  assert.equal(options.readIp("[IPv6:2001:DB8:0:0::1]"), "2001:db8::1");
  assert.equal(options.readIp("::ffff:192.0.2.1"), "192.0.2.1");
  for (const text of ["", "1.2.3", "192.0.2.256", "010.0.0.1", "mail.contoso.com", "2001:db8::g", "192.0.2.1/24"])
    refuses(() => options.readIp(text));
});

test("--helo, --mail-from, --rcpt-to: no control characters, no guessing", () => {
  assert.equal(options.readHelo("[192.0.2.1]"), "[192.0.2.1]");
  for (const text of ["", "a b", "a\r\nRCPT", "\x1b[2J", "x".repeat(300)]) refuses(() => options.readHelo(text));
  assert.equal(options.readMailFrom("<>"), "<>");
  assert.equal(options.readMailFrom(""), "");
  assert.equal(options.readMailFrom("<(any@legitimate.com>"), "<(any@legitimate.com>");
  refuses(() => options.readMailFrom("a@b.example\n"));
  assert.deepEqual(options.readRcptTo("a@b.example, c@d.example", ["x@y.example"]), ["x@y.example", "a@b.example", "c@d.example"]);
  for (const text of ["", "ben", "a@b.example,", "a b@c.example"]) refuses(() => options.readRcptTo(text, []));
});

test("--tls", () => {
  assert.deepEqual(options.readTls("TLSv1.3"), { version: "TLSv1.3", cipher: null, subject: null });
  assert.deepEqual(options.readTls("TLSv1.2:ECDHE-RSA-AES128"), { version: "TLSv1.2", cipher: "ECDHE-RSA-AES128", subject: null });
  for (const text of ["", "yes", "1.3", "TLS", "TLSv1.3:", "TLSv1.3:a b"]) refuses(() => options.readTls(text));
  assert.deepEqual(["TLSv1.3", "TLS1_2", "x.eml", "TLSv1.3.eml", "tls"].map(options.looksLikeTls), [true, true, false, false, false]);
});

test("--dns: an address or a name, with or without a port", () => {
  const servers = [
    "192.0.2.53",
    "192.0.2.53:5353",
    "2001:db8::53",
    "[2001:db8::53]",
    "[fe80::1%eth0]:53",
    "localhost:5353",
    "ns1.contoso.com",
  ];
  for (const text of servers) assert.equal(options.readDns(text), text);
  for (const text of [
    "",
    "foo:bar",
    "127.0.0.1:0",
    "127.0.0.1:99999",
    "192.0.2.256",
    "[2001:db8::g]:53",
    "[localhost]:53",
    "a b",
    "2001:53",
  ])
    refuses(() => options.readDns(text));
});

test("--jobs, --mode, --authserv-id", () => {
  assert.deepEqual([options.readJobs("1"), options.readJobs("64")], [1, 64]);
  for (const text of ["0", "65", "-1", "2.5", "two", ""]) refuses(() => options.readJobs(text));
  assert.equal(options.readMode("compare"), "compare");
  refuses(() => options.readMode("RFC9989"));
  assert.equal(options.readAuthservId("mx.contoso.com"), "mx.contoso.com");
  for (const text of ["", "a b", "a;b", "a\n"]) refuses(() => options.readAuthservId(text));
});

test("--spf and --dkim of assay dmarc", () => {
  assert.deepEqual(options.readIdentifier("--spf", ["pass", "fail"], "contoso.com=PASS"), { domain: "contoso.com", result: "pass" });
  for (const text of ["contoso.com", "=pass", "contoso.com=maybe", ""])
    refuses(() => options.readIdentifier("--spf", ["pass", "fail"], text));
});

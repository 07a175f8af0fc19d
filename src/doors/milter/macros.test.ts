/** Which macro is known when, and for how long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Macros } from "./macros.ts";

function told(macros: Macros, stage: string, ...pairs: readonly string[]): Macros {
  const bytes = Buffer.from(`${stage}${pairs.map((text) => `${text}\0`).join("")}`);
  macros.take({ command: 0, bytes, start: 0, end: bytes.length });
  return macros;
}

test("the queue id is the latest: Postfix has none at MAIL, Sendmail writes {i} at times", () => {
  const macros = told(new Macros(), "M", "{mail_addr}", "a@x.example");
  assert.equal(macros.queueId, null);
  assert.equal(told(macros, "R", "i", "Q1").queueId, "Q1");
  macros.endRecipient();
  assert.equal(macros.queueId, "Q1");
  assert.equal(told(macros, "E", "{i}", "Q2").queueId, "Q2");
  macros.endMessage();
  assert.equal(macros.queueId, null);
});

test("the next MAIL knows nothing of the message before, even where no end was told", () => {
  const macros = told(new Macros(), "M", "i", "Q1", "{auth_authen}", "ada");
  assert.equal(macros.authenticatedAs, "ada");
  told(macros, "M");
  assert.deepEqual([macros.queueId, macros.authenticatedAs], [null, null]);
});

test("TLS is that of the last greeting", () => {
  const macros = told(new Macros(), "H", "{tls_version}", "TLSv1.3", "{cipher}", "X", "{cert_subject}", "mail.x.example");
  assert.deepEqual(macros.tls, { version: "TLSv1.3", cipher: "X", subject: "mail.x.example" });
  told(macros, "M", "i", "Q1");
  macros.endMessage();
  assert.equal(macros.tls?.version, "TLSv1.3");
  told(macros, "H");
  assert.equal(macros.tls, null);
});

test("the daemon's name may come with the connection or with MAIL", () => {
  const macros = told(new Macros(), "C", "{daemon_name}", "ORIGINATING", "j", "mx.example");
  assert.equal(macros.daemon, "ORIGINATING");
  assert.equal(told(macros, "M", "{daemon_name}", "smtpd").daemon, "smtpd");
  macros.endMessage();
  assert.equal(macros.daemon, "ORIGINATING");
  macros.endConnection();
  assert.equal(macros.daemon, null);
});

test("a recipient that the server refused is one, the next is not", () => {
  const macros = told(new Macros(), "R", "{rcpt_mailer}", "error", "i", "Q1");
  assert.equal(macros.recipientIsRefused, true);
  macros.endRecipient();
  assert.equal(macros.recipientIsRefused, false);
  assert.equal(told(macros, "R", "{rcpt_mailer}", "local").recipientIsRefused, false);
});

test("macros of header fields and of the body are not read", () => {
  assert.equal(told(new Macros(), "L", "i", "Q1").queueId, null);
  assert.equal(told(new Macros(), "B", "i", "Q1").queueId, null);
});

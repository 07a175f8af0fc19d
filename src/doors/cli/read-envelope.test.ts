import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../base/limits.ts";
import { parseIpNetwork } from "../../mail/ip-address.ts";
import { openMessage } from "../../mail/message.ts";
import { type Given, readEnvelope } from "./read-envelope.ts";

const nothing: Given = { ip: null, helo: null, mailFrom: null, rcptTo: [], tls: null };

async function read(header: string, given: Partial<Given> = {}, more: { sender?: string; trust?: string[] } = {}) {
  const opened = await openMessage(Buffer.from(`${header}\n\n`));
  const trustNetworks = (more.trust ?? []).flatMap((text) => parseIpNetwork(text) ?? []);
  return readEnvelope({ ...nothing, ...given }, { header: opened.header, sender: more.sender ?? null, trustNetworks });
}

const hop = (ip: string, by: string, helo = "h.example"): string =>
  `Received: from ${helo} (${helo} [${ip}])\n by ${by} (Postfix) with ESMTP; x`;

test("client, HELO and sender from the topmost Received of a stranger and from Return-Path, and the output says so", async () => {
  const { envelope, read: from } = await read(
    [
      "Return-Path: <bounce@evil.example>",
      hop("127.0.0.1", "localhost"),
      hop("10.1.2.3", "inner.contoso.com"),
      hop("198.51.100.7", "mx.contoso.com", "mail.evil.example"),
      hop("203.0.113.1", "forged.example"),
    ].join("\n"),
  );
  assert.deepEqual(envelope, { ip: "198.51.100.7", helo: "mail.evil.example", mailFrom: "<bounce@evil.example>", rcptTo: [], tls: null });
  assert.deepEqual(from, {
    ip: "the Received field of mx.contoso.com",
    helo: "the Received field of mx.contoso.com",
    mailFrom: "Return-Path",
    tls: null,
  });
});

test("limits.receivedFieldsMax: the client of the last field that is looked at counts, that of the next does not", async () => {
  for (const inner of [limits.receivedFieldsMax - 2, limits.receivedFieldsMax - 1, limits.receivedFieldsMax]) {
    const fields = [...Array.from({ length: inner }, () => hop("10.1.2.3", "inner.contoso.com")), hop("198.51.100.7", "mx.contoso.com")];
    const { envelope } = await read(fields.join("\n"));
    assert.equal(envelope.ip, inner < limits.receivedFieldsMax ? "198.51.100.7" : null, String(inner));
  }
});

test("a client of trust.networks is one of ours: the next field tells", async () => {
  const header = [hop("192.0.2.10", "store.contoso.com"), hop("2001:db8::7", "mx.contoso.com")].join("\n");
  assert.equal((await read(header)).envelope.ip, "192.0.2.10");
  assert.equal((await read(header, {}, { trust: ["192.0.2.0/24"] })).envelope.ip, "2001:db8::7");
});

test("private, loopback, link-local and shared addresses are hops of ours; documentation addresses are not", async () => {
  for (const ip of [
    "127.0.0.9",
    "10.0.0.1",
    "172.31.255.1",
    "192.168.0.1",
    "169.254.1.1",
    "100.64.0.1",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
  ]) {
    assert.equal((await read(hop(ip, "mx"))).envelope.ip, null, ip);
  }
  for (const ip of ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "172.32.0.1"])
    assert.equal((await read(hop(ip, "mx"))).envelope.ip, ip);
});

test("what is given is taken; only the rest is read", async () => {
  const header = ["Return-Path: <a@b.example>", hop("198.51.100.7", "mx.contoso.com", "mail.evil.example")].join("\n");
  const all = await read(header, { ip: "192.0.2.1", helo: "x.example", mailFrom: "c@d.example" });
  assert.deepEqual([all.envelope.ip, all.envelope.helo, all.envelope.mailFrom], ["192.0.2.1", "x.example", "c@d.example"]);
  assert.deepEqual(all.read, { ip: null, helo: null, mailFrom: null, tls: null });
  // The HELO belongs to its client: with another address given it is not taken from a field about somebody else.
  assert.equal((await read(header, { ip: "192.0.2.1" })).envelope.helo, null);
  assert.equal((await read(header, { ip: "198.51.100.7" })).envelope.helo, "mail.evil.example");
  assert.equal((await read(header, { helo: "x.example" })).envelope.ip, "198.51.100.7");
});

test("the null path stays the null path, given or read", async () => {
  assert.equal((await read("Return-Path: <>")).envelope.mailFrom, "<>");
  assert.equal((await read("Return-Path: <a@b.example>", { mailFrom: "" })).envelope.mailFrom, "");
  assert.equal((await read("Return-Path: <a@b.example>", { mailFrom: "" })).read.mailFrom, null);
});

test("attack: a reverse path that is none is never repaired and never read as the null path", async () => {
  assert.equal((await read("Return-Path: <(any@legitimate.com>")).envelope.mailFrom, "<(any@legitimate.com>");
  assert.equal((await read("Return-Path: <<a@b.example>>")).envelope.mailFrom, "<<a@b.example>>");
  assert.equal((await read("Return-Path:  ")).envelope.mailFrom, null);
  assert.equal((await read("Return-Path: (x) <>")).envelope.mailFrom, "(x) <>");
});

test("the topmost Return-Path counts; without one the sender of the mbox, else nothing", async () => {
  assert.equal(
    (await read("Return-Path: <one@a.example>\nReturn-Path: <two@b.example>", {}, { sender: "x@c.example" })).envelope.mailFrom,
    "<one@a.example>",
  );
  const boxed = await read("Subject: x", {}, { sender: "x@c.example" });
  assert.deepEqual([boxed.envelope.mailFrom, boxed.read.mailFrom], ["x@c.example", "the mbox"]);
  const none = await read("Subject: x");
  assert.deepEqual([none.envelope.mailFrom, none.envelope.ip, none.read.mailFrom, none.read.ip], [null, null, null, null]);
});

test("attack: below a Received field with unbalanced comments nothing is believed", async () => {
  const header = ["Received: from x( (real [198.51.100.7]) by mx.contoso.com; x", hop("192.0.2.1", "forged")].join("\n");
  assert.equal((await read(header)).envelope.ip, null);
});

test("TLS is read with its client, and --tls wins", async () => {
  const header =
    "Received: from a.example (a.example [192.0.2.1]) (using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 (128/128 bits)) by mx with ESMTPS; x";
  assert.deepEqual((await read(header)).envelope.tls, { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", subject: null });
  const tls = { version: "TLSv1.2", cipher: null, subject: null };
  assert.deepEqual((await read(header, { tls })).envelope.tls, tls);
  assert.equal((await read(header, { ip: "192.0.2.1" })).envelope.tls, null);
});

test("EAI: a Return-Path in UTF-8", async () => {
  assert.equal((await read("Return-Path: <jörg@müller.example>")).envelope.mailFrom, "<jörg@müller.example>");
});

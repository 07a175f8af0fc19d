/** STARTTLS (RFC 3207) towards the client and towards the next hop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { selfSigned } from "./certificate.ts";
import { openProxy, send } from "./proxy.ts";

const own = selfSigned("mx.us.example");
const theirs = selfSigned("sink.example");
const withTls = { tls_certificate: own.cert, tls_key: own.key };

test("RFC 3207 §4: STARTTLS with the configured certificate; what was said before is forgotten", async (t) => {
  const { greeted, sink, told } = await openProxy(t, { habits: withTls });
  const client = await greeted();
  assert.match(await client.line("EHLO before.example"), /\|STARTTLS/);
  await client.say("MAIL FROM:<before@good.example>");
  assert.match(await client.line("STARTTLS"), /^220 /);
  const socket = await client.startTls({ ca: own.cert, servername: "localhost" });
  assert.equal(socket.authorized, true);
  assert.equal(await client.line("MAIL FROM:<a@good.example>"), "503 5.5.1 Say EHLO first");
  assert.doesNotMatch(await client.line("EHLO after.example"), /STARTTLS/);
  assert.equal(await client.line("STARTTLS"), "503 5.5.1 TLS is active already");
  assert.match(await send(client), /^250 /);
  assert.equal(sink.letters.length, 1);
  assert.equal(told.clients.at(-1)?.helo, "after.example");
  assert.match(told.clients.at(-1)?.tls?.version ?? "", /^TLSv1\.[23]$/);
  assert.match(told.clients.at(-1)?.tls?.cipher ?? "", /^TLS_|ECDHE/);
});

test("no certificate configured: STARTTLS is neither offered nor known, and the package's public key is never used", async (t) => {
  const { speak } = await openProxy(t);
  const client = await speak();
  await client.reply();
  assert.doesNotMatch(await client.line("EHLO client.example"), /STARTTLS/);
  assert.equal(await client.line("STARTTLS"), "502 5.5.1 Command not implemented");
});

test("CVE-2011-0411: a command sent in clear behind STARTTLS is not run inside TLS", async (t) => {
  const { greeted, sink } = await openProxy(t, { habits: withTls });
  const client = await greeted();
  client.write("STARTTLS\r\nMAIL FROM:<eve@evil.example>\r\n");
  assert.equal((await client.reply()).code, 554);
  assert.ok(await client.closed());
  assert.ok(!sink.commands.some((line) => line.startsWith("MAIL")));
});

test("a handshake that fails ends that connection alone", async (t) => {
  const { greeted, door } = await openProxy(t, { habits: withTls });
  const client = await greeted();
  await client.say("STARTTLS");
  client.write("this is no ClientHello\r\n".repeat(10));
  assert.ok(await client.closed());
  const other = await greeted();
  assert.match(await send(other), /^250 /);
  assert.equal(door.connections, 1);
});

test("a renewed certificate counts from the next connection on; one that is none leaves the old one", async (t) => {
  const habits = { ...withTls };
  const { greeted, faults } = await openProxy(t, { habits });
  const served = async (): Promise<string> => {
    const client = await greeted();
    await client.say("STARTTLS");
    const socket = await client.startTls({ rejectUnauthorized: false });
    return String(socket.getPeerCertificate().subject.CN);
  };
  assert.equal(await served(), "mx.us.example");
  Object.assign(habits, { tls_certificate: "nonsense" });
  assert.equal(await served(), "mx.us.example");
  assert.equal(faults.length, 1);
  const renewed = selfSigned("new.us.example");
  Object.assign(habits, { tls_certificate: renewed.cert, tls_key: renewed.key });
  assert.equal(await served(), "new.us.example");
});

test("next_hop_tls opportunistic: STARTTLS where it is offered, whoever signed the certificate, and EHLO again", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { tls: theirs } });
  assert.match(await send(await greeted()), /^250 /);
  assert.deepEqual(
    sink.commands.slice(0, 3).map((line) => line.split(" ")[0]),
    ["EHLO", "STARTTLS", "EHLO"],
  );
});

test("RFC 7435 §3: next_hop_tls opportunistic: a handshake that fails is followed by a connection without TLS", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    sink: { tls: { key: theirs.key, cert: theirs.cert }, cut: (stage) => (stage === "STARTTLS" ? "after" : null) },
  });
  assert.match(await send(await greeted()), /^250 /);
  assert.equal(sink.letters.length, 1);
});

test("next_hop_tls verify: a certificate that nobody vouches for, and no STARTTLS at all, are temporary failures", async (t) => {
  for (const script of [{ tls: theirs }, {}]) {
    const { speak, sink, faults } = await openProxy(t, { sink: script, habits: { next_hop_tls: "verify" } });
    const client = await speak();
    await client.reply();
    await client.say("EHLO client.example");
    assert.match(await send(client), /^451 4\.4\.1 /);
    assert.equal(sink.letters.length, 0);
    assert.equal(faults.length, 1);
  }
});

test("next_hop_tls verify: a certificate for that host, by an authority we trust", async (t) => {
  const before = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...before, theirs.cert]);
  t.after(() => tls.setDefaultCACertificates(before));
  const { greeted } = await openProxy(t, { sink: { tls: theirs }, habits: { next_hop_tls: "verify" } });
  assert.match(await send(await greeted()), /^250 /);
});

test("next_hop_tls off: never, though it is offered", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { tls: theirs }, habits: { next_hop_tls: "off" } });
  assert.match(await send(await greeted()), /^250 /);
  assert.ok(!sink.commands.includes("STARTTLS"));
});

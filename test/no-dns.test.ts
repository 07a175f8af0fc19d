/** The preload itself: what it refuses, and that loopback stays open. It must be preloaded, or every other test is unguarded. */
import assert from "node:assert/strict";
import dgram from "node:dgram";
import dns, { lookup, resolveTxt } from "node:dns";
import promises, { resolve4 } from "node:dns/promises";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import test from "node:test";
import tls from "node:tls";
import "./no-dns.ts";

const refused = { code: "ASSAY_TEST_NETWORK" };
const nothing = () => undefined;

// 192.0.2.0/24 is reserved for documentation (RFC 5737 §3): should the guard fail, nobody is bothered.
const attempts: [name: string, attempt: () => unknown][] = [
  ["dns.resolve4", () => dns.resolve4("example.com", nothing)],
  ["dns.resolveTxt as a named import", () => resolveTxt("example.com", nothing)],
  ["dns.resolveMx", () => dns.resolveMx("example.com", nothing)],
  ["dns.reverse", () => dns.reverse("192.0.2.1", nothing)],
  ["dns.lookup", () => lookup("example.com", nothing)],
  ["dns.lookupService", () => dns.lookupService("192.0.2.1", 25, nothing)],
  ["dns/promises", () => promises.resolveTxt("example.com")],
  ["dns/promises as a named import", () => resolve4("example.com")],
  ["Resolver", () => new dns.Resolver().resolve("example.com", nothing)],
  ["promises.Resolver", () => new promises.Resolver().resolvePtr("example.com")],
  ["connect(port, host)", () => net.connect(53, "192.0.2.1")],
  ["connect(options)", () => net.connect({ port: 53, host: "example.com" })],
  ["new Socket().connect", () => new net.Socket().connect(53, "192.0.2.1")],
  ["tls", () => tls.connect({ port: 853, host: "192.0.2.1" })],
  ["http", () => http.get("http://192.0.2.1/")],
];

test("no-dns is preloaded in every test process", () => {
  assert.match(process.execArgv.join(" "), /--import[ =]\S*no-dns\.ts/, "run tests by npm test");
});

for (const [name, attempt] of attempts) {
  test(`no-dns refuses ${name}`, async () => {
    await assert.rejects(async () => attempt(), refused);
  });
}

test("no-dns refuses fetch", async () => {
  await assert.rejects(fetch("http://192.0.2.1/"), (error: Error) => {
    assert.equal((error.cause as { code?: string }).code, refused.code);
    return true;
  });
});

test("no-dns refuses datagrams to the outside", () => {
  const socket = dgram.createSocket("udp4");
  assert.throws(() => socket.send(Buffer.from("x"), 53, "192.0.2.1"), refused);
  assert.throws(() => socket.send(Buffer.from("x"), 0, 1, 53, "192.0.2.1"), refused);
  assert.throws(() => socket.connect(53, "192.0.2.1"), refused);
  socket.close();
});

test("no-dns leaves loopback open: connections, by address and by name", async () => {
  const server = net.createServer((peer) => peer.end("ok")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  for (const socket of [net.connect(port, "127.0.0.1"), net.connect({ port, host: "localhost" }), net.connect({ port })]) {
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(data.toString(), "ok");
  }
  server.close();
});

test("no-dns leaves loopback open: datagrams, connected or not", async () => {
  const receiver = dgram.createSocket("udp4").bind(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address();
  const sender = dgram.createSocket("udp4");
  sender.send("one", port, "127.0.0.1");
  assert.equal(String((await once(receiver, "message"))[0]), "one");
  const connected = dgram.createSocket("udp4");
  connected.connect(port, "127.0.0.1");
  await once(connected, "connect");
  connected.send("two");
  assert.equal(String((await once(receiver, "message"))[0]), "two");
  for (const socket of [receiver, sender, connected]) socket.close();
});

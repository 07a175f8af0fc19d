import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsServer, inOrder, parseServer, type ServerAddress } from "./dns-servers.ts";

const addresses: [text: string, where: ServerAddress | null][] = [
  ["192.0.2.1", { host: "192.0.2.1", port: 53, family: 4 }],
  ["192.0.2.1:5353", { host: "192.0.2.1", port: 5353, family: 4 }],
  ["2001:db8::1", { host: "2001:db8::1", port: 53, family: 6 }],
  ["[2001:db8::1]", { host: "2001:db8::1", port: 53, family: 6 }],
  ["[2001:db8::1]:65535", { host: "2001:db8::1", port: 65535, family: 6 }],
  ["[fe80::1%eth0]:53", { host: "fe80::1%eth0", port: 53, family: 6 }],
  ["fe80::1%eth0", { host: "fe80::1%eth0", port: 53, family: 6 }],
  ["", null],
  ["localhost", null],
  ["192.0.2", null],
  ["192.0.2.1:", null],
  ["192.0.2.1:0", null],
  ["192.0.2.1:65536", null],
  ["192.0.2.1:053", null],
  ["192.0.2.1:53:53", null],
  ["192.0.2.1 ", null],
  ["[192.0.2.1]:53", null],
  ["[2001:db8::1", null],
  ["[2001:db8::1]53", null],
  ["[2001:db8::1]:", null],
  ["2001:db8::1]:53", null],
  ["[::1]:53\n", null],
];
for (const [text, where] of addresses) {
  test(`server ${JSON.stringify(text)} is ${where === null ? "refused" : "read"}`, () => assert.deepEqual(parseServer(text), where));
}

function three(): { servers: ReturnType<typeof dnsServer>[]; order: () => string[]; wait: (ms: number) => void } {
  let now = 1000;
  const servers = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((host) => dnsServer({ host, port: 53, family: 4 }, () => now));
  return { servers, order: () => inOrder(servers).map((server) => server.host.slice(-1)), wait: (ms) => (now += ms) };
}

test("a server that cannot be reached is tried last, for 10 s", () => {
  const { servers, order, wait } = three();
  servers[0]?.unreachable();
  assert.deepEqual(order(), ["2", "3", "1"]);
  wait(9999);
  assert.deepEqual(order(), ["2", "3", "1"]);
  wait(1);
  assert.deepEqual(order(), ["1", "2", "3"]);
});

test("a server is put aside by three silences in a row, and taken back by one answer", () => {
  const { servers, order } = three();
  const [first] = servers;
  for (const step of ["silent", "silent", "answered", "silent", "silent"] as const) first?.[step]();
  assert.deepEqual(order(), ["1", "2", "3"]);
  first?.silent();
  assert.deepEqual(order(), ["2", "3", "1"]);
  first?.answered();
  assert.deepEqual(order(), ["1", "2", "3"]);
});

test("all at rest: all are asked, in order", () => {
  const { servers, order } = three();
  for (const server of servers) server.unreachable();
  assert.deepEqual(order(), ["1", "2", "3"]);
});

test("RFC 6891 §6.2.2: that a server does not know EDNS is remembered for 10 minutes", () => {
  const { servers, wait } = three();
  const [first] = servers;
  assert.equal(first?.knowsEdns(), true);
  first?.refusedEdns();
  wait(599_999);
  assert.equal(first?.knowsEdns(), false);
  wait(1);
  assert.equal(first?.knowsEdns(), true);
});

test("servers show themselves as they are written in options", () => {
  assert.equal(dnsServer({ host: "192.0.2.1", port: 53, family: 4 }, () => 0).label, "192.0.2.1:53");
  assert.equal(dnsServer({ host: "::1", port: 5353, family: 6 }, () => 0).label, "[::1]:5353");
});

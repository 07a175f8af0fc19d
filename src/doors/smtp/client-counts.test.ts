import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpAddress } from "../../mail/ip-address.ts";
import { ClientCounts } from "./client-counts.ts";

test("RFC 4291 §2.5.1: addresses of one /64 are one client, those of IPv4 each its own; ::ffff: is IPv4", () => {
  const counts = new ClientCounts();
  for (const address of ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "192.0.2.1", "::ffff:192.0.2.1"])
    counts.opened(parseIpAddress(address));
  const of = (address: string): number => counts.of(parseIpAddress(address));
  assert.deepEqual([of("2001:db8:0:1:2:3:4:5"), of("2001:db8:0:2::1"), of("192.0.2.1"), of("192.0.2.2")], [2, 0, 2, 0]);
});

test("nothing is kept of a client whose last connection is closed, nor of one without an address", () => {
  const counts = new ClientCounts();
  const addresses = Array.from({ length: 1000 }, (_, i) => parseIpAddress(`2001:db8:${i.toString(16)}::1`));
  for (const address of [...addresses, ...addresses, null]) counts.opened(address);
  assert.deepEqual([counts.clients, counts.of(null)], [1000, 0]);
  for (const address of [...addresses, null]) counts.closed(address);
  assert.deepEqual([counts.clients, counts.of(addresses[7] ?? null)], [1000, 1]);
  for (const address of addresses) counts.closed(address);
  assert.equal(counts.clients, 0);
});

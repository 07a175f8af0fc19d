import assert from "node:assert/strict";
import test from "node:test";
import { knownKeys } from "./schema.ts";

test("schema: the keys of the first release; they are public and are not renamed", () => {
  const leaves = [...knownKeys().keys()].filter(
    (key) => ![...knownKeys().keys()].some((other) => other.startsWith(`${key}.`) || other.startsWith(`${key}[]`)),
  );
  assert.deepEqual(leaves, [
    "authserv_id",
    "domains[].name",
    "domains[].ipv6",
    "listen.milter",
    "listen.smtp.address",
    "listen.smtp.next_hop",
    "listen.http",
    "memory.url",
    "dns.servers",
    "trust.networks",
    "trust.hops",
    "trust.sealers",
    "trust.authserv_ids",
    "policy.mode",
    "policy.preset",
    "policy.profile",
    "stamp.format",
    "stamp.compauth",
  ]);
});

test("schema: every key says what it is for", () => {
  for (const [key, help] of knownKeys()) assert.match(help, /^\S.*\.$/, key);
});

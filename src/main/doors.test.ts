import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../config/load.ts";
import { isInOneOf } from "../verdict/overrides/network-text.ts";
import { networksOfOurs } from "./doors.ts";

const toml = `
[trust]
networks = ["192.0.2.0/28"]
hops = ["2001:db8::25"]
[[trust.gateways]]
name = "gw.us.example"
networks = ["198.51.100.25"]
[[trust.forwarders]]
name = "alumni"
networks = ["203.0.113.0/24"]
[[outbound.accounts]]
networks = ["198.51.100.64/26"]
domains = ["us.example"]
`;

for (const [ip, isOurs] of [
  ["127.0.0.1", true],
  ["::1", true],
  ["192.0.2.15", true],
  ["192.0.2.16", false],
  ["2001:db8::25", true],
  ["2001:db8::26", false],
  ["198.51.100.25", true],
  ["198.51.100.65", true],
  ["203.0.113.7", false],
] as const)
  test(`connections_per_client counts for strangers alone, forwarders among them: ${ip}: ${isOurs ? "ours" : "a stranger"}`, () => {
    const loaded = loadConfig(Buffer.from(toml));
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.equal(isInOneOf(ip, networksOfOurs(loaded.config)), isOurs);
  });

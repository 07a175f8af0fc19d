import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../config/load.ts";
import { configSchema } from "../config/schema.ts";
import { isInOneOf } from "../verdict/overrides/network-text.ts";
import { certificates, networksOfOurs } from "./doors.ts";

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

/** Files as they are now, a clock, and what was told. */
function watchedCertificates() {
  const files = new Map([
    ["cert", "c1"],
    ["key", "k1"],
  ]);
  const faults: unknown[] = [];
  let now = 0;
  const readFile = (file: string): Uint8Array => {
    const text = files.get(file);
    if (text === undefined) throw new Error(`${file}: no such file`);
    return Buffer.from(text);
  };
  const read = certificates({ readFile, http: { clock: () => now } }, (error) => faults.push(error));
  const { smtp } = configSchema.parse({});
  const used = (certificate: string | null, key: string | null): readonly (string | null)[] => {
    const { tls_certificate, tls_key } = read({ ...smtp, tls_certificate: certificate, tls_key: key });
    return [tls_certificate, tls_key];
  };
  const later = (ms: number): void => {
    now += ms;
  };
  return { files, faults, used, later };
}

test("certificate: one that cannot be read at the start stops it", () => {
  assert.throws(() => watchedCertificates().used("gone", "key"), /no such file/);
});

test("certificate: a reload that names one that cannot be read leaves the old one in use, and is told once a minute", () => {
  const { files, faults, used, later } = watchedCertificates();
  assert.deepEqual(used("cert", "key"), ["c1", "k1"]);
  assert.deepEqual(used("gone", "key"), ["c1", "k1"]);
  assert.deepEqual(used("gone", "key"), ["c1", "k1"]);
  assert.equal(faults.length, 1);
  files.set("gone", "c2");
  later(61_000);
  assert.deepEqual(used("gone", "key"), ["c2", "k1"]);
  files.delete("gone");
  later(61_000);
  assert.deepEqual([used("gone", "key"), faults.length], [["c2", "k1"], 2]);
});

test("certificate: a reload that adds one that cannot be read, where there was none, is told and answers without", () => {
  const { faults, used } = watchedCertificates();
  assert.deepEqual(used(null, null), [null, null]);
  assert.deepEqual(used("gone", "key"), [null, null]);
  assert.equal(faults.length, 1);
});

import assert from "node:assert/strict";
import test from "node:test";
import { loadConfig } from "./load.ts";
import { ConfigInForce, describeReload, reloadConfig } from "./reload.ts";
import type { Config } from "./schema.ts";

function config(toml: string): Config {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok);
  return loaded.config;
}

const old = '[policy]\nmode = "observe"\n[listen]\nhttp = "127.0.0.1:80"\n';

test("reload: another spelling of the same configuration is the same", () => {
  const text = '# a comment\nlisten.http = "127.0.0.1:80"\npolicy.preset = "standard"\n';
  assert.deepEqual(reloadConfig(config(old), Buffer.from(text)), { kind: "same" });
});

test("reload: what has changed, key by key, and what counts after the next start only", () => {
  const text = '[policy]\nmode = "enforce"\nenforce = { from = false }\n[trust]\nhops = ["192.0.2.1"]\n[[domains]]\nname = "a.example"\n';
  const reload = reloadConfig(config(old), Buffer.from(text));
  assert.ok(reload.kind === "new");
  assert.deepEqual(reload.changed, ["domains", "listen.http", "trust.hops", "policy.mode", "policy.enforce.from"]);
  assert.deepEqual(reload.restart, ["listen.http"]);
  assert.equal(reload.config.policy.mode, "enforce");
  assert.ok(reload.warnings.length > 0);
});

test("reload: a bad file leaves the old configuration in force and says so; the next good one is taken", () => {
  const inForce = new ConfigInForce(config(old));
  const before = inForce.current;
  for (const bad of [
    '[policy]\nmode = "enforced"\n',
    "[policy",
    "\xff",
    '[policy]\nprofile = "consumer"\n[trust]\nhops = ["192.0.2.1"]\n',
  ]) {
    const reload = inForce.offer(Buffer.from(bad, "latin1"));
    assert.equal(reload.kind, "refused");
    assert.equal(inForce.current, before);
    assert.ok((inForce.refused?.length ?? 0) > 0);
    assert.match(describeReload(reload).join("\n"), /^configuration refused, the old one stays in force:\n {2}\S/);
  }
  const reload = inForce.offer(Buffer.from('policy.mode = "enforce"'));
  assert.match(
    describeReload(reload).join("\n"),
    /^new configuration in force; changed: listen\.http, policy\.mode\n.*next start only: listen\.http/,
  );
  assert.deepEqual([inForce.current.config.policy.mode, inForce.current.generation, inForce.refused], ["enforce", 2, null]);
  assert.equal(before.config.policy.mode, "observe");
});

test("reload: mending the file back to what is in force clears the fault and swaps nothing", () => {
  const inForce = new ConfigInForce(config(old));
  const before = inForce.current;
  inForce.offer(Buffer.from("x = 1"));
  assert.deepEqual(inForce.offer(Buffer.from(old)), { kind: "same" });
  assert.deepEqual([inForce.refused, inForce.current === before], [null, true]);
});

for (const [before, after, restart] of [
  ["", 'dns.servers = ["127.0.0.1"]', ["dns.servers"]],
  ["", "[journal]\ndays = 7\nsubject = true", ["journal.days"]],
  ["", 'smtp.tls_certificate = "/c"\nsmtp.tls_key = "/k"', ["smtp.tls_certificate", "smtp.tls_key"]],
  ['smtp.tls_certificate = "/c"\nsmtp.tls_key = "/k"', 'smtp.tls_certificate = "/c2"\nsmtp.tls_key = "/k"', []],
  ["", "milter.hold = true", []],
] as const)
  test(`reload: ${after.replaceAll("\n", " ")}: after the next start only: ${restart.join(", ") || "nothing"}`, () => {
    const reload = reloadConfig(config(before), Buffer.from(after));
    assert.ok(reload.kind === "new", JSON.stringify(reload));
    assert.deepEqual(reload.restart, restart);
  });

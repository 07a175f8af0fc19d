import assert from "node:assert/strict";
import { test } from "node:test";
import { describeConfigFault, loadConfig } from "./load.ts";

function faults(text: string): string[] {
  const loaded = loadConfig(text);
  return loaded.ok ? [] : loaded.faults.map(describeConfigFault);
}

test("every key that is known", () => {
  const loaded = loadConfig(`
authserv_id = "mx.contoso.com"
[dns]
servers = ["192.0.2.53", "[2001:db8::53]:5353"]
[trust]
networks = ["192.0.2.0/24", "2001:db8::/32", "203.0.113.9"]
sealers = ["forwarder.example", "müller.example"]
authserv_ids = ["mx2.contoso.com"]
[stamp]
compauth = false
`);
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.config.trust?.networks, ["192.0.2.0/24", "2001:db8::/32", "203.0.113.9"]);
  assert.equal(loaded.config.stamp?.compauth, false);
});

test("an empty file is a configuration", () => assert.deepEqual(loadConfig(""), { ok: true, config: {} }));

test("all faults at once, each with path, value and what was wanted", () => {
  assert.deepEqual(
    faults(`
authserv_id = 3
[trust]
networks = ["10.0.0/8", "192.0.2.0/24", "x"]
sealers = "forwarder.example"
[stamp]
compauth = "no"
`),
    [
      "authserv_id = 3: wants a text in quotes",
      'trust.networks[0] = "10.0.0/8": wants an address or a network, such as 192.0.2.0/24',
      'trust.networks[2] = "x": wants an address or a network, such as 192.0.2.0/24',
      'trust.sealers = "forwarder.example": wants a list',
      'stamp.compauth = "no": wants true or false',
    ],
  );
});

test("an unknown key is an error that names the nearest known one", () => {
  assert.deepEqual(faults('authserv-id = "x"\n[trust]\nnetwork = []\nwhatever = 1\n[trsut]\n'), [
    "trust.network: no such key; did you mean trust.networks?",
    "trust.whatever: no such key",
    "authserv-id: no such key; did you mean authserv_id?",
    "trsut: no such key; did you mean trust?",
  ]);
});

test("what is no TOML is one fault with its line", () => {
  const found = faults("authserv_id = \n");
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^line 1: not TOML: /);
});

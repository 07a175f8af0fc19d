import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadConfig } from "../../config/load.ts";
import { zoneResolver } from "../../system/zone-resolver.ts";
import { configCheck, configPrint, configSample } from "./config-command.ts";
import { UsageError } from "./ports.ts";

const resolver = zoneResolver({
  "silent.example": [{ MX: [0, "."] }],
  "contoso.com": [{ MX: [10, "mx.contoso.com"] }],
  "odd.example": [{ MX: [0, "."] }, { MX: [10, "mx.odd.example"] }],
});
let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "assay-config-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, "assay.toml");
  writeFileSync(path, text);
  return path;
}

/** What a command writes, and its exit status. */
async function ran(
  command: (ports: Parameters<typeof configCheck>[2]) => Promise<number>,
  host = "mx.contoso.com",
): Promise<{ status: number; out: string }> {
  let out = "";
  const write = (text: string): Promise<boolean> => {
    out += text;
    return Promise.resolve(true);
  };
  const status = await command({
    out: { write, isTerminal: false, colour: false },
    hostName: () => host,
    openResolver: () => Promise.resolve(resolver),
  });
  return { status, out };
}

test("config check: warnings are told, and are no mistake", async () => {
  const good = file("");
  assert.deepEqual(await ran((ports) => configCheck(good, {}, ports)), { status: 0, out: `${good}: no mistake found\n` });
  const doubtful = file('trust.sealers = ["google.com"]');
  const { status, out } = await ran((ports) => configCheck(doubtful, {}, ports));
  assert.equal(status, 0);
  assert.match(out, /^warning: line 1: trust\.sealers\[0\]: .+\n.*: no mistake found, one warning\n$/);
});

test("RFC 8601 §2.5: stamping with a host's short name is worth a warning", async () => {
  const { out } = await ran((ports) => configCheck(file(""), {}, ports), "mail");
  assert.match(out, /^warning: authserv_id: .* mail, which has no domain; .*\n.*one warning\n$/);
  const named = await ran((ports) => configCheck(file('authserv_id = "contoso"'), {}, ports), "mail");
  assert.doesNotMatch(named.out, /warning/);
});

test("RFC 7505: an accepted domain that publishes a null MX is worth a warning, if DNS may be asked", async () => {
  const path = file('[[domains]]\nname = "silent.example"\n[[domains]]\nname = "contoso.com"\n[[domains]]\nname = "odd.example"\n');
  const { out } = await ran((ports) => configCheck(path, { dns: "127.0.0.1" }, ports));
  assert.match(
    out,
    /^warning: silent\.example is an accepted domain, yet it publishes a null MX.*\nwarning: odd\.example .*: odd\.example\. IN MX 0 \.\n/,
  );
  assert.match(out, /two warnings|2 warnings/);
  assert.doesNotMatch((await ran((ports) => configCheck(path, {}, ports))).out, /null MX/);
});

test("config check, print: all mistakes at once, as wrong use", async () => {
  const bad = file("[policy]\nmod = 1\npreset = 2\n");
  const commands = [configCheck, configPrint];
  for (const command of commands) {
    await assert.rejects(
      ran((ports) => command(bad, {}, ports)),
      (error) =>
        error instanceof UsageError &&
        /:\n {2}line 2: policy\.mod: .*did you mean policy\.mode\?\n {2}line 3: policy\.preset: /.test(error.message),
    );
  }
  await assert.rejects(
    ran((ports) => configCheck(join(folder, "missing"), {}, ports)),
    /cannot read configuration file .*missing: no such file/,
  );
});

test("config print: the file's values with their lines; without a file the defaults; a password never", async () => {
  const path = file('memory.url = "postgres://assay:secret@db/assay"\n[[rules]]\nname = "r"\ntext = "when spf is fail then junk"\n');
  const { out } = await ran((ports) => configPrint(path, {}, ports));
  assert.match(out, /^url = "postgres:\/\/assay:…@db\/assay" +# line 1$/m);
  assert.doesNotMatch(out, /secret/);
  const { out: defaults } = await ran((ports) => configPrint(undefined, {}, ports));
  assert.match(defaults, /^mode = "observe" +# default$/m);
  const { out: policy } = await ran((ports) => configPrint(path, { policy: true }, ports));
  assert.match(policy, /^# Policy\n[\s\S]*^\| 1 \| r \| no \| when spf is fail then junk \|$/m);
});

test("config print: nothing in a file acts on the terminal", async () => {
  const path = file('[[rules]]\nname = "r"\ntext = \'when header subject contains "\u202e\u009b31m" then junk\'\n');
  for (const policy of [false, true]) {
    const { out } = await ran((ports) => configPrint(path, { policy }, ports));
    assert.ok(!/[\u202e\u009b]/.test(out));
  }
});

test("config sample: a file that loads", async () => {
  const { out } = await ran(configSample);
  assert.ok(loadConfig(Buffer.from(out)).ok);
});

/** `assay setup`: what is said before and after, as lines and as JSON, and what is refused. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type FakeMachine, fakeMachine } from "../../../../test/setup-machine.ts";
import { UsageError } from "../ports.ts";
import type { Server } from "./account.ts";
import { type SetupOptions, setup } from "./setup.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "assay-setup-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function config(toml: string): string {
  const path = join(folder, "assay.toml");
  writeFileSync(path, toml);
  return path;
}

const milter = 'listen.milter = "inet:127.0.0.1:8891"\n';
const files = {
  "/etc/postfix/main.cf": "compatibility_level = 3.6\n",
  "/etc/postfix/master.cf": "smtp inet n - y - - smtpd\n",
  "/etc/mail/sendmail.mc": "MAILER(`smtp')dnl\n",
  "/etc/dovecot/dovecot.conf": "!include conf.d/*.conf\n",
};

async function said(server: Server, options: SetupOptions, machine: FakeMachine): Promise<string> {
  let out = "";
  const write = (text: string): Promise<boolean> => {
    out += text;
    return Promise.resolve(true);
  };
  assert.equal(await setup(server, options, { out: { write, isTerminal: false, colour: false }, machine }), 0);
  return out;
}

test("printed: the lines with their places; nothing is run or written", async () => {
  const m = fakeMachine(files);
  const out = await said("postfix", { config: config(milter) }, m);
  assert.match(out, /^Postfix, \/etc\/postfix: nothing is enforced yet/);
  assert.match(out, /\n {2}\/etc\/postfix\/main\.cf\n {4}smtpd_milters = \{ inet:127\.0\.0\.1:8891, /);
  assert.match(out, /postfix check && postfix reload\n$/);
  assert.deepEqual([...m.files], Object.entries(files));
  assert.deepEqual(m.ran, []);
});

test("--json: one object with the lines, what was done, and what to do", async () => {
  const m = fakeMachine(files);
  const options = { config: config(milter), json: true };
  const printed = JSON.parse(await said("postfix", options, m)) as Record<string, unknown>;
  assert.deepEqual(
    [printed["server"], printed["mode"], printed["whenDown"], printed["done"], printed["undone"]],
    ["postfix", "observe", "accept", null, null],
  );
  const written = JSON.parse(await said("postfix", { ...options, apply: true }, m)) as { done: readonly string[] };
  assert.equal(written.done.length, 1);
  const undone = JSON.parse(await said("postfix", { undo: true, json: true }, m)) as { undone: readonly string[] };
  assert.deepEqual(undone.undone, ["/etc/postfix/main.cf: as it was"]);
  assert.deepEqual([...m.files], Object.entries(files));
});

test("every server: written, so already, taken out, nothing left", async () => {
  const servers: readonly (readonly [Server, string])[] = [
    ["postfix", milter],
    ["sendmail", milter],
    ["dovecot", ""],
  ];
  for (const [server, toml] of servers) {
    const m = fakeMachine(files);
    m.answers.set("sievec", { status: 0, output: "" });
    const options = { config: config(toml) };
    assert.match(await said(server, { ...options, apply: true }, m), /Written:/);
    assert.match(await said(server, { ...options, apply: true }, m), /nothing was written/);
    assert.match(await said(server, { undo: true }, m), /Taken out:/);
    assert.deepEqual([...m.files], Object.entries(files), server);
  }
});

test("Dovecot without Pigeonhole: nothing stays behind", async () => {
  const m = fakeMachine(files);
  await assert.rejects(said("dovecot", { config: config(""), apply: true }, m), /nothing was changed: there is no sievec here/);
  assert.deepEqual([...m.files], Object.entries(files));
});

test("a fault is printed with the lines, and stops --apply", async () => {
  const m = fakeMachine({ ...files, "/etc/opendkim.conf": "Socket inet:8891@localhost\n" });
  const options = { config: config(milter) };
  assert.match(await said("postfix", options, m), /\n {2}! \/etc\/opendkim\.conf has Socket inet:8891@localhost/);
  await assert.rejects(said("postfix", { ...options, apply: true }, m), /nothing was written: .*opendkim/);
  assert.deepEqual(m.ran, []);
});

test("another filter under Assay's own name is told so, one under its own is offered for trust.local_milters", async () => {
  const toml = `authserv_id = "mx.contoso.com"\n${milter}`;
  const named = (id: string): Promise<string> =>
    said("postfix", { config: config(toml) }, fakeMachine({ ...files, "/etc/opendmarc.conf": `AuthservID ${id}\n` }));
  assert.match(await named("MX.contoso.com"), /MX\.contoso\.com is Assay's authserv_id too/);
  assert.match(await named("dmarc.contoso.com"), /local_milters = \["dmarc\.contoso\.com"\]/);
});

test("wrong use", async () => {
  const m = fakeMachine(files);
  const wrong = (options: SetupOptions, why: RegExp) =>
    assert.rejects(said("postfix", options, m), (error) => error instanceof UsageError && why.test(error.message));
  await wrong({ apply: true, undo: true }, /exclude each other/);
  await wrong({ config: join(folder, "missing") }, /no such file/);
  await wrong({ config: config("polcy = 1") }, /did you mean policy/);
  await wrong({ undo: true }, /nothing to take back/);
});

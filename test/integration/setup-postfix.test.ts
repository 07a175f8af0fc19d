/**
 * What `assay setup postfix --apply` writes, in a Postfix that runs, with `assay serve` behind it: mail is stamped; while Assay is down it passes
 * as long as everything is observed, and waits once a rule acts; taken back, Postfix is as it was.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startAssay } from "./mta/assay.ts";
import { freePorts, until } from "./mta/child.ts";
import { parted, valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { type Postfix, startPostfix } from "./mta/postfix.ts";
import { swaks } from "./mta/swaks.ts";
import { letter, unique } from "./mta/zone.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("set up, enforced, down, and taken back", { skip: without("postfix", "swaks") }, async (t) => {
  const [port = 0] = await freePorts(1);
  const observing = `authserv_id = "mx.test"\n[[domains]]\nname = "inbound.test"\n[listen]\nmilter = "inet:127.0.0.1:${port}"\n`;
  const enforcing = `${observing}[policy.enforce]\nfrom = true\n`;
  const [postfix, assay] = await Promise.all([startPostfix(), startAssay({ config: observing, zone: {} })]);
  t.after(async () => {
    await assay.close();
    await postfix.stop();
  });
  const config = join(assay.folder, "assay.toml");
  const untouched = readFileSync(join(postfix.etc, "main.cf"), "utf8");

  assert.deepEqual(await sent(postfix), { end: "250", reports: 0 });
  setUp(postfix, config, "--apply");
  assert.deepEqual(await sent(postfix), { end: "250", reports: 1 });
  await assay.stop();
  assert.deepEqual(await sent(postfix), { end: "250", reports: 0 }, "observing: mail passes");
  writeFileSync(config, enforcing);
  setUp(postfix, config, "--apply");
  assert.deepEqual(await sent(postfix), { end: "451", reports: 0 }, "enforcing: mail waits");
  await assay.start();
  assert.deepEqual(await sent(postfix), { end: "250", reports: 1 });
  await assay.stop();
  setUp(postfix, config, "--undo");
  assert.equal(readFileSync(join(postfix.etc, "main.cf"), "utf8"), untouched);
  assert.deepEqual(await sent(postfix), { end: "250", reports: 0 });
});

function setUp({ etc }: Postfix, config: string, what: "--apply" | "--undo"): void {
  const args = ["src/main.ts", "setup", "postfix", "--config", config, "--postfix-config", etc, "--etc", etc, what];
  const setup = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.equal(setup.status, 0, setup.stderr);
  assert.match(setup.stdout, what === "--apply" ? /Written:\n {4}main\.cf: smtpd_milters = / : /Taken out:/);
  const reload = spawnSync("postfix", ["-c", etc, "reload"], { encoding: "utf8" });
  assert.equal(reload.status, 0, reload.stderr);
}

/** The code of the last reply that the client saw, and how many reports of ours stand on top of what was delivered. */
async function sent(postfix: Postfix): Promise<{ readonly end: string; readonly reports: number }> {
  const id = unique("setup");
  const { mail, rcpt, data, end } = await swaks({
    port: postfix.port,
    from: "ada@good.example",
    to: ["bob@inbound.test"],
    message: letter({ id }),
  });
  const last = (end ?? data ?? rcpt.at(-1) ?? mail ?? "no reply").slice(0, 3);
  if (last !== "250") return { end: last, reports: 0 };
  const found = () => postfix.delivered().find((message) => valuesOf(message, "X-Test-Id").includes(` ${id}`)) ?? null;
  const message = await until(found, { about: postfix.log });
  const reports = valuesOf(message, "X-Assay-Report");
  if (reports.length > 0) assert.ok(parted(message).fields.some((field) => /^Authentication-Results: mx\.test/i.test(field)));
  return { end: last, reports: reports.length };
}

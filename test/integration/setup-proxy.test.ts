/**
 * What `assay setup postfix --apply` writes for the proxy before the queue, in a Postfix that runs: mail goes through Assay and back, the front
 * service's refusals stand, and while Assay is down mail waits. Its front service must be named as those at port 25 are, so the test wants that port.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startAssay } from "./mta/assay.ts";
import { freePorts, until } from "./mta/child.ts";
import { valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { startPostfix } from "./mta/postfix.ts";
import { swaks } from "./mta/swaks.ts";
import { letter, unique } from "./mta/zone.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** No other test listens there. */
const host = "127.0.0.125";

test("before the queue: through Assay and back", { skip: without("postfix", "swaks") || (await taken()) }, async (t) => {
  const [through = 0, back = 0] = await freePorts(2);
  const config = `authserv_id = "mx.test"\n[[domains]]\nname = "inbound.test"\n[listen]\nsmtp = { address = "127.0.0.1:${through}", next_hop = "127.0.0.1:${back}" }\n[smtp]\nxclient_from = ["127.0.0.1"]\n`;
  const [postfix, assay] = await Promise.all([startPostfix(), startAssay({ config, zone: {} })]);
  t.after(async () => {
    await assay.close();
    await postfix.stop();
  });
  const master = join(postfix.etc, "master.cf");
  writeFileSync(master, readFileSync(master, "utf8").replace(`127.0.0.1:${postfix.port} inet`, `${host}:25 inet`));
  const untouched = readFileSync(master, "utf8");
  setUp("--apply");

  const send = (to: string, id: string) =>
    swaks({
      ...{ port: 25, from: "ada@good.example", to: [to], xclient: "ADDR=203.0.113.9", message: letter({ id }) },
      options: ["--server", `${host}:25`],
    });
  const id = unique("proxy");
  await until(async () => (await send("bob@inbound.test", id)).end?.startsWith("250") === true, { about: postfix.log });
  const found = () => postfix.delivered().find((message) => valuesOf(message, "X-Test-Id").includes(` ${id}`)) ?? null;
  const message = await until(found, { about: postfix.log });
  const [report = "", ...more] = valuesOf(message, "X-Assay-Report");
  assert.match(report, /CIP:203\.0\.113\.9;/);
  assert.deepEqual(more, []);
  assert.match((await send("x@elsewhere.test", unique("proxy"))).rcpt[0] ?? "", /^554 5\.7\.1 .*Relay access denied/);
  await assay.stop();
  assert.match((await send("bob@inbound.test", unique("proxy"))).rcpt[0] ?? "", /^451 /);
  setUp("--undo");
  assert.equal(readFileSync(master, "utf8"), untouched);

  function setUp(what: "--apply" | "--undo"): void {
    const files = ["--config", join(assay.folder, "assay.toml"), "--postfix-config", postfix.etc, "--etc", postfix.etc];
    const setup = spawnSync(process.execPath, ["src/main.ts", "setup", "postfix", ...files, what], { cwd: root, encoding: "utf8" });
    assert.equal(setup.status, 0, setup.stderr);
    const reload = spawnSync("postfix", ["-c", postfix.etc, "reload"], { encoding: "utf8" });
    assert.equal(reload.status, 0, reload.stderr);
  }
});

/** Somebody else's mail server is no fault of ours, in CI neither. */
function taken(): Promise<string | false> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve("port 25 of this machine is taken"));
    server.listen({ host, port: 25 }, () => server.close(() => resolve(false)));
  });
}

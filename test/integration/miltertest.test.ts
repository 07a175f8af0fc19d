/**
 * The milter door driven by miltertest, a server's side by other authors (OpenDKIM's), with scripts of our own. It is part of Debian:
 * apt-get install --no-install-recommends miltertest
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openedDoor, zoneService } from "../milter/door.ts";

const program = "/usr/bin/miltertest";
const folder = fileURLToPath(new URL("./miltertest", import.meta.url));
const missing = existsSync(program) ? false : "needs miltertest: apt-get install --no-install-recommends miltertest";
if (missing !== false) assert.notEqual(process.env["CI"], "true", missing);

const zone = {
  "good.example": [{ TXT: "v=spf1 ip4:192.0.2.1 -all" }],
  "_dmarc.good.example": [{ TXT: "v=DMARC1; p=reject" }],
};
const toml = '[policy]\nmode = "enforce"\n[[domains]]\nname = "us.example"\nipv6 = true\n';

/** Runs a script against a door of its own; its error is the test's. */
async function driven(t: TestContext, script: string): Promise<ReturnType<typeof zoneService>["decisions"]> {
  const { service, decisions, faults } = zoneService(zone, { toml });
  const opened = await openedDoor(t, service);
  const port = /:(\d+)$/.exec(opened.door.place)?.[1] ?? "";
  const definitions = ["-D", `place=inet:${port}@127.0.0.1`, "-D", `folder=${folder}`];
  const child = spawn(program, [...definitions, "-s", `${folder}/${script}.lua`], { stdio: ["ignore", "pipe", "pipe"], timeout: 30_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(output.trim(), script);
  assert.equal(status, 0);
  assert.deepEqual([opened.faults, faults], [[], []]);
  return decisions;
}

test("miltertest: messages are stamped, forged results removed, one that is given up leaves no trace", { skip: missing }, async (t) => {
  const decisions = await driven(t, "delivered");
  assert.deepEqual(
    decisions.map(({ mailFrom, rcptTo, queueId, disposition }) => [mailFrom, rcptTo.length, queueId, disposition.kind]),
    [
      ["ada@good.example", 2, "QUEUED", "accept"],
      ["", 1, "QUEUED", "accept"],
    ],
  );
  assert.deepEqual(decisions[0]?.client, {
    listener: "inbound",
    ip: "192.0.2.1",
    helo: "mail.good.example",
    tls: null,
    authenticatedAs: null,
  });
});

test("miltertest: forged mail is refused at its end, and IPv6 without a PTR at RCPT", { skip: missing }, async (t) => {
  const decisions = await driven(t, "refused");
  assert.deepEqual(
    decisions.map(({ disposition }) => disposition.kind === "refuse" && `${disposition.reply.code} ${disposition.reply.enhanced}`),
    ["550 5.7.509"],
  );
});

test("miltertest: a server of protocol version 2", { skip: missing }, async (t) => {
  assert.equal((await driven(t, "old")).length, 1);
});

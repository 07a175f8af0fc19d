/** Large messages: spooled beyond the limit, memory bounded, nothing left behind. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openProxy, send } from "./proxy.ts";
import type { Speaker } from "./speaker.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Files in that folder that are open without a name. */
async function openIn(folder: string): Promise<number> {
  const links = await Promise.all((await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.startsWith(folder)).length;
}

const line = `${"x".repeat(74)}\r\n`;
const block = line.repeat(860);

async function stream(client: Speaker, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += block.length)
    if (!client.socket.write(block)) await new Promise((resolve) => client.socket.once("drain", resolve));
}

test("20 MB: spooled in a file without a name, delivered octet for octet, and gone afterwards", async (t) => {
  const spool = await mkdtemp(join(tmpdir(), "assay-large-"));
  t.after(() => rm(spool, { recursive: true, force: true }));
  let openWhile = 0;
  const names: string[] = [];
  const { greeted, sink } = await openProxy(t, {
    habits: { spool },
    says: {
      counting: true,
      data: async () => {
        openWhile = await openIn(spool);
        names.push(...(await readdir(spool)));
        return { kind: "accept", headers: ["X-Assay: 1"], removals: [], hold: null, inspection: null };
      },
    },
  });
  const client = await greeted();
  for (const each of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(each);
  client.write("From: a@good.example\r\n\r\n");
  await stream(client, 20_000_000);
  assert.match(await client.line("."), /^250 /);
  assert.deepEqual([openWhile, names], [1, []]);
  assert.equal(await openIn(spool), 0);
  const digest = (text: Buffer | string): string => createHash("sha256").update(text).digest("hex");
  const blocks = Math.ceil(20_000_000 / block.length);
  assert.equal(digest(sink.letters[0]?.body ?? ""), digest(`X-Assay: 1\r\nFrom: a@good.example\r\n\r\n${block.repeat(blocks)}`));
});

test("back-pressure: an inspection that does not read stops the client, and memory holds", async (t) => {
  let go = (): void => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { greeted, sink } = await openProxy(t, { says: { blind: true, data: () => held.then(() => accept) } });
  const client = await greeted();
  for (const each of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(each);
  client.write("From: a@good.example\r\n\r\n");
  let sent = 0;
  const flood = (): void => {
    while (sent < 1000 && client.socket.write(block)) sent++;
  };
  client.socket.on("drain", flood);
  flood();
  await pause(500);
  const stopped = sent;
  await pause(300);
  assert.equal(sent, stopped, "nothing is taken while nobody reads");
  assert.ok(stopped < 500, `${stopped} blocks of 64 KB`);
  client.socket.removeListener("drain", flood);
  go();
  assert.match(await client.line("\r\n."), /^250 /);
  assert.equal(sink.letters.length, 1);
});

const accept = { kind: "accept", headers: [], removals: [], hold: null, inspection: null } as const;

test("a spool that takes no more: 452 4.3.1 at the end, told of, and a message that needs no file is taken", async (t) => {
  const spool = await mkdtemp(join(tmpdir(), "assay-full-"));
  const { greeted, faults, sink } = await openProxy(t, { habits: { spool, memory_bytes_max: 65_536 } });
  await rm(spool, { recursive: true });
  const client = await greeted();
  assert.match(await send(client, `From: a@b\r\n\r\n${line.repeat(2000)}`), /^452 4\.3\.1 /);
  assert.equal(faults.length, 1);
  assert.match(await send(client), /^250 /);
  assert.equal(sink.letters.length, 1);
});

test("a spool that is no folder: the door does not open", async (t) => {
  await assert.rejects(openProxy(t, { habits: { spool: "/nowhere/at/all" } }), /spool/);
});

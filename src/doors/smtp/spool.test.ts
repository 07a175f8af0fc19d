/** The spool: memory, then a file without a name. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkSpool, Spool, SpoolFault } from "./spool.ts";

const folder = await mkdtemp(join(tmpdir(), "assay-spool-"));
after(() => rm(folder, { recursive: true, force: true }));

async function readAll(spool: Spool): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of spool.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function filled(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7) % 251));
}

/** Files of that folder that this process holds open, those without a name included. */
async function openIn(place: string): Promise<number> {
  const links = await Promise.all((await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.startsWith(place)).length;
}

for (const bytes of [0, 1, 4095, 4096, 4097, 70_000])
  for (const step of [1, 1000, 65_536])
    test(`limits: ${bytes} octets in steps of ${step}, 4096 in memory`, async () => {
      const spool = new Spool({ folder, memoryBytesMax: 4096 });
      const all = filled(bytes);
      for (let at = 0; at < bytes; at += step) await spool.write(all.subarray(at, at + step));
      assert.equal(spool.bytes, bytes);
      assert.equal(spool.isFiled, bytes > 4096);
      assert.ok((await readAll(spool)).equals(all));
      assert.ok((await readAll(spool)).equals(all), "a second time");
      assert.deepEqual(await readdir(folder), [], "no name while it is open");
      await spool.close();
      assert.equal(await openIn(folder), 0);
    });

test("faults: a folder that is not there is a SpoolFault, and nothing is written before the memory is full", async () => {
  await assert.rejects(checkSpool(join(folder, "nowhere")), SpoolFault);
  const spool = new Spool({ folder: join(folder, "nowhere"), memoryBytesMax: 4096 });
  await spool.write(filled(4096));
  await assert.rejects(spool.write(filled(1)), SpoolFault);
  await spool.close();
});

/** What a running service is told, as the file and its surroundings change. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { onOrders } from "./orders.ts";

test("a configuration file that cannot be looked at ends nothing; once it can be, it is read again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "assay-orders-"));
  const file = join(folder, "assay.toml");
  writeFileSync(file, "a");
  t.mock.timers.enable({ apis: ["setInterval"] });
  let reloads = 0;
  const count = (): void => {
    reloads += 1;
  };
  const stop = onOrders({ file, reload: count, end: () => {}, abandon: () => {} });
  t.after(() => {
    stop();
    rmSync(folder, { recursive: true });
  });
  // ELOOP: as EACCES for a folder that was closed, which a test of root's would not meet.
  rmSync(file);
  symlinkSync(file, file);
  t.mock.timers.tick(2000);
  t.mock.timers.tick(2000);
  assert.equal(reloads, 0);
  rmSync(file);
  writeFileSync(file, "ab");
  t.mock.timers.tick(2000);
  t.mock.timers.tick(2000);
  assert.equal(reloads, 1);
});

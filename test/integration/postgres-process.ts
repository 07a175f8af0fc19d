/**
 * Another process on one store: `node postgres-process.ts URL record FROM TO` records lessons by their numbers and ends when they are
 * durable; `… watch` writes a line with the entries in force for a.example each time they change, until it is ended.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openPostgresMemory } from "../../src/system/postgres-memory.ts";
import { pairKeyOf } from "../../src/verdict/overrides/pair-keys.ts";
import { pairEntry } from "../memory/store-suite-entries.ts";
import { numberedLesson } from "./numbered-lesson.ts";

const [, , url = "", what = "", from = "0", to = "0"] = process.argv;
const memory = await openPostgresMemory(url);
if (what === "record") {
  for (let i = Number(from); i < Number(to); i += 1) {
    memory.record(numberedLesson(i));
    if (i % 20 === 0) await sleep(1);
  }
  await memory.flush();
  await memory.close();
  process.exit(0);
}
const pairKeys = [pairKeyOf(pairEntry("a.example, x.example").entry)];
for (let last = ""; ; await sleep(20)) {
  const found = await memory.entries({ tenant: "", pairKeys, listKeys: [] });
  const now = found.status === "known" ? `${found.pairs.length} ${found.staleSince === null ? "now" : "stale"}` : found.status;
  if (now !== last) writeSync(1, `${now}\n`);
  last = now;
}

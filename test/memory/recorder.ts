/**
 * The process that gets killed: `node test/memory/recorder.ts PATH RUN SEED`, or a URL of PostgreSQL. Opens the store, records events in bursts of 1 to 40, and
 * writes the number of events that flush() has acknowledged, a line each. Some acknowledgments come late: a line "late" is written and
 * some time goes by before the number. Now and then it closes the store and opens it again, without waiting and with events that nobody
 * has flushed. Never ends by itself.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openPostgresMemory } from "../../src/system/postgres-memory.ts";
import { openSqliteMemory } from "../../src/system/sqlite-memory.ts";
import { recordEvent, seeded } from "./recording.ts";

const [, , path = "", run = "", seed = ""] = process.argv;
const random = seeded(Number(seed));
const open = () => (path.startsWith("postgres:") ? openPostgresMemory(path) : openSqliteMemory(path));
let memory = await open();
writeSync(1, "0\n");
for (let event = 0; ; ) {
  for (let more = 1 + Math.floor(random() * 40); more > 0; more -= 1) {
    recordEvent(memory, Number(run), event);
    event += 1;
  }
  const chance = random();
  if (chance < 0.1) {
    await memory.close();
    writeSync(1, `${event}\n`);
    memory = await open();
  } else if (chance < 0.8) {
    await memory.flush();
    if (random() < 0.3) {
      writeSync(1, "late\n");
      await sleep(10);
    }
    writeSync(1, `${event}\n`);
  }
}

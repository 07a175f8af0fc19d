/**
 * The process that gets killed while it changes entries: `node test/memory/entry-recorder.ts PATH SEED`, or a URL of PostgreSQL. It makes, changes, removes and
 * undoes, while messages record sightings and matches through the writer, and writes a line for each change that was acknowledged: its
 * number and the id. Never ends by itself.
 */
import { writeSync } from "node:fs";
import { memoryUrl } from "../../src/config/values.ts";
import { openStore, openStoreEntries } from "../../src/system/open-store.ts";
import { seeded } from "./recording.ts";
import { authorIn, pairEntry, sighting, today } from "./store-suite-entries.ts";

const [, , path = "", seed = ""] = process.argv;
const random = seeded(Number(seed));
const url = memoryUrl(path) ?? { kind: "sqlite", path };
const memory = await openStore(url, {});
const book = await openStoreEntries(url);
const author = authorIn("");
const ids: string[] = [];
writeSync(1, "open\n");
for (let step = 0; ; step += 1) {
  memory.recordSighting(sighting({ domain: `d${step % 5}.example` }));
  memory.recordMatched({ tenant: "", day: today + step, entries: ids.slice(-3) });
  const result = await next(step);
  if (result.status !== "done") continue;
  const { change } = result;
  if (change.before === null && change.after !== null) ids.push(change.after.entry.id);
  writeSync(1, `${change.number} ${(change.after ?? change.before)?.entry.id}\n`);
}

function next(step: number) {
  const id = ids[Math.floor(random() * ids.length)] ?? "";
  const chance = random();
  // Names of a run of its own: runs follow one another on the same store.
  const wish = pairEntry(`a${seed}-${step}.example, x.example`);
  if (chance < 0.5 || id === "") return book.make(wish, author);
  if (chance < 0.7) return book.change({ shape: "pair", entry: { ...wish.entry, id, note: `step ${step}` } }, author);
  if (chance < 0.85) return book.remove(id, author);
  return book.undo(1 + Math.floor(random() * (ids.length + 1)), author);
}

/**
 * The ```console samples of docs/replay.md: runs them in a folder of their own, with two configurations and a store whose journal holds eight
 * days of the examples, and rewrites the page with what they print now: `node scripts/journal-samples.ts`. Days are told as if today were
 * 2026-11-22, times as 10:00. A test compares.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Decision } from "../src/memory/journal.ts";
import { openSqliteJournal } from "../src/system/sqlite-journal-file.ts";
import { openSqliteMemory } from "../src/system/sqlite-memory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = new URL("../docs/replay.md", import.meta.url);
const sample = /```console\n\$ (.+)\n([\s\S]*?)```/g;
const dayMs = 86_400_000;
const toldDay = Date.parse("2026-11-22T00:00:00Z") / dayMs;

export type Sample = { readonly command: string; readonly printed: string };

export function samples(): readonly Sample[] {
  return [...readFileSync(page, "utf8").matchAll(sample)].map(([, command = "", printed = ""]) => ({ command, printed }));
}

/** What each command prints, one after the other on one store. */
export async function runSamples(commands: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "assay-samples-"));
  try {
    for (const [name, text] of Object.entries(configurations())) writeFileSync(join(folder, name), text);
    symlinkSync(join(root, "examples"), join(folder, "examples"));
    told("assay check --config assay.toml --zone examples/zone.yaml --rcpt-to ben@fabrikam.com examples/mail", folder);
    await onEarlierDays(join(folder, "assay.db"));
    return commands.map((command) => told(command, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files as the page shows them: a TOML block behind a line that ends in `NAME.toml`:. */
function configurations(): Readonly<Record<string, string>> {
  const blocks = readFileSync(page, "utf8").matchAll(/`(\w+\.toml)`:\n+```toml\n([\s\S]*?)```/g);
  return Object.fromEntries([...blocks].map(([, name = "", text = ""]) => [name, text]));
}

/** The same mail on each of the eight days before. */
async function onEarlierDays(path: string): Promise<void> {
  const journal = openSqliteJournal(path, "read");
  const today: Decision[] = [];
  for await (const one of journal.read({ since: 0 })) if (!("unreadable" in one)) today.push(one);
  await journal.close();
  const memory = await openSqliteMemory(path);
  for (const decision of today) {
    for (let day = 1; day <= 8; day += 1) {
      const { id, at } = decision.inspection;
      // A reply holds the id too.
      const other = `${id.slice(0, -2)}x${day}`;
      const earlier: Decision = JSON.parse(JSON.stringify(decision).replaceAll(id, other));
      const then = new Date(Date.parse(at) - day * dayMs).toISOString();
      memory.recordDecision({ ...earlier, inspection: { ...earlier.inspection, at: then } });
    }
  }
  await memory.flush();
  await memory.close();
}

function told(command: string, folder: string): string {
  const script = `assay() { "$NODE" --import "$ROOT/test/no-dns.ts" "$ROOT/src/main.ts" "$@"; }\n{ ${command}\n} 2>&1`;
  const env = { ...process.env, NODE: process.execPath, ROOT: root };
  const { stdout } = spawnSync("sh", ["-c", script], { cwd: folder, encoding: "utf8", env });
  return stdout.replace(/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b/g, toldDate).replace(/(2026-11-[0-9]{2}) [0-9]{2}:[0-9]{2}\b/g, "$1 10:00");
}

/** As if today were 2026-11-22. */
function toldDate(text: string): string {
  const today = Math.floor(Date.now() / dayMs);
  const day = Date.parse(`${text}T00:00:00Z`) / dayMs;
  return Math.abs(day - today) > 400 ? text : new Date((day - today + toldDay) * dayMs).toISOString().slice(0, 10);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, "utf8");
  const printed = [...(await runSamples(samples().map(({ command }) => command)))];
  writeFileSync(
    page,
    text.replace(sample, (_, command: string) => `\`\`\`console\n$ ${command}\n${printed.shift() ?? ""}\`\`\``),
  );
}

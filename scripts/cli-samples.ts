/**
 * The ```console samples of docs/cli.md: runs them, and rewrites the page with what they print now: `node scripts/cli-samples.ts`.
 * Times are written as 0 ms. Keys and signatures, which are made anew with the examples, are written as […]. A test compares.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = new URL("../docs/cli.md", import.meta.url);
const sample = /```console\n\$ (.+)\n([\s\S]*?)```/g;

export type Sample = { readonly command: string; readonly printed: string };

export function samples(): readonly Sample[] {
  return [...readFileSync(page, "utf8").matchAll(sample)].map(([, command = "", printed = ""]) => ({ command, printed }));
}

/** What a sample prints now, in the form of the page. `assay` is this checkout; stderr goes where stdout goes, as on a terminal. */
export function runSample(command: string): string {
  const script = `assay() { "$NODE" --import ./test/no-dns.ts src/main.ts "$@"; }\n{ ${command}\n} 2>&1`;
  const { stdout } = spawnSync("sh", ["-c", script], { cwd: root, encoding: "utf8", env: { ...process.env, NODE: process.execPath } });
  return stdout
    .replace(/\b\d+ ms\b/g, "0 ms")
    .replace(/\bp=[A-Za-z0-9+/=]{20,}[…"]*/g, "p=[…]")
    .replace(/\bb=[A-Za-z0-9+/]{8}$/gm, "b=[…]");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, "utf8");
  writeFileSync(
    page,
    text.replace(sample, (_, command: string) => `\`\`\`console\n$ ${command}\n${runSample(command)}\`\`\``),
  );
}

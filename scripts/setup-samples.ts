/**
 * The ```console samples of the pages on mail servers: runs them in examples/setup, whose etc/ stands for the machine's /etc, and rewrites the
 * pages with what they print now: `node scripts/setup-samples.ts`. What `assay init` writes goes to a folder of its own. A test compares.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = ["setup", "postfix", "sendmail", "exim", "dovecot"] as const;
const sample = /```console\n\$ (.+)\n([\s\S]*?)```/g;

export type Sample = { readonly page: string; readonly command: string; readonly printed: string };

export function samples(): readonly Sample[] {
  return pages.flatMap((page) => [...text(page).matchAll(sample)].map(([, command = "", printed = ""]) => ({ page, command, printed })));
}

/** What a sample prints now. */
export function runSample(command: string): string {
  const folder = mkdtempSync(join(tmpdir(), "assay-samples-"));
  const here = join(root, "examples", "setup");
  const etc = join(here, "etc");
  const script = `assay() { case $1 in setup) set -- "$@" --etc "$ETC" ;; esac; "$NODE" --import "$ROOT/test/no-dns.ts" "$ROOT/src/main.ts" "$@"; }
{ ${command.replaceAll("/srv/assay", '"$FOLDER"')}
} 2>&1`;
  const env = { ...process.env, NODE: process.execPath, ROOT: root, ETC: etc, FOLDER: folder };
  const { stdout } = spawnSync("sh", ["-c", script], { cwd: here, encoding: "utf8", env });
  rmSync(folder, { recursive: true, force: true });
  return stdout.replaceAll(folder, "/srv/assay").replaceAll(etc, "/etc").replaceAll("postfix -c /etc/postfix ", "postfix ");
}

function text(page: string): string {
  return readFileSync(join(root, "docs", `${page}.md`), "utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of pages) {
    const written = text(page).replace(sample, (_, command: string) => `\`\`\`console\n$ ${command}\n${runSample(command)}\`\`\``);
    writeFileSync(join(root, "docs", `${page}.md`), written);
  }
}

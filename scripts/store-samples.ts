/**
 * The ```console samples of docs/spoof-intelligence.md: runs them in order, in a folder of their own with a configuration and a store that
 * has seen some mail, and rewrites the page with what they print now: `node scripts/store-samples.ts`. Days are told as if today were
 * 2026-11-22, times as 10:00, and the login as ada. A test compares.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sighting } from "../src/memory/sightings.ts";
import { openSqliteMemory } from "../src/system/sqlite-memory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = new URL("../docs/spoof-intelligence.md", import.meta.url);
const sample = /```console\n\$ (.+)\n([\s\S]*?)```/g;
const dayMs = 86_400_000;
const toldDay = Date.parse("2026-11-22T00:00:00Z") / dayMs;
const today = Math.floor(Date.now() / dayMs);

export type Sample = { readonly command: string; readonly printed: string };

export function samples(): readonly Sample[] {
  return [...readFileSync(page, "utf8").matchAll(sample)].map(([, command = "", printed = ""]) => ({ command, printed }));
}

/** What each command prints, one after the other on one store. */
export async function runSamples(commands: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "assay-samples-"));
  try {
    writeFileSync(join(folder, "assay.toml"), '[memory]\nurl = "sqlite:assay.db"\n[[domains]]\nname = "fabrikam.com"\n');
    await seen(join(folder, "assay.db"));
    return commands.map((command) => told(command, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function told(command: string, folder: string): string {
  const script = `assay() { "$NODE" --import "$ROOT/test/no-dns.ts" "$ROOT/src/main.ts" "$@"; }\n{ ${command}\n} 2>&1`;
  const env = { ...process.env, NODE: process.execPath, ROOT: root };
  const { stdout } = spawnSync("sh", ["-c", script], { cwd: folder, encoding: "utf8", env });
  return stdout
    .replace(/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b/g, toldDate)
    .replace(/(2026-11-22) [0-9]{2}:[0-9]{2}\b/g, "$1 10:00")
    .replaceAll(` ${userInfo().username} `, " ada ".padEnd(userInfo().username.length + 2))
    .replaceAll(`${userInfo().username}, 20`, "ada, 20")
    .replaceAll(`by ${userInfo().username}\n`, "by ada\n");
}

/** As if today were 2026-11-22. */
function toldDate(text: string): string {
  const day = Date.parse(`${text}T00:00:00Z`) / dayMs;
  return Math.abs(day - today) > 400 ? text : new Date((day - today + toldDay) * dayMs).toISOString().slice(0, 10);
}

async function seen(path: string): Promise<void> {
  const memory = await openSqliteMemory(path);
  for (const [count, daysAgo, sighting] of traffic)
    for (let i = 0; i < count; i += 1) {
      const at = new Date((today - daysAgo) * dayMs + i * 60_000).toISOString();
      const { messageId, inspection, ...sample } = sighting.sample;
      const sampled = { ...sample, at, messageId: messageId?.replace("<", `<${i}.`) ?? null, inspection: `${inspection}${i}` };
      memory.recordSighting({ ...sighting, day: today - daysAgo, sample: sampled });
    }
  await memory.flush();
  await memory.close();
}

const common = {
  tenant: "",
  day: today,
  confirmed: true,
  spoof: "external",
  compauth: "fail",
  standing: "unknown",
  action: "deliver",
  withheld: true,
  entry: null,
  recipients: ["ada@fabrikam.com"],
} satisfies Partial<Sighting>;

const newsletter: Sighting = {
  ...common,
  ...{ user: "news@contoso.com", domain: "contoso.com", infrastructure: "mailer.example", by: "dkim", shared: false, warning: null },
  ...{ allowable: "dkim:mailer.example", reason: "001", standing: "good" },
  sample: {
    ...{ inspection: "8c1d5e0a", at: "", messageId: "<421@mailer.example>", mailFrom: "bounce@mailer.example" },
    ip: "192.0.2.25",
    explanation: "Nobody vouches for this sender. Nothing that passed belongs to contoso.com.",
  },
};

const forged: Sighting = {
  ...common,
  ...{ user: "ceo@fabrikam.com", domain: "fabrikam.com", infrastructure: "evil.example", by: "ptr", shared: false, warning: null },
  ...{ allowable: "evil.example", reason: "601", spoof: "internal", standing: "suspicious", action: "junk" },
  sample: { ...newsletter.sample, inspection: "77f0a3b9", ip: "198.51.100.7", mailFrom: "bob@evil.example", messageId: "<9@evil.example>" },
};

const tenantOfMicrosoft: Sighting = {
  ...common,
  ...{ user: "billing@adatum.example", domain: "adatum.example", infrastructure: "outlook.com", by: "ptr", shared: true, reason: "001" },
  warning: "outlook.com is shared: many organizations share it: hosts below outlook.com belong to Microsoft 365 and Outlook.com",
  allowable: null,
  sample: {
    ...newsletter.sample,
    inspection: "13be22c4",
    ip: "131.107.18.4",
    mailFrom: "billing@adatum.example",
    messageId: "<5@adatum.example>",
  },
};

/** So many messages, so many days ago. */
const traffic: readonly (readonly [count: number, daysAgo: number, sighting: Sighting])[] = [
  [40, 6, newsletter],
  [38, 1, newsletter],
  [3, 20, forged],
  [5, 0, forged],
  [2, 3, tenantOfMicrosoft],
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, "utf8");
  const printed = [...(await runSamples(samples().map(({ command }) => command)))];
  writeFileSync(
    page,
    text.replace(sample, (_, command: string) => `\`\`\`console\n$ ${command}\n${printed.shift() ?? ""}\`\`\``),
  );
}

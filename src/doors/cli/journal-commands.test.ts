/** `assay replay`, `readiness` and `db erase` through run(), on a store of their own. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { changedBody, dmarcFail, established, historyOf } from "../../../test/decision-case.ts";
import { judgedDecision, seriesStart, trafficNumber } from "../../../test/decisions.ts";
import { loadConfig } from "../../config/load.ts";
import { judgePolicyOf } from "../../gateway/judge-policy.ts";
import type { Decision } from "../../memory/journal.ts";
import { StoreFault } from "../../memory/store-fault.ts";
import { openSqliteJournal } from "../../system/sqlite-journal-file.ts";
import { openSqliteMemory } from "../../system/sqlite-memory.ts";
import { readMoment } from "./journal-options.ts";
import type { Ports, Settings } from "./ports.ts";
import { run } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-replay-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const day = 86_400_000;
const now = seriesStart + 8 * day;
const observe = "[policy]\nmode = 'observe'\n";
const enforce = "[policy]\nmode = 'enforce'\n";
let stores = 0;

/** A store with these decisions, and the command line; files of the configuration by their text. */
async function installation(decisions: readonly Decision[], files: Readonly<Record<string, string>> = {}) {
  stores += 1;
  const path = join(folder, `${stores}.db`);
  const memory = await openSqliteMemory(path);
  for (const decision of decisions) memory.recordDecision(decision);
  await memory.flush();
  await memory.close();
  const texts: Readonly<Record<string, string>> = { "assay.toml": observe, "new.toml": enforce, ...files };
  const loadSettings = async (file: string): Promise<Settings> => {
    const loaded = loadConfig(Buffer.from(texts[file] ?? ""));
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const memoryUrl =
      file === "nowhere.toml" ? null : ({ kind: "sqlite", path: file === "gone.toml" ? join(folder, "gone", "x") : path } as const);
    const rest = { policyVersion: "", authservId: "mx.example", dnsServers: [], trustNetworks: [], acceptedDomains: [], journal: null };
    return { policy: judgePolicyOf(loaded.config), memory: memoryUrl, ...rest };
  };
  return async (...args: readonly string[]) => {
    const written = { out: "", err: "" };
    const output = (name: "out" | "err") => ({
      isTerminal: false,
      colour: false,
      write: (text: string) => {
        written[name] += text;
        return Promise.resolve(true);
      },
    });
    const ports = {
      ...{ out: output("out"), err: output("err"), clock: () => now, loadSettings },
      openJournal: async (url, purpose) => openSqliteJournal(url.kind === "sqlite" ? url.path : "", purpose),
    } as Partial<Ports> as Ports; // the rest is not for the journal
    return { status: await run(args, ports), ...written };
  };
}

const knowing = historyOf({ from: established(), contact: { wroteTo: 3, heardFrom: 0, firstDay: 20_000 } });
const forwarded = { dmarc: dmarcFail("quarantine"), dkim: [changedBody], history: knowing };
const policy = judgePolicyOf(config(observe));

function config(text: string) {
  const loaded = loadConfig(Buffer.from(text));
  return loaded.ok ? loaded.config : assert.fail("not a configuration");
}

/** Two days: ordinary mail of which one in forty would be moved or refused. */
const week = [
  ...Array.from({ length: 60 }, (_, n) => trafficNumber(n, { policy, at: seriesStart + day + n * 60_000 })),
  ...[61, 62].map((n) => judgedDecision(n, forwarded, { policy, at: now - day - n * 60_000 })),
];

test("replay under the same policy: all agree to the last field, exit status 0", async () => {
  const assay = await installation(week);
  const { status, out } = await assay("replay", "--policy", "assay.toml");
  assert.match(
    out,
    /^62 decisions of 2026-01-11 to 2026-01-18, decided again under assay\.toml\n +62 {2}agree to the last field\n +0 {2}would flip\n$/,
  );
  assert.equal(status, 0);
});

test("replay under another policy: by rule, by sender, with samples, exit status 1", async () => {
  const assay = await installation(week);
  const { status, out } = await assay("replay", "--policy", "new.toml", "--config", "assay.toml", "--since", "3d", "--until", "1h");
  assert.equal(status, 1);
  assert.match(out, /^2 decisions/);
  assert.match(out, /By rule\n +2 {2}fail 000, junk \(observed\) → junk\n/);
  assert.match(out, /By sender\n +2 {2}contoso\.com {3}via 198\.51\.100\.0\/24 {3}fail 000, junk \(observed\) → junk\n/);
  assert.match(out, /2026-01-16 \d\d:\d\d .*MAIL FROM <ada@contoso\.com>/);
});

test("replay --json: one object", async () => {
  const assay = await installation(week);
  const { out } = await assay("replay", "--policy", "new.toml", "--config", "assay.toml", "--since", "2026-01-16", "--json");
  const { since, decisions, flipped, identical, rules, senders } = JSON.parse(out);
  assert.deepEqual([since, decisions, flipped, identical], ["2026-01-16T00:00:00.000Z", 2, 2, 0]);
  assert.deepEqual(rules, [
    { before: { verdict: "fail 000", action: "junk (observed)" }, after: { verdict: "fail 000", action: "junk" }, messages: 2 },
  ]);
  assert.equal(senders[0].samples.length, 2);
});

test("what cannot be decided again is counted with why", async () => {
  const assay = await installation(week, { "new.toml": "[[rules]]\nname = 'r'\ntext = 'when header x-new exists then junk'\n" });
  const { out, status } = await assay("replay", "--policy", "new.toml");
  assert.match(out, /62 {2}cannot be decided again: a rule asks for a header field that was not looked at then/);
  assert.equal(status, 0);
});

test("readiness: the rules that are ready, whom to allow first, by which command", async () => {
  const assay = await installation(week);
  const { out, status } = await assay("readiness", "--config", "assay.toml", "--days", "7");
  assert.equal(status, 0);
  assert.match(out, /^62 messages of the last 7 days; each rule by itself, the others observed\n\n/);
  assert.match(out, /ipv6 +ready +would have done nothing/);
  assert.match(out, /dmarc_quarantine +fix first +would have moved to junk 5 to \d recipients; senders: 4 that look legitimate/);
  assert.match(
    out,
    /2 {2}contoso\.com {3}via 198\.51\.100\.0\/24 {3}fail 000 to 1 recipient\n +looks legitimate: .*your people write to this domain/,
  );
  assert.match(out, /allow it here: assay allow contoso\.com 198\.51\.100\.0\/24 --config assay\.toml/);
  assert.match(out, /\[policy\.enforce\]\n +ipv6 = true\n/);
  assert.doesNotMatch(out, /dmarc_quarantine = true/);
});

test("readiness with a journal that is shorter says so, and calls nothing ready", async () => {
  const assay = await installation(week.slice(60));
  const { out } = await assay("readiness", "--config", "assay.toml", "--days", "30");
  assert.match(out, /The journal has 1 days? of these 30: what is not hit yet may be hit still|The journal has 1(\.\d)? days of these 30/);
  assert.match(out, /ipv6 +too early/);
  assert.doesNotMatch(out, /= true/);
  const json = JSON.parse((await assay("readiness", "--config", "assay.toml", "--days", "30", "--json")).out);
  assert.deepEqual([json.early, json.decisions, json.rules.length], [true, 2, 10]);
});

test("an empty journal is said to be empty", async () => {
  const assay = await installation([]);
  assert.match((await assay("readiness", "--config", "assay.toml")).out, /^The journal has no decisions of the last 7 days\.\n/);
  assert.match((await assay("replay", "--policy", "assay.toml")).out, /^The journal has no decisions/);
});

test("a rule that acts already is said to act", async () => {
  const assay = await installation(week, { "assay.toml": "[policy]\nenforce = { dmarc_quarantine = true }\n" });
  assert.match((await assay("readiness", "--config", "assay.toml")).out, /dmarc_quarantine +acts/);
});

test("db erase takes an address out", async () => {
  const assay = await installation(week);
  const { out } = await assay("db", "erase", "ben@fabrikam.com", "--config", "assay.toml");
  assert.equal(out, "2 decisions that named ben@fabrikam.com are erased\n");
  assert.match((await assay("replay", "--policy", "assay.toml")).out, /^60 decisions/);
});

test("wrong use, no store, and a store that cannot be used", async () => {
  const assay = await installation([]);
  assert.deepEqual(pick(await assay("replay", "--policy", "assay.toml", "--since", "soon")), [2, "--since wants a time back"]);
  assert.deepEqual(pick(await assay("replay", "--policy", "assay.toml", "--since", "1d", "--until", "2d")), [
    2,
    "--until is a moment after --since",
  ]);
  assert.deepEqual(pick(await assay("replay", "--policy", "assay.toml", "--tenant", "x")), [
    2,
    "--tenant: the configuration has no tenant",
  ]);
  assert.deepEqual(pick(await assay("replay", "--policy", "nowhere.toml")), [2, "nowhere.toml: memory.url is not set"]);
  assert.deepEqual(pick(await assay("readiness")), [2, "name the store: --config FILE"]);
  assert.deepEqual(pick(await assay("db", "erase", "ben", "--config", "assay.toml")), [2, "an address, such as"]);
  const { status, err } = await assay("readiness", "--config", "gone.toml");
  assert.equal(status, 3, err);
  assert.ok(!err.includes(StoreFault.name));
});

function pick({ status, err }: { readonly status: number; readonly err: string }): readonly [number, string] {
  const said = err.replace(/^assay: /, "");
  const known = ["--since wants a time back", "--until is a moment after --since", "--tenant: the configuration has no tenant"];
  const more = ["nowhere.toml: memory.url is not set", "name the store: --config FILE", "an address, such as"];
  return [status, [...known, ...more].find((text) => said.startsWith(text)) ?? said];
}

test("moments", () => {
  assert.equal(readMoment("--since", "12h", now), now - day / 2);
  assert.equal(readMoment("--since", "2w", now), now - 14 * day);
  assert.equal(readMoment("--since", "2026-01-31T08:00:00Z", now), Date.UTC(2026, 0, 31, 8));
  for (const text of ["", "d", "2026-13-01", "-1d", "7 days"]) assert.throws(() => readMoment("--since", text, now));
});

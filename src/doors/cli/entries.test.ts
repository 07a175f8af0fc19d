/** `assay allow`, `block`, `senders` and `pairs` through run(), on a store of their own. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inCoreMemory } from "../../memory/in-core.ts";
import type { Sighting } from "../../memory/sightings.ts";
import { StoreFault } from "../../memory/store-fault.ts";
import { openSqliteEntryBook } from "../../system/sqlite-entry-book.ts";
import { openSqliteInsight } from "../../system/sqlite-insight.ts";
import { openSqliteMemory } from "../../system/sqlite-memory.ts";
import type { Policy } from "../../verdict/policy.ts";
import type { Ports } from "./ports.ts";
import { run as runLine } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-entries-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const now = Date.parse("2026-11-22T10:00:00Z");
const today = now / 86_400_000 - (now % 86_400_000) / 86_400_000;
let stores = 0;

/** A store of its own, and the command line on it. */
function installation(policy: Policy = { mode: "enforce" }, history?: (value: string) => number) {
  stores += 1;
  const path = join(folder, `${stores}.db`);
  const url = { kind: "sqlite", path } as const;
  const settings = {
    ...{ policy, policyVersion: "", authservId: "mx.fabrikam.com", dnsServers: [], trustNetworks: [], acceptedDomains: [] },
    ...{ memory: url, journal: null },
  };
  const assay = async (...args: readonly string[]) => {
    const written = { out: "", err: "" };
    const output = (name: "out" | "err") => ({
      isTerminal: false,
      colour: false,
      write: (text: string) => {
        written[name] += text;
        return Promise.resolve(true);
      },
    });
    const unused = (): never => {
      throw new Error("not for entries");
    };
    const ports = {
      ...{ out: output("out"), err: output("err"), stdin: unused, stdinIsTerminal: false, clock: () => now, random: unused },
      ...{ hostName: () => "localhost", openResolver: unused, loadSettings: () => Promise.resolve(settings), startWorker: unused },
      ...{ openLearning: unused, openMaintenance: unused, openJournal: unused },
      openMemory: async () => {
        const memory = inCoreMemory();
        if (history === undefined) return memory;
        return {
          ...memory,
          history: async (question) => {
            const known = memory.recall(question);
            return { ...known, tokens: known.tokens.map((token) => ({ ...token, organizations: history(token.value) })) };
          },
        };
      },
      openEntries: async () => openSqliteEntryBook(path),
      openInsight: async () => openSqliteInsight(path),
      userName: () => "ada",
    } as Partial<Ports> as Ports; // the rest is not for entries
    const status = await runLine([...args, "--config", "assay.toml"], ports);
    return { status, ...written };
  };
  const see = async (list: readonly Partial<Sighting>[]): Promise<void> => {
    const memory = await openSqliteMemory(path);
    for (const given of list) memory.recordSighting({ ...seen, ...given });
    await memory.flush();
    await memory.close();
  };
  return { assay, see, path };
}

const sample = {
  inspection: "5f1c",
  at: "2026-11-22T09:00:00Z",
  messageId: "<1@evil.example>",
  mailFrom: "bounce@evil.example",
  ip: "131.107.18.4",
  explanation: "Nothing that passed belongs to contoso.com.",
};
const seen: Sighting = {
  ...{ tenant: "", day: today, user: "ceo@contoso.com", domain: "contoso.com", infrastructure: "outlook.com", by: "ptr", confirmed: true },
  ...{ shared: true, warning: "outlook.com is shared: many organizations share it", allowable: null, spoof: "external", compauth: "fail" },
  ...{ reason: "601", standing: "unknown", action: "junk", withheld: true, entry: null, recipients: ["ben@fabrikam.com"] },
  sample,
};

test("allow: a pair as two words, as one in quotes, several at once; undone by the number that was told", async () => {
  const { assay } = installation();
  const made = await assay("allow", "contoso.com", "dkim:fabrikam.com", "--note", "newsletter", "--by", "Ben");
  assert.equal(made.status, 0, made.err);
  assert.match(
    made.out,
    /^P1 +allow contoso\.com, dkim:fabrikam\.com +ends after 90 days without a match +Ben, 2026-11-22: “newsletter”\n/,
  );
  assert.match(made.out, /to undo: assay allow --undo 1 --config assay\.toml\n$/);
  const several = await assay("allow", "contoso.com, 192.168.100.100/24", "chris@contoso.com, fabrikam.com", "--expires", "30d");
  assert.equal(several.status, 0, several.err);
  assert.match(several.out, /P2 +allow contoso\.com, 192\.168\.100\.0\/24 +ends with 2026-12-22 +ada, 2026-11-22\n/);
  assert.match(several.out, /P3 +allow chris@contoso\.com, fabrikam\.com/);
  const undone = await assay("allow", "--undo", "1");
  assert.match(
    undone.out,
    /^removed P1: allow contoso\.com, dkim:fabrikam\.com; which undoes 1 {2}\(change 4; to undo: assay pairs --undo 4/,
  );
  assert.doesNotMatch((await assay("senders")).out, /P1 /);
  assert.match((await assay("pairs", "--undo", "4")).out, /^put back P1/);
});

test("allow: what is there is left, or changed where more is said; one that has ended is made anew", async () => {
  const { assay, path } = installation();
  await assay("allow", "contoso.com", "fabrikam.com");
  assert.match((await assay("allow", "contoso.com", "fabrikam.com")).out, /is there already: nothing was changed/);
  const changed = await assay("allow", "contoso.com", "fabrikam.com", "--expires", "never", "--note", "why");
  assert.match(changed.out, /^P1 .*does not end.*“why”\n +changed; to undo: assay allow --undo 2/);
  assert.match(
    (await assay("senders", "p1")).out,
    /changed P1: allow contoso\.com, fabrikam\.com; expiry idle 90d → never; note none → “why”/,
  );
  const book = openSqliteEntryBook(path);
  const entry = await book.get("P1", "");
  assert.ok(entry?.shape === "pair");
  await book.change({ shape: "pair", entry: { ...entry.entry, expiry: { kind: "day", day: today - 1 } } }, { tenant: "", by: "x", now });
  await book.close();
  assert.match((await assay("senders")).out, /P1 .*has ended/);
  assert.match((await assay("allow", "contoso.com", "fabrikam.com")).out, /^P5 .*\n +made anew; the one before had ended/);
});

type Refused = readonly [args: readonly string[], says: RegExp, offers: string | null];
const refused: readonly Refused[] = [
  [["contoso.com", "*"], /anybody can write contoso\.com into From/, "assay allow contoso.com dkim:signer.invalid"],
  [
    ["contoso.com", "outlook.com"],
    /many organizations share it: hosts below outlook\.com belong to Microsoft/,
    "assay allow contoso.com dkim:signer.invalid",
  ],
  [["contoso.com", "co.uk"], /strangers register names below co\.uk/, "assay allow contoso.com dkim:signer.invalid"],
  [["--sender", "contoso.com", "--scope", "ipv6-gate"], /nothing waives the rules for anonymous IPv6/, null],
  [["--sender", "contoso.com", "--scope", "from-validation"], /cannot bypass from-validation/, null],
  [["--recipient", "fabrikam.com"], /name one mailbox/, null],
  [["--ip", "192.0.0.0/16"], /networks of \/24 and smaller/, null],
  [["--forwarder", "ptr:outlook.com"], /name the forwarder's DKIM domain instead/, null],
  [["--safe-sender", "ann@contoso.com"], /belongs to one mailbox: name it/, null],
];
for (const [args, says, offer] of refused) {
  test(`allow ${args.join(" ")}: refused with why, and nothing is made`, async () => {
    const { assay, path } = installation({});
    const { status, out, err } = await assay("allow", ...args);
    assert.deepEqual([status, out], [2, ""]);
    assert.match(err, says);
    assert.match(err, /Nothing was made\.\n$/);
    if (offer === null) assert.doesNotMatch(err, /safe form/);
    else assert.ok(err.includes(`    ${offer} --config assay.toml\n`), err);
    assert.equal(existsSync(path), false, "no store was made either");
  });
}

test("allow: one refused entry keeps the others from being made; with the signer that was seen in the offer", async () => {
  const { assay, see } = installation();
  await see([{ infrastructure: "mail.contoso.net", by: "dkim", warning: null, shared: false, allowable: "dkim:mail.contoso.net" }]);
  const { status, err } = await assay("allow", "a.example, b.example", "contoso.com, outlook.com");
  assert.equal(status, 2);
  assert.match(err, /The safe form:\n {4}assay allow contoso\.com dkim:mail\.contoso\.net --config assay\.toml\n/);
  assert.equal((await assay("senders")).out, "no entry\n");
});

test("allow: infrastructure that history saw with many organizations is refused", async () => {
  const { assay, see } = installation({}, (value) => (value === "many.example" ? 40 : 1));
  await see([]);
  const { status, err } = await assay("allow", "contoso.com", "many.example");
  assert.equal(status, 2);
  assert.match(err, /mail of 40 organizations was seen from many\.example/);
  assert.equal((await assay("allow", "contoso.com", "few.example")).status, 0);
  assert.equal((await assay("block", "contoso.com", "many.example")).status, 0, "a block may rest on anything");
});

test("allow: text that is no entry is told with what was wanted, and status 2", async () => {
  const { assay } = installation();
  for (const [args, says] of [
    [["contoso.com"], /a pair has two sides.*or say what contoso\.com is: --sender/],
    [[], /nothing to allow: name a pair/],
    [["*", "*"], /`\*` may stand on one side only/],
    [["contoso.com", "192.0.2.0/20"], /an IPv4 \/24 or an IPv6 \/48, not a \/20; try assay allow contoso\.com 192\.0\.2\.0\/24/],
    [["contoso.com", "131.107.18.4"], /not a \/32; try assay allow contoso\.com 131\.107\.18\.0\/24/],
    [["a.example", "b.example", "c.example"], /write one pair as two words, or several each in quotes/],
    [Array.from({ length: 21 }, (_, i) => `a${i}.example, x.example`), /at most 20 pairs at a time/],
    [["--sender", "no at all"], /--sender wants an address, a domain or \*\.domain/],
    [["a.example", "b.example", "--scope", "spoof"], /--scope is for entries of the lists/],
    [["a.example", "b.example", "--expires", "2020-01-01"], /that day is over/],
    [["a.example", "b.example", "--expires", "soon"], /--expires wants never, a day such as/],
    [["a.example", "b.example", "--undo", "3"], /--remove and --undo stand alone/],
    [["a.example", "b.example", "--by", " \n "], /--by wants a name/],
    [["a.example", "b.example", "--tenant", "x"], /the configuration names no tenants/],
  ] as const) {
    const { status, out, err } = await assay("allow", ...args);
    assert.deepEqual([status, out], [2, ""], args.join(" "));
    assert.match(err, says);
  }
});

test("block: any pair and any list, also even if authenticated; it warns where nothing is acted on yet, and where it stands against an allow", async () => {
  const { assay } = installation({ mode: "observe" });
  const blocked = await assay("block", "*", "203.0.113.0/24", "--even-if-authenticated");
  assert.equal(blocked.status, 0, blocked.err);
  assert.match(blocked.out, /^P1 +block \*, 203\.0\.113\.0\/24 +does not end/);
  assert.match(blocked.out, /acts on nothing yet: policy\.mode is "observe"/);
  assert.match((await assay("senders", "P1")).out, /also where the message authenticates/);
  const lists = await assay("block", "--sender", "*.bad.example", "--ip", "2001:db8::/32", "--domain", "spam.example");
  assert.match(lists.out, /L2 +sender block \*\.bad\.example[\s\S]*L3 +ip-block block 2001:db8::\/32[\s\S]*L4 +domain block spam\.example/);
  await assay("block", "contoso.com", "outlook.com");
  await assay("block", "contoso.com", "dkim:x.example");
  const allowed = await assay("allow", "contoso.com", "dkim:x.example");
  assert.match(allowed.out, /P6 blocks the same pair, and a block wins; to remove it: assay block --remove P6 --config assay\.toml/);
});

test("profile consumer: nothing that accepts is made, and one that is there is not in force; blocks are", async () => {
  const { assay, path } = installation({ profile: "consumer", mode: "enforce" });
  for (const args of [
    ["contoso.com", "dkim:fabrikam.com"],
    ["--sender", "ann@contoso.com"],
    ["--ip", "192.0.2.1"],
  ]) {
    const { status, err } = await assay("allow", ...args);
    assert.equal(status, 2);
    assert.match(err, /profile consumer has no entry that would accept/);
  }
  assert.equal((await assay("block", "contoso.com", "*")).status, 0);
  const book = openSqliteEntryBook(path);
  const blocked = await book.get("P1", "");
  assert.ok(blocked?.shape === "pair");
  const user = { kind: "domain", domain: "other.example" } as const;
  await book.make({ shape: "pair", entry: { ...blocked.entry, id: "", user, action: "allow" } }, { tenant: "", by: "x", now });
  await book.close();
  assert.match((await assay("senders")).out, /^P2 .*not in force: profile consumer[\s\S]*P1 .*does not end/);
});

test("lists: safe senders and forwarders with whom they are for, scopes, and what each bypasses", async () => {
  const { assay } = installation();
  const safe = await assay("allow", "--safe-sender", "ann@contoso.com", "--for", "ben@fabrikam.com");
  assert.match(safe.out, /L1 +safe-sender allow ann@contoso\.com for ben@fabrikam\.com/);
  await assay("allow", "--forwarder", "dkim:lists.example");
  await assay("allow", "--ip", "192.0.2.7", "--scope", "from-validation");
  await assay("allow", "--sender", "contoso.com");
  assert.match((await assay("senders", "L3")).out, /rule +bypasses from-validation\n/);
  assert.match((await assay("senders", "L4")).out, /only where the message authenticates as the From domain/);
});

test("senders: by text, shape and action; an id in full with its history; JSON; one that is not there", async () => {
  const { assay } = installation();
  await assay("allow", "contoso.com", "dkim:fabrikam.com");
  await assay("block", "contoso.com", "evil.example");
  await assay("block", "--sender", "other.example");
  const ids = (text: string): readonly string[] => [...text.matchAll(/^([PL][0-9]+) /gm)].map(([, id = ""]) => id);
  assert.deepEqual(ids((await assay("senders")).out), ["L3", "P2", "P1"]);
  assert.deepEqual(ids((await assay("senders", "CONTOSO")).out), ["P2", "P1"]);
  assert.deepEqual(ids((await assay("senders", "--blocked")).out), ["L3", "P2"]);
  assert.deepEqual(ids((await assay("senders", "--lists")).out), ["L3"]);
  assert.deepEqual(ids((await assay("senders", "--limit", "1")).out), ["L3"]);
  const lines = (await assay("senders", "--json", "--pairs")).out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ shape, entry }) => [shape, entry.id, entry.action]),
    [
      ["pair", "P2", "block"],
      ["pair", "P1", "allow"],
    ],
  );
  assert.match(
    (await assay("senders", "p2")).out,
    /^P2 {2}block contoso\.com, evil\.example\n[\s\S]*What was done to it:\n +2 {2}2026-11-22 10:00 {2}ada +made P2/,
  );
  const missing = await assay("senders", "P99");
  assert.deepEqual([missing.status, missing.out], [2, ""]);
  assert.match(missing.err, /there is no entry P99/);
});

test("--remove and --changes on every command; what cannot be undone is told", async () => {
  const { assay } = installation();
  await assay("allow", "contoso.com", "dkim:fabrikam.com");
  await assay("block", "contoso.com", "evil.example");
  const removed = await assay("block", "--remove", "p2", "--remove", "P77", "--by", "Ben");
  assert.equal(removed.status, 2);
  assert.match(removed.out, /^removed P2: block contoso\.com, evil\.example/);
  assert.match(removed.err, /there is no entry P77/);
  const log = await assay("pairs", "--changes");
  assert.deepEqual(
    log.out.split("\n").map((line) => line.trim().slice(0, 24)),
    ["3  2026-11-22 10:00  Ben", "2  2026-11-22 10:00  ada", "1  2026-11-22 10:00  ada", ""],
  );
  assert.match((await assay("pairs", "--changes", "p1")).out, /^ +1 .*made P1[^\n]*\n$/);
  assert.match((await assay("senders", "--changes")).out, /removed P2/);
  const again = await assay("pairs", "--undo", "2");
  assert.equal(again.status, 2);
  assert.match(again.err, /changed since: undo the later changes first/);
  assert.match((await assay("senders", "--undo", "9")).err, /there is no change 9/);
  const [change] = (await assay("pairs", "--changes", "--json", "--limit", "1")).out.split("\n");
  assert.equal(JSON.parse(change ?? "").by, "Ben");
});

test("--dry-run says what would be made and makes nothing, not even a store", async () => {
  const { assay, path } = installation();
  const { status, out } = await assay("allow", "contoso.com", "dkim:fabrikam.com", "--dry-run");
  assert.deepEqual(
    [status, out],
    [0, "would allow contoso.com, dkim:fabrikam.com: ends after 90 days without a match; nothing was made (--dry-run)\n"],
  );
  assert.equal(existsSync(path), false);
});

test("pairs: the queue over 7 and 30 days; 131.107.18.4 shows as outlook.com, with the warning that it is shared", async () => {
  const { assay, see } = installation();
  await see([
    {},
    { day: today - 20 },
    { domain: "fabrikam.com", infrastructure: "evil.example", shared: false, warning: null, allowable: "evil.example", spoof: "internal" },
    {
      domain: "adatum.example",
      infrastructure: "x.example",
      warning: null,
      action: "deliver",
      entry: { id: "P1", by: "ada", action: "allow" },
    },
  ]);
  const week = await assay("pairs");
  assert.equal(week.status, 0, week.err);
  assert.match(week.out, /^Spoof intelligence, 2026-11-16 to 2026-11-22: 3 pairs, 3 messages\n/);
  assert.match(
    week.out,
    /1 {2}contoso\.com +outlook\.com ! +external {2}2026-11-22 {2}unknown +would go to junk, by spoof intelligence\n +! outlook\.com is shared/,
  );
  assert.match(week.out, /fabrikam\.com +evil\.example +internal/);
  assert.match(week.out, /adatum\.example +x\.example +external +2026-11-22 +unknown +delivered, allowed by ada \(P1\)/);
  assert.match((await assay("pairs", "--days", "30")).out, /2026-10-24 to 2026-11-22: 3 pairs, 4 messages\n[^\n]*\n +2 {2}contoso\.com/);
  assert.match((await assay("pairs", "--what-if")).out, /^What if: what would have been acted on, .*: 2 pairs, 2 messages\nWOULD ACT/);
  assert.doesNotMatch((await assay("pairs", "--undecided")).out, /adatum/);
  assert.match((await assay("pairs", "--domain", "ceo@contoso.com")).out, /: 1 pair, 1 message\n/);
  assert.match((await assay("pairs", "--spoof", "internal")).out, /: 1 pair, 1 message\n[^\n]*\n +1 {2}fabrikam\.com/);
  assert.match((await assay("pairs", "--standing", "blocked")).out, /: 0 pairs, 0 messages\nnobody was seen/);
  assert.match((await assay("pairs", "--limit", "1")).out, /: the first 1 pair, [\s\S]*and more pairs: --limit shows more than 1/);
  const lines = (await assay("pairs", "--json")).out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ domain }) => domain).sort(), ["adatum.example", "contoso.com", "fabrikam.com"]);
});

test("pairs --details: why, how often, sample messages and the commands that decide; nothing of a sender acts on the terminal", async () => {
  const { assay, see } = installation();
  await see([
    {
      user: "ceo@contoso.com\u001b[2J",
      domain: "evil\u202e.example",
      allowable: "dkim:x.example",
      sample: { ...sample, mailFrom: "\u0007" },
    },
  ]);
  const { out } = await assay("pairs", "--details");
  for (const text of [
    /known by +the confirmed reverse name/,
    /per day +0 0 0 0 0 0 1 {2}\(to at least 1 recipient\)/,
    /why +fail 601: Nothing that passed/,
  ])
    assert.match(out, text);
  assert.match(out, /messages +2026-11-22 09:00 {2}131\.107\.18\.4 {2}from <\\u\{7\}> {2}<1@evil\.example> {2}id 5f1c/);
  assert.match(out, /to decide +assay allow '.*' dkim:x\.example --config assay\.toml\n +assay block/);
  assert.doesNotMatch(out, /[\u001b\u0007\u202e]/);
});

test("tenants: each has its own, and with several one must be named", async () => {
  const tenants = [
    { id: "contoso", domains: ["contoso.com"] },
    { id: "fabrikam", domains: ["fabrikam.com"] },
  ];
  const { assay } = installation({ tenants });
  const unsaid = await assay("allow", "a.example", "b.example");
  assert.deepEqual([unsaid.status, unsaid.err], [2, "assay: say whose: --tenant ID (contoso, fabrikam)\n"]);
  assert.match((await assay("senders", "--tenant", "nobody")).err, /no tenant “nobody”/);
  const made = await assay("allow", "a.example", "b.example", "--tenant", "contoso");
  assert.match(made.out, /--undo 1 --config assay\.toml --tenant contoso/);
  assert.equal((await assay("senders", "--tenant", "fabrikam")).out, "no entry\n");
  assert.match((await assay("senders", "--tenant", "contoso")).out, /^P1 /);
});

test("a store that cannot be used is one line with what to do, and status 3", async () => {
  const { assay, path } = installation();
  assert.equal((await assay("pairs")).status, 3);
  writeFileSync(path, "this is no database, and longer than a header of one: ".repeat(20));
  const { status, out, err } = await assay("senders");
  assert.deepEqual([status, out], [3, ""]);
  assert.match(err, /^assay: store .*: .*\n$/);
  assert.ok(new StoreFault("corrupt", "x") instanceof Error);
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { dayOf } from "../../memory/decay.ts";
import { inCoreMemory } from "../../memory/in-core.ts";
import { type Learnable, type Learning, LearningFault } from "../../memory/learning.ts";
import type { Lesson, Sent } from "../../verdict/history.ts";
import { type LearnOptions, learn } from "./learn.ts";
import { type Ports, type Settings, UsageError } from "./ports.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-learn-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// 2025-06-10: a week after most of the mail.
const now = Date.parse("2025-06-10T12:00:00Z");
const settings: Settings = {
  ...{
    policy: {},
    policyVersion: "test",
    journal: null,
    authservId: "mx.fabrikam.com",
    dnsServers: [],
    trustNetworks: [],
    acceptedDomains: ["fabrikam.com"],
  },
  memory: { kind: "sqlite", path: "there.db" },
};

/** A store that remembers what it was taught. */
function taught(): Learning & { readonly lessons: Lesson[]; readonly sent: Sent[]; readonly order: string[] } {
  const memory = inCoreMemory();
  const known = new Set<string>();
  const lessons: Lesson[] = [];
  const sent: Sent[] = [];
  const order: string[] = [];
  const take = async (item: Learnable): Promise<void> => {
    known.add(item.id);
    order.push(item.id.split(" ", 1)[0] ?? "");
    if ("lesson" in item) {
      lessons.push(item.lesson);
      memory.record(item.lesson);
    } else {
      sent.push(item.sent);
      memory.recordSent(item.sent);
    }
  };
  return {
    ...{ lessons, sent, order, isLearnt: async (id) => known.has(id), history: async (question) => memory.recall(question) },
    ...{ learn: take, flush: async () => {}, close: async () => {} },
  };
}

async function run(paths: readonly string[], options: LearnOptions = {}, store: Learning = taught()) {
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
    throw new Error("not for learn");
  };
  const ports: Ports = {
    ...{ out: output("out"), err: output("err"), stdin: unused, stdinIsTerminal: false, clock: () => now, random: unused },
    ...{ hostName: () => "localhost", openResolver: unused, loadSettings: () => Promise.resolve(settings), startWorker: unused },
    openLearning: () => Promise.resolve(store),
    openMemory: () => Promise.reject(new Error("no store here")),
    openEntries: () => Promise.reject(new Error("no store here")),
    openInsight: () => Promise.reject(new Error("no store here")),
    openJournal: () => Promise.reject(new Error("no store here")),
    userName: () => "nobody",
    openHeld: () => {
      throw new Error("not in this test");
    },
    serve: () => {
      throw new Error("not in this test");
    },
    openMaintenance: () => {
      throw new Error("no store here");
    },
  };
  const status = await learn(paths, { config: "assay.toml", ...options }, ports);
  return { status, ...written };
}

function put(name: string, text: string | Buffer, at = "2025-06-03T08:00:00Z"): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, new Date(at), new Date(at));
  return path;
}

type Mail = { readonly id: string; readonly from?: string; readonly date?: string; readonly results?: string; readonly more?: string };

function came({ id, from = "ada@adatum.example", date = "Tue, 3 Jun 2025 08:00:00 +0000", results, more = "" }: Mail): string {
  const passed = `Authentication-Results: mx.fabrikam.com; spf=pass smtp.mailfrom=${from}; dmarc=pass header.from=${from.split("@")[1]}\n`;
  return `Return-Path: <${from}>\n${results ?? passed}Received: from mail.adatum.example (mail.adatum.example [192.0.2.25])
\tby mx.fabrikam.com (Postfix) with ESMTPS id 1 for <ben@fabrikam.com>; ${date}
From: ${from}\nTo: ben@fabrikam.com\nMessage-ID: <${id}@adatum.example>\n${more}\nFrom here on a body.\n`;
}

function went(id: string, to = "ada@adatum.example"): string {
  return `From: Ben <ben@fabrikam.com>\nTo: ${to}\nMessage-ID: <${id}@fabrikam.com>\n\nHello.\n`;
}

/** 2025-06-03 in seconds, as maildir names begin. */
const second = Date.parse("2025-06-03T08:00:00Z") / 1000;

function maildir(name: string): string {
  const base = `${name}/Maildir`;
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(folder, base, part), { recursive: true });
  for (const box of [".Sent", ".Junk"])
    for (const part of ["cur", "new", "tmp"]) mkdirSync(join(folder, base, box, part), { recursive: true });
  put(`${base}/cur/${second}.M1P1.mx:2,S`, came({ id: "1" }));
  put(`${base}/new/${second}.M2P1.mx`, came({ id: "2" }));
  put(`${base}/cur/${second}.M3P1.mx:2,S`, came({ id: "1", more: "X-Copy: yes\n" }));
  put(`${base}/tmp/${second}.M4P1.mx`, came({ id: "half" }));
  put(`${base}/cur/dovecot.index`, Buffer.from([0, 1, 2, 3]));
  // Put there on 4 June; the file was copied since.
  put(`${base}/.Sent/cur/${second + 86_400}.M5P1.mx:2,S`, went("s1"), "2025-06-09T00:00:00Z");
  put(`${base}/.Junk/cur/${second}.M6P1.mx:2,S`, came({ id: "junk" }));
  return join(folder, base);
}

test("a maildir: mail of ours first, each message once, junk and unfinished files left out", async () => {
  const store = taught();
  const { status, out, err } = await run([maildir("whole")], {}, store);
  assert.deepEqual(
    [store.order, store.lessons.map(({ kind }) => kind)],
    [
      ["out", "in", "in"],
      ["authenticated", "authenticated"],
    ],
  );
  assert.deepEqual(store.sent, [
    {
      tenant: "",
      day: dayOf(Date.parse("2025-06-04")),
      sender: "ben@fabrikam.com",
      messageId: "s1@fabrikam.com",
      recipients: ["ada@adatum.example"],
    },
  ]);
  assert.match(out, /^3 messages learnt\n {8}2 {2}came in, and our own results/);
  assert.match(out, /1 {2}were learnt before/);
  assert.match(out, /1 {2}lie in a folder of junk/);
  assert.match(err, /dovecot\.index: not one header field/);
  assert.equal(status, 2);
});

test("learning twice teaches once", async () => {
  const store = taught();
  const path = maildir("twice");
  await run([path], {}, store);
  const { out } = await run([path], {}, store);
  assert.equal(store.lessons.length + store.sent.length, 3);
  assert.match(out, /^0 messages learnt/);
});

test("mbox files, plain and compressed, and *.eml in directories; bodies with From_ lines are not messages", async () => {
  const mbox = [came({ id: "m1" }), came({ id: "m2" })]
    .map((text) => `From ada@adatum.example Tue Jun  3 08:00:00 2025\n${text.replace(/^From here/m, ">From here")}\n`)
    .join("");
  const paths = [put("mbox/inbox", mbox), put("mbox/old.gz", gzipSync(mbox.replaceAll("<m", "<z"))), join(folder, "eml")];
  put("eml/one.eml", came({ id: "e1" }));
  put("eml/sent.eml", came({ id: "e2" }));
  put("eml/notes.txt", came({ id: "e3" }));
  const store = taught();
  const { status } = await run(paths, {}, store);
  assert.deepEqual([status, store.lessons.length, store.sent.length], [0, 6, 0]);
});

test("a Sent mbox has the days of its From_ lines; --sent makes any file mail of ours", async () => {
  const mbox = `From ben@fabrikam.com Mon Jun  2 08:00:00 2025\n${went("a")}\nFrom - Thu Jun  5 08:00:00 2025\n${went("b")}\n`;
  const store = taught();
  await run([put("boxes/Sent.mbox", mbox)], { sent: [put("boxes/outgoing", mbox.replaceAll(/<([ab])@/g, "<2$1@"))] }, store);
  const days = store.sent.map(({ day }) => new Date(day * 86_400_000).toISOString().slice(0, 10));
  assert.deepEqual(days, ["2025-06-02", "2025-06-05", "2025-06-02", "2025-06-05"]);
});

test("who answers mail of ours is in correspondence", async () => {
  put("answer/Sent/1.eml", went("question"));
  put("answer/inbox/2.eml", came({ id: "reply", results: "", more: "In-Reply-To: <question@fabrikam.com>\n" }));
  const store = taught();
  await run([join(folder, "answer")], {}, store);
  assert.deepEqual(
    store.lessons.map(({ kind, answered }) => [kind, answered]),
    [["unauthenticated", true]],
  );
});

test("--since, and mail of a day to come", async () => {
  put("days/old.eml", came({ id: "d1", date: "Thu, 1 May 2025 08:00:00 +0000" }));
  put("days/new.eml", came({ id: "d2", date: "Mon, 9 Jun 2025 08:00:00 +0000" }));
  put("days/future.eml", came({ id: "d3", date: "Mon, 9 Jun 2036 08:00:00 +0000" }));
  const store = taught();
  const { out } = await run([join(folder, "days")], { sinceDays: 30 }, store);
  assert.equal(store.lessons.length, 1);
  assert.match(out, /1 {2}are older than --since/);
  assert.match(out, /1 {2}are of a day to come/);
});

const log = [
  "Jun  3 08:00:01 mx postfix/submission/smtpd[1]: 4BEEF0002: client=unknown[198.51.100.9], sasl_method=PLAIN, sasl_username=ben@fabrikam.com",
  "Jun  3 08:00:01 mx postfix/cleanup[1]: 4BEEF0002: message-id=<log1@fabrikam.com>",
  "Jun  3 08:00:01 mx postfix/qmgr[1]: 4BEEF0002: from=<ben@fabrikam.com>, size=1, nrcpt=1 (queue active)",
  "Jun  3 08:00:02 mx postfix/smtp[1]: 4BEEF0002: to=<ada@adatum.example>, relay=x[192.0.2.25]:25, dsn=2.0.0, status=sent (250 OK)",
];
const removed = "Jun  3 08:00:03 mx postfix/qmgr[1]: 4BEEF0002: removed";
const second2 = [
  "Jun  4 08:00:01 mx postfix/smtpd[1]: 4BEEF0003: client=mail.adatum.example[192.0.2.25]",
  "Jun  4 08:00:01 mx postfix/qmgr[1]: 4BEEF0003: from=<ada@adatum.example>, size=1, nrcpt=1 (queue active)",
  "Jun  4 08:00:02 mx postfix/lmtp[1]: 4BEEF0003: to=<ben@fabrikam.com>, relay=x, dsn=2.0.0, status=sent (250 OK)",
  `Jun  4 08:00:02 mx postfix/lmtp[1]: ${"x".repeat(100_000)}`,
  "Jun  4 08:00:03 mx postfix/qmgr[1]: 4BEEF0003: removed",
];

test("mail logs, rotated and compressed, in whatever order they are named; a message may lie in two of them", async () => {
  const current = put("logs/mail.log", `${[removed, ...second2].join("\n")}\n`, "2025-06-05T00:00:00Z");
  const rotated = put("logs/mail.log.1.gz", gzipSync(`${log.join("\n")}\n`), "2025-06-03T09:00:00Z");
  const store = taught();
  const { status } = await run([current, rotated], {}, store);
  assert.equal(status, 0);
  assert.deepEqual(
    store.sent.map(({ messageId, recipients }) => [messageId, recipients]),
    [["log1@fabrikam.com", ["ada@adatum.example"]]],
  );
  assert.deepEqual(
    store.lessons.map(({ kind, organization, answered, day }) => [kind, organization, answered, day]),
    [["unauthenticated", "adatum.example", true, dayOf(Date.parse("2025-06-04"))]],
  );
});

test("a file that is cut, and one that is not there, are said and stop nothing", async () => {
  const cut = put("cut/mail.log.gz", gzipSync(`${log.join("\n")}\n${"x".repeat(50_000)}`).subarray(0, 200));
  const store = taught();
  const { status, err } = await run([cut, join(folder, "missing"), put("cut/ok.eml", came({ id: "ok" }))], {}, store);
  assert.equal(status, 2);
  assert.match(err, /mail\.log\.gz: cannot be read/);
  assert.match(err, /missing: no such file or directory/);
  assert.equal(store.lessons.length, 1);
});

test("--dry-run opens no store and needs none; --json gives the totals", async () => {
  const path = put("dry/one.eml", came({ id: "dry" }));
  const { status, out } = await run([path], { dryRun: true, json: true }, failing());
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(out), {
    learnt: { authenticated: 1, unauthenticated: 0, seen: 0, sent: 0 },
    notLearnt: {},
    dryRun: true,
  });
});

function failing(): Learning {
  const fail = () => Promise.reject(new LearningFault("store there.db: the disk is full: free some space"));
  return { isLearnt: fail, history: fail, learn: fail, flush: fail, close: () => Promise.resolve() };
}

test("a store that fails ends the run with its reason and status 3", async () => {
  const { status, err } = await run([put("full/one.eml", came({ id: "full" }))], {}, failing());
  assert.deepEqual([status, err], [3, "assay: store there.db: the disk is full: free some space\n"]);
});

test("wrong use: no operand, standard input", async () => {
  await assert.rejects(run([]), UsageError);
  await assert.rejects(run(["-"]), UsageError);
});

test("a maildir without a host of ours teaches nothing, and the totals say what to do", async () => {
  const { out } = await run([put("elsewhere/one.eml", came({ id: "w" }).replace("by mx.fabrikam.com", "by mx.elsewhere.example"))]);
  assert.match(out, /1 {2}were received by a host that is not known as ours; name it with --host/);
});

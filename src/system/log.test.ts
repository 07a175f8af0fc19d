/** The log: one line of JSON whatever a sender writes, bounded, with all that a reader relies on and nothing that it must not hold. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { inspectionWith } from "../../test/inspections.ts";
import { limits } from "../base/limits.ts";
import type { Observed } from "../gateway/dialogue/journey.ts";
import { type Log, type LogLevel, openLog } from "./log.ts";

const client = { listener: "inbound", ip: "192.0.2.10", helo: "mx.contoso.com", tls: null, authenticatedAs: null } as const;

function logging(level: LogLevel = "info"): {
  readonly log: Log;
  readonly lines: () => readonly Record<string, unknown>[];
  readonly text: () => string;
} {
  const written: string[] = [];
  const log = openLog(level, { write: (line: string) => void written.push(line) });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>), text: () => written.join("") };
}

function decided(changes: Partial<Observed> = {}): Observed {
  const disposition = { kind: "accept", headers: [], removals: [], hold: null, inspection: inspectionWith() } as const;
  return {
    client,
    mailFrom: "ada@contoso.com",
    rcptTo: ["bob@us.example"],
    queueId: "4ABC",
    disposition,
    ms: 12.4,
    deferrals: 0,
    ...changes,
  };
}

test("a decision is one line with its whole form, in this order", () => {
  const { log, lines, text } = logging();
  log.observer.onDecision(decided());
  assert.equal(text().split("\n").length, 2);
  const [line = {}] = lines();
  const { time, ...rest } = line;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(Object.entries(rest), [
    ["level", "info"],
    ["schema", "assay.decision/1"],
    ["trace", "0199c0ffee000123456789ab"],
    ["queueId", "4ABC"],
    ["listener", "inbound"],
    ["client", "192.0.2.10"],
    ["helo", "mx.contoso.com"],
    ["tls", null],
    ["authenticatedAs", null],
    ["mailFrom", "ada@contoso.com"],
    ["rcptCount", 1],
    ["rcptTo", ["bob@us.example"]],
    ["messageId", null],
    ["direction", "inbound"],
    ["ptr", "mx.contoso.com"],
    ["size", 1000],
    ["fromDomain", "contoso.com"],
    ["spf", "pass"],
    ["spfDomain", "contoso.com"],
    ["dkim", "pass"],
    ["dkimDomains", ["contoso.com"]],
    ["dmarc", "pass"],
    ["dmarcPolicy", "reject"],
    ["arc", "none"],
    ["iprev", "pass"],
    ["compauth", "pass"],
    ["reason", "100"],
    ["standing", "unknown"],
    ["suspicion", []],
    ["action", "deliver"],
    ["withheld", true],
    ["disposition", "accept"],
    ["held", false],
    ["code", null],
    ["enhanced", null],
    ["reply", null],
    ["ms", 12],
    ["deferrals", 0],
    ["message", "accepted"],
  ]);
});

test("a decision without an inspection has the same keys, null where nothing is known", () => {
  const { log, lines } = logging();
  log.observer.onDecision(decided());
  const reply = { code: 451, enhanced: "4.3.0", text: "Temporary fault" };
  log.observer.onDecision(decided({ disposition: { kind: "refuse", reply, inspection: null }, deferrals: 2 }));
  const [known = {}, unknown = {}] = lines();
  assert.deepEqual(Object.keys(unknown), Object.keys(known));
  assert.deepEqual(
    [unknown["trace"], unknown["compauth"], unknown["code"], unknown["reply"], unknown["message"]],
    [null, null, 451, "Temporary fault", "refused"],
  );
});

test("what a sender writes ends no line, steers no terminal, and is bounded (log injection)", () => {
  const evil = `a\r\n{"schema":"assay.decision/1","compauth":"pass"}\x1b[2J\u202e\u0085\u2028${"x".repeat(5000)}`;
  const { log, text, lines } = logging();
  log.observer.onDecision(
    decided({
      mailFrom: evil,
      queueId: evil,
      client: { ...client, helo: evil, authenticatedAs: evil, tls: { version: evil, cipher: evil, subject: evil } },
      rcptTo: Array.from({ length: 1000 }, () => evil),
      disposition: {
        kind: "accept",
        headers: [],
        removals: [],
        hold: null,
        inspection: inspectionWith({ transaction: { messageId: evil, ptr: evil }, from: { domain: evil } }),
      },
    }),
  );
  assert.equal(text().trimEnd().split("\n").length, 1);
  assert.doesNotMatch(text().trimEnd(), /[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
  assert.ok(text().length < 20_000, `${text().length} characters`);
  const [line = {}] = lines();
  assert.equal(line["rcptCount"], 1000);
  assert.equal((line["rcptTo"] as string[]).length, limits.logRecipientsMax);
});

test("subject and author's address are in no line", () => {
  const { log, text } = logging("debug");
  const inspection = inspectionWith({ from: { address: "secret.author@contoso.com", displayName: "Secret Author" } });
  log.observer.onDecision(decided({ disposition: { kind: "accept", headers: ["X-Secret: 1"], removals: [], hold: null, inspection } }));
  assert.doesNotMatch(text(), /secret/i);
});

test("an answer at MAIL or RCPT is a line where it refuses, and none where it does not", () => {
  const { log, lines } = logging();
  const answered = { stage: "rcpt", client, mailFrom: "", recipient: "bob@us.example", ms: 3 } as const;
  log.observer.onAnswer({ ...answered, reply: null });
  log.observer.onAnswer({ ...answered, reply: { code: 450, enhanced: "4.7.25", text: "no reverse name" } });
  const [line = {}, ...more] = lines();
  assert.equal(more.length, 0);
  assert.deepEqual(
    [line["schema"], line["stage"], line["mailFrom"], line["recipient"], line["code"], line["enhanced"]],
    ["assay.answer/1", "rcpt", "", "bob@us.example", 450, "4.7.25"],
  );
});

test("a fault is a line with its stack, also where it is no Error", () => {
  const { log, lines } = logging("error");
  log.observer.onFault(new TypeError("a bug"), { stage: "data", queueId: "4ABC" });
  log.observer.onFault("a text", { stage: "mail", queueId: null });
  const [first = {}, second = {}] = lines();
  const { type, message, stack } = first["error"] as Record<string, string>;
  assert.deepEqual(
    [first["level"], first["schema"], first["stage"], type, message],
    ["error", "assay.fault/1", "data", "TypeError", "a bug"],
  );
  assert.match(stack ?? "", /log\.test\.ts/);
  assert.deepEqual(second["error"], { type: "string", message: "a text", stack: null });
});

test("levels: error says faults alone", () => {
  const { log, lines } = logging("error");
  log.observer.onDecision(decided());
  log.warn({}, "not this");
  log.error({ err: new Error("this"), file: "assay.toml" }, "and why");
  const [line = {}, ...more] = lines();
  assert.equal(more.length, 0);
  assert.deepEqual(
    [line["file"], line["message"], (line["error"] as Record<string, string>)["message"]],
    ["assay.toml", "and why", "this"],
  );
});

test("standard output: every line is there when the process ends, also by process.exit", () => {
  const script = `import { openLog } from ${JSON.stringify(fileURLToPath(new URL("log.ts", import.meta.url)))};
    const log = openLog("info");
    for (let i = 0; i < 5000; i += 1) log.info({ i }, "line");
    process.exit(0);`;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 5000);
  assert.equal((JSON.parse(lines.at(-1) ?? "{}") as { i: number }).i, 4999);
});

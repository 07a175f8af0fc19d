import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limits } from "../../base/limits.ts";
import { inCoreMemory } from "../../memory/in-core.ts";
import { lessonOfArrival, questionOf } from "./arrival.ts";
import { joinLog, type Logged } from "./log-transactions.ts";
import { type LoggedLesson, type NotLogged, readLogged } from "./logged-message.ts";
import { readLogLine, startsMailLog } from "./mail-log.ts";
import type { Ours } from "./ours.ts";

const ours: Ours = { hosts: ["mx.fabrikam.com"], networks: [], authservIds: [], domains: ["fabrikam.com"], resultsBelowReceived: false };

function joined(lines: readonly string[]): readonly Logged[] {
  const join = joinLog();
  const closed: Logged[] = [];
  for (const line of lines) {
    const event = readLogLine(line);
    const logged = event === null ? null : join.push(event);
    if (logged !== null) closed.push(logged);
  }
  return [...closed, ...join.finish()];
}

const log = (program: string, text: string): string => `Jun  3 08:00:01 mx ${program}[123]: ${text}`;
const came = [
  log("postfix/smtpd", "connect from mail.adatum.example[192.0.2.25]"),
  log("postfix/smtpd", "4BEEF0001: client=mail.adatum.example[192.0.2.25]"),
  log("postfix/cleanup", "4BEEF0001: message-id=<1@adatum.example>"),
  log("postfix/qmgr", "4BEEF0001: from=<ada@adatum.example>, size=1234, nrcpt=1 (queue active)"),
  log(
    "postfix/lmtp",
    "4BEEF0001: to=<ben@fabrikam.com>, relay=mx[private/dovecot-lmtp], delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Saved)",
  ),
  log("postfix/qmgr", "4BEEF0001: removed"),
];
const went = [
  log("postfix/submission/smtpd", "4BEEF0002: client=unknown[198.51.100.9], sasl_method=PLAIN, sasl_username=ben@fabrikam.com"),
  log("postfix/cleanup", "4BEEF0002: message-id=<2@fabrikam.com>"),
  log("postfix/qmgr", "4BEEF0002: from=<ben@fabrikam.com>, size=1234, nrcpt=2 (queue active)"),
  log(
    "postfix/smtp",
    "4BEEF0002: to=<ada@adatum.example>, relay=mail.adatum.example[192.0.2.25]:25, delay=1, dsn=2.0.0, status=sent (250 OK)",
  ),
  log("postfix/smtp", "4BEEF0002: to=<bob@x.example>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to x.example: timed out)"),
];

test("a log is known by its first line", () => {
  assert.equal(startsMailLog(came.join("\n")), true);
  assert.equal(startsMailLog("2025-06-03T08:00:01.123456+00:00 mx postfix/qmgr[1]: 4BEEF0001: removed\n"), true);
  assert.equal(startsMailLog("<22>Jun  3 08:00:01 mx postfix/qmgr[1]: x"), true);
  assert.equal(startsMailLog("From: ada@adatum.example\nTo: x\n"), false);
  assert.equal(startsMailLog("From ada@adatum.example Tue Jun  3 08:00:01 2025\n"), false);
});

test("lines of one message are joined by its queue id", () => {
  const [logged] = joined(came);
  assert.deepEqual(logged, {
    ...{ queueId: "4BEEF0001", stamp: "Jun  3 08:00:01", client: { ip: "192.0.2.25", name: "mail.adatum.example" }, pickedUp: false },
    ...{
      user: null,
      again: false,
      messageId: "1@adatum.example",
      sender: "ada@adatum.example",
      dmarc: null,
      recipients: ["ben@fabrikam.com"],
    },
  });
});

test("a message that is still queued when the log ends is one all the same, and RFC 5424 stamps are read", () => {
  const [logged] = joined(went.map((line) => line.replace("Jun  3 08:00:01", "2025-06-03T08:00:01.5+02:00")));
  assert.deepEqual(
    [logged?.recipients, logged?.user, logged?.stamp],
    [["ada@adatum.example"], "ben@fabrikam.com", "2025-06-03T08:00:01.5+02:00"],
  );
});

describe("attack: what a client can put into a log line is no other field", () => {
  for (const [name, line] of [
    ["a Message-ID that looks like a client", log("postfix/cleanup", "4BEEF0001: message-id=<x@y>, client=bank.example[192.0.2.9]")],
    [
      "a Message-ID in another queue id's words",
      log("postfix/cleanup", "4BEEF0001: message-id=<4BEEF0003: client=bank.example[192.0.2.9]>"),
    ],
    ["another program", log("evil/smtpd-not", "4BEEF0001: client=bank.example[192.0.2.9]")],
    ["a warning that quotes", log("postfix/smtpd", "warning: 4BEEF0001: client=bank.example[192.0.2.9]")],
    ["a subject", log("postfix/cleanup", "4BEEF0001: warning: header Subject: client=bank.example[192.0.2.9] from x[1.2.3.4]")],
  ] as const) {
    test(name, () => {
      const event = readLogLine(line);
      assert.ok(
        event === null || (event.kind === "message-id" && (event.messageId === null || !event.messageId.includes("client="))),
        JSON.stringify(event),
      );
    });
  }
  test("an envelope sender with everything in it stays one", () => {
    const event = readLogLine(
      log("postfix/qmgr", '4BEEF0001: from=<"a>, size=1, nrcpt=1 (x"@evil.example>, size=9, nrcpt=1 (queue active)'),
    );
    assert.deepEqual(event?.kind === "from" ? event.sender : null, '"a>, size=1, nrcpt=1 (x"@evil.example');
  });
  test("a line of a megabyte", () => assert.equal(readLogLine(log("postfix/qmgr", `4BEEF0001: from=<${"a".repeat(1 << 20)}`)), null));
});

test("limit: open messages are bounded, the oldest is closed", () => {
  const join = joinLog();
  for (let i = 0; i <= limits.logTransactionsMax; i++) {
    const event = readLogLine(log("postfix/smtpd", `${(0xabcdef + i).toString(16)}: client=unknown[192.0.2.1]`));
    assert.ok(event !== null);
    assert.equal(join.push(event)?.queueId, i === limits.logTransactionsMax ? "abcdef" : undefined);
  }
});

const read = (lines: readonly string[], changes: Partial<Ours> = {}): LoggedLesson | NotLogged | undefined => {
  const [logged] = joined(lines);
  return logged === undefined ? undefined : readLogged(logged, 20_000, { ours: { ...ours, ...changes }, policy: {} });
};

test("mail of a user who logged in: whom it reached, and its Message-ID", () => {
  const found = read(went);
  assert.ok(typeof found === "object" && found.kind === "sent");
  assert.deepEqual(found.lesson.sent, {
    ...{ tenant: "", day: 20_000, sender: "ben@fabrikam.com", messageId: "2@fabrikam.com", recipients: ["ada@adatum.example"] },
  });
});

test("the same message in a Sent folder and in the log is one", () => {
  const found = read(went);
  assert.ok(typeof found === "object" && found.kind === "sent");
  assert.equal(found.lesson.id, "out 2@fabrikam.com");
});

test("mail that came in is tier 2 for the envelope sender's domain, by the client's verified name", () => {
  const found = read(came);
  assert.ok(typeof found === "object" && found.kind === "received");
  const lesson = lessonOfArrival(found.arrival, inCoreMemory().recall(questionOf(found.arrival, {})), {});
  assert.deepEqual([lesson?.kind, lesson?.organization, lesson?.recipients], ["unauthenticated", "adatum.example", ["ben@fabrikam.com"]]);
  assert.ok(lesson?.tokens.some(({ kind, value }) => kind === "ptr" && value === "mail.adatum.example"));
});

test("OpenDMARC names the author domain", () => {
  const found = read([...came.slice(0, 3), log("opendmarc", "4BEEF0001: news.example none"), ...came.slice(3)]);
  assert.ok(typeof found === "object" && found.kind === "received");
  assert.equal(found.arrival.author, "news.example");
});

const nothing: readonly (readonly [name: string, why: NotLogged, lines: readonly string[]])[] = [
  ["not delivered", "not-delivered", came.filter((line) => !line.includes("to=<"))],
  ["bounced", "not-delivered", came.map((line) => line.replace("status=sent", "status=bounced"))],
  ["null reverse path", "no-author", came.map((line) => line.replace("ada@adatum.example>, size", ">, size"))],
  ["a client without a verified name", "no-name", came.map((line) => line.replace("client=mail.adatum.example[", "client=unknown["))],
  ["a stranger in our name", "own-domain", came.map((line) => line.replace("from=<ada@adatum.example", "from=<ceo@fabrikam.com"))],
  ["to somebody else's domain", "relayed", came.map((line) => line.replace("ben@fabrikam.com", "x@y.example"))],
  [
    "handed back by a content filter",
    "local",
    came.map((line) => line.replace("client=mail.adatum.example[192.0.2.25]", "client=localhost[127.0.0.1]")),
  ],
  [
    "of a stranger's domain, from one of our machines",
    "local",
    came.map((line) => line.replace("mail.adatum.example[192.0.2.25]", "unknown[10.0.0.1]")),
  ],
  ["the log begins after the client", "no-client", came.filter((line) => !line.includes("client="))],
  ["DMARC passed, by what nobody says", "authenticated", [log("opendmarc", "4BEEF0001: adatum.example pass"), ...came]],
  ["DMARC failed", "failed", [log("opendmarc", "4BEEF0001: adatum.example fail"), ...came]],
];
for (const [name, why, lines] of nothing) test(`nothing is learnt: ${name}`, () => assert.equal(read(lines), why));

test("attack: a log that is cut does not make a stranger one of us", () => {
  assert.equal(
    read(came.filter((line) => !line.includes("client=")).map((line) => line.replace("ada@adatum.example", "ceo@fabrikam.com"))),
    "no-client",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpNetwork } from "../../mail/ip-address.ts";
import { openMessage } from "../../mail/message.ts";
import { inCoreMemory } from "../../memory/in-core.ts";
import type { Lesson } from "../../verdict/history.ts";
import { lessonOfArrival, questionOf } from "./arrival.ts";
import type { Ours } from "./ours.ts";
import { type NotLearnt, readStoredMessage } from "./stored-message.ts";

const ours: Ours = {
  hosts: ["mx.fabrikam.com", "store.fabrikam.com"],
  networks: [parseIpNetwork("203.0.113.0/24")].filter((one) => one !== null),
  authservIds: ["mx.fabrikam.com"],
  domains: ["fabrikam.com"],
  resultsBelowReceived: false,
};

/** What a message teaches a store in which nothing is known yet, or why it teaches nothing. */
function lessonIn(lines: readonly string[], changes: Partial<Ours> = {}): Lesson | NotLearnt | null {
  const { header } = openMessage(Buffer.from(`${lines.join("\n")}\n\nHello.\n`));
  const arrival = readStoredMessage(header, { ours: { ...ours, ...changes }, policy: {}, recipients: ["anna@fabrikam.com"] });
  return typeof arrival === "string" ? arrival : lessonOfArrival(arrival, inCoreMemory().recall(questionOf(arrival, {})), {});
}

const date = "Tue, 3 Jun 2025 08:00:00 +0000";
const internal = `Received: from mx.fabrikam.com (mx.fabrikam.com [10.0.0.25]) by store.fabrikam.com (Postfix) with LMTP id 1; ${date}`;
const border = [
  "Received: from mail.adatum.example (mail.adatum.example [192.0.2.25])",
  "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))",
  "\tby mx.fabrikam.com (Postfix) with ESMTPS id 2",
  `\tfor <ben@fabrikam.com>; ${date}`,
];
const passed = "Authentication-Results: mx.fabrikam.com; spf=pass smtp.mailfrom=adatum.example; dmarc=pass header.from=adatum.example";
const signed = "Authentication-Results: mx.fabrikam.com; dkim=pass header.d=adatum.example; dmarc=pass header.from=adatum.example";
const author = ["From: Ada <ada@adatum.example>", "Message-ID: <1@adatum.example>", "Date: Mon, 01 Jan 2001 00:00:00 +0000"];

const marks = (lesson: ReturnType<typeof lessonIn>): readonly string[] =>
  lesson !== null && typeof lesson !== "string" ? lesson.tokens.map(({ kind, value }) => `${kind} ${value}`) : [];

test("RFC 8601: our own result of an aligned SPF pass is tier 1, for the client of our own Received field", () => {
  const lesson = lessonIn([passed, internal, ...border, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.deepEqual(
    [lesson.kind, lesson.organization, lesson.recipients, lesson.signed],
    ["authenticated", "adatum.example", ["ben@fabrikam.com"], false],
  );
  for (const mark of ["spf adatum.example", "prefix 192.0.2.0/24", "ptr mail.adatum.example"])
    assert.ok(marks(lesson).includes(mark), mark);
});

test("the day is our Received field's, never that of Date:", () => {
  const lesson = lessonIn([passed, ...border, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.day, Date.parse("2025-06-03") / 86_400_000);
});

test("a signature alone vouches for itself, not for the host that sent it on", () => {
  const lesson = lessonIn([signed, ...border, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.deepEqual([lesson.kind, lesson.signed, marks(lesson)], ["authenticated", true, ["dkim adatum.example"]]);
});

test("aligned by the suffix list counts as in row 7, without a DMARC result", () => {
  const spf = "Authentication-Results: mx.fabrikam.com; spf=pass smtp.mailfrom=bounce@news.adatum.example";
  const lesson = lessonIn([spf, ...border, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.kind, "authenticated");
});

test("a pass for another organization is no pass for the author", () => {
  const spf = "Authentication-Results: mx.fabrikam.com; spf=pass smtp.mailfrom=bounce.example; dkim=pass header.d=esp.example; dmarc=none";
  const lesson = lessonIn([spf, ...border, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.notEqual(lesson.kind, "authenticated");
});

test("unauthenticated mail is tier 2 at most, and only from a host with a verified name", () => {
  const known = lessonIn([...border, ...author]);
  const unknown = lessonIn([...border.map((line) => line.replace("(mail.adatum.example [", "(unknown [")), ...author]);
  const kinds = [known, unknown].map((lesson) => (lesson !== null && typeof lesson !== "string" ? lesson.kind : lesson));
  assert.deepEqual(kinds, ["unauthenticated", "seen"]);
});

test("a server that does not verify names is not believed about one", () => {
  const lesson = lessonIn([...border.map((line) => line.replace("(Postfix)", "(Haraka/3.0)")), ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.kind, "seen");
});

test("relays of trust.networks and private hops are passed over", () => {
  const relayed = `Received: from edge.fabrikam.com (edge.fabrikam.com [203.0.113.9]) by mx.fabrikam.com (Postfix) with ESMTP id 3; ${date}`;
  const lesson = lessonIn([passed, internal, relayed, ...border, ...author]);
  assert.ok(marks(lesson).includes("prefix 192.0.2.0/24"));
});

test("a recipient that the message does not say is the one given", () => {
  const lesson = lessonIn([passed, ...border.map((line) => line.replace("\tfor <ben@fabrikam.com>; ", "\t; ")), ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.deepEqual(lesson.recipients, ["anna@fabrikam.com"]);
});

test("RFC 8601 §5: results below our Received field count only where forged ones are taken out", () => {
  const below = lessonIn([...border, passed, ...author]);
  assert.ok(below !== null && typeof below !== "string");
  assert.equal(below.kind, "unauthenticated");
  const stripped = lessonIn([...border, passed, ...author], { resultsBelowReceived: true });
  assert.ok(stripped !== null && typeof stripped !== "string");
  assert.equal(stripped.kind, "authenticated");
});

const forgedBorder = `Received: from mail.adatum.example (mail.adatum.example [192.0.2.25]) by mx.fabrikam.com (Postfix) with ESMTP id 9; ${date}`;
const evil = [
  "Received: from evil.example (unknown [198.51.100.66])",
  `\tby mx.fabrikam.com (Postfix) with ESMTP id 4 for <ben@fabrikam.com>; ${date}`,
];

test("attack: Received and results that a stranger wrote below our field teach nothing", () => {
  const lesson = lessonIn([...evil, passed, forgedBorder, passed, "Delivered-To: ceo@fabrikam.com", ...author], {
    resultsBelowReceived: false,
  });
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.kind, "seen");
  assert.ok(
    marks(lesson).every((mark) => mark.includes("198.51.100.")),
    marks(lesson).join(),
  );
  assert.deepEqual(lesson.recipients, ["ben@fabrikam.com"]);
});

test("attack: behind the stranger's first Received field no results count, even where filters write below ours", () => {
  const lesson = lessonIn([...evil, forgedBorder, passed, ...author], { resultsBelowReceived: true });
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.kind, "seen");
});

test("attack: results of an authserv-id that is not ours teach nothing", () => {
  const lesson = lessonIn([passed.replace("mx.fabrikam.com", "mx.evil.example"), ...evil, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.kind, "seen");
});

test("attack: a HELO that looks like the server's comment names no host", () => {
  const helo = `Received: from x (mail.adatum.example [198.51.100.66]) (unknown [198.51.100.66]) by mx.fabrikam.com (Postfix) with SMTP id 5; ${date}`;
  const lesson = lessonIn([helo, ...author]);
  assert.ok(lesson !== null && typeof lesson !== "string");
  assert.equal(lesson.kind, "seen");
});

const nothing: readonly (readonly [name: string, why: NotLearnt, lines: readonly string[]])[] = [
  ["no Received field", "no-received", [passed, ...author]],
  [
    "another host received it",
    "not-ours",
    [passed, ...border.map((line) => line.replace("mx.fabrikam.com", "mx.elsewhere.example")), ...author],
  ],
  ["a host whose name ends like ours", "not-ours", [...border.map((line) => line.replace("by mx.", "by evilmx.")), ...author]],
  ["comments that do not close", "broken", [`Received: from x (y [192.0.2.1] by mx.fabrikam.com; ${date}`, ...author]],
  ["it never left our machines", "local", [internal, ...author]],
  ["RFC 3848: a user of ours handed it in", "submission", [...border.map((line) => line.replace("ESMTPS", "ESMTPSA")), ...author]],
  ["our field has no date", "no-day", [...border.map((line) => line.replace(date, "yesterday")), ...author]],
  ["several authors", "no-author", [...border, "From: a@x.example, b@y.example"]],
  ["a stranger in our name", "own-domain", [...border, "From: ceo@fabrikam.com"]],
  ["DMARC failed", "failed", [passed.replace("dmarc=pass", "dmarc=fail"), ...border, ...author]],
  ["DMARC was undecided", "failed", [passed.replace("dmarc=pass", "dmarc=temperror"), ...border, ...author]],
  ["the result is of another author", "failed", [passed.replace("header.from=adatum", "header.from=bank"), ...border, ...author]],
  [
    "signed by the author, and nobody says whether that verified",
    "unverified",
    [...border, "DKIM-Signature: v=1; d=adatum.example; b=x", ...author],
  ],
];
for (const [name, why, lines] of nothing) test(`nothing is learnt: ${name}`, () => assert.equal(lessonIn(lines), why));

test("a message is the same in another folder, for another recipient", () => {
  const idOf = (lines: readonly string[]): string | null => {
    const { header } = openMessage(Buffer.from(`${lines.join("\n")}\n\n`));
    const arrival = readStoredMessage(header, { ours, policy: {}, recipients: [] });
    return typeof arrival === "string" ? null : arrival.id;
  };
  const one = idOf([passed, ...border, ...author]);
  assert.equal(one, idOf(["X-Status: R", passed, internal, ...border.map((line) => line.replace("ben@", "anna@")), ...author]));
  assert.notEqual(one, idOf([passed, ...border, "From: ada@adatum.example", "Message-ID: <2@adatum.example>"]));
});

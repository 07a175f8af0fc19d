import assert from "node:assert/strict";
import { test } from "node:test";
import { openMessage } from "../../mail/message.ts";
import type { Ours } from "./ours.ts";
import { readSentMessage } from "./sent-message.ts";

const ours: Ours = { hosts: ["mx.fabrikam.com"], networks: [], authservIds: [], domains: ["fabrikam.com"], resultsBelowReceived: false };

function read(lines: readonly string[], domains = ours.domains): ReturnType<typeof readSentMessage> {
  return readSentMessage(openMessage(Buffer.from(`${lines.join("\n")}\n\nHello.\n`)).header, 20_000, { ...ours, domains });
}

const mine = [
  "From: Ben <Ben@fabrikam.com>",
  "To: Ada <ada@Adatum.example>, list: bob@x.example;",
  "Cc: ada@adatum.example",
  "Message-ID: <1@fabrikam.com>",
];

test("To, Cc and Bcc, each address once, and the Message-ID that answers will name", () => {
  const found = read([...mine, "Bcc: eve@y.example"]);
  assert.ok(typeof found !== "string");
  assert.deepEqual(found.sent, {
    ...{ tenant: "", day: 20_000, sender: "ben@fabrikam.com", messageId: "1@fabrikam.com" },
    recipients: ["ada@adatum.example", "bob@x.example", "eve@y.example"],
  });
});

test("without accepted domains whoever has a Sent folder is one of us", () => {
  assert.ok(typeof read(["From: me@elsewhere.example", "To: a@x.example"], []) !== "string");
});

for (const [name, why, lines] of [
  ["written by others", "not-own-domain", ["From: a@x.example", "To: ben@fabrikam.com"]],
  ["no recipient", "no-recipient", ["From: ben@fabrikam.com", "To: undisclosed-recipients:;"]],
  ["no author", "no-author", ["To: a@x.example"]],
  ["attack: moved there, a spoof of our domain", "came-in", [...mine, "Received: from a (b [192.0.2.1]) by mx.x.example; date"]],
] as const) {
  test(`nothing is learnt: ${name}`, () => assert.equal(read(lines), why));
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../base/limits.ts";
import type { Header } from "./header.ts";
import { openMessage } from "./message.ts";
import { messageIdOf, messageIdsOf, readMessageId } from "./message-ids.ts";

const headerOf = (...lines: readonly string[]): Header => openMessage(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1")).header;

test("RFC 5322 §3.6.4: References and In-Reply-To, each id once, oldest first", () => {
  const header = headerOf("In-Reply-To: <c@x.example>", "References: <a@x.example>", "\t<b@x.example> <c@x.example>");
  assert.deepEqual(messageIdsOf(header), ["a@x.example", "b@x.example", "c@x.example"]);
});

test("either field alone, and none", () => {
  assert.deepEqual(messageIdsOf(headerOf("In-Reply-To: <c@x.example>")), ["c@x.example"]);
  assert.deepEqual(messageIdsOf(headerOf("References: <a@x.example>")), ["a@x.example"]);
  assert.deepEqual(messageIdsOf(headerOf("Subject: none")), []);
});

for (const count of [limits.referencesMax - 1, limits.referencesMax, limits.referencesMax + 1, 3000]) {
  test(`limit: of ${count} references the last ${limits.referencesMax} are kept`, () => {
    const ids = Array.from({ length: count }, (_, i) => `${i}@x.example`);
    const header = headerOf(`References: ${ids.map((id) => `<${id}>`).join("\r\n ")}`);
    assert.deepEqual(messageIdsOf(header), ids.slice(-limits.referencesMax));
  });
}

test("RFC 5322 §4.5.4, obsolete: words around the id are passed over", () => {
  assert.deepEqual(messageIdsOf(headerOf('In-Reply-To: Your message of "Mon, 2 Jun" <a@x.example> (was: <b@x.example>)')), [
    "a@x.example",
    "b@x.example",
  ]);
});

for (const [what, text] of [
  ["white space inside", "<a b@x.example>"],
  ["empty", "<>"],
  ["not closed", "<a@x.example"],
  ["not opened", "a@x.example>"],
  ["over-long", `<${"a".repeat(limits.messageIdCharactersMax + 1)}>`],
  ["brackets only", "><".repeat(30_000)],
  ["brackets only, closing", ">".repeat(60_000)],
] as const) {
  test(`no id: ${what}`, () => assert.deepEqual(messageIdsOf(headerOf(`References: ${text}`)), []));
}

test("the message's own id: exactly one", () => {
  assert.equal(messageIdOf(headerOf("Message-ID:", " <1@x.example>")), "1@x.example");
  assert.equal(messageIdOf(headerOf("Message-ID: <1@x.example>", "Message-ID: <2@x.example>")), null);
  assert.equal(messageIdOf(headerOf("Message-ID: 1@x.example")), null);
});

test("as logs write it: with or without brackets", () => {
  assert.equal(readMessageId("<1@x.example>"), "1@x.example");
  assert.equal(readMessageId(" 1@x.example "), "1@x.example");
  assert.equal(readMessageId("<1@x.example"), null);
  assert.equal(readMessageId(""), null);
});

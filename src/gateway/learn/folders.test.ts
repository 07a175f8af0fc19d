import assert from "node:assert/strict";
import { test } from "node:test";
import { folderUse } from "./folders.ts";

for (const [path, use] of [
  ["Maildir/cur", "received"],
  ["Maildir/.Sent/cur", "sent"],
  ["Maildir/.Sent Items/cur", "sent"],
  ["Maildir/.INBOX.Sent Messages/new", "sent"],
  ["Maildir/.Gesendete Objekte/cur", "sent"],
  ["Maildir/.Envoy&AOk-s/cur", "sent"],
  ["mail/Sent", "sent"],
  ["mail/sent-mail", "sent"],
  ["mail/Sent.mbox", "sent"],
  ["Maildir/.Sent.2024/cur", "sent"],
  ["Maildir/.Junk/cur", "passed-over"],
  ["Maildir/.Junk E-Mail/cur", "passed-over"],
  ["Maildir/.INBOX.Spam/cur", "passed-over"],
  ["Maildir/.Trash/cur", "passed-over"],
  ["Maildir/.Drafts/cur", "passed-over"],
  ["Maildir/.Spam.Sent/cur", "sent"],
  ["Maildir/.Sentinel/cur", "received"],
  ["Maildir/.Projects/cur", "received"],
] as const) {
  test(`${path}: ${use}`, () => assert.equal(folderUse(path), use));
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { messageDns } from "../dns/budget.ts";
import { openMessage } from "../mail/message.ts";
import type { Transaction } from "../mail/transaction.ts";
import { zoneResolver } from "../system/zone-resolver.ts";
import { gather } from "./gather.ts";

const bounce = [
  "From: Mail Delivery <MAILER-DAEMON@mx.example>",
  'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"',
  "",
  "--=_b",
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; mx.example",
  "",
  "--=_b",
  "Content-Type: text/rfc822-headers",
  "",
  "From: <ben@fabrikam.com>",
  "Message-ID: <1@fabrikam.com>",
  "",
  "--=_b--",
  "",
].join("\r\n");

async function* inChunks(text: string, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

async function bounceOf(mailFrom: string, size: number | null): Promise<string | null> {
  const envelope: Transaction = {
    ...{ ip: "192.0.2.1", ptr: null, helo: "mx.example", mailFrom, rcptTo: [], tls: null, authenticatedAs: null, listener: null },
    ...{ direction: "inbound", queueId: null, messageId: null, size: null, trustedHop: null },
  };
  const message = await openMessage(size === null ? Buffer.from(bounce) : inChunks(bounce, size));
  const lane = messageDns(zoneResolver({}), { clock: () => 0 });
  return (await gather(message, envelope, { lane, clock: () => 0, receiver: "mx.receiver.example" })).evidence.bounceOf;
}

test("RFC 3461 §6.1, RFC 6522 §3: a bounce says which message it returns, wherever chunks end", async () => {
  for (const size of [null, 1, 7, 64]) assert.equal(await bounceOf("", size), "1@fabrikam.com");
});

test("attack: the same text with a reverse path is no bounce", async () => {
  assert.equal(await bounceOf("x@attacker.example", null), null);
});

/** One message, its keys, and DKIM verification of whatever a test makes of them. */
import assert from "node:assert/strict";
import type { DkimResult } from "../src/evidence/dkim/result.ts";
import { prepareDkim } from "../src/evidence/dkim/verify.ts";
import { bodyHashes } from "../src/evidence/signature/body-hash.ts";
import { readBody } from "../src/mail/body.ts";
import { openMessage } from "../src/mail/message.ts";
import { ed25519TestKey, rsaTestKey, type SignOptions, signed, type TestDns, type TestMessage, testDns, written } from "./signer.ts";

export const now = Date.UTC(2026, 10, 21);
export const nowSeconds = now / 1000;
export const key = rsaTestKey();
export const other = rsaTestKey();
export const ed25519 = ed25519TestKey();
export const at = "sel._domainkey.example.com";
export const message: TestMessage = {
  headers: ["Received: from a\r\n by b", "From: A  <a@example.com>", "To: b@example.net", "Subject:  a\tfolded\r\n  subject "],
  body: "Some  text \r\n\r\nmore\r\n\r\n",
};

export async function verify(
  source: TestMessage | Buffer,
  dns: TestDns = testDns({ [at]: [key.record] }),
  authorDomains: readonly string[] = ["example.com"],
): Promise<readonly DkimResult[]> {
  const opened = await openMessage(Buffer.isBuffer(source) ? source : written(source));
  const dkim = prepareDkim(opened.header, { authorDomains, dns, clock: () => now });
  const bodies = bodyHashes(dkim.bodyHashes, opened.header.lineEnd);
  await readBody(opened.body, opened.header.lineEnd, [bodies]);
  return dkim.finish(bodies);
}

export async function verifyOne(source: TestMessage | Buffer, dns?: TestDns): Promise<DkimResult> {
  const results = await verify(source, dns);
  assert.equal(results.length, 1);
  const [result] = results;
  assert.ok(result !== undefined);
  return result;
}

export function outcome({ result, reason, headerResult, bodyResult }: DkimResult): readonly (string | null)[] {
  return [result, reason, headerResult, bodyResult];
}

export const pass = ["pass", null, "pass", "pass"];

/** The message signed, then its signature field changed without signing again. */
export function tampered(options: SignOptions, from: string | RegExp, to: string): TestMessage {
  const { headers, body } = signed(message, options);
  const [field = "", ...rest] = headers;
  assert.notEqual(field.replace(from, to), field);
  return { headers: [field.replace(from, to), ...rest], body };
}

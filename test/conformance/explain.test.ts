/**
 * `explain` against others' material: each real verdict of the corpus, dressed in Microsoft's wire form, is told as it was stamped;
 * and no attack message, standing below the field in which a receiver took it in, is ever told as authenticated.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { explainHeaders } from "../../src/gateway/explain/account.ts";
import { requireCorpus } from "../corpora.ts";

type Row = {
  readonly id: string;
  readonly ip: string | null;
  readonly spf: string;
  readonly mailFrom: string | null;
  readonly dkim: readonly { readonly result: string; readonly comment: string | null; readonly d: string | null }[];
  readonly dmarc: string;
  readonly action: string | null;
  readonly headerFrom: string | null;
  readonly expected: { readonly compauth: string; readonly reason: string };
};

function lines(path: string): readonly string[] {
  return readFileSync(path, "utf8").trim().split("\n");
}

test("every real verdict is told as stamped, each of its results with a meaning", (t) => {
  const path = requireCorpus(t, "m365-verdicts/dev.jsonl");
  if (path === null) return;
  for (const line of lines(path)) {
    const row = JSON.parse(line) as Row;
    const dkim = row.dkim.map((one) => `dkim=${one.result} (${one.comment ?? ""})\r\n header.d=${one.d ?? "none"}`).join(";");
    const { compauth, reason } = row.expected;
    const field = `Authentication-Results: spf=${row.spf} (sender IP is ${row.ip ?? ""})\r\n smtp.mailfrom=${row.mailFrom ?? ""}; ${dkim};dmarc=${row.dmarc} action=${row.action ?? "none"}\r\n header.from=${row.headerFrom ?? ""};compauth=${compauth}\r\n reason=${reason}\r\n`;
    const account = explainHeaders(Buffer.from(field));
    assert.deepEqual([account?.verdict.answer, account?.verdict.reason, account?.verdict.known], [compauth, reason, "code"], row.id);
    const mute = account?.results.filter((one) => one.meaning === null && one.method !== "compauth") ?? [];
    assert.deepEqual(mute, [], row.id);
  }
});

test("no attack message is told as authenticated", (t) => {
  const path = requireCorpus(t, "attacks/espoofer.jsonl");
  if (path === null) return;
  const received = "Received: from mail.attack.com (x.attack.com [198.51.100.7]) by mx.victim.com (Postfix) with ESMTP id 1\r\n";
  for (const line of lines(path)) {
    const { id, data_b64 } = JSON.parse(line) as { readonly id: string; readonly data_b64: string };
    const account = explainHeaders(Buffer.concat([Buffer.from(received), Buffer.from(data_b64, "base64")]));
    assert.equal(account?.verdict.answer, "unknown", id);
  }
});

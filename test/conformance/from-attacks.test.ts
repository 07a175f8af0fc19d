/**
 * The From fields and envelopes of the espoofer attacks ("Composition Kills", Chen et al., USENIX Security 2020): legitimate.com is never
 * the one author where RFC 5322 says otherwise, and a broken path is never the null path nor legitimate.com's.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseFrom, validateFrom } from "../../src/evidence/from/validate.ts";
import { openMessage } from "../../src/mail/message.ts";
import { parsePath } from "../../src/mail/path.ts";
import { requireCorpus } from "../corpora.ts";

type Attack = { readonly id: string; readonly mailfrom: string; readonly from_header: string; readonly data_b64: string };

/** From: result in profile eop, and the domains to evaluate; the path: the domain of the identity, or why there is none. */
const expected: Readonly<Record<string, readonly [from: string, domains: readonly string[], path: string]>> = {
  // The From field is honest about the domain it claims: SPF, DKIM and DMARC have to tell.
  server_a1: ["valid", ["legitimate.com"], "mailfrom.notexist.legitimate.com"],
  server_a2: ["valid", ["legitimate.com"], "local-part"],
  server_a3: ["valid", ["legitimate.com"], "33.attack.com"],
  server_a4: ["valid", ["legitimate.com"], "attack.com"],
  server_a5: ["valid", ["legitimate.com"], "domain"],
  server_a6: ["valid", ["legitimate.com"], "domain"],
  server_a7: ["valid", ["legitimate.com"], "attack.com"],
  server_a8: ["several-fields", ["attack.com", "legitimate.com"], "attack.com"],
  server_a9: ["several-fields", ["attack.com", "legitimate.com"], "attack.com"],
  server_a10: ["several-fields", ["attack.com", "legitimate.com"], "attack.com"],
  server_a11: ["several-fields", ["attack.com", "legitimate.com"], "attack.com"],
  server_a12: ["malformed-field", ["attack.com"], "attack.com"],
  server_a13: ["malformed-field", ["attack.com"], "attack.com"],
  server_a14: ["several-domains", ["attack.com", "legitimate.com"], "attack.com"],
  server_a15: ["encoded-word-in-address", ["attack.com", "legitimate.com"], "attack.com"],
  server_a16: ["source-route", ["legitimate.com"], "attack.com"],
  server_a17: ["several-domains", ["legitimate.com", "attack.com"], "attack.com"],
  server_a18: ["several-domains", ["legitimate.com", "attack.com"], "attack.com"],
  server_a19: ["text-after-address", ["attack.com", "legitimate.com"], "attack.com"],
  client_a1: ["several-fields", ["example.com"], "example.com"],
  client_a2: ["several-addresses", ["example.com"], "example.com"],
  client_a3: ["valid", ["example.com"], "example.com"],
};

test("espoofer: all 22 attacks", (t) => {
  const path = requireCorpus(t, "attacks/espoofer.jsonl");
  if (path === null) return;
  const attacks: readonly Attack[] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(attacks.map(({ id }) => id).sort(), Object.keys(expected).sort());
  for (const { id, mailfrom, from_header, data_b64 } of attacks) {
    const inMessage = validateFrom(openMessage(Buffer.from(data_b64, "base64")).header);
    const alone = parseFrom(Buffer.from(from_header, "latin1"));
    const identity = parsePath(mailfrom);
    assert.notEqual(identity.kind, "null", id);
    const sender = identity.kind === "invalid" ? identity.reason : identity.kind === "mailbox" ? identity.domain : null;
    assert.deepEqual([inMessage.reason ?? "valid", inMessage.domains, sender], expected[id], id);
    assert.deepEqual([alone.reason, alone.domains], [inMessage.reason, inMessage.domains], id);
  }
});

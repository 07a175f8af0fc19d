/**
 * The messages of RFC 6376 A.2 and RFC 8463 A.3 with their variants (corpus dkim/), each with the result that the RFCs give it.
 * What a variant does to header fields that are not signed, or to From, is not DKIM's to judge: those pass here.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { prepareDkim } from "../../src/evidence/dkim/verify.ts";
import { bodyHashes } from "../../src/evidence/signature/body-hash.ts";
import { readBody } from "../../src/mail/body.ts";
import { openMessage } from "../../src/mail/message.ts";
import { corpusPath, missing } from "../corpora.ts";
import { testDns } from "../signer.ts";

// RFC 6376 C, RFC 8463 A.2.
const rfc6376 =
  "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v" +
  "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
const rfc8463 =
  "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" +
  "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
const keys = {
  "brisbane._domainkey.example.com": [`v=DKIM1; p=${rfc6376}`],
  "s.flags._domainkey.example.com": [`v=DKIM1; t=s; p=${rfc6376}`],
  "brisbane._domainkey.football.example.com": ["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
  "test._domainkey.football.example.com": [`v=DKIM1; k=rsa; p=${rfc8463}`],
};

type Expected = readonly [result: string, reason: string | null, headerResult: string, bodyResult: string];
const pass: Expected = ["pass", null, "pass", "pass"];
const otherKey: Expected = ["permerror", "key-syntax", "none", "pass"]; // RFC 6376 §6.1.2 step 8

const expectations: Readonly<Record<string, readonly Expected[]>> = {
  // RFC 6376 §5.4.2: h= names each once, and the lowest is the signed one.
  "added_header-date.eml": [pass],
  "added_header-from.eml": [pass],
  "added_header-subject.eml": [pass],
  "added_header-to.eml": [pass],
  // RFC 6376 §3.11: i= and From need not be the same.
  "alignment-from_not_in_auid.eml": [pass],
  "alignment-from_not_in_sdid.eml": [pass],
  "alignment-signed_by_parent_domain.eml": [pass],
  "fakePayPal.eml": [],
  "flags_s-auid_and_sdid_match.eml": [pass],
  "flags_s-auid_is_subdomain_of_sdid.eml": [["permerror", "syntax", "pass", "pass"]], // RFC 6376 §3.6.1 t=s
  "header_with_non_ascii_char.eml": [pass],
  "ill_formed-from.eml": [],
  "rfc6376-A.2-body_modified.eml": [["fail", "body-hash", "pass", "fail"]],
  "rfc6376-A.2-header_subject_modified.eml": [["fail", "signature", "fail", "pass"]],
  "rfc6376-A.2-ill_formed-list_id.eml": [pass],
  "rfc6376-A.2-ill_formed-missing_v.eml": [["permerror", "syntax", "none", "none"]], // RFC 6376 §6.1.1
  "rfc6376-A.2.eml": [pass],
  "rfc8463-A.3-key_algo_mismatch.eml": [otherKey, otherKey],
  "rfc8463-A.3.eml": [pass, pass],
  // Received fields do not matter to t= (RFC 6376 §3.5): the time of verification does.
  "time-received_after_creation.eml": [pass],
  "time-received_briefly_before_creation.eml": [pass],
  "time-received_long_before_creation.eml": [pass],
  "unsigned_header-content-type.eml": [pass],
  "unsigned_header-reply_to-in_domain.eml": [pass],
  "unsigned_header-reply_to-invalid.eml": [pass],
  "unsigned_header-reply_to-not_in_domain.eml": [pass],
};

const corpus = corpusPath("dkim");

describe("DKIM messages of the corpus", { skip: corpus === null && missing("dkim") }, () => {
  const folder = corpus ?? "";
  test("every message has an expectation", () => {
    assert.deepEqual(readdirSync(folder).sort(), Object.keys(expectations).sort());
  });
  for (const [file, expected] of Object.entries(expectations)) {
    test(file, async () => {
      const message = await openMessage(readFileSync(join(folder, file)));
      const now = () => Date.UTC(2026, 10, 21);
      const dkim = prepareDkim(message.header, { authorDomains: [], dns: testDns(keys), clock: now });
      const bodies = bodyHashes(dkim.bodyHashes, message.header.lineEnd);
      await readBody(message.body, message.header.lineEnd, [bodies]);
      const results = await dkim.finish(bodies);
      assert.deepEqual(
        results.map(({ result, reason, headerResult, bodyResult }) => [result, reason, headerResult, bodyResult]),
        expected,
      );
    });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, inputOf, signatureOf, spfOf } from "../../test/decision-case.ts";
import { type SenderMarks, senderMarks } from "./sender-marks.ts";
import type { Standing, Verdict } from "./verdict.ts";

const failed: Verdict = { compauth: "fail", reason: "001", explanation: "", facts: [] };
const nothing = { unverified: false, via: null };
const evil = { spf: [spfOf({ domain: "evil.example", aligned: false, alignedBestGuess: false })] };

function marks(one: Case, about: { verdict?: Verdict; standing?: Standing; spoofIntelligence?: boolean } = {}): SenderMarks {
  const { verdict = failed, standing = "unknown", ...policy } = about;
  return senderMarks(inputOf(one), { verdict, standing }, policy);
}

const unauthenticated: Case = { spf: [spfOf({ result: "none" })], dkim: [], dmarc: { result: "none", reason: "no-record" } };

test("`?`: neither SPF nor DKIM passes, nor DMARC or composite authentication", () => {
  assert.deepEqual(marks(unauthenticated), { unverified: true, via: null });
  assert.equal(marks({ ...unauthenticated, spf: [spfOf({ result: "pass" })] }).unverified, false);
  assert.equal(marks({ ...unauthenticated, dkim: [signatureOf({ domain: "contoso.com" })] }).unverified, false);
  assert.equal(marks(unauthenticated, { verdict: { ...failed, compauth: "pass", reason: "130" } }).unverified, false);
  assert.equal(marks({ ...unauthenticated, dkim: [signatureOf({ result: "fail", reason: "signature" })] }).unverified, true);
  assert.equal(
    marks({ ...unauthenticated, spf: [spfOf({ identity: "helo", result: "pass" })] }).unverified,
    true,
    "HELO is not the sender",
  );
});

test("`via`: the signer first, else MAIL FROM, where neither is the author's", () => {
  const from = (mailFrom: string, rest: Case): Case => ({ ...rest, transaction: { mailFrom } });
  assert.equal(marks(from("a@evil.example", evil)).via, "evil.example");
  assert.equal(marks(from("a@evil.example", { ...evil, dkim: [signatureOf({ domain: "service.example" })] })).via, "service.example");
  assert.deepEqual(marks(from("bounce@mail.contoso.com", { spf: [spfOf({})] })), nothing, "a name below the author's");
  assert.deepEqual(
    marks(from("a@evil.example", { ...evil, dkim: [signatureOf({ domain: "contoso.com" })] })),
    nothing,
    "the author signed",
  );
  assert.deepEqual(marks(from("a@evil.example", evil), { standing: "allowed" }), nothing, "the operator allows the pair");
});

test("attack: neither mark is silenced by what nobody has verified", () => {
  const nullPath = { spf: [spfOf({ domain: "attack.example", aligned: false, alignedBestGuess: false })], transaction: { mailFrom: "" } };
  assert.deepEqual(marks({ ...unauthenticated, ...nullPath }), { unverified: true, via: null }, "SPF of a HELO name");
  const forged: Case = {
    transaction: { mailFrom: "x@contoso.com" },
    spf: [spfOf({ result: "fail" })],
    dkim: [signatureOf({ domain: "attack.example" })],
    dmarc: { result: "none", reason: "no-record" },
  };
  assert.deepEqual(marks(forged), { unverified: false, via: "attack.example" });
});

test("without spoof intelligence neither is shown", () => {
  assert.deepEqual(marks(unauthenticated, { spoofIntelligence: false }), nothing);
});

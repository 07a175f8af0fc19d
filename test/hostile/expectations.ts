/** What hostile mail must come to (standards: limits end in a deterministic non-pass; an honest message keeps its pass). */
import assert from "node:assert/strict";
import type { Inspection } from "../../src/index.ts";

/** Nothing vouches for the author. */
export function neverPasses({ evidence, verdict }: Inspection): void {
  assert.notEqual(evidence.dmarc.result, "pass");
  assert.notEqual(evidence.dmarc.result, "bestguesspass");
  assert.ok(verdict.compauth === "fail" || verdict.compauth === "none", `compauth ${verdict.compauth}`);
  assert.ok(!evidence.dkim.some(({ result, aligned }) => result === "pass" && aligned));
}

/** Contract: a header past the limits has the defect, no valid From, and no verified signature. */
export function headerTooLarge(inspection: Inspection): void {
  const { evidence, from } = inspection;
  neverPasses(inspection);
  assert.ok(evidence.defects.includes("header-too-large"), evidence.defects.join());
  assert.equal(from.result, "invalid");
  for (const { result } of evidence.dkim) assert.notEqual(result, "pass");
  assert.notEqual(evidence.arc.result, "pass");
}

/** An honest message of hostile size. */
export function passes({ evidence, verdict }: Inspection): void {
  assert.equal(evidence.dkim[0]?.result, "pass", JSON.stringify(evidence.dkim[0]));
  assert.equal(evidence.dmarc.result, "pass");
  assert.equal(verdict.compauth, "pass");
}

export function passesWith(defect: Inspection["evidence"]["defects"][number]): (inspection: Inspection) => void {
  return (inspection) => {
    passes(inspection);
    assert.ok(inspection.evidence.defects.includes(defect), inspection.evidence.defects.join());
  };
}

/** From is refused, and with it the message. */
export function fromInvalid(inspection: Inspection): void {
  neverPasses(inspection);
  assert.equal(inspection.from.result, "invalid");
}

/** At most `count` signatures were looked at; the others stay listed as `policy`, `over-limit`. */
export function atMostVerified(count: number, listed: number): (inspection: Inspection) => void {
  return (inspection) => {
    neverPasses(inspection);
    const { dkim } = inspection.evidence;
    assert.equal(dkim.length, listed);
    const skipped = dkim.filter(({ reason }) => reason === "over-limit");
    assert.ok(dkim.length - skipped.length <= count, `${dkim.length - skipped.length} verified`);
    for (const { result } of skipped) assert.equal(result, "policy");
  };
}

export function spfNever(...words: readonly string[]): (inspection: Inspection) => void {
  return (inspection) => {
    neverPasses(inspection);
    const spf = inspection.evidence.spf.find(({ identity }) => identity === "mailfrom");
    assert.ok(words.includes(spf?.result ?? "missing"), `spf ${spf?.result} ${spf?.reason}`);
  };
}

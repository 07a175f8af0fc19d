/** Hostile signatures and ARC sets: too many, too long, keys that are slow to use. */
import assert from "node:assert/strict";
import { sealArc, signDkim } from "../../bench/signer.ts";
import type { Inspection } from "../../src/index.ts";
import { atMostVerified, headerTooLarge, neverPasses, passes } from "./expectations.ts";
import { type HostileInput, numbered, type World } from "./world.ts";

export function signatureInputs(world: World): HostileInput[] {
  const forged = (name: string, fields: () => readonly string[], expect: HostileInput["expect"]): HostileInput => ({
    name,
    message: () =>
      Buffer.concat([
        Buffer.from(
          fields()
            .map((field) => `${field}\r\n`)
            .join(""),
          "latin1",
        ),
        plain(world),
      ]),
    envelope: world.forger,
    expect,
  });
  const victim = world.victim.name;
  return [
    forged("2,000 DKIM signatures of distinct domains", () => numbered(2000, (i) => fake(`d${i}.example`)), headerTooLarge),
    forged("2,000 DKIM signatures of one domain", () => numbered(2000, () => fake(victim, "s2048")), headerTooLarge),
    forged("400 DKIM signatures of distinct domains", () => numbered(400, (i) => fake(`d${i}.example`)), atMostVerified(8, 400)),
    forged("400 DKIM signatures in the author's name", () => numbered(400, () => fake(victim, "s2048")), atMostVerified(8, 400)),
    forged("400 DKIM signatures of distinct selectors", () => numbered(400, (i) => fake(victim, `s${i}`)), atMostVerified(8, 400)),
    forged("h= with 100,000 names", () => [fake(victim, "s2048", { h: numbered(100_000, () => "from").join(":") })], headerTooLarge),
    forged(
      "h= with 12,000 names in a field within the limit",
      () => [fake(victim, "s2048", { h: numbered(12_000, () => "from").join(":") })],
      neverPasses,
    ),
    forged("h= with 1,600 names", () => [fake(victim, "s2048", { h: numbered(1600, () => "from").join(":") })], neverPasses),
    forged("b= of 1 MB", () => [fake(victim, "s2048", { b: "A".repeat(1_000_000) })], headerTooLarge),
    forged("b= of 60 KB", () => [fake(victim, "s2048", { b: "A".repeat(60_000) })], neverPasses),
    forged("b= of 7 KB", () => [fake(victim, "s2048", { b: "A".repeat(7000) })], neverPasses),
    forged("10,000 tags in a signature", () => [`${fake(victim, "s2048")};${numbered(10_000, (i) => `t${i}=`).join(";")}`], neverPasses),
    forged("60,000 semicolons in a signature", () => [`${fake(victim, "s2048")}${";".repeat(60_000)}`], neverPasses),
    forged("a signature of 60 KB of white space", () => [`DKIM-Signature:${" \t".repeat(30_000)}`], neverPasses),
    forged("a key record of 64 KB", () => [fake("attacker.example", "bigkey")], neverPasses),
    forged("1,000 key records", () => [fake("attacker.example", "manykeys")], neverPasses),
    forged("a key record of 9,000 tags", () => [fake("attacker.example", "tagkey")], neverPasses),
    forged("60 ARC sets", () => numbered(60, (i) => fakeSet(60 - i)).flat(), arcFails),
    forged(
      "200 ARC seals of one instance",
      () =>
        numbered(200, () => fakeSet(1))
          .flat()
          .slice(0, 290),
      arcFails,
    ),
    forged(
      "ARC instances of 60,000 digits",
      () => [`ARC-Seal: i=${"9".repeat(60_000)}; cv=none; d=a.example; s=s; a=rsa-sha256; b=AAAA`],
      arcFails,
    ),
    { name: "50 ARC sets of two sealers", message: () => sealedChain(world, 2), envelope: world.honest, expect: passesWithArc },
    { name: "50 ARC sets of 50 sealers", message: () => sealedChain(world, 50), envelope: world.forger, expect: arcNeverPasses },
    {
      name: "eight signatures over 300 fields each of a header of 225 KB",
      message: () => wideSignatures(world),
      envelope: world.honest,
      expect: passes,
    },
    {
      name: "400 foreign signatures above the author's own",
      message: () => buriedSignature(world),
      envelope: world.forger,
      expect: ownSignaturePasses,
    },
  ];
}

function plain(world: World): Buffer {
  return Buffer.from(`From: <ceo@${world.victim.name}>\r\nTo: <anna@receiver.example>\r\nSubject: pay\r\n\r\nPay now.\r\n`, "latin1");
}

/** A signature that parses, and does not verify. */
function fake(domain: string, selector = "s", { h = "from:to:subject", b = `${"A".repeat(342)}==` } = {}): string {
  return `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=${selector}; h=${h}; bh=${"A".repeat(43)}=; b=${b}`;
}

function fakeSet(instance: number): string[] {
  const tags = `a=rsa-sha256; d=sealer${1000 + instance}.example; s=s2048`;
  return [
    `ARC-Seal: i=${instance}; ${tags}; cv=${instance === 1 ? "none" : "pass"}; b=${"A".repeat(342)}==`,
    `ARC-Message-Signature: i=${instance}; ${tags}; c=relaxed/relaxed; h=from; bh=${"A".repeat(43)}=; b=${"A".repeat(342)}==`,
    `ARC-Authentication-Results: i=${instance}; mx.example; dmarc=pass`,
  ];
}

function sealedChain(world: World, sealers: number): Buffer {
  let message: Buffer = world.sign(plain(world));
  for (let instance = 1; instance <= 50; instance++) {
    const sealer = world.sealers[instance % sealers];
    if (sealer === undefined) throw new Error("no such sealer");
    const options = {
      headers: ["From", "To", "Subject", "DKIM-Signature"],
      signedAt: world.signedAt,
      instance,
      cv: instance === 1 ? "none" : "pass",
    } as const;
    message = sealArc(message, sealer.signer("rsa-sha256"), {
      ...options,
      results: `mx.${sealer.name}; dmarc=pass header.from=${world.victim.name}`,
    });
  }
  return message;
}

function wideSignatures(world: World): Buffer {
  const fields = numbered(900, (i) => `X: ${String(i).padEnd(240, " x")}\r\n`).join("");
  let message: Buffer = Buffer.concat([Buffer.from(fields, "latin1"), plain(world)]);
  for (let i = 0; i < 8; i++) message = world.sign(message, { headers: ["From", "To", "Subject", ...numbered(297, () => "X")] });
  return message;
}

function buriedSignature(world: World): Buffer {
  const foreign = numbered(400, (i) => `${fake(`d${i}.example`)}\r\n`).join("");
  const own = signDkim(plain(world), world.victim.signer("rsa-sha256"), { headers: ["From", "To", "Subject"], signedAt: world.signedAt });
  return Buffer.concat([Buffer.from(foreign, "latin1"), own]);
}

/** Signatures of the author's domain are verified first. */
function ownSignaturePasses({ evidence }: Inspection): void {
  assert.equal(evidence.dkim.at(-1)?.result, "pass");
  assert.equal(evidence.dmarc.result, "pass");
}

function arcFails(inspection: Inspection): void {
  neverPasses(inspection);
  assert.equal(inspection.evidence.arc.result, "fail");
}

function passesWithArc(inspection: Inspection): void {
  passes(inspection);
  assert.equal(inspection.evidence.arc.result, "pass");
}

/** Fifty sealers ask for fifty keys: more than a message may ask DNS for its chain. */
function arcNeverPasses({ evidence }: Inspection): void {
  assert.ok(evidence.arc.result === "temperror" || evidence.arc.result === "fail", evidence.arc.result);
  assert.equal(evidence.arc.trusted, false);
}

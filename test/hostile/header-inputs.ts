/** Hostile headers: too many lines, fields, addresses, comments, names. */
import { limits } from "../../src/base/limits.ts";
import { fromInvalid, headerTooLarge, neverPasses, passes } from "./expectations.ts";
import { type HostileInput, numbered, type World } from "./world.ts";

export function headerInputs(world: World): HostileInput[] {
  const from = `From: <ceo@${world.victim.name}>`;
  const forged = (name: string, fields: readonly string[], expect: HostileInput["expect"]): HostileInput => ({
    name,
    message: () => Buffer.from(`${fields.join("\r\n")}\r\n\r\nPay now.\r\n`, "latin1"),
    envelope: world.forger,
    expect,
  });
  return [
    forged("a header of 200,000 folded lines", [from, `Subject: a${"\r\n folded again".repeat(200_000)}`], headerTooLarge),
    forged(
      "200,000 folded lines within the field limit of bytes",
      [from, `Subject: a${"\r\n b".repeat(15_000)}`, "To: anna@receiver.example"],
      neverPasses,
    ),
    forged("50,000 fields", [from, ...numbered(50_000, (i) => `X-${i}: y`)], headerTooLarge),
    forged("50,000 fields, the author's last", [...numbered(50_000, (i) => `X-${i}: y`), from], headerTooLarge),
    forged(
      "999 From fields",
      numbered(999, () => from),
      fromInvalid,
    ),
    forged("a header line of 10 MB", [from, `Subject: ${"x".repeat(10_000_000)}`], headerTooLarge),
    forged("900 lines that are no fields", [from, ...numbered(900, () => "no colon here")], neverPasses),
    forged(
      "1,000 Received fields",
      [...numbered(998, (i) => `Received: from a by b with ESMTP id ${i}; Sat, 1 Jan 2026 00:00:00 +0000`), from],
      neverPasses,
    ),
    forged(
      "20,000 mailboxes in From",
      [`From: ${numbered(20_000, (i) => `u${i}@x${i}.example`).join(", ")}, <ceo@${world.victim.name}>`],
      headerTooLarge,
    ),
    forged(
      "3,000 mailboxes in a From within the field limit",
      [`From: ${numbered(3000, (i) => `u${i}@x${i}.example`).join(",")}`],
      fromInvalid,
    ),
    forged("100,000 ( in From", [`From: ${"(".repeat(100_000)} <ceo@${world.victim.name}>`], headerTooLarge),
    forged("60,000 ( in a From within the field limit", [`From: ${"(".repeat(60_000)} <ceo@${world.victim.name}>`], fromInvalid),
    forged("4,000 ( in From", [`From: ${"(".repeat(4000)} <ceo@${world.victim.name}>`], fromInvalid),
    forged(
      "balanced comments 1,900 deep in From",
      [`From: ${"(".repeat(1900)}${")".repeat(1900)} <ceo@${world.victim.name}>`],
      fromInvalid,
    ),
    forged("60,000 < in From", [`From: ${"<".repeat(60_000)}ceo@${world.victim.name}>`], fromInvalid),
    forged("30,000 quoted pairs in From", [`From: "${'\\"'.repeat(30_000)}" <ceo@${world.victim.name}>`], fromInvalid),
    forged("an unclosed quoted string of 60,000 in From", [`From: "${"\\\\".repeat(30_000)} <ceo@${world.victim.name}>`], fromInvalid),
    forged(
      "200 encoded words in From",
      [`From: ${numbered(200, () => "=?utf-8?Q?=40=40?=").join(" ")} <ceo@${world.victim.name}>`],
      neverPasses,
    ),
    forged("3,800 dots in From's domain", [`From: <ceo@${"a.".repeat(1900)}example>`], fromInvalid),
    forged("a domain of 126 labels in From", [`From: <ceo@${"a.".repeat(120)}${world.victim.name}>`], neverPasses),
    forged(
      "50 mailboxes with long punycode domains",
      [`From: ${numbered(50, (i) => `u@xn--${"a".repeat(50)}${i}.example`).join(",")}`],
      fromInvalid,
    ),
    forged("a From of 4,000 zero-width characters", [`From: "${"\xe2\x80\x8b".repeat(1200)}" <ceo@${world.victim.name}>`], neverPasses),
    forged("a group of 300 groups in From", [`From: ${"g:".repeat(300)}<ceo@${world.victim.name}>${";".repeat(300)}`], fromInvalid),
    forged(
      "an Authentication-Results field of 1 MB",
      [`Authentication-Results: mx.receiver.example; ${"dkim=pass header.d=a.example; ".repeat(36_000)}`, from],
      headerTooLarge,
    ),
    forged(
      "an Authentication-Results field of 60 KB",
      [`Authentication-Results: mx.receiver.example; ${"dkim=pass header.d=a.example; ".repeat(2000)}`, from],
      neverPasses,
    ),
    forged(
      "Authentication-Results with 30,000 nested comments",
      [`Authentication-Results: ${"(".repeat(30_000)} mx.receiver.example; dmarc=pass`, from],
      neverPasses,
    ),
    forged(
      "800 forged Authentication-Results fields",
      [...numbered(800, () => `Authentication-Results: mx.receiver.example; dmarc=pass header.from=${world.victim.name}`), from],
      neverPasses,
    ),
    forged(
      "NUL in every field",
      [...numbered(500, (i) => `X-${i}: \0\0\0`), `From: <ceo@${world.victim.name}\0.attacker.example>`],
      fromInvalid,
    ),
    { name: "an empty message", message: () => Buffer.alloc(0), envelope: world.forger, expect: neverPasses },
    { name: "1 MB of NUL", message: () => Buffer.alloc(1_000_000), envelope: world.forger, expect: neverPasses },
    {
      name: "10 MB without a line end",
      message: () => Buffer.alloc(10_000_000, "From: x"),
      envelope: world.forger,
      expect: headerTooLarge,
    },
    { name: "10 MB of bytes above 127", message: () => Buffer.alloc(10_000_000, 0xff), envelope: world.forger, expect: headerTooLarge },
    ...[0, 1].map((over) => ({
      name: `an honest header of ${over === 0 ? "exactly" : "one byte more than"} the limit`,
      message: () => paddedHeader(world, limits.headerBytesMax + over),
      envelope: world.honest,
      expect: over === 0 ? passes : headerTooLarge,
    })),
  ];
}

/** A signed message whose header section, up to the empty line, has exactly so many octets. */
function paddedHeader(world: World, bytes: number): Buffer {
  const fields = [`From: <ceo@${world.victim.name}>`, "To: <anna@receiver.example>", "Subject: report"];
  const signed = world.sign(Buffer.from(`${fields.join("\r\n")}\r\n\r\nHello.\r\n`, "latin1"));
  const lines: string[] = [];
  for (let missing = bytes - signed.indexOf("\r\n\r\n") - 2; missing > 0; ) {
    // No line shorter than a field can be is left for the end.
    const line = missing > 2000 ? 900 : missing > 1000 ? Math.floor(missing / 2) : missing;
    lines.push(`X-Pad: ${"p".repeat(line - 9)}\r\n`);
    missing -= line;
  }
  return Buffer.concat([Buffer.from(lines.join(""), "latin1"), signed]);
}

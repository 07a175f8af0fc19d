/** Hostile DNS: records that try to make us ask, wait or parse without end (RFC 7208 §4.6.4, §11.1; RFC 9989 §4.10). */
import { neverPasses, spfNever } from "./expectations.ts";
import type { HostileInput, World } from "./world.ts";

export function dnsInputs(world: World): HostileInput[] {
  const message = (from: string) => () => Buffer.from(`From: <${from}>\r\nTo: <anna@receiver.example>\r\n\r\nPay now.\r\n`, "latin1");
  const spf = (name: string, mailFrom: string, ...words: readonly string[]): HostileInput => ({
    name,
    message: message(`ceo@${world.victim.name}`),
    envelope: { ...world.forger, mailFrom },
    expect: spfNever(...words),
  });
  return [
    spf("SPF: ten mx of ten names each", "x@mxbomb.attacker.example", "permerror", "temperror"),
    spf("SPF: 300 a terms", "x@abomb.attacker.example", "permerror"),
    spf("SPF: a record that includes itself twice", "x@loop.attacker.example", "permerror"),
    spf("SPF: a record that redirects to itself", "x@redirect.attacker.example", "permerror"),
    spf("SPF: ten includes of itself", "x@fan.attacker.example", "permerror"),
    spf("SPF: an endless chain of includes", "x@0.chain.attacker.example", "permerror"),
    spf("SPF: ten void lookups", "x@void.attacker.example", "permerror"),
    spf("SPF: a TXT of 64 KB", "x@long.attacker.example", "permerror"),
    spf("SPF: 1,000 records", "x@several.attacker.example", "permerror"),
    // The attacker may well pass for a domain of his own; it is the victim's that counts.
    spf("SPF: macros of 3 KB", `${"a-b.".repeat(15)}x@macros.attacker.example`, "pass"),
    spf("SPF: a local part of 60,000", `${"a.".repeat(30_000)}x@macros.attacker.example`, "none", "permerror", "fail"),
    spf("SPF: 4,000 percent signs", "x@percent.attacker.example", "fail"),
    spf("SPF: 4,001 percent signs", "x@oddpercent.attacker.example", "permerror"),
    spf("SPF: three ptr, and a client with 100 names", "x@ptrs.attacker.example", "fail", "permerror"),
    spf("SPF: a path of 1 MB", `<${"@a.example,".repeat(90_000)}:x@attacker.example>`, "none", "pass"),
    {
      name: "a HELO of 1 MB",
      message: message(`ceo@${world.victim.name}`),
      envelope: { ...world.forger, helo: "a.".repeat(500_000) },
      expect: neverPasses,
    },
    {
      name: "a DMARC record of 9,000 tags",
      message: message("ceo@deep.mail.attacker.example"),
      envelope: { ...world.forger, mailFrom: "x@elsewhere.example" },
      expect: neverPasses,
    },
  ];
}

/**
 * The world in which hostile mail arrives: a victim that publishes p=reject, sealers, and an attacker whose DNS answers whatever
 * hurts most (RFC 7208 §11.1). Everything is fixed: clock, chance and zone, so that the same bytes must give the same inspection.
 */
import { keySource } from "../../bench/keys.ts";
import { type SignOptions, signDkim } from "../../bench/signer.ts";
import { assayResolver, openZone, publishDomain, type SendingDomain } from "../../bench/zone.ts";
import type { Answer, Inspection, RecordOf, RecordType, Resolver } from "../../src/index.ts";

export type Envelope = { readonly ip: string; readonly helo: string; readonly mailFrom: string; readonly rcptTo: readonly string[] };

export type HostileInput = {
  readonly name: string;
  /** Makes the message; it is expensive for some. */
  readonly message: () => Buffer;
  readonly envelope: Envelope;
  /** Asserts what the message must come to. */
  readonly expect: (inspection: Inspection) => void;
};

export type World = {
  readonly victim: SendingDomain;
  readonly sealers: readonly SendingDomain[];
  /** What a forger sends with: an address and a domain of his own. */
  readonly forger: Envelope;
  /** What the victim's own server sends with. */
  readonly honest: Envelope;
  readonly sign: (message: Buffer, options?: Partial<SignOptions>) => Buffer;
  readonly signedAt: number;
  /** A resolver that counts, and what it has counted. */
  readonly resolver: () => { readonly resolver: Resolver; readonly asked: readonly string[] };
};

export const clock = (): number => 1_780_000_000_000;

export function makeWorld(): World {
  const zone = openZone();
  const keys = keySource();
  const making = { keys, algorithms: ["rsa-sha256"] } as const;
  const victim = publishDomain(zone, 1, { prefix: "victim", ...making });
  const sealers = Array.from({ length: 50 }, (_, number) => publishDomain(zone, 1000 + number, { prefix: "sealer", ...making }));
  const inner = assayResolver(zone);
  const signedAt = clock() / 1000 - 3600;
  return {
    victim,
    sealers,
    forger: { ip: "203.0.113.66", helo: "mail.attacker.example", mailFrom: "x@attacker.example", rcptTo: ["anna@receiver.example"] },
    honest: { ip: victim.ip, helo: victim.helo, mailFrom: `bounce@${victim.name}`, rcptTo: ["anna@receiver.example"] },
    signedAt,
    sign: (message, options) =>
      signDkim(message, victim.signer("rsa-sha256"), { headers: ["From", "To", "Subject", "From"], signedAt, ...options }),
    resolver: () => {
      const asked: string[] = [];
      const query = <T extends RecordType>(name: string, type: T): Promise<Answer<T>> => {
        asked.push(`${name} ${type}`);
        const hostile = attackerAnswer(name, type);
        // The attacker's answers are made for the type that was asked.
        return hostile === null ? inner.query(name, type) : Promise.resolve(hostile as Answer<T>);
      };
      return { resolver: { query }, asked };
    },
  };
}

/** What the attacker's name servers say; null for names that are not his. */
function attackerAnswer(name: string, type: RecordType): Answer | null {
  if (type === "PTR" && name === "66.113.0.203.in-addr.arpa") return found(numbered(100, (i) => `p${i}.ptr.attacker.example`));
  if (name !== "attacker.example" && !name.endsWith(".attacker.example")) return null;
  switch (type) {
    case "TXT":
      return attackerText(name);
    case "MX":
      return found(numbered(10, (i) => ({ preference: i, exchange: `x${i}.${name}` })));
    case "A":
      return name.includes("void") ? { status: "nxdomain" } : found(["192.0.2.200"]);
    default:
      return { status: "nodata" };
  }
}

function attackerText(name: string): Answer {
  const first = name.slice(0, name.indexOf("."));
  const text = texts[first];
  if (text !== undefined) return found(text(name).map((one) => Buffer.from(one)));
  // An endless chain: 1.chain includes 2.chain, and so on.
  const link = /^([0-9]+)\.chain\./.exec(name)?.[1];
  if (link !== undefined) return found([Buffer.from(`v=spf1 include:${Number(link) + 1}.chain.attacker.example -all`)]);
  if (name === "attacker.example") return found([Buffer.from("v=spf1 +all")]);
  return { status: "nodata" };
}

/** First label → the TXT records there. */
const texts: Readonly<Record<string, (name: string) => string[]>> = {
  mxbomb: () => [`v=spf1 ${numbered(10, (i) => `mx:m${i}.attacker.example`).join(" ")} -all`],
  abomb: () => [`v=spf1 ${numbered(300, (i) => `a:h${i}.attacker.example`).join(" ")} -all`],
  loop: (name) => [`v=spf1 include:${name} include:${name} -all`],
  redirect: (name) => [`v=spf1 redirect=${name}`],
  fan: () => [`v=spf1 ${numbered(10, () => "include:fan.attacker.example").join(" ")} -all`],
  void: () => [`v=spf1 ${numbered(10, (i) => `a:v${i}.void.attacker.example`).join(" ")} -all`],
  long: () => [`v=spf1 ${"ip4:10.0.0.0/8 ".repeat(4300)}-all`],
  several: () => numbered(1000, (i) => `v=spf1 ip4:10.0.0.${i % 256} -all`),
  macros: () => [`v=spf1 exists:${"%{s128r.-+,/_=}".repeat(200)}.attacker.example exp=${"%{l}".repeat(100)}.attacker.example -all`],
  ptrs: () => ["v=spf1 ptr ptr:a.attacker.example ptr:b.attacker.example -all"],
  // "%%" is one percent sign (RFC 7208 §7.1): an even number is a name nobody has, an odd one no macro-string.
  percent: () => [`v=spf1 exists:${"%".repeat(4000)} -all`],
  oddpercent: () => [`v=spf1 exists:${"%".repeat(4001)} -all`],
  bigkey: () => [`v=DKIM1; k=rsa; n=${"x".repeat(64_000)}; p=AAAA`],
  manykeys: () => numbered(1000, () => "v=DKIM1; k=rsa; p=AAAA"),
  tagkey: () => [`v=DKIM1; ${numbered(9000, (i) => `t${i}=1;`).join("")} p=AAAA`],
  _dmarc: () => [`v=DMARC1; p=reject; ${numbered(9000, (i) => `t${i}=1;`).join("")}`],
};

function found(records: RecordOf<RecordType>[]): Answer {
  return { status: "found", records, ttlSeconds: 60, authenticated: false };
}

export function numbered<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

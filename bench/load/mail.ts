/**
 * The mail of the load benchmark: messages of bench/mail.ts, most of 4 KB, one in eight of 50 KB, a quarter of them forged, in the
 * connections in which their clients bring them: a client has one address, and SPF looks at it. The same for the same number and seed.
 */
import { keySource } from "../keys.ts";
import { type Kind, kinds, messageMill } from "../mail.ts";
import { openZone, type ZoneRecord } from "../zone.ts";

export type LoadMessage = {
  /** As it stands in Message-ID, with its brackets. */
  readonly id: string;
  /** Whole, with CRLF; no line begins with a dot. */
  readonly bytes: Buffer;
  readonly mailFrom: string;
  readonly rcptTo: string;
  readonly expected: Outcome;
};

/** What each filter must say of the message. */
export type Outcome = { readonly spf: string; readonly dkim: string; readonly dmarc: string };

/** What one client brings over one connection. */
export type Visit = { readonly ip: string; readonly helo: string; readonly messages: readonly LoadMessage[] };

export type LoadMail = {
  /** For startRealDns. */
  readonly zones: Readonly<Record<string, string>>;
  /** The next `count` messages, each unlike every one before. */
  take(count: number): readonly Visit[];
};

/** Mail for the first is thrown away on delivery, mail for the second is kept. */
export const recipientDomains = { discarded: "inbound.test", kept: "kept.test" } as const;

export type LoadMailOptions = {
  /** Messages of one client over one connection. */
  readonly aVisit: number;
  /** One in so many is delivered and kept. */
  readonly keptEvery: number;
  /** The body of the n-th message; without it small ones and some big ones. */
  readonly bodyOf?: (number: number) => Body;
};

export type Body = Pick<Kind, "body" | "bodyBytes">;

export function loadMail({ aVisit, keptEvery, bodyOf = mixed }: LoadMailOptions): LoadMail {
  const zone = openZone();
  const [small] = kinds;
  if (small === undefined) throw new Error("no kinds of messages");
  const signedAt = Math.floor(Date.now() / 1000) - 3600;
  const mill = messageMill({ kind: small, keys: keySource(), seed: 11, signedAt, domains: "warm", zone, bodyOf });
  let made = 0;
  const next = (): { readonly message: LoadMessage; readonly ip: string; readonly helo: string } => {
    const { bytes, ip, helo, mailFrom, expected } = mill.next();
    const id = /^Message-ID: (\S+)/m.exec(bytes.toString("latin1"))?.[1] ?? "";
    if (bytes.includes("\r\n.")) throw new Error("a line begins with a dot: it would have to be stuffed");
    const domain = made % keptEvery === 0 ? recipientDomains.kept : recipientDomains.discarded;
    made += 1;
    const dkim = expected.dkim[0] === "pass" ? "pass" : "fail";
    const outcome = { spf: expected.spf, dkim, dmarc: expected.dmarc };
    return { message: { id, bytes, mailFrom, rcptTo: `anna@${domain}`, expected: outcome }, ip, helo };
  };
  return { zones: zonesOf(zone.records), take: (count) => visits(Array.from({ length: count }, next), aVisit) };
}

const big = 50_000;
const bodies: readonly Body[] = [
  { body: "html", bodyBytes: big },
  { body: "base64", bodyBytes: big },
];

/** One in eight is big; the place among the eight moves on, so that big ones are tampered with in every way. */
function mixed(number: number): Body {
  const isBig = number % 8 === Math.floor(number / 8) % 8;
  return (isBig ? bodies[Math.floor(number / 8) % 2] : undefined) ?? { body: "text", bodyBytes: 2200 };
}

/** In the order of the first message of each. */
function visits(
  messages: readonly { readonly message: LoadMessage; readonly ip: string; readonly helo: string }[],
  aVisit: number,
): readonly Visit[] {
  const open = new Map<string, LoadMessage[]>();
  const all: Visit[] = [];
  for (const { message, ip, helo } of messages) {
    const key = `${ip} ${helo}`;
    let visit = open.get(key);
    if (visit === undefined || visit.length === aVisit) {
      visit = [];
      open.set(key, visit);
      all.push({ ip, helo, messages: visit });
    }
    visit.push(message);
  }
  return all;
}

/** Master files: of the sending domains, of their addresses, and one that is signed, which nobody asks for. */
function zonesOf(records: readonly ZoneRecord[]): Readonly<Record<string, string>> {
  const lines = { example: [] as string[], "in-addr.arpa": [] as string[] };
  for (const { name, type, value } of records) {
    const written = type === "TXT" ? (value.match(/.{1,200}/g) ?? []).map((part) => `"${part}"`).join(" ") : value;
    lines[name.endsWith(".in-addr.arpa") ? "in-addr.arpa" : "example"].push(`${name}. ${type} ${written}${type === "PTR" ? "." : ""}\n`);
  }
  return { example: lines.example.join(""), "in-addr.arpa": lines["in-addr.arpa"].join(""), [signedZone]: "" };
}

export const signedZone = "signed.example";

/**
 * The messages of the benchmark: kinds by size, body and signatures, each kind as a pool in which no two messages are alike and
 * every fourth is a tampered twin (a body byte changed, a header field changed, the wrong key), sent from an address its domain
 * does not list. What each message must come to is known, so that every verdict in a timed run can be checked.
 */
import { type BodyKind, makeBody, seeded } from "./bodies.ts";
import type { Algorithm, KeySource } from "./keys.ts";
import { type Signer, sealArc, signDkim } from "./signer.ts";
import { type BenchZone, openZone, publishDomain, type SendingDomain } from "./zone.ts";

export type Kind = {
  readonly id: string;
  readonly title: string;
  readonly body: BodyKind;
  /** Octets of the body; the message is about 2 KB longer. */
  readonly bodyBytes: number;
  readonly algorithm: Algorithm;
  /** One signature by the author's domain; or two, and two ARC sets. */
  readonly signatures: "one" | "two-and-arc";
  /** Lines end in LF alone; signed as CRLF, as a mail store that drops the CRs would hand it out. */
  readonly bareLf?: true;
  /** At most so many times the machine's limit, with warm caches. */
  readonly bound: number;
};

const rsa = { algorithm: "rsa-sha256", signatures: "one" } as const;
const chained = { algorithm: "rsa-sha256", signatures: "two-and-arc" } as const;

export const kinds: readonly Kind[] = [
  { id: "4k-rsa", title: "4 KB, one RSA signature", body: "text", bodyBytes: 2200, ...rsa, bound: 5 },
  { id: "50k-base64", title: "50 KB base64", body: "base64", bodyBytes: 50_000, ...rsa, bound: 3 },
  { id: "50k-html", title: "50 KB indented HTML", body: "html", bodyBytes: 50_000, ...rsa, bound: 6 },
  { id: "1m-base64", title: "1 MB base64", body: "base64", bodyBytes: 1_000_000, ...rsa, bound: 2 },
  { id: "1m-html", title: "1 MB indented HTML", body: "html", bodyBytes: 1_000_000, ...rsa, bound: 8 },
  { id: "1m-lf", title: "1 MB of bare LF, text lines", body: "text", bodyBytes: 1_000_000, ...rsa, bareLf: true, bound: 5 },
  { id: "1m-lf-empty", title: "1 MB of bare LF, empty lines", body: "empty-lines", bodyBytes: 1_000_000, ...rsa, bareLf: true, bound: 5 },
  {
    id: "4k-ed25519",
    title: "4 KB, one Ed25519 signature",
    body: "text",
    bodyBytes: 2200,
    algorithm: "ed25519-sha256",
    signatures: "one",
    bound: 2,
  },
  { id: "4k-arc", title: "4 KB, two signatures, two ARC sets", body: "text", bodyBytes: 2200, ...chained, bound: 5 },
  { id: "50k-html-arc", title: "50 KB HTML, two signatures, two ARC sets", body: "html", bodyBytes: 50_000, ...chained, bound: 6 },
];

/** What one signature must come to. */
export type SignatureVerdict = "pass" | "body-hash" | "signature";

export type Expected = {
  /** In the header's order. */
  readonly dkim: readonly SignatureVerdict[];
  readonly arc: "none" | "pass" | "fail";
  readonly spf: "pass" | "fail";
  readonly dmarc: "pass" | "fail";
};

export type BenchMessage = {
  readonly bytes: Buffer;
  readonly ip: string;
  readonly helo: string;
  readonly mailFrom: string;
  readonly rcptTo: string;
  readonly bodyAt: number;
  readonly expected: Expected;
};

/** Signatures on a message of that kind, ARC's included: each set has a message signature and a seal. */
export function signaturesOf(kind: Kind): number {
  return kind.signatures === "one" ? 1 : 2 + 2 * 2;
}

/** Hands out messages one after the other, each unlike every one before. */
export type Mill = { readonly zone: BenchZone; readonly next: () => BenchMessage };

export type MillOptions = {
  readonly kind: Kind;
  readonly keys: KeySource;
  readonly seed: number;
  /** Seconds since 1970. */
  readonly signedAt: number;
  /** `warm`: 16 domains take turns. `cold`: every message is by domains never used before. */
  readonly domains: "warm" | "cold";
  /** Where to publish; a zone of its own without it. */
  readonly zone?: BenchZone;
  /** The body of the n-th message, where it is not the kind's. */
  readonly bodyOf?: (number: number) => Pick<Kind, "body" | "bodyBytes">;
  /** Names of cold domains start with it and a number that is not used twice. */
  readonly firstDomain?: number;
};

export const warmDomains = 16;

export function messageMill(options: MillOptions): Mill {
  const { kind, keys, seed } = options;
  const random = seeded(seed);
  const zone = options.zone ?? openZone();
  const prefix = options.domains === "warm" ? "d" : "cold";
  const publish = (number: number) => publishDomain(zone, number, { prefix, keys, algorithms: [kind.algorithm] });
  const fixed = options.domains === "warm" ? Array.from({ length: warmDomains }, (_, number) => publish(number)) : [];
  const stranger: Signer = { domain: "", selector: "", key: keys(kind.algorithm) };
  let made = 0;
  let fresh = options.firstDomain ?? 0;
  const domain = (place: number): SendingDomain => fixed[(made + place) % warmDomains] ?? publish(fresh++);
  return {
    zone,
    next: () => {
      const parts: Making = {
        kind: { ...kind, ...options.bodyOf?.(made) },
        random,
        number: made,
        signedAt: options.signedAt,
        stranger,
        domain,
      };
      const message = makeMessage(parts, tampering[made % tampering.length] ?? "none");
      made += 1;
      return message;
    },
  };
}

/** What one message is made of. `domain(0)` is the author's, the others sign and seal on the way. */
type Making = {
  readonly kind: Kind;
  readonly random: () => number;
  readonly number: number;
  readonly signedAt: number;
  readonly stranger: Signer;
  readonly domain: (place: number) => SendingDomain;
};

type Tampering = "none" | "body" | "header" | "wrong-key";

/** Every fourth message is a tampered twin, each way in turn. */
const tampering: readonly Tampering[] = [
  "none",
  "none",
  "none",
  "body",
  "none",
  "none",
  "none",
  "header",
  "none",
  "none",
  "none",
  "wrong-key",
];

function makeMessage(making: Making, tampered: Tampering): BenchMessage {
  const { kind } = making;
  const author = making.domain(0);
  const plain = Buffer.from(`${header(making, author)}\r\n${makeBody(kind.body, kind.bodyBytes, making.random)}`, "latin1");
  const signed = signAll(plain, making, { author, tampered });
  const altered = alter(signed, tampered);
  const bytes = kind.bareLf ? Buffer.from(altered.toString("latin1").replaceAll("\r\n", "\n"), "latin1") : altered;
  const bodyAt = kind.bareLf ? bytes.indexOf("\n\n") + 2 : bytes.indexOf("\r\n\r\n") + 4;
  // A twin comes from elsewhere, as forgeries do: nothing but the signature could vouch for it.
  const ip = tampered === "none" ? author.ip : "203.0.113.99";
  return {
    bytes,
    ip,
    helo: author.helo,
    mailFrom: `bounce@${author.name}`,
    rcptTo: "anna@receiver.example",
    bodyAt,
    expected: expect(kind, tampered),
  };
}

function signAll(plain: Buffer, making: Making, { author, tampered }: { author: SendingDomain; tampered: Tampering }): Buffer {
  const { kind, signedAt } = making;
  const options = { headers: signedHeaders, signedAt };
  const own = author.signer(kind.algorithm);
  // The stranger signs in the author's name with a key that is not the published one.
  const signer = tampered === "wrong-key" ? { ...own, key: making.stranger.key } : own;
  if (kind.signatures === "one") return signDkim(plain, signer, options);
  const twice = signDkim(signDkim(plain, making.domain(1).signer(kind.algorithm), options), signer, options);
  const chain = { ...options, headers: ["DKIM-Signature", ...signedHeaders] };
  const results = `mx.${author.name}; dkim=pass header.d=${author.name} header.s=${own.selector};\r\n\tspf=pass smtp.mailfrom=bounce@${author.name};\r\n\tdmarc=pass header.from=${author.name}`;
  const once = sealArc(twice, making.domain(2).signer(kind.algorithm), { ...chain, instance: 1, cv: "none", results });
  return sealArc(once, making.domain(3).signer(kind.algorithm), { ...chain, instance: 2, cv: "pass", results });
}

function alter(signed: Buffer, tampered: Tampering): Buffer {
  if (tampered !== "body" && tampered !== "header") return signed;
  const bytes = Buffer.from(signed);
  const end = bytes.indexOf("\r\n\r\n");
  // The last letter of the body, or of the Subject: another letter, nothing moved.
  let at = tampered === "body" ? bytes.length - 1 : bytes.indexOf("\r\n", bytes.indexOf("\r\nSubject:") + 2);
  while (!isLetter(bytes[at])) at -= 1;
  if (tampered === "body" ? at < end + 4 : at > end) throw new Error("nothing to tamper with");
  bytes[at] = bytes[at] === 0x61 ? 0x62 : 0x61;
  return bytes;
}

function isLetter(octet: number | undefined): boolean {
  return octet !== undefined && (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a;
}

function expect(kind: Kind, tampered: Tampering): Expected {
  const each: SignatureVerdict = tampered === "none" || tampered === "wrong-key" ? "pass" : tampered === "body" ? "body-hash" : "signature";
  const own: SignatureVerdict = tampered === "wrong-key" ? "signature" : each;
  const arc = kind.signatures === "one" ? "none" : each === "pass" ? "pass" : "fail";
  const whole = tampered === "none" ? "pass" : "fail";
  return { dkim: kind.signatures === "one" ? [own] : [own, each], arc, spf: whole, dmarc: whole };
}

/** Seventeen names, From oversigned; what ordinary bulk mail signs. */
export const signedHeaders: readonly string[] = [
  ...["From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"],
  ...["Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "X-Mailer", "From"],
];

function header(making: Making, author: SendingDomain): string {
  const { number, random, kind } = making;
  const date = new Date(making.signedAt * 1000).toUTCString().replace("GMT", "+0000");
  const token = Math.floor(random() * 0xffff_ffff_ffff).toString(16);
  const type = kind.body === "html" ? "text/html" : kind.body === "base64" ? "application/pdf" : "text/plain";
  return [
    `Received: from ${author.helo} (${author.helo} [${author.ip}])`,
    `\tby mx.receiver.example (Postfix) with ESMTPS id ${token.toUpperCase()}`,
    `\tfor <anna@receiver.example>; ${date}`,
    `Received: from app-${number}.internal (unknown [10.0.0.4])`,
    `\tby ${author.helo} (Postfix) with ESMTPA id ${token}; ${date}`,
    `From: "${author.name} Billing" <billing@${author.name}>`,
    "To: Anna Example <anna@receiver.example>",
    "Cc: Accounts <accounts@receiver.example>",
    `Subject: Your statement ${number} for the quarter, order`,
    `  ${token}, please review`,
    `Date: ${date}`,
    `Message-ID: <${token}.${number}@${author.name}>`,
    "MIME-Version: 1.0",
    `Content-Type: ${type}; charset="utf-8"`,
    `Content-Transfer-Encoding: ${kind.body === "base64" ? "base64" : "7bit"}`,
    `Reply-To: Support <support@${author.name}>`,
    `List-Id: Statements <statements.${author.name}>`,
    `List-Unsubscribe: <https://${author.name}/unsubscribe?id=${token}>`,
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    `Feedback-ID: ${number}:statements:${author.name}`,
    "X-Mailer: Statements 4.2",
    "",
  ].join("\r\n");
}

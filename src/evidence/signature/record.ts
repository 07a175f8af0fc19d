/**
 * A signature field as a typed record: what DKIM-Signature, ARC-Message-Signature and ARC-Seal have in common (RFC 6376 §3.5,
 * RFC 8617 §4.1). Parsed once, strictly (RFC 6376 §6.1.1: "meticulously"); names are checked before DNS hears of them.
 * What is broken has no record: only what can be shown of it, and the reason. It refuses to repair anything.
 */
import { limits } from "../../base/limits.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { type Field, type Header, rawValue } from "../../mail/header.ts";
import { isIcannSuffix } from "../../mail/public-suffix.ts";
import { colonList, decodeBase64, parseTagList, type TagList, withoutWhiteSpace } from "../../mail/tag-list.ts";
import type { Canonicalization } from "./canonical-body.ts";
import type { Cut } from "./canonical-header.ts";
import type { SignatureReason } from "./result.ts";

/** What can be shown of a signature, however broken it is. */
export type Shown = {
  /** d= as an A-label. */
  readonly domain: string | null;
  /** s= as A-labels. */
  readonly selector: string | null;
  /** a=, lower case. */
  readonly algorithm: string | null;
  /** The first eight characters of b= (RFC 6008). */
  readonly signatureStart: string | null;
};

/** Why a field gives no record, in words that carry no text of the message. */
export type Broken = { readonly reason: SignatureReason; readonly comment: string };

export type Algorithm = "rsa-sha256" | "ed25519-sha256";

/** All three kinds of field have this. */
export type Signature = {
  readonly field: Field;
  readonly algorithm: Algorithm;
  readonly signature: Buffer;
  /** The value of b= with the white space around it, as offsets into the raw value of the field. */
  readonly cut: Cut;
  readonly domain: string;
  readonly selector: string;
  /** t= in seconds since 1970; Infinity beyond twelve digits. */
  readonly timestamp: number | null;
};

/** A signature over a message has this too: DKIM-Signature and ARC-Message-Signature. */
export type MessageSignature = Signature & {
  readonly bodyHash: Buffer;
  readonly canonicalization: { readonly header: Canonicalization; readonly body: Canonicalization };
  /** h= names in order, lower case. */
  readonly headers: readonly string[];
  /** l= */
  readonly length: number | null;
  /** x= */
  readonly expiration: number | null;
};

/** Reads the tags of a signature field; null where they are not a tag-list. */
export function signatureTags(header: Header, field: Field): TagList | null {
  return parseTagList(rawValue(header, field), header.lineEnd);
}

export function shownOf(tags: TagList | null): Shown {
  const start = tags === null ? "" : withoutWhiteSpace(tags.get("b")?.value.slice(0, 64) ?? "").slice(0, 8);
  return {
    domain: name(tags?.get("d")?.value),
    selector: name(tags?.get("s")?.value),
    algorithm: algorithmName(tags),
    signatureStart: /^[A-Za-z0-9+/]{1,8}$/.test(start) ? start : null,
  };
}

/** RFC 6376 §3.5: a=, b=, d=, s= and t=. */
export function readSignature(field: Field, tags: TagList, shown: Shown): Signature | Broken {
  for (const required of ["a", "b", "d", "s"]) if (!tags.has(required)) return syntax(`no ${required}= tag`);
  const algorithm = readAlgorithm(shown.algorithm);
  if (typeof algorithm !== "string") return algorithm;
  const { domain, selector } = shown;
  // RFC 6376 §3.5: d= has at least two labels. Checked before any question to DNS (attack: NUL, quotes or parentheses in d= or s=).
  if (domain === null || !domain.includes(".")) return syntax("d= is not a domain name");
  if (selector === null) return syntax("s= is not a selector");
  if (keyName(selector, domain).length > limits.domainBytesMax) return syntax("s= and d= are too long for a DNS name");
  // RFC 6376 §6.1.1: signatures "of" com or co.uk may be ignored.
  if (isIcannSuffix(domain)) return syntax("d= is a public suffix");
  const b = tags.get("b");
  const signature = b === undefined ? null : decodeBase64(b.value);
  if (b === undefined || signature === null) return syntax("b= is not base64");
  const timestamp = seconds(tags.get("t")?.value);
  if (timestamp === "invalid") return syntax("t= is not a time");
  return { field, algorithm, signature, cut: { start: b.start, end: b.end }, domain, selector, timestamp };
}

/** RFC 6376 §3.5: bh=, c=, h=, l=, q= and x=. `h=` may be empty, or have empty names, only where the caller lets it. */
export function readMessageSignature(signature: Signature, tags: TagList): MessageSignature | Broken {
  for (const required of ["bh", "h"]) if (!tags.has(required)) return syntax(`no ${required}= tag`);
  const bodyHash = decodeBase64(tags.get("bh")?.value ?? "");
  if (bodyHash?.length !== 32) return syntax("bh= is not a SHA-256 hash in base64");
  const canonicalization = readCanonicalization(tags.get("c")?.value);
  if (canonicalization === null) return syntax("c= names an unknown canonicalization");
  const h = tags.get("h")?.value ?? "";
  const headers = colonList(h);
  if (headers.length > limits.signedHeadersMax) return { reason: "over-limit", comment: "h= has too many names" };
  if (!fieldNames.test(h) && !headers.every((header) => fieldNames.test(header)))
    return syntax("h= has something that is not a field name");
  const length = readLength(tags.get("l")?.value);
  if (length === "invalid") return syntax("l= is not a number");
  // RFC 6376 §3.5: query methods that are not known are ignored; "dns/txt" is the only one there is.
  if (!colonList(tags.get("q")?.value ?? "dns/txt").includes("dns/txt")) return syntax("q= has no known query method");
  const expiration = seconds(tags.get("x")?.value);
  if (expiration === "invalid") return syntax("x= is not a time");
  // RFC 6376 §3.5: x= must be greater than t= if both are there.
  if (expiration !== null && signature.timestamp !== null && expiration <= signature.timestamp) return syntax("x= is not after t=");
  return {
    field: signature.field,
    algorithm: signature.algorithm,
    signature: signature.signature,
    cut: signature.cut,
    domain: signature.domain,
    selector: signature.selector,
    timestamp: signature.timestamp,
    bodyHash,
    canonicalization,
    headers,
    length,
    expiration,
  };
}

export function syntax(comment: string): Broken {
  return { reason: "syntax", comment };
}

export function isBroken<T extends object>(value: T | Broken): value is Broken {
  return "reason" in value;
}

/** RFC 6376 §3.6.2.1. */
export function keyName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}

// RFC 5322 §3.6.8: printable US-ASCII but the colon, which stands between names; the semicolon cannot be in a tag.
const fieldNames = /^[!-:<-~]*$/;
const digits = /^[0-9]+$/;

function algorithmName(tags: TagList | null): string | null {
  const value = tags?.get("a")?.value.toLowerCase();
  return value !== undefined && /^[a-z][a-z0-9]{0,31}-[a-z][a-z0-9]{0,31}$/.test(value) ? value : null;
}

function readAlgorithm(algorithm: string | null): Algorithm | Broken {
  if (algorithm === "rsa-sha256" || algorithm === "ed25519-sha256") return algorithm;
  // RFC 8301 §3.1: rsa-sha1 must not be verified.
  if (algorithm === "rsa-sha1") return { reason: "weak-algorithm", comment: "rsa-sha1 is not accepted" };
  return syntax("a= is not an algorithm we know");
}

/** RFC 8616 §5: U-labels may stand in d= and s=; they are looked up as A-labels. No final dot (RFC 6376 §3.5: RFC 5321's grammar). */
function name(value: string | undefined): string | null {
  if (value === undefined || value === "" || value.endsWith(".") || value.length > 4 * limits.domainBytesMax) return null;
  return domainToAscii(fromUtf8(value));
}

/** Text that was read as latin1, as the UTF-8 that it is (RFC 6532). */
export function fromUtf8(value: string): string {
  return /[\x80-\xff]/.test(value) ? Buffer.from(value, "latin1").toString("utf8") : value;
}

/** RFC 6376 §3.5: more than twelve digits may be considered infinite. */
function seconds(value: string | undefined): number | "invalid" | null {
  if (value === undefined) return null;
  if (!digits.test(value)) return "invalid";
  return value.length > 12 && /[1-9]/.test(value.slice(0, -12)) ? Number.POSITIVE_INFINITY : Number(value);
}

/** RFC 6376 §3.5: l= has at most 76 digits. Beyond 2^53 it is larger than any body, whatever its last digits. */
function readLength(value: string | undefined): number | "invalid" | null {
  if (value === undefined) return null;
  return digits.test(value) && value.length <= 76 ? Number(value) : "invalid";
}

function readCanonicalization(value: string | undefined): MessageSignature["canonicalization"] | null {
  if (value === undefined) return { header: "simple", body: "simple" };
  const [header, body = "simple", more] = value.toLowerCase().split("/");
  if (more !== undefined || !isCanonicalization(header) || !isCanonicalization(body)) return null;
  return { header, body };
}

function isCanonicalization(value: string | undefined): value is Canonicalization {
  return value === "simple" || value === "relaxed";
}

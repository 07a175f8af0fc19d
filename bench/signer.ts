/**
 * A DKIM signer (RFC 6376, RFC 8463) and ARC sealer (RFC 8617) for benchmarks and tests. It shares no code with src/ and takes
 * the plainest road: whole messages as latin1 strings, canonicalized by replacing. So a message it signed and the engine
 * verifies was canonicalized twice, by two programs. It never verifies.
 */
import { createHash, sign } from "node:crypto";
import type { KeyPair } from "./keys.ts";

export type Canonicalization = "simple/simple" | "simple/relaxed" | "relaxed/simple" | "relaxed/relaxed";

export type Signer = { readonly domain: string; readonly selector: string; readonly key: KeyPair };

export type SignOptions = {
  readonly canonicalization?: Canonicalization;
  /** Names for h=, in order; a name listed once more than present is oversigned. */
  readonly headers: readonly string[];
  /** Seconds since 1970, for t=. */
  readonly signedAt: number;
  /** Further tags, written between t= and h=: `["x=…", "l=…", "i=…"]`. `l=` is honoured. */
  readonly tags?: readonly string[];
  /** The base64 hash of a canonical body that is not in `message`: for streams too long to hold. */
  readonly bodyHash?: string;
};

export type SealOptions = SignOptions & { readonly instance: number; readonly cv: "none" | "pass" | "fail"; readonly results: string };

/** The message (CRLF lines) with a DKIM-Signature field on top. */
export function signDkim(message: Buffer, signer: Signer, options: SignOptions): Buffer {
  const parts = split(message);
  return Buffer.concat([Buffer.from(`${signatureField("DKIM-Signature", ["v=1"], parts, { signer, options })}\r\n`, "latin1"), message]);
}

/** The message with one more ARC set on top: seal, message signature, results (RFC 8617 §5.1). */
export function sealArc(message: Buffer, signer: Signer, options: SealOptions): Buffer {
  const parts = split(message);
  const results = `ARC-Authentication-Results: i=${options.instance}; ${options.results}`;
  const signature = signatureField("ARC-Message-Signature", [`i=${options.instance}`], parts, { signer, options });
  const earlier = parts.fields.filter((field) => /^arc-(?:seal|message-signature|authentication-results):/i.test(field));
  const open = `ARC-Seal: i=${options.instance}; a=${signer.key.algorithm}; t=${options.signedAt}; cv=${options.cv};\r\n\td=${signer.domain}; s=${signer.selector};\r\n\tb=`;
  // RFC 8617 §5.1.1: the sets in order of their instances, each as results, message signature, seal.
  const sealed = [...inSealOrder(earlier), results, signature].map(relaxedField).join("\r\n");
  const seal = open + fold(signBytes(signer.key, Buffer.from(`${sealed}\r\n${relaxedField(open)}`, "latin1")));
  return Buffer.concat([Buffer.from(`${seal}\r\n${signature}\r\n${results}\r\n`, "latin1"), message]);
}

/** RFC 6376 §3.4.1, §3.4.2: a field without its final line end. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(":");
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, "")
    .replace(/[ \t]+/g, " ");
  return `${field.slice(0, colon).trimEnd().toLowerCase()}:${value.replace(/^ | $/g, "")}`;
}

/** RFC 6376 §3.4.3, §3.4.4. */
export function canonicalBody(body: string, how: "simple" | "relaxed"): string {
  let text = body === "" || body.endsWith("\r\n") ? body : `${body}\r\n`;
  // Runs first, then the one space that a run has become: no repetition is ever matched twice.
  if (how === "relaxed") text = text.replace(/[ \t]+/g, " ").replaceAll(" \r\n", "\r\n");
  let end = text.length;
  while (end >= 4 && text.slice(end - 4, end) === "\r\n\r\n") end -= 2;
  if (text.slice(0, end) === "\r\n") return how === "simple" ? "\r\n" : "";
  return text === "" && how === "simple" ? "\r\n" : text.slice(0, end);
}

type Parts = { readonly fields: readonly string[]; readonly body: string };
type Signing = { readonly signer: Signer; readonly options: SignOptions };

function signatureField(name: string, firstTags: readonly string[], parts: Parts, { signer, options }: Signing): string {
  const canonicalization = options.canonicalization ?? "relaxed/relaxed";
  const [ofHeader, ofBody] = canonicalization.split("/") as ["simple" | "relaxed", "simple" | "relaxed"];
  const hash = options.bodyHash ?? hashBody(canonicalBody(parts.body, ofBody), options.tags);
  const tags = [...firstTags, `a=${signer.key.algorithm}`, `c=${canonicalization}`, `d=${signer.domain}`, `s=${signer.selector}`];
  tags.push(`t=${options.signedAt}`, ...(options.tags ?? []));
  const open = `${name}: ${tags.join("; ")};\r\n\th=${foldNames(options.headers)};\r\n\tbh=${hash};\r\n\tb=`;
  const canonical = ofHeader === "relaxed" ? relaxedField : (field: string) => field;
  const signed = [...selectFields(parts.fields, options.headers), open].map(canonical).join("\r\n");
  return open + fold(signBytes(signer.key, Buffer.from(signed, "latin1")));
}

/** RFC 6376 §3.5, l=: so many octets of the canonical body. */
function hashBody(canonical: string, tags: readonly string[] = []): string {
  const length = tags.find((tag) => tag.startsWith("l="));
  const body = Buffer.from(canonical, "latin1");
  const covered = length === undefined ? body : body.subarray(0, Number(length.slice(2)));
  return createHash("sha256").update(covered).digest("base64");
}

/** RFC 6376 §5.4.2: of several fields of a name the lowest first; a name with none left adds nothing. */
function selectFields(fields: readonly string[], names: readonly string[]): string[] {
  const left = new Map<string, string[]>();
  for (const field of fields) {
    const name = field.slice(0, field.indexOf(":")).trimEnd().toLowerCase();
    const list = left.get(name);
    if (list === undefined) left.set(name, [field]);
    else list.push(field);
  }
  return names.map((name) => left.get(name.toLowerCase())?.pop()).filter((field) => field !== undefined);
}

function inSealOrder(fields: readonly string[]): string[] {
  const order = ["arc-authentication-results", "arc-message-signature", "arc-seal"];
  const place = (field: string): number => {
    const instance = Number(/\bi=([0-9]+)/.exec(field)?.[1] ?? 0);
    return instance * 3 + order.indexOf(field.slice(0, field.indexOf(":")).toLowerCase());
  };
  return [...fields].sort((a, b) => place(a) - place(b));
}

/** RFC 8463 §3: Ed25519 signs the SHA-256 hash. */
function signBytes(key: KeyPair, bytes: Buffer): string {
  if (key.algorithm === "rsa-sha256") return sign("sha256", bytes, key.privateKey).toString("base64");
  return sign(null, createHash("sha256").update(bytes).digest(), key.privateKey).toString("base64");
}

function split(message: Buffer): Parts {
  const text = message.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const header = end === -1 ? text : text.slice(0, end);
  return { fields: header.split(/\r\n(?![ \t])/), body: end === -1 ? "" : text.slice(end + 4) };
}

function fold(base64: string): string {
  return (base64.match(/.{1,72}/g) ?? []).join("\r\n\t ");
}

function foldNames(names: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < names.length; i += 5) lines.push(names.slice(i, i + 5).join(":"));
  return lines.join(":\r\n\t ");
}

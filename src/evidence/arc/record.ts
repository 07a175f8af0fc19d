/**
 * The three ARC fields as typed records (RFC 8617 §4.1): ARC-Authentication-Results, ARC-Message-Signature, ARC-Seal, each with its
 * instance. A field whose instance cannot be read belongs to no set. It refuses what the grammar refuses, and vouches for nothing.
 */
import { limits } from "../../base/limits.ts";
import { openScanner, readDigits, skipCfws, take } from "../../mail/field-scanner.ts";
import { type Field, type Header, rawValue } from "../../mail/header.ts";
import type { TagList } from "../../mail/tag-list.ts";
import {
  type Broken,
  isBroken,
  type MessageSignature,
  readMessageSignature,
  readSignature,
  type Signature,
  shownOf,
  signatureTags,
  syntax,
} from "../signature/record.ts";

export type ChainStatus = "none" | "pass" | "fail";

/** `instance` is null where there is none that could be; 0 and numbers over the limit are numbers. */
export type ArcResultsField = { readonly instance: number | null; readonly field: Field; readonly payload: string };
export type ArcMessageField = { readonly instance: number | null; readonly field: Field; readonly signature: ArcMessageSignature | Broken };
/** `readings`: the canonicalizations to try, the first that verifies counts. */
export type ArcMessageSignature = MessageSignature & { readonly readings: readonly MessageSignature["canonicalization"][] };
export type ArcSealField = {
  readonly instance: number | null;
  readonly field: Field;
  readonly signature: Signature | Broken;
  readonly domain: string | null;
  readonly cv: ChainStatus | null;
};

/** RFC 8617 §4.1.1: instance ";" authres-payload. What the payload says does not matter to the chain (§3.4). */
export function parseResultsField(header: Header, field: Field): ArcResultsField {
  const value = rawValue(header, field).replaceAll(header.lineEnd === "crlf" ? "\r\n" : "\n", "");
  const found = readInstancePrefix(value);
  return { field, instance: found?.instance ?? null, payload: found?.payload ?? "" };
}

/** RFC 8617 §4.1.2: as DKIM-Signature, but v= is ignored and i= is the instance. */
export function parseMessageField(header: Header, field: Field): ArcMessageField {
  const tags = signatureTags(header, field);
  return { field, instance: instanceOf(tags), signature: fitted(field, tags, readMessage) };
}

const relaxed = { header: "relaxed", body: "relaxed" } as const;

/** RFC 8617 §4.1.3: no h=, and cv= must be there. */
export function parseSealField(header: Header, field: Field): ArcSealField {
  const tags = signatureTags(header, field);
  const cv = statusOf(tags?.get("cv")?.value);
  return { field, instance: instanceOf(tags), signature: fitted(field, tags, readSeal), domain: shownOf(tags).domain, cv };
}

function fitted<T extends Signature>(field: Field, tags: TagList | null, read: (field: Field, tags: TagList) => T | Broken): T | Broken {
  if (field.end - field.start > limits.signatureFieldBytesMax) return { reason: "over-limit", comment: "the field is too long" };
  return tags === null ? syntax("not a tag-list") : read(field, tags);
}

function readMessage(field: Field, tags: TagList): ArcMessageSignature | Broken {
  const common = readSignature(field, tags, shownOf(tags));
  if (isBroken(common)) return common;
  const signature = readMessageSignature(common, tags);
  if (isBroken(signature)) return signature;
  // RFC 8617 §4.1.2 forbids ARC fields in h=. DEVIATION: of these only ARC-Seal breaks a set; sealers in the field sign the others.
  if (signature.headers.includes("arc-seal")) return syntax("h= has ARC-Seal");
  // RFC 8617 §4.1.2 has DKIM's default, simple/simple. DEVIATION: sealers that leave c= out, and the public suite, mean relaxed/relaxed.
  return { ...signature, readings: tags.has("c") ? [signature.canonicalization] : [signature.canonicalization, relaxed] };
}

function readSeal(field: Field, tags: TagList): Signature | Broken {
  // RFC 8617 §4.1.3: h= is not allowed, and if found must fail the chain.
  if (tags.has("h")) return syntax("a seal has h=");
  if (statusOf(tags.get("cv")?.value) === null) return syntax("cv= is not a chain status");
  return readSignature(field, tags, shownOf(tags));
}

function statusOf(value: string | undefined): ChainStatus | null {
  const status = value?.toLowerCase();
  return status === "none" || status === "pass" || status === "fail" ? status : null;
}

function instanceOf(tags: TagList | null): number | null {
  const value = tags?.get("i")?.value;
  return value !== undefined && position.test(value) ? Number(value) : null;
}

// RFC 8617 §3.9: 1*2DIGIT.
const position = /^[0-9]{1,2}$/;

/** [CFWS] "i" [CFWS] "=" [CFWS] position [CFWS] ";", and what follows. */
function readInstancePrefix(value: string): { readonly instance: number; readonly payload: string } | null {
  const scanner = openScanner(value.replaceAll("\t", " "));
  if (!skipCfws(scanner) || !take(scanner, "i") || !skipCfws(scanner) || !take(scanner, "=") || !skipCfws(scanner)) return null;
  const start = scanner.at;
  readDigits(scanner);
  const digits = scanner.text.slice(start, scanner.at);
  if (!position.test(digits) || !skipCfws(scanner) || !take(scanner, ";")) return null;
  return { instance: Number(digits), payload: scanner.text.slice(scanner.at) };
}

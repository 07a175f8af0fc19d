/**
 * Records of the journal as octets: one that says how, then JSON; of a decision deflated (RFC 1951) with a dictionary of what every record
 * says, which makes it eight times smaller. An answer of DNS is small, and most of a long one a key: it stays as it is. Reading is total:
 * what is no record, or of a version that is not known, gives null.
 */
import { hash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { limits } from "../base/limits.ts";
import type { Decision, RecordedQuestion } from "../memory/journal.ts";
import { journalDictionary } from "./journal-dictionary.ts";

/** Without its answers: those are kept once, by answerHash. */
export type PackedDecision = Omit<Decision, "questions" | "tenant">;

export function packDecision({ tenant: _, questions: __, ...record }: Decision): Uint8Array {
  return pack(record);
}

export function unpackDecision(body: Uint8Array): PackedDecision | null {
  const record = unpack(body);
  if (!isObject(record) || !isObject(record["inspection"])) return null;
  const { inspection } = record;
  const whole = inspection["schemaVersion"] === 1 && parts.every((part) => isObject(inspection[part]));
  return whole ? (record as unknown as PackedDecision) : null; // packDecision wrote it, of a version whose shape is this one's
}

const parts = ["transaction", "from", "evidence", "policy", "verdict", "action"] as const;

export function packAnswer(question: RecordedQuestion): Uint8Array {
  return Buffer.concat([Uint8Array.of(plain), Buffer.from(JSON.stringify(question))]);
}

export function unpackAnswer(body: Uint8Array): RecordedQuestion | null {
  const question = unpack(body);
  if (!isObject(question) || !isObject(question["answer"]) || typeof question["name"] !== "string") return null;
  return question as unknown as RecordedQuestion; // packAnswer wrote it
}

/** SHA-256 of the question and its answer as JSON, keys in their order (RFC 8785 §3.2.3), cut to limits.journalHashBytes. */
export function answerHash(question: RecordedQuestion): Uint8Array {
  return hash("sha256", canonical(question), "buffer").subarray(0, limits.journalHashBytes);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}

/** The first octet. Another dictionary is another version. */
const plain = 0;
const deflated = 1;
const dictionary = Buffer.from(journalDictionary);
/** Twice as fast as the default, and hardly larger. */
const level = 3;

function pack(value: unknown): Uint8Array {
  const body = deflateRawSync(JSON.stringify(value), { dictionary, level });
  return Buffer.concat([Uint8Array.of(deflated), body]);
}

function unpack(octets: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(octets));
  } catch {
    return null;
  }
}

/** Of an unknown version an empty text, which is no JSON. Throws for what cannot be inflated. */
function textOf(octets: Uint8Array): string {
  const body = Buffer.from(octets.buffer, octets.byteOffset + 1, Math.max(0, octets.byteLength - 1));
  if (octets[0] === plain) return body.toString();
  return octets[0] === deflated ? inflateRawSync(body, { dictionary, maxOutputLength: limits.journalRecordBytesMax }).toString() : "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * One TXT record at _dmarc.<name>, read as a DMARC Policy Record (RFC 9989 §4.7, §4.8). The version decides whether it is one;
 * after that nothing is fatal: unknown tags (pct, rf and ri among them) and broken ones are dropped in favour of defaults.
 * A tag that occurs twice counts where it stands first: the RFC leaves it open, and the repetition is a syntax error in the
 * remainder, which is discarded. Records are parsed once: the most recent texts are kept. It refuses records past our limits.
 */
import { limits } from "../../base/limits.ts";
import { memoizedByObject } from "../../base/memo.ts";
import { reportingUris } from "./reporting-uri.ts";
import type { DmarcPolicy } from "./result.ts";

/** Null where the tag is absent. An invalid one is not dropped: RFC 9989 §4.10.1 has a rule for it. */
export type PolicyTag = DmarcPolicy | "invalid" | null;

export type DmarcRecord = {
  readonly p: PolicyTag;
  readonly sp: PolicyTag;
  readonly np: PolicyTag;
  readonly adkim: "r" | "s";
  readonly aspf: "r" | "s";
  readonly psd: "y" | "n" | "u";
  /** t=y. */
  readonly testing: boolean;
  /** Syntactically valid URIs, without obsolete size suffixes. */
  readonly rua: readonly string[];
  readonly ruf: readonly string[];
  /** fo= as published, split at colons, lower case. */
  readonly fo: readonly string[];
  /** As published, one character an octet. */
  readonly text: string;
};

/**
 * foreign: some other TXT record. broken: begins v=DMARC1, but has no version tag of exactly that value (`v=DMARC1 p=reject`).
 * refused: a record, past our limits of size or number of tags. record: a record, with whatever of its tags is valid.
 */
export type TxtReading = { readonly kind: "foreign" | "broken" | "refused" } | { readonly kind: "record"; readonly record: DmarcRecord };

/** Reads one TXT record, its strings joined (RFC 9989 §4.5). Total: never throws. */
export const readTxt: (bytes: Uint8Array) => TxtReading = memoizedByObject((bytes) => {
  // RFC 9989 §4.8: dmarc-version begins the record; no white space stands before it.
  if (bytes[0] !== lowerV && bytes[0] !== upperV) return foreign;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", 0, limits.dmarcRecordBytesMax + 1);
  const known = recent.get(text);
  if (known !== undefined) return known;
  const reading = older.get(text) ?? parseTxt(text);
  if (recent.size >= limits.dmarcRecordsKeptMax / 2) {
    older = recent;
    recent = new Map();
  }
  recent.set(text, reading);
  return reading;
});
const lowerV = 0x76;
const upperV = 0x56;
const foreign: TxtReading = { kind: "foreign" };
/** Two generations: a text that was read since the last change of generations stays, at no cost for a hit. */
let recent = new Map<string, TxtReading>();
let older = new Map<string, TxtReading>();

function parseTxt(text: string): TxtReading {
  if (!claim.test(text)) return foreign;
  const parts = text.split(";");
  // RFC 9989 §4.7 v: the first tag, its value case-sensitive and nothing but DMARC1; else the record is ignored.
  if (!version.test(parts[0] ?? "")) return { kind: "broken" };
  if (text.length > limits.dmarcRecordBytesMax || parts.length > limits.dmarcTagsMax) return { kind: "refused" };
  return { kind: "record", record: recordOf(tagsOf(parts), text) };
}
// RFC 9989 §4.8: dmarc-version = "v" equals %s"DMARC1". The first literal is case-insensitive (RFC 5234 §2.3), the second is not.
const claim = /^[vV][ \t]*=[ \t]*DMARC1/;
const version = /^[vV][ \t]*=[ \t]*DMARC1[ \t]*$/;

/** Tag names in lower case to values; null for a value that is empty or holds what no dmarc-value may. */
function tagsOf(parts: readonly string[]): ReadonlyMap<string, string | null> {
  const tags = new Map<string, string | null>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    if (equals === -1) continue;
    const name = withoutOuterSpace(part.slice(0, equals)).toLowerCase();
    if (tags.has(name)) continue;
    const value = withoutOuterSpace(part.slice(equals + 1));
    // RFC 9989 §4.8: dmarc-value is printable ASCII; the semicolon is gone already.
    tags.set(name, printable.test(value) ? value : null);
  }
  return tags;
}
const printable = /^[\x20-\x7e]+$/;

/** RFC 9989 §4.8: *WSP around names and values. One pass, unlike a regular expression for the end. */
function withoutOuterSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function recordOf(tags: ReadonlyMap<string, string | null>, text: string): DmarcRecord {
  // RFC 9989 §4.8: values are compared without regard to case, as ABNF literals are.
  const flag = (name: string): string => tags.get(name)?.toLowerCase() ?? "";
  const psd = flag("psd");
  return {
    p: policyTag(tags, "p"),
    sp: policyTag(tags, "sp"),
    np: policyTag(tags, "np"),
    adkim: flag("adkim") === "s" ? "s" : "r",
    aspf: flag("aspf") === "s" ? "s" : "r",
    psd: psd === "y" || psd === "n" ? psd : "u",
    testing: flag("t") === "y",
    rua: reportingUris(tags.get("rua") ?? ""),
    ruf: reportingUris(tags.get("ruf") ?? ""),
    fo: flag("fo") === "" ? [] : flag("fo").split(":"),
    text,
  };
}

function policyTag(tags: ReadonlyMap<string, string | null>, name: string): PolicyTag {
  const value = tags.get(name);
  if (value === undefined) return null;
  const lower = value?.toLowerCase();
  return lower === "none" || lower === "quarantine" || lower === "reject" ? lower : "invalid";
}

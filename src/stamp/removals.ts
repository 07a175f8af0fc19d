/**
 * Which fields a message arrives with that speak in our name, and must not stay (RFC 8601 §5): Authentication-Results with our
 * authserv-id however it is dressed up, those we cannot read that contain it, and fields of our own name prefix. Fields of others
 * stay. It removes nothing itself: the door does, after DKIM has been verified over them.
 */
import { authservHead, loneDomains } from "../mail/authentication-results.ts";
import { canonicalAuthservId, fieldName, spellings } from "../mail/authserv-id.ts";
import { hasEncodedWord } from "../mail/encoded-word.ts";
import { type Field, type Header, rawValue } from "../mail/header.ts";
import { decodeUtf8 } from "../mail/utf8-text.ts";
import type { Removal } from "./inspection.ts";

/** Fields that only we write begin so. */
export const ownFieldPrefix = "x-assay-";

/** `ids`: our authserv-id and those listed as ours. Highest index first, so that removing one does not move the others. */
export function forgedFields(header: Header, ids: readonly string[]): readonly Removal[] {
  const removals: Removal[] = [];
  let ours: Ours | null = null;
  let at = -1;
  for (const field of header.fields) {
    at += 1;
    const name = soundName(field);
    if (name !== fieldName && !name.startsWith(ownFieldPrefix)) continue;
    ours ??= spelt(ids);
    const why = forgery(header, field, ours);
    if (why !== null) removals.push({ name: field.name, index: indexOf(header, at), why });
  }
  return removals.reverse();
}

/** The how manyth of its name the field is, counted from 1. */
function indexOf(header: Header, at: number): number {
  const name = header.fields[at]?.name;
  return header.fields.slice(0, at + 1).filter((field) => field.name === name).length;
}

function spelt(ids: readonly string[]): Ours {
  const ours = new Map(ids.map((id) => [canonicalAuthservId(id), spellings(id)]));
  ours.delete("");
  return ours;
}

/** A name that a NUL or another stray octet only disguises is one to some reader. */
function soundName(field: Field): string {
  return field.nameDefect === null ? field.name : field.name.replace(/[^!-~]/g, "");
}

/** Our authserv-ids in the form in which they are compared, with the ways to spell each. */
type Ours = Map<string, readonly string[]>;

function forgery(header: Header, field: Field, ours: Ours): string | null {
  if (soundName(field).startsWith(ownFieldPrefix)) return "a field that only we write";
  const value = decodeUtf8(rawValue(header, field)).text;
  return claimInHead(value, ours) ?? claimInRest(value, ours);
}

/** RFC 8601 §5: our authserv-id, or a version that nobody here can read, which is to go whoever it names. */
function claimInHead(value: string, ours: Ours): string | null {
  const head = authservHead(value);
  if (head === null || head.authservId === null) return null;
  const id = canonicalAuthservId(head.authservId);
  if (ours.has(id)) return `claims our authserv-id ${id}`;
  if ((head.version ?? 1) !== 1) return "of a version that is not supported";
  // RFC 8601 §2.2: a sound authserv-id is a token. One that is not may end sooner in another reader's eyes.
  const named = token.test(head.authservId) ? null : namedIn(head.authservId, ours);
  return named === null ? null : `its authserv-id contains ours, ${named}`;
}

function claimInRest(value: string, ours: Ours): string | null {
  const alone = loneDomains(value);
  if (alone === null) {
    if (hasEncodedWord(value)) return "unreadable, with encoded words that may spell our authserv-id";
    const named = namedIn(value, ours);
    return named === null ? null : `unreadable, and contains our authserv-id ${named}`;
  }
  // Between semicolons, where no result is, one of ours would pass for the authserv-id.
  const named = alone.map(canonicalAuthservId).find((name) => ours.has(name));
  return named === undefined ? null : `names our authserv-id ${named}`;
}

// RFC 2045 §5.1, and characters beyond ASCII for RFC 8616.
const token = /^[A-Za-z0-9!#$%&'*+.^_`{|}~\x80-\u{10ffff}-]+$/u;

/** The first of our ids that the text contains, however it is spelt or interrupted. */
function namedIn(text: string, ours: Ours): string | null {
  // UTS #46 maps letter forms as NFKC does, and takes the ideographic full stop for a dot.
  const lower = text.normalize("NFKC").toLowerCase().replaceAll("\u3002", ".");
  const solid = lower.replace(interruption, "");
  const uncommented = withoutComments(lower).replace(interruption, "");
  for (const [id, spelt] of ours) {
    if (spelt.some((one) => lower.includes(one) || solid.includes(one) || uncommented.includes(one))) return id;
  }
  return null;
}
const interruption = /[\x00-\x20\x7f\\"\u00ad\u200b-\u200d\u2060\ufeff]/g;

/** Parenthesized parts taken out, whatever their nesting; what does not close stays. */
function withoutComments(text: string): string {
  let depth = 0;
  let kept = 0;
  let out = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "(") {
      if (depth === 0) out += text.slice(kept, at);
      depth += 1;
    } else if (character === ")" && depth > 0) {
      depth -= 1;
      kept = at + 1;
    }
  }
  return depth === 0 ? out + text.slice(kept) : text;
}

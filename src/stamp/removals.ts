/**
 * Which fields a message arrives with that speak in our name, and must not stay (RFC 8601 §5): Authentication-Results with our
 * authserv-id however it is dressed up, those we cannot read that contain it, and fields of our own name prefix; where we stamp in
 * Microsoft's shape, also those of that shape, and Received-SPF that names us. Fields of others, of listed filters on this side of
 * the border, and ARC sets stay. It removes nothing itself: the door does, after DKIM has been verified over them.
 */
import { authservHead, loneDomains } from "../mail/authentication-results.ts";
import { canonicalAuthservId, fieldName, spellings } from "../mail/authserv-id.ts";
import { hasEncodedWord } from "../mail/encoded-word.ts";
import { type Field, type Header, rawValue } from "../mail/header.ts";
import { decodeUtf8 } from "../mail/utf8-text.ts";
import type { Removal } from "./inspection.ts";
import { readReceivedSpf, receivedSpfName } from "./received-spf.ts";

/** Fields that only we write begin so. */
export const ownFieldPrefix = "x-assay-";

export type Claims = {
  /** Our authserv-id and those listed as ours. */
  readonly ids: readonly string[];
  /** The shape in which we stamp: in Microsoft's a field names nobody, and one that names nobody passes for ours. Default rfc8601. */
  readonly format?: "rfc8601" | "eop" | undefined;
  /** authserv-ids of filters on this side of the border. One that is ours too counts as ours. */
  readonly localMilters?: readonly string[] | undefined;
};

/** Highest index first, so that removing one does not move the others. */
export function forgedFields(header: Header, claims: Claims): readonly Removal[] {
  const removals: Removal[] = [];
  const counts = new Map<string, number>();
  let ours: Ours | null = null;
  for (const fields of header.beyond.length === 0 ? [header.fields] : [header.fields, header.beyond])
    for (const field of fields) {
      const name = soundName(field);
      if (name !== fieldName && name !== receivedSpfName && !name.startsWith(ownFieldPrefix)) continue;
      // The how manyth of its name: a name that only disguises one of these is listed under that one (mail/header.ts).
      const index = (counts.get(field.name) ?? 0) + 1;
      counts.set(field.name, index);
      ours ??= spelt(claims);
      const why = forgery(header, field, ours);
      if (why !== null) removals.push({ name: field.name, index, why });
    }
  return removals.reverse();
}

/** What is compared with: ids in their canonical form, ours with the ways to spell each. */
type Ours = {
  readonly ids: ReadonlyMap<string, readonly string[]>;
  readonly localMilters: ReadonlySet<string>;
  readonly isEop: boolean;
};

function spelt({ ids, format, localMilters }: Claims): Ours {
  const ours = new Map(ids.map((id) => [canonicalAuthservId(id), spellings(id)]));
  ours.delete("");
  return { ids: ours, localMilters: new Set(localMilters?.map(canonicalAuthservId)), isEop: format === "eop" };
}

/** A name that a NUL or another stray octet only disguises is one to some reader. */
function soundName(field: Field): string {
  return field.nameDefect === null ? field.name : field.name.replace(/[^!-~]/g, "");
}

function forgery(header: Header, field: Field, ours: Ours): string | null {
  const name = soundName(field);
  if (name.startsWith(ownFieldPrefix)) return "a field that only we write";
  const value = decodeUtf8(rawValue(header, field)).text;
  if (name === receivedSpfName) return ours.isEop ? claimOfReceivedSpf(value, ours) : null;
  const head = authservHead(value);
  if (head === null || head.authservId === null) {
    return ours.isEop ? "without a readable authserv-id, as ours are in this format" : claimInRest(value, ours);
  }
  const id = canonicalAuthservId(head.authservId);
  if (ours.ids.has(id)) return `claims our authserv-id ${id}`;
  if (ours.localMilters.has(id)) return null;
  // RFC 8601 §5: a version that nobody here can read is to go, whoever it names.
  if ((head.version ?? 1) !== 1) return "of a version that is not supported";
  return claimInId(head.authservId, ours) ?? claimInRest(value, ours);
}

/** RFC 8601 §2.2: a sound authserv-id is a token. One that is not may end sooner in another reader's eyes. */
function claimInId(authservId: string, ours: Ours): string | null {
  const named = token.test(authservId) ? null : namedIn(authservId, ours);
  return named === null ? null : `its authserv-id contains ours, ${named}`;
}

function claimInRest(value: string, ours: Ours): string | null {
  const alone = loneDomains(value);
  if (alone === null) return claimUnread(value, ours);
  // Between semicolons, where no result is, one of ours would pass for the authserv-id.
  const named = alone.map(canonicalAuthservId).find((name) => ours.ids.has(name));
  return named === undefined ? null : `names our authserv-id ${named}`;
}

function claimUnread(value: string, ours: Ours): string | null {
  if (hasEncodedWord(value)) return "unreadable, with encoded words that may spell our authserv-id";
  const named = namedIn(value, ours);
  return named === null ? null : `unreadable, and contains our authserv-id ${named}`;
}

/** RFC 7208 §9.1: who says it stands in receiver=, and by custom before the colon of the comment. */
function claimOfReceivedSpf(value: string, ours: Ours): string | null {
  const read = readReceivedSpf(value.replace(/\r?\n(?=[ \t])/g, "").replaceAll("\t", " "));
  if (read === null) return claimUnread(value, ours);
  const receivers = read.properties.filter(([key]) => key === "receiver").map(([, receiver]) => receiver);
  const speakers = read.comments.map((comment) => comment.slice(0, Math.max(0, comment.indexOf(":"))));
  const named = [...receivers, ...speakers].map(canonicalAuthservId).find((name) => ours.ids.has(name));
  return named === undefined ? null : `names us, ${named}, as the receiver`;
}

// RFC 2045 §5.1, and characters beyond ASCII for RFC 8616.
const token = /^[A-Za-z0-9!#$%&'*+.^_`{|}~\x80-\u{10ffff}-]+$/u;

/** The first of our ids that the text contains, however it is spelt or interrupted. */
function namedIn(text: string, ours: Ours): string | null {
  // UTS #46 maps letter forms as NFKC does, and takes the ideographic full stop for a dot.
  const lower = text.normalize("NFKC").toLowerCase().replaceAll("\u3002", ".");
  const solid = lower.replace(interruption, "");
  const uncommented = withoutComments(lower).replace(interruption, "");
  for (const [id, spelt] of ours.ids) {
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

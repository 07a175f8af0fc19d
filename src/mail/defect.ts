/** What mail/ can find wrong with a message itself (`evidence.defects`). Facts, not verdicts: each word once a message, in this order. */
export const defectWords = [
  "empty", // no byte at all
  "no-header", // not one header field
  "header-too-large", // past a limit of base/limits.ts: From is invalid and no signature is verified
  "leading-space", // the first line starts with white space: a continuation of nothing
  "malformed-field", // a header line that is not `name: value` (no colon, an illegal name, or a folded name)
  "space-before-colon", // RFC 5322 §4.5 obsolete syntax: `From : …`
  "lf-only", // the first line end is a bare LF: each LF counts as CRLF
  "bare-lf", // a LF without CR in a CRLF message
  "bare-cr", // a CR without LF, or any CR in an LF message
  "nul", // a NUL byte
  "long-line", // more than 998 octets
  "non-ascii-header", // 8-bit octets in the header that are not valid UTF-8 (RFC 6532 §3.2)
  "no-body-separator", // the header section ends with the message: truncated, or no body at all
] as const;
export type Defect = (typeof defectWords)[number];

/** Orders and deduplicates, so that a list of defects never depends on where chunks ended. */
export function sortDefects(found: ReadonlySet<Defect>): readonly Defect[] {
  return found.size === 0 ? none : defectWords.filter((word) => found.has(word));
}
const none: readonly Defect[] = [];

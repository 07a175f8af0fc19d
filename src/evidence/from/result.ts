/**
 * What From validation found (RFC 5322 §3.6.2, reference: eop.md §6). The reasons are closed; the advice never makes a field invalid.
 */
export type FromProfile = "eop" | "rfc5322";

export const fromReasons = [
  "missing", // no From field
  "several-fields", // more than one, `From :` and other disguises included
  "malformed-field", // a folded name, or the field is the leading-space first line
  "header-too-large",
  "field-too-long",
  "empty", // no address: `From:` or `From: <>`
  "several-addresses", // of one domain
  "several-domains",
  "group",
  "no-angle-brackets", // display name, then a bare address
  "text-after-address",
  "unquoted-comma",
  "all-quoted",
  "no-space-before-bracket",
  "space-in-address",
  "source-route",
  "encoded-word-in-address",
  "control-character", // NUL, bare CR or LF, other controls
  "comment-too-deep",
  "address-literal",
  "domain", // not a name DNS can carry, or a single label
  "local-part",
  "syntax",
] as const;
export type FromReason = (typeof fromReasons)[number];

export const fromAdvice = [
  "space-inside-brackets", // `< sender@contoso.com >`
  "display-name-not-quoted", // `Microsoft 365 <sender@contoso.com>`
  "address-in-display-name", // the display name shows another address
  "encoded-address-in-display-name", // … hidden in an encoded word
  "invisible-characters", // zero-width or bidirectional controls in the display name
  "several-addresses-one-domain",
  "obsolete-syntax",
] as const;
export type FromAdvice = (typeof fromAdvice)[number];

export type Mailbox = {
  /** Decoded for display (RFC 2047 words, quoted pairs); null without one. */
  readonly displayName: string | null;
  /** local@domain as written, comments and folding removed, U-labels kept. */
  readonly address: string;
  readonly localPart: string;
  /** A-labels, lower case; null where the domain is none that DNS can carry. */
  readonly domain: string | null;
};

export type FromResult = {
  readonly result: "valid" | "invalid";
  /** Null when valid. */
  readonly reason: FromReason | null;
  /** The first address that can be read, also when the field is invalid. */
  readonly address: string | null;
  readonly domain: string | null;
  readonly displayName: string | null;
  readonly advice: readonly FromAdvice[];
  /** Every author domain that can be read, in order, each once, at most limits.fromDomainsMax. */
  readonly domains: readonly string[];
};

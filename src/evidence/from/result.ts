/**
 * What From validation found (RFC 5322 §3.6.2, reference: eop.md §6). The reasons are closed; the advice never makes a field invalid.
 */
export type FromProfile = "eop" | "rfc5322";

/** In order of precedence: of the reasons that apply, the first is given. Those that leave the author in doubt come first. */
export const fromReasons = [
  "header-too-large", // past a limit on header fields, their size or their sum; what comes before is read
  "several-fields", // more than one, `From :` and other disguises included
  "malformed-field", // a folded or illegal name, or the header begins with a continuation line
  "missing", // no From field
  "field-too-long", // more than limits.fromFieldBytesMax octets
  "control-character", // NUL, bare CR or LF, other controls
  "comment-too-deep", // more than limits.commentDepthMax
  "too-many-addresses", // more than limits.fromMailboxesMax
  "group", // `Sales: a@contoso.com;`
  "several-domains", // addresses of more than one domain
  "encoded-word-in-address", // in the address, or the address in it
  "unterminated", // a quote, comment or bracket that does not close
  "all-quoted", // `"Microsoft 365 <sender@contoso.com>"`
  "source-route", // `<@relay.example:sender@contoso.com>`
  "address-literal", // `sender@[192.0.2.1]`
  "domain", // not a name DNS can carry, or a single label
  "syntax", // brackets in brackets, and what else no rule derives
  "empty", // no address: `From:`, `From: <>`, a name alone
  "no-angle-brackets", // display name, then a bare address
  "text-after-address", // `<sender@contoso.com> (Sent by a process)`
  "unquoted-comma", // `Sender, Example <sender@contoso.com>`, or a comma with nothing beside it
  "unquoted-special", // @ : ; and the like in a display name that is not quoted
  "several-addresses", // of one domain
  "no-space-before-bracket", // `"Microsoft 365"<sender@contoso.com>`
  "space-in-address", // `<firstname lastname@contoso.com>`, `sender @ contoso.com`
  "comment-in-address", // `sender@(x)contoso.com`
  "local-part", // empty, a dot too many, or an obsolete mixture of words and quotes
  "invalid-utf-8", // octets beyond ASCII that are not UTF-8 (RFC 6532)
] as const;
export type FromReason = (typeof fromReasons)[number];

export const fromAdvice = [
  "space-inside-brackets", // `< sender@contoso.com >`
  "display-name-not-quoted", // `Microsoft 365 <sender@contoso.com>`
  "address-in-display-name", // the display name shows another address
  "encoded-address-in-display-name", // … hidden in an encoded word
  "invisible-characters", // zero-width, bidirectional or control characters in the display name or local part
  "several-addresses-one-domain", // profile rfc5322 only
  "quoted-local-part", // `"a b"@contoso.com`
  "comment", // readers differ in what they show of it
  "obsolete-syntax", // RFC 5322 §4: to be read, not to be written
] as const;
export type FromAdvice = (typeof fromAdvice)[number];

export type Mailbox = {
  /** Decoded for display (RFC 2047 words, quoted pairs; control characters replaced); null without one. */
  readonly displayName: string | null;
  /** local@domain as written, comments and folding removed, U-labels kept. */
  readonly address: string;
  /** As written, quotes included. */
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
  /**
   * Every author domain that can be read, the first address's first, each once, at most limits.fromDomainsMax. Of a field that
   * breaks RFC 5322 every domain that some reader may take for the author's.
   */
  readonly domains: readonly string[];
};

/**
 * The closed words of the evidence, said in plain English for a person at a terminal. Tables only: a reason without a sentence does
 * not compile.
 */
import type { ArcReason } from "../../evidence/arc/result.ts";
import type { FromAdvice, FromReason } from "../../evidence/from/result.ts";
import type { IprevReason } from "../../evidence/iprev/result.ts";
import type { SignatureReason } from "../../evidence/signature/result.ts";
import type { SpfReason } from "../../evidence/spf/result.ts";
import type { Defect } from "../../mail/defect.ts";

export const fromReasonWords: Readonly<Record<FromReason, string>> = {
  "several-fields": "more than one From field",
  "malformed-field": "the field is malformed (a folded or illegal name, or a header that begins with a continuation line)",
  missing: "no From field",
  "header-too-large": "the header is larger than any honest mail's",
  "field-too-long": "the field is longer than any honest mail's",
  "control-character": "a control character in it",
  "comment-too-deep": "comments nested too deep",
  "too-many-addresses": "more addresses than any honest mail has",
  "several-domains": "addresses of several domains",
  group: "a group instead of an address",
  "encoded-word-in-address": "an encoded word in the place of the address",
  "all-quoted": "name and address together in quotes",
  unterminated: "a quote, comment or bracket that does not close",
  "source-route": "a source route in the address",
  "address-literal": "an IP address instead of a domain",
  domain: "the domain is none that DNS can carry",
  "local-part": "the part before @ is malformed",
  syntax: "not the syntax of an address",
  empty: "no address in it",
  "no-angle-brackets": "a display name, and the address without angle brackets",
  "text-after-address": "text after the address",
  "unquoted-comma": "a comma in a display name without quotes",
  "unquoted-special": "a special character in a display name without quotes",
  "several-addresses": "several addresses of one domain",
  "no-space-before-bracket": "no space before the angle bracket",
  "space-in-address": "white space in the address",
  "comment-in-address": "a comment in the address",
  "invalid-utf-8": "octets that are not UTF-8",
};

/** Null: too common in honest mail to be worth a word. */
export const fromAdviceWords: Readonly<Record<FromAdvice, string | null>> = {
  "space-inside-brackets": "space inside the angle brackets",
  "display-name-not-quoted": null,
  "address-in-display-name": "the display name shows another address",
  "encoded-address-in-display-name": "the display name hides another address in an encoded word",
  "invisible-characters": "invisible or reordering characters in the name",
  "several-addresses-one-domain": "several addresses of one domain",
  "obsolete-syntax": "obsolete syntax",
  "quoted-local-part": "the part before @ is in quotes",
  comment: "a comment that not every reader shows",
};

export const spfReasonWords: Readonly<Record<SpfReason, string>> = {
  matched: "",
  default: "no term of the record matches",
  "no-client": "no client address is known",
  "no-domain": "no domain to check",
  "path-syntax": "the envelope sender is no mail path",
  "no-record": "publishes no SPF record",
  "several-records": "publishes more than one SPF record",
  syntax: "a mistake in the record",
  "include-none": "includes a domain without SPF record",
  "redirect-none": "redirects to a domain without SPF record",
  "term-limit": "more than 10 terms that need DNS",
  "void-limit": "more than 2 lookups without an answer",
  "mx-limit": "an mx of more than 10 hosts",
  "record-too-long": "the record is too long",
  dns: "a DNS question was not answered",
  deadline: "DNS took too long",
  budget: "more DNS questions than one message may cost",
};

export const signatureReasonWords: Readonly<Record<SignatureReason, string>> = {
  expired: "the signature has expired",
  "not-yet-valid": "the signature is dated in the future",
  "body-hash": "the body was changed after signing",
  signature: "the signature does not verify",
  "no-key": "no key is published",
  revoked: "the key is revoked",
  "key-syntax": "a mistake in the published key",
  syntax: "a mistake in the signature field",
  "weak-key": "the key is too weak",
  "weak-algorithm": "the algorithm is broken",
  "body-partly-signed": "only a part of the body is signed (l=)",
  "over-limit": "too many signatures: not verified",
  dns: "the key could not be fetched",
};

export const arcReasonWords: Readonly<Record<ArcReason, string>> = {
  structure: "the sets are not complete and in order",
  "too-many-sets": "more than 50 sets",
  cv: "a sealer found the chain broken",
  "message-signature": "the newest message signature does not verify",
  seal: "a seal does not verify",
  "over-limit": "too much to verify",
  "header-too-large": "the header is too large",
  dns: "a key could not be fetched",
};

export const iprevReasonWords: Readonly<Record<IprevReason, string>> = {
  "no-client": "no client address is known",
  "no-ptr": "the address has no reverse name",
  "not-confirmed": "the name does not lead back to the address",
  "ptr-dns": "the reverse name could not be fetched",
  "forward-dns": "the name could not be confirmed: DNS did not answer",
};

/** Null: of no interest to a reader of the verdict. */
export const defectWords: Readonly<Record<Defect, string | null>> = {
  empty: "nothing there",
  "no-header": "no header field",
  "header-too-large": "the header is larger than any honest mail's",
  "leading-space": "the first line starts with space",
  "malformed-field": "a header line that is no field",
  "space-before-colon": "space before the colon of a field",
  "lf-only": null,
  "bare-lf": "a line feed without carriage return",
  "bare-cr": "a carriage return without line feed",
  nul: "a NUL byte",
  "long-line": "a line of more than 998 octets",
  "non-ascii-header": "octets in the header that are not UTF-8",
  "no-body-separator": "the message ends within its header",
};

/**
 * The two From profiles as one table: what each issue of the address grammar means in each.
 * `eop`: the rules of Microsoft's page (reference: eop.md §6), stricter than the RFC. `rfc5322`: whatever RFC 5322 and 6532 derive,
 * obsolete forms included. Invalid in both is what DMARC cannot use (RFC 9989 §5.3.1): no address, a group, several domains, a domain
 * that is none. Several mailboxes of one domain are invalid in `eop` (one address), valid with advice in `rfc5322`.
 */
import type { IssueKind } from "../../mail/address-issue.ts";
import type { FromAdvice, FromProfile, FromReason } from "./result.ts";

export type Meaning = { readonly reason: FromReason } | { readonly advice: FromAdvice } | null;
export type Rule = Readonly<Record<FromProfile, Meaning>>;

export const rules: Readonly<Record<IssueKind, Rule>> = {
  "control-character": invalid("control-character"),
  "comment-too-deep": invalid("comment-too-deep"),
  "too-many-mailboxes": invalid("too-many-addresses"),
  unterminated: invalid("unterminated"),
  "all-quoted": invalid("all-quoted"),
  // RFC 2047 §5 (3): no encoded word in an addr-spec, though its characters would do.
  "encoded-word": invalid("encoded-word-in-address"),
  "no-address": invalid("unquoted-comma"), // beside an address; alone the field is empty
  "empty-brackets": invalid("syntax"), // the same
  "no-domain": invalid("domain"),
  "no-angle-brackets": invalid("no-angle-brackets"),
  "text-after": invalid("text-after-address"),
  "unquoted-special": invalid("unquoted-special"),
  "several-words": invalid("space-in-address"),
  "local-part": invalid("local-part"),
  domain: invalid("domain"),
  "broken-brackets": invalid("syntax"),
  // RFC 6854 lets a group stand in From; it names no author domain that DMARC could use.
  group: invalid("group"),
  "source-route": { eop: { reason: "source-route" }, rfc5322: { advice: "obsolete-syntax" } },
  "empty-element": { eop: { reason: "unquoted-comma" }, rfc5322: { advice: "obsolete-syntax" } },
  "obsolete-local-part": { eop: { reason: "local-part" }, rfc5322: { advice: "obsolete-syntax" } },
  "dot-in-name": advised("obsolete-syntax"),
  "space-in-address": { eop: { reason: "space-in-address" }, rfc5322: { advice: "obsolete-syntax" } },
  "comment-before": advised("comment"),
  "comment-in-address": { eop: { reason: "comment-in-address" }, rfc5322: { advice: "comment" } },
  "comment-after": { eop: { reason: "text-after-address" }, rfc5322: { advice: "comment" } },
  "no-space-before-bracket": { eop: { reason: "no-space-before-bracket" }, rfc5322: null },
  "space-inside-brackets": advised("space-inside-brackets"),
  "quoted-local-part": advised("quoted-local-part"),
};

export const severalAddresses: Rule = { eop: { reason: "several-addresses" }, rfc5322: { advice: "several-addresses-one-domain" } };
export const displayNameNotQuoted: Rule = { eop: { advice: "display-name-not-quoted" }, rfc5322: null };

function invalid(reason: FromReason): Rule {
  return { eop: { reason }, rfc5322: { reason } };
}

function advised(advice: FromAdvice): Rule {
  return { eop: { advice }, rfc5322: { advice } };
}

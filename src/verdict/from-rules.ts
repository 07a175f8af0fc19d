/**
 * What From enforcement makes of each reason that evidence/from gives, as one table an operator can print (design: compauth.md
 * "Overrides"; rules: reference eop.md §6). With `from = "eop"` all of them refuse; with "ambiguous" those on which readers disagree:
 * whose the author's domain is, or whether there is an author. Advice (an address shown in a display name, invisible characters in it) refuses
 * nothing: honest mailing lists write such names, and suspicion weighs them.
 */
import { authorOf, type FromEvidence } from "../evidence/from/author.ts";
import { hasInvisible } from "../evidence/from/display-name.ts";
import { type FromReason, fromReasons } from "../evidence/from/result.ts";

export type FromRule = {
  /** Do those who read the field agree on its author, as far as it has one? */
  readonly readers: "agree" | "disagree";
  /** May an IP allow entry or a mail flow rule forgive it (inbound)? Only a syntactic rule of the article. */
  readonly forgiven: "by-override" | "never";
  /** Broken form alone, one undisputed author: stamped, never refused, in a bounce. */
  readonly form: "cosmetic" | "grave";
};

export function fromRuleOf(from: FromEvidence): FromRule & { readonly why: FromReason | "valid" } {
  if (from.reason === null) return { ...cosmetic, why: "valid" };
  const rule = fromRules[from.reason];
  // `a@contoso.com <b@fabrikam.com>`: a fault of form, and two authors to choose from. And a domain with letters nobody sees in it.
  const disputed = authorOf(from).domains.length > 1 || (from.reason === "domain" && hasInvisible(from.address ?? ""));
  return { ...(disputed ? doubtful : rule), why: from.reason };
}

/** No reader's author is another's, yet the rule is broken. */
const cosmetic: FromRule = { readers: "agree", forgiven: "by-override", form: "cosmetic" };
/** No author, or none that DNS knows: there is nothing to disagree on. */
const authorless: FromRule = { readers: "agree", forgiven: "by-override", form: "grave" };
/** Readers take different authors from it. */
const doubtful: FromRule = { readers: "disagree", forgiven: "never", form: "grave" };

export const fromRules: Readonly<Record<FromReason, FromRule>> = {
  "header-too-large": doubtful, // there may be another From beyond what was read
  "several-fields": doubtful,
  "malformed-field": doubtful,
  missing: authorless,
  "field-too-long": doubtful, // each reader cuts it elsewhere
  "control-character": doubtful, // NUL ends the address for some
  "comment-too-deep": doubtful,
  "too-many-addresses": doubtful,
  group: doubtful, // RFC 6854: some show the group, some its members
  "several-domains": doubtful,
  "encoded-word-in-address": doubtful,
  unterminated: doubtful,
  // The article's rule, so it can be forgiven; a name without an address to some, an address to others.
  "all-quoted": { readers: "disagree", forgiven: "by-override", form: "grave" },
  "source-route": doubtful, // some take the route's host for the domain
  "address-literal": authorless, // the article wants a domain name
  domain: authorless,
  syntax: doubtful,
  empty: authorless,
  "no-angle-brackets": cosmetic,
  "text-after-address": cosmetic,
  "unquoted-comma": cosmetic,
  "unquoted-special": cosmetic,
  "several-addresses": cosmetic, // one author domain
  "no-space-before-bracket": cosmetic,
  "space-in-address": cosmetic,
  "comment-in-address": cosmetic,
  "local-part": cosmetic,
  "invalid-utf-8": cosmetic,
};

export type FromRuleRow = FromRule & {
  readonly reason: FromReason;
  readonly eop: "refused";
  readonly ambiguous: "refused" | "stamped";
  readonly bounce: "as other mail" | "stamped";
};

/** The table as it is printed, in the order of precedence of the reasons. */
export function fromRuleRows(): readonly FromRuleRow[] {
  return fromReasons.map((reason) => {
    const rule = fromRules[reason];
    return {
      reason,
      ...rule,
      eop: "refused",
      ambiguous: rule.readers === "disagree" ? "refused" : "stamped",
      bounce: rule.form === "cosmetic" ? "stamped" : "as other mail",
    };
  });
}

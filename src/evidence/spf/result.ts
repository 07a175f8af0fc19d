/** SPF's answer (RFC 7208 §2.6) with one closed reason and what was seen. */
export type SpfOutcome = "pass" | "fail" | "softfail" | "neutral" | "none" | "temperror" | "permerror";
export type SpfIdentity = "mailfrom" | "helo";

export type SpfReason =
  | "matched" // a mechanism matched; `mechanism` says which
  | "default" // no mechanism matched, no redirect: neutral (RFC 7208 §4.7)
  | "no-client" // none: no client address is known
  | "no-domain" // none: no domain to check (malformed, single label, empty)
  | "path-syntax" // none: MAIL FROM is not an RFC 5321 path
  | "no-record" // none
  | "several-records" // permerror
  | "syntax" // permerror
  | "include-none" // permerror: include of a domain without record (§5.2)
  | "redirect-none" // permerror: redirect to a domain without record (§6.1)
  | "term-limit" // permerror (§4.6.4)
  | "void-limit" // permerror (§4.6.4)
  | "mx-limit" // permerror: more than ten names of one mx (§4.6.4)
  | "record-too-long" // permerror, local
  | "dns" // temperror
  | "budget" // temperror: the questions that one message may ask are used up
  | "deadline"; // temperror

export type SpfResult = {
  readonly identity: SpfIdentity;
  /** The domain checked, as an A-label; null where there is none. */
  readonly domain: string | null;
  readonly result: SpfOutcome;
  readonly reason: SpfReason;
  /**
   * The term that decided, as published; where include or redirect led to it, after the terms that led there:
   * "include:_spf.example.com > ip4:192.0.2.0/24". For an error the term that caused it. Printable ASCII; null if none.
   */
  readonly mechanism: string | null;
  /** The text of exp=, only for fail (§6.2); null without one. Printable ASCII, at most limits.spfExplanationBytesMax. */
  readonly explanation: string | null;
  /** Terms that cost DNS questions, of 10; void lookups, of 2. */
  readonly lookups: number;
  readonly voidLookups: number;
  /** The pass rests on +all, or on an ip4/ip6 range or CIDR shorter than /8: no best guess may rest on it. */
  readonly broad: boolean;
};

/** One term as it was evaluated, for a full trace: an include or redirect after the terms it led to. A redirect that was followed is a match. */
export type SpfStep = {
  /** Whose record the term stands in, as it was reached. */
  readonly domain: string;
  readonly term: string;
  readonly outcome: "match" | "no-match" | "temperror" | "permerror";
  /** Includes and redirects above this record. */
  readonly depth: number;
  readonly lookups: number;
  readonly voidLookups: number;
};

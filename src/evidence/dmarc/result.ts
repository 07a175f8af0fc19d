/**
 * DMARC's answer (RFC 9989 §5.3, §4.10; RFC 8601 words, and bestguesspass of design/compauth.md row 7). Types only.
 */
export type DmarcPolicy = "none" | "quarantine" | "reject";
export type DmarcMode = "rfc9989" | "rfc7489" | "compare";

export type DmarcReason =
  | "aligned" // pass and bestguesspass
  | "not-aligned" // fail: something passed, nothing of it aligned
  | "nothing-passed" // fail
  | "no-record" // none
  | "author" // permerror: not exactly one author domain
  | "record" // permerror: records exist, none usable
  | "record-dns" // temperror: the record could not be fetched
  | "record-timeout" // temperror by time-out (tells 112 from 111)
  | "identifier-dns" // temperror: nothing passed, and an identifier that would or may align is temperror or cannot be walked
  | "existence-dns"; // temperror: it failed, and DNS does not say whether np= or sp= governs (RFC 9989 §4.10.1)

export type DmarcResult = {
  readonly result: "pass" | "fail" | "none" | "permerror" | "temperror" | "bestguesspass";
  readonly reason: DmarcReason;
  /** The author domain evaluated. With several authors the one whose failing policy is strictest, else the first. */
  readonly domain: string | null;
  /** Where the record stands. */
  readonly policyDomain: string | null;
  /** As published (p, sp or np, whichever governs), before t=. Null without a record that applies. */
  readonly publishedPolicy: DmarcPolicy | null;
  /** After t=. */
  readonly policy: DmarcPolicy | null;
  /** What the policy asks for with this result: none unless the result is fail. With several authors the strictest. */
  readonly action: DmarcPolicy;
  /** The mechanism whose identifier passed and aligned; DKIM where both did, since it survives forwarding. */
  readonly alignedBy: "dkim" | "spf" | null;
  /** Mode compare: what the other RFC says. */
  readonly alternative: {
    readonly mode: "rfc9989" | "rfc7489";
    readonly result: DmarcResult["result"];
    readonly policy: DmarcPolicy | null;
  } | null;
  /** Of the record: t=y. */
  readonly testing: boolean;
  /** Names asked (below _dmarc.) for the author's walk, in order, for the explanation. */
  readonly walked: readonly string[];
};

/** Does an identifier belong to the author's organization: by DMARC (walk, strict or relaxed), and by the suffix list? */
export type IdentifierAlignment = { readonly aligned: boolean; readonly alignedBestGuess: boolean };

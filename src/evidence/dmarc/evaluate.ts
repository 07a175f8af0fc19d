/**
 * DMARC for one message (RFC 9989 §5.3): starts with the author domain alone, so that its record is on the way while SPF and
 * DKIM work, and finishes with their identifiers. Several author domains never escape: each is evaluated, and the strictest
 * failing policy stands (§11.5). It applies no policy: `action` says what the domain owner asks for.
 */
import { limits } from "../../base/limits.ts";
import type { Dns } from "../../dns/budget.ts";
import { domainToAscii } from "../../mail/domain.ts";
import type { DkimResult } from "../dkim/result.ts";
import type { SpfIdentity, SpfOutcome } from "../spf/result.ts";
import type { Identifier } from "./alignment.ts";
import { type AuthorDomain, type AuthorVerdict, startAuthorDomain } from "./author-domain.ts";
import { openLookup } from "./lookup.ts";
import type { DmarcMode, DmarcPolicy, DmarcResult, IdentifierAlignment } from "./result.ts";

/** `identity` is MAIL FROM unless it says helo; MAIL FROM of the null path carries the HELO name (RFC 9989 §3.2.4). */
export type IdentifierSpf = {
  readonly result: SpfOutcome;
  readonly domain: string | null;
  readonly identity?: SpfIdentity;
  readonly broad?: boolean;
};
export type IdentifierDkim = { readonly result: DkimResult["result"]; readonly domain: string | null };
export type Identifiers = { readonly spf: readonly IdentifierSpf[]; readonly dkim: readonly IdentifierDkim[] };

export type DmarcDeps = {
  readonly dns: Dns;
  readonly mode?: DmarcMode | undefined;
  /** Public suffixes beyond the list's; without it the ones that ship with Assay. */
  readonly localSuffixes?: readonly string[] | undefined;
};

export type DmarcEvidence = {
  readonly dmarc: DmarcResult;
  /** For each identifier, in the order given. */
  readonly spf: readonly IdentifierAlignment[];
  readonly dkim: readonly IdentifierAlignment[];
};

export interface DmarcEvaluation {
  /** A domain for which SPF or DKIM may pass: if it looks related to the author its walk is asked ahead, to save round trips. */
  expect(domain: string): void;
  finish(identifiers: Identifiers): Promise<DmarcEvidence>;
}

/** `domains`: the author domains as A-labels in lower case; those past limits.fromDomainsMax are not evaluated. */
export function startDmarc(domains: readonly string[], deps: DmarcDeps): DmarcEvaluation {
  const distinct = domains.length > 1 ? [...new Set(domains)] : domains;
  const authors = startAuthors(distinct.slice(0, limits.fromDomainsMax), deps);
  return {
    expect(domain) {
      const ascii = domainToAscii(domain);
      // With several authors nothing is asked ahead: their own walks come first.
      if (ascii !== null && authors.length === 1) authors[0]?.expect(ascii);
    },
    async finish(identifiers) {
      const all = identifiersOf(identifiers);
      const verdicts = await Promise.all(authors.map((author) => author.finish(all)));
      const aligned = all.map((_, i) => alignedWithEach(verdicts, i));
      const spfCount = identifiers.spf.length;
      // RFC 9989 §4.4.2: the HELO identity is no identifier of DMARC, so it never aligns; whose name it is, the list may say.
      const spf = aligned
        .slice(0, spfCount)
        .map((one, i) => (identifiers.spf[i]?.identity === "helo" ? { aligned: false, alignedBestGuess: one.alignedBestGuess } : one));
      return { dmarc: combine(verdicts), spf, dkim: aligned.slice(spfCount) };
    },
  };
}

function startAuthors(domains: readonly string[], deps: DmarcDeps): readonly AuthorDomain[] {
  const lookup = openLookup(deps.dns);
  const { dns, mode = "rfc9989", localSuffixes } = deps;
  if (domains.length < 2)
    return domains.map((domain) => startAuthorDomain(domain, { dns, lookup, mode, localSuffixes, mayWalk: undefined }));
  // Each one's own record is asked before any walk, and short walks before long ones: decoys with long names cannot use up
  // the questions that the domain they hide needs.
  let turn: Promise<unknown> = Promise.all(domains.map((domain) => lookup.at(domain)));
  const started = new Map<string, AuthorDomain>();
  for (const domain of domains.toSorted((a, b) => a.split(".").length - b.split(".").length)) {
    started.set(domain, startAuthorDomain(domain, { dns, lookup, mode, localSuffixes, mayWalk: turn }));
    turn = turn.then(nothing);
  }
  turn.catch(nothing);
  return domains.map((domain) => started.get(domain)).filter((author) => author !== undefined);
}

const nothing = (): void => {};

function identifiersOf({ spf, dkim }: Identifiers): readonly Identifier[] {
  const all: Identifier[] = [];
  for (const { result, domain, identity, broad } of spf) {
    // RFC 9989 §4.4.2: DMARC relies solely on SPF for MAIL FROM.
    const counts = identity !== "helo";
    all.push({
      by: "spf",
      domain: domain === null ? null : domainToAscii(domain),
      passes: counts && result === "pass",
      undecided: counts && result === "temperror",
      broad: broad === true,
    });
  }
  for (const { result, domain } of dkim) {
    const ascii = domain === null ? null : domainToAscii(domain);
    all.push({ by: "dkim", domain: ascii, passes: result === "pass", undecided: result === "temperror", broad: false });
  }
  return all;
}

/** With several authors an identifier belongs to all of them or it does not count as aligned. */
function alignedWithEach(verdicts: readonly AuthorVerdict[], i: number): IdentifierAlignment {
  const [first] = verdicts;
  if (verdicts.length === 1 && first !== undefined) return first.aligned[i] ?? unaligned;
  const each = verdicts.map((verdict) => verdict.aligned[i] ?? unaligned);
  return {
    aligned: each.length > 0 && each.every((one) => one.aligned),
    alignedBestGuess: each.length > 0 && each.every((one) => one.alignedBestGuess),
  };
}
const unaligned: IdentifierAlignment = { aligned: false, alignedBestGuess: false };

/** RFC 9989 §5.3.1, §11.5: without exactly one author domain there is no DMARC result; the strictest failing policy drives the action. */
function combine(verdicts: readonly AuthorVerdict[]): DmarcResult {
  const [first, ...others] = verdicts;
  if (first === undefined) return noAuthor;
  if (others.length === 0) return first.dmarc;
  const strictest = others.reduce((worst, one) => (severity(one.dmarc) > severity(worst.dmarc) ? one : worst), first).dmarc;
  const alternative = strictest.alternative === null ? null : ({ ...strictest.alternative, result: "permerror" } as const);
  return { ...strictest, result: "permerror", reason: "author", alignedBy: null, alternative };
}

function severity({ result, action }: DmarcResult): number {
  return result === "fail" ? order[action] : 0;
}
const order: Readonly<Record<DmarcPolicy, number>> = { none: 1, quarantine: 2, reject: 3 };

const noAuthor: DmarcResult = {
  result: "permerror",
  reason: "author",
  domain: null,
  policyDomain: null,
  publishedPolicy: null,
  policy: null,
  action: "none",
  alignedBy: null,
  alternative: null,
  testing: false,
  walked: [],
};

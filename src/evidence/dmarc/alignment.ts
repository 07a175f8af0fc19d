/**
 * Identifier Alignment (RFC 9989 §4.4, §4.10.2) and what it makes of the authenticated identifiers (§5.3.4, §5.3.5). What can be
 * said without a question is; questions are asked for an identifier only where its alignment can matter. It refuses to count
 * SPF for HELO, and to call anything aligned that a temporary error left open.
 */
import type { DmarcRecord } from "./record.ts";

/** An identifier as DMARC sees it. HELO neither passes nor stays undecided here (RFC 9989 §4.4.2). */
export type Identifier = {
  readonly by: "spf" | "dkim";
  /** A-label in lower case; null where there is none. */
  readonly domain: string | null;
  readonly passes: boolean;
  /** A temporary error kept it from an outcome. */
  readonly undecided: boolean;
  /** No best guess may rest on it. */
  readonly broad: boolean;
};

export type Aligned = "yes" | "no" | "unknown";

export type AlignmentRules = {
  readonly author: string;
  readonly record: DmarcRecord;
  /** Relaxed alignment of a domain that is not the author's: by walk, or by list in mode rfc7489. */
  readonly relaxed: (domain: string) => Promise<Aligned>;
  /** Relaxed alignment by the suffix list: for identifiers on which nothing depends. */
  readonly listed: (domain: string) => boolean;
};

export type Judgement = {
  readonly result: "pass" | "fail" | "temperror";
  readonly alignedBy: "dkim" | "spf" | null;
  readonly anyPassed: boolean;
  /** One for each identifier, in order. */
  readonly aligned: readonly boolean[];
};

/** RFC 9989 §5.3.5: pass if an authenticated identifier aligns, else fail; temperror where that is still open. */
export function judge(identifiers: readonly Identifier[], rules: AlignmentRules): Judgement | Promise<Judgement> {
  const aligned = identifiers.map((one) => alignedAtOnce(one, rules));
  const asks = identifiers.some((one, i) => aligned[i] === "ask" && (one.passes || one.undecided));
  // Nothing to ask in most mail: no promise then.
  if (!asks) return judged(identifiers, aligned, rules);
  return ask(identifiers, aligned, rules).then(() => judged(identifiers, aligned, rules));
}

function judged(identifiers: readonly Identifier[], aligned: Readonly<Alignments>, rules: AlignmentRules): Judgement {
  const alignedBy = passing(identifiers, aligned);
  return {
    result: alignedBy !== null ? "pass" : isOpen(identifiers, aligned) ? "temperror" : "fail",
    alignedBy,
    anyPassed: identifiers.some((one) => one.passes),
    aligned: identifiers.map((one, i) => aligned[i] === "yes" || (aligned[i] === "ask" && one.domain !== null && rules.listed(one.domain))),
  };
}

type Alignments = (Aligned | "ask")[];

/** Asks what can matter: identifiers that passed, related ones alone once the result is known; then those a retry might let pass. */
async function ask(identifiers: readonly Identifier[], aligned: Alignments, rules: AlignmentRules): Promise<void> {
  const settle = (matters: (one: Identifier, domain: string) => boolean): Promise<unknown> =>
    Promise.all(
      identifiers.map(async (one, i) => {
        if (aligned[i] === "ask" && one.domain !== null && matters(one, one.domain)) aligned[i] = await rules.relaxed(one.domain);
      }),
    );
  const known = passing(identifiers, aligned) !== null;
  await settle((one, domain) => one.passes && (!known || rules.listed(domain)));
  if (passing(identifiers, aligned) === null) await settle((one) => one.undecided);
}

function alignedAtOnce({ by, domain }: Identifier, { author, record }: AlignmentRules): Aligned | "ask" {
  if (domain === null) return "no";
  // RFC 9989 §4.10.2: identical domains need no walk; strict alignment is a comparison of names.
  if (domain === author) return "yes";
  if ((by === "spf" ? record.aspf : record.adkim) === "s") return "no";
  // An Organizational Domain is the domain itself or above it: without a common top label there is none in common.
  return topLabel(domain) === topLabel(author) ? "ask" : "no";
}

function topLabel(domain: string): string {
  return domain.slice(domain.lastIndexOf(".") + 1);
}

function passing(identifiers: readonly Identifier[], aligned: Readonly<Alignments>): "dkim" | "spf" | null {
  let by: "dkim" | "spf" | null = null;
  for (let i = 0; i < identifiers.length; i += 1) {
    const one = identifiers[i];
    if (one?.passes === true && aligned[i] === "yes" && by !== "dkim") by = one.by;
  }
  return by;
}

/** Could a retry turn the failure into a pass? */
function isOpen(identifiers: readonly Identifier[], aligned: Readonly<Alignments>): boolean {
  return identifiers.some(
    (one, i) => (one.passes && aligned[i] === "unknown") || (one.undecided && (aligned[i] === "yes" || aligned[i] === "unknown")),
  );
}

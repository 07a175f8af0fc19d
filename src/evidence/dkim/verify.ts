/**
 * DKIM verification (RFC 6376 §6, RFC 8301, RFC 8463, RFC 8616): every DKIM-Signature of a message gives one result, in the order
 * of the header. At most limits.dkimSignaturesMax are verified, those of the author's organization first, then from the top; the
 * others are listed as over-limit. Keys are asked for at once, while the body is read.
 * It says whose signature is good; whether that helps the message is for DMARC.
 */
import { limits } from "../../base/limits.ts";
import type { Dns } from "../../dns/budget.ts";
import type { Clock } from "../../dns/resolver.ts";
import { fieldsNamed, type Header } from "../../mail/header.ts";
import { organizationalDomainByList } from "../../mail/public-suffix.ts";
import type { BodyHasher, BodyHashRequest } from "../signature/body-hash.ts";
import { CanonicalHeader } from "../signature/canonical-header.ts";
import { type KeyAnswer, Keys } from "../signature/keys.ts";
import { type Broken, isBroken, type Shown } from "../signature/record.ts";
import { outcomeOf } from "../signature/result.ts";
import { type Findings, type Judgement, judge } from "../signature/verify.ts";
import { type DkimSignature, type ParsedDkimSignature, parseDkimSignature } from "./record.ts";
import type { DkimResult } from "./result.ts";

export type DkimDeps = {
  /** Domains of the author addresses, as A-labels. */
  readonly authorDomains: readonly string[];
  readonly dns: Dns;
  readonly clock: Clock;
};

export type PreparedDkim = {
  /** d= of the signatures that will be verified: identifiers that may align. */
  readonly domains: readonly string[];
  /** What to hash of the body; the first ones matter most. */
  readonly bodyHashes: readonly BodyHashRequest[];
  /** Once the body has been read. Rejects only where the resolver does. */
  finish(bodies: BodyHasher): Promise<readonly DkimResult[]>;
};

/** Reads the signatures and asks for their keys. */
export function prepareDkim(header: Header, deps: DkimDeps): PreparedDkim {
  const fields = fieldsNamed(header, "dkim-signature");
  if (fields.length === 0) return unsigned;
  const parsed = fields.map((field) => parseDkimSignature(header, field));
  const chosen = header.defects.has("header-too-large") ? [] : choose(parsed, deps.authorDomains);
  const keys = new Keys(deps.dns);
  const answers = new Map(chosen.map((signature) => [signature, keys.ask(signature)]));
  const now = deps.clock();
  return {
    domains: chosen.map((signature) => signature.domain),
    bodyHashes: chosen.map(requestOf),
    async finish(bodies) {
      const canonical = new CanonicalHeader(header);
      const results: DkimResult[] = [];
      for (const { shown, signature } of parsed) {
        const answer = isBroken(signature) ? undefined : answers.get(signature);
        if (isBroken(signature)) results.push(refused(shown, signature));
        else if (answer === undefined) results.push(refused(shown, notChosen));
        else results.push(verified(shown, judge(signature, canonical, findings(signature, { answer: await answer, bodies, now }))));
      }
      return results;
    },
  };
}

const unsigned: PreparedDkim = { domains: [], bodyHashes: [], finish: () => Promise.resolve([]) };
const notChosen: Broken = { reason: "over-limit", comment: "not verified: too many signatures, or too large a header" };

/** RFC 6376 §6.1: a verifier may limit the number of signatures it tries, and choose. Best first. */
function choose(parsed: readonly ParsedDkimSignature[], authorDomains: readonly string[]): readonly DkimSignature[] {
  const sound = parsed.flatMap(({ signature }) => (isBroken(signature) ? [] : [signature]));
  if (sound.length < 2) return sound;
  const authors = new Set(authorDomains.map(organizationOf));
  const isAuthors = sound.map((signature) => authors.has(organizationOf(signature.domain)));
  const first = sound.filter((_, i) => isAuthors[i]);
  return [...first, ...sound.filter((_, i) => !isAuthors[i])].slice(0, limits.dkimSignaturesMax);
}

function organizationOf(domain: string): string {
  return organizationalDomainByList(domain) ?? domain;
}

function requestOf(signature: DkimSignature): BodyHashRequest {
  return { canonicalization: signature.canonicalization.body, algorithm: "sha256", length: signature.length };
}

type Learnt = { readonly answer: KeyAnswer; readonly bodies: BodyHasher; readonly now: number };

function findings(signature: DkimSignature, { answer, bodies, now }: Learnt): Findings {
  return {
    answer,
    body: bodies.result(requestOf(signature)),
    now,
    // RFC 6376 §3.6.1 t=s: i= must not be below d=.
    objection: (key) =>
      key.strict && signature.identityDomain !== signature.domain ? "i= is below d=, which the key forbids (t=s)" : null,
  };
}

function verified(shown: Shown, { reason, headerResult, bodyResult, keyBits, bodyCovered, comment }: Judgement): DkimResult {
  const result = reason === null ? "pass" : outcomeOf[reason];
  const { domain, selector, algorithm, signatureStart } = shown;
  return { result, reason, headerResult, bodyResult, domain, selector, algorithm, signatureStart, keyBits, bodyCovered, comment };
}

function refused(shown: Shown, { reason, comment }: Broken): DkimResult {
  const result = outcomeOf[reason];
  const { domain, selector, algorithm, signatureStart } = shown;
  const [headerResult, bodyResult, keyBits, bodyCovered] = ["none", "none", null, null] as const;
  return { result, reason, headerResult, bodyResult, domain, selector, algorithm, signatureStart, keyBits, bodyCovered, comment };
}

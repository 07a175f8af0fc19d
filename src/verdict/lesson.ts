/**
 * What a finished inspection teaches (design: compauth.md "Tier 1", "Tier 2"), or null. It reads the evidence, never a verdict that came
 * from history, so no history feeds itself. Marks are learnt only as far as the owner of the From domain vouched for them: SPF that
 * passed for his domain vouches for the client; his signature alone vouches for itself, since anybody can send signed mail on.
 */
import { authorOf } from "../evidence/from/author.ts";
import { confirmedNames } from "./facts.ts";
import type { History, KnownHistory, Lesson, Token } from "./history.ts";
import { organizationOf } from "./organization.ts";
import { type Policy, senderHistoryOf } from "./policy.ts";
import { isEstablished } from "./profile.ts";
import { carrierOf, tokensOf } from "./tokens.ts";
import type { DecisionInput, Standing, Verdict } from "./verdict.ts";

/** An Inspection will do. */
export type LessonParts = DecisionInput & {
  readonly verdict: Verdict;
  readonly history: History | null;
  readonly standing: Standing;
  readonly policy?: Policy | null;
};

/** `tenant` "" where there is one; days count from 1970-01-01 UTC. */
export function lessonOf(parts: LessonParts, tenant: string, day: number): Lesson | null {
  const { transaction, from, evidence, verdict } = parts;
  const author = authorOf(from);
  const [domain] = author.domains;
  if (!author.single || domain === undefined || evidence.dmarc.result === "temperror") return null;
  if (transaction.direction !== "inbound" || notJudged.has(verdict.reason)) return null;
  const policy = parts.policy ?? {};
  const tokens = tokensOf(transaction, from, evidence);
  const common = { tenant, day, organization: organizationOf(domain, policy), recipients: transaction.rcptTo };
  const history = parts.history?.status === "known" ? parts.history : null;
  const explicit = explicitly(parts, tokens);
  if (explicit !== null) {
    const carriers = history !== null && isEstablished(history.from, senderHistoryOf(policy), day) ? explicit.carriers : [];
    return { ...common, kind: "authenticated", failed: false, answered: false, ...explicit, carriers, carrier: null };
  }
  return history === null ? null : unauthenticated(parts, { ...common, tokens, history });
}

/** Submitted, of unknown origin behind a gateway, or a bounce: says nothing about who sends for the domain. */
const notJudged: ReadonlySet<string> = new Set(["300", "502", "905"]);

type Explicit = Pick<Lesson, "signed" | "tokens" | "carriers">;

/** Tier 1. A pass by ARC, by the operator's word or by history is not explicit. */
function explicitly({ evidence }: LessonParts, tokens: readonly Token[]): Explicit | null {
  const { dmarc, dkim, spf } = evidence;
  const enforcedFailure = dmarc.result === "fail";
  const counts = dmarc.result === "pass" ? "aligned" : "alignedBestGuess";
  if (enforcedFailure) return null;
  const signers = dkim.filter((one) => one.result === "pass" && one.bodyCovered !== false && one[counts]).map(({ domain }) => domain);
  const envelope = spf.find((one) => one.identity === "mailfrom" && one.result === "pass" && one[counts] && !one.broad);
  // RFC 7208 §2.4: for the null path HELO was checked, and a host may name itself after any domain whose record lists it.
  if (envelope !== undefined) return { signed: signers.length > 0, tokens, carriers: [] };
  if (signers.length === 0) return null;
  const own = (token: Token): boolean => token.kind === "dkim" && signers.includes(token.value);
  return { signed: true, tokens: tokens.filter(own), carriers: tokens.filter((token) => !own(token) && token.kind !== "mx") };
}

type Unauthenticated = Pick<Lesson, "tenant" | "day" | "organization" | "recipients" | "tokens"> & { readonly history: KnownHistory };

/**
 * Tier 2, or only that it was seen. Mail that contradicts a profile, or that a policy, an operator or the organization itself
 * disowns, teaches nothing but that failure: who spoofs a known domain gains nothing by going on. The one exception: what contradicts
 * a profile and goes to a recipient who knows the domain keeps its days, so that a forgotten host of the domain is found out in time
 * (score-terms.ts `recurring`); it opens no tier, for it counts as failed.
 */
function unauthenticated(parts: LessonParts, { history, ...common }: Unauthenticated): Lesson {
  const { verdict, standing } = parts;
  const disowned = verdict.compauth === "fail" && disowning.has(verdict.reason);
  const failed = disowned || standing === "suspicious" || standing === "blocked";
  const { wroteTo, heardFrom } = history.contact;
  const recurs = standing === "suspicious" && !disowned && (wroteTo > 0 || heardFrom > 0);
  const kind = recurs || (!failed && confirmedNames(parts).length > 0) ? "unauthenticated" : "seen";
  const answered = wroteTo > 0 || history.answersOurs;
  return {
    ...common,
    kind,
    signed: false,
    failed,
    answered,
    carriers: [],
    carrier: carrierOf(parts.transaction, parts.from, parts.evidence),
  };
}

const disowning: ReadonlySet<string> = new Set(["000", "002", "010", "601"]);

/**
 * The evidence of a recorded message under another policy, as far as the policy decides how it is gathered: whose ARC seals are trusted, and
 * how DMARC finds and reads records. DMARC is evaluated again over the recorded DNS answers; a question that was not asked then ends it.
 */
import type { Answer, RecordType } from "../../dns/answer.ts";
import { messageDns } from "../../dns/budget.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { isTrusted } from "../../evidence/arc/verify.ts";
import { startDmarc } from "../../evidence/dmarc/evaluate.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import { authorOf } from "../../evidence/from/author.ts";
import { withoutAuthor } from "../../evidence/gather.ts";
import { decidesExplicitly } from "../../evidence/infrastructure/implicit.ts";
import { shippedSuffixes } from "../../mail/public-suffix.ts";
import type { Decision, RecordedAnswer, RecordedQuestion } from "../../memory/journal.ts";
import type { JudgePolicy } from "../judge.ts";

export type Regathered =
  | { readonly status: "known"; readonly evidence: Evidence }
  | { readonly status: "unknown"; readonly why: "dmarc-answers" | "from-hosts" };

/** At once where the policy gathers as the one of that time did. */
export function regather(decision: Decision, policy: JudgePolicy): Regathered | Promise<Regathered> {
  const evidence = withTrust(decision.inspection.evidence, policy);
  return gathersAlike(decision, policy) ? { status: "known", evidence } : withDmarc(decision, evidence, policy);
}

function gathersAlike({ gathered }: Decision, { dmarcMode = "rfc9989", localSuffixes = [] }: JudgePolicy): boolean {
  const then = gathered?.localSuffixes ?? [];
  return (
    (gathered?.dmarcMode ?? "rfc9989") === dmarcMode &&
    then.length === localSuffixes.length &&
    then.every((suffix, i) => suffix === localSuffixes[i])
  );
}

/** `arc.trusted` says whether the operator lists the newest sealer; what the chain proves is as it was. */
function withTrust(evidence: Evidence, { trustedSealers = [] }: JudgePolicy): Evidence {
  const { arc } = evidence;
  const trusted = arc.result === "pass" && isTrusted(arc.sets.at(-1), trustedSealers);
  return trusted === arc.trusted ? evidence : { ...evidence, arc: { ...arc, trusted } };
}

async function withDmarc({ inspection, questions }: Decision, evidence: Evidence, policy: JudgePolicy): Promise<Regathered> {
  const { transaction, from } = inspection;
  const author = authorOf(from);
  const { resolver, missed } = recordedDns(questions);
  const dmarc = startDmarc(author.domains, {
    // Time stands still: it was used up then, not now.
    dns: messageDns(resolver, { clock: () => 0 })("author"),
    mode: policy.dmarcMode,
    localSuffixes: [...shippedSuffixes, ...(policy.localSuffixes ?? [])],
  });
  const judged = await dmarc.finish(evidence);
  if (missed()) return { status: "unknown", why: "dmarc-answers" };
  const { spf, dkim } = evidence;
  const asksHosts = author.single && !decidesExplicitly({ dmarc: judged, spf, dkim });
  const couldAsk = transaction.ip !== null && transaction.authenticatedAs === null;
  if (asksHosts && couldAsk && evidence.infrastructure.fromSpf === null) return { status: "unknown", why: "from-hosts" };
  return {
    status: "known",
    evidence: {
      ...evidence,
      spf: spf.map((one, i) => ({ ...one, ...judged.spf[i] })),
      dkim: dkim.map((one, i) => ({ ...one, ...judged.dkim[i] })),
      dmarc: author.single ? judged.dmarc : withoutAuthor(judged.dmarc),
    },
  };
}

/** A resolver that knows what was answered then. `missed`: it was asked something else. */
function recordedDns(questions: readonly RecordedQuestion[]): { readonly resolver: Resolver; readonly missed: () => boolean } {
  const known = new Map(questions.map(({ name, type, answer }) => [`${type} ${name.toLowerCase()}`, answer]));
  let isMissed = false;
  const ask = (name: string, type: RecordType): Answer => {
    const answer = known.get(`${type} ${name}`);
    if (answer === undefined) isMissed = true;
    return answer === undefined ? { status: "timeout" } : asAsked(answer, type);
  };
  const resolver: Resolver = {
    // The answer was recorded for a question of this type.
    query: <T extends RecordType>(name: string, type: T) => Promise.resolve(ask(name, type) as Answer<T>),
  };
  return { resolver, missed: () => isMissed };
}

function asAsked(answer: RecordedAnswer, type: RecordType): Answer {
  if (answer.status !== "found") return answer;
  const records = answer.records.map((record) => (type === "TXT" && typeof record === "string" ? Buffer.from(record, "latin1") : record));
  return { status: "found", records, ttlSeconds: 0, authenticated: false };
}

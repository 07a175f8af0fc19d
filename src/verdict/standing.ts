/**
 * What stands between compauth=fail and an action (design: compauth.md "standing"): the operator's word on the pair, or what history
 * makes of it. Suspicious needs knowledge: an established profile that this infrastructure contradicts, or an infrastructure that
 * contradicted many. Where too little is known the standing is unknown, and nothing is acted on for it. Never changes compauth.
 */
import type { History } from "./history.ts";
import { type Policy, senderHistoryOf } from "./policy.ts";
import { isEstablished } from "./profile.ts";
import { contextOf } from "./row.ts";
import { scoreOf } from "./score.ts";
import { badOrganizations } from "./score-terms.ts";
import { carrierOf } from "./tokens.ts";
import type { DecisionInput, Fact, Standing, Verdict } from "./verdict.ts";

export type PairStanding = { readonly standing: Standing; readonly facts: readonly Fact[] };

export function standingOf(input: DecisionInput & { readonly verdict: Verdict }, history: History | null, policy: Policy): PairStanding {
  const entry = (word: "allow" | "block"): string | undefined => history?.entries?.find(({ action }) => action === word)?.id;
  const blocked = entry("block");
  if (blocked !== undefined) return told("blocked", `entry ${blocked} blocks this pair`);
  const allowed = policy.profile === "consumer" ? undefined : entry("allow");
  if (allowed !== undefined) return told("allowed", `entry ${allowed} allows this pair`);
  if (history?.status !== "known") return { standing: "unknown", facts: [] };
  const numbers = senderHistoryOf(policy);
  const { compauth } = input.verdict;
  const bad = history.tokens.find((token) => badOrganizations(token) >= numbers.badOrganizations);
  if (compauth === "pass") {
    if (bad !== undefined) return told("suspicious", contradicted(bad.value));
    return { standing: history.from.authenticated >= 1 ? "good" : "unknown", facts: [] };
  }
  if (compauth === "none" || input.evidence.dmarc.result === "temperror") return { standing: "unknown", facts: [] };
  return byHistory(input, history, { policy, bad: bad?.value ?? null });
}

/** Of mail that nothing authenticated. */
function byHistory(
  input: DecisionInput & { readonly verdict: Verdict },
  history: Extract<History, { status: "known" }>,
  { policy, bad }: { readonly policy: Policy; readonly bad: string | null },
): PairStanding {
  const numbers = senderHistoryOf(policy);
  const score = scoreOf(contextOf(input, history, policy));
  if (score.confidence !== "none") return { standing: "good", facts: [] };
  const established = isEstablished(history.from, numbers, history.day);
  if (established && (score.total ?? 0) < numbers.contradiction) {
    return told("suspicious", `the domain has an established profile, and this contradicts it (score ${score.total})`);
  }
  // What a verified service hands over for its customers is not the service's doing.
  const carrier = carrierOf(input.transaction, input.from, input.evidence);
  if (bad !== null && carrier === null && (score.total ?? 0) < 0) return told("suspicious", contradicted(bad));
  return { standing: "unknown", facts: [] };
}

function contradicted(value: string): string {
  return `mail from ${value} contradicted the profiles of many domains`;
}

function told(standing: Standing, fact: string): PairStanding {
  return { standing, facts: [{ id: "standing", fact, value: standing, weight: null, source: "history" }] };
}

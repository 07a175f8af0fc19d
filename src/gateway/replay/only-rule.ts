/** A policy under which one rule acts and every other one is observed: what the rule alone would do, before it graduates. */
import { type EnforcedRule, enforcedRules } from "../../config/enforced.ts";
import type { JudgePolicy } from "../judge.ts";

/** As in `policy.enforce` of the configuration, in the order in which they are met along a message's way. */
export const ruleNames: readonly RuleName[] = enforcedRules;
export type RuleName = EnforcedRule;

export function onlyRule(policy: JudgePolicy, rule: RuleName): JudgePolicy {
  return withRules(policy, (name) => name === rule);
}

export function everyRule(policy: JudgePolicy): JudgePolicy {
  return withRules(policy, () => true);
}

/** Which of them act under this policy. A mail flow rule that says for itself what it does is not counted. */
export function actingRules(policy: JudgePolicy): ReadonlySet<RuleName> {
  const { gates, enforce, mode, enforceFilters } = policy;
  const whole = mode === "enforce";
  const states: Readonly<Record<RuleName, boolean>> = {
    ipv6: gates?.ipv6.enforced ?? false,
    null_mx: gates?.nullMx.enforced ?? false,
    from: gates?.from.mode === "enforce",
    blocks: enforce?.blocks ?? whole,
    rules: (policy.rules ?? []).length > 0 && (policy.rules ?? []).every((one) => one.mode === "enforce"),
    filters: enforceFilters ?? whole,
    dmarc_reject: enforce?.dmarcReject ?? whole,
    dmarc_quarantine: enforce?.dmarcQuarantine ?? whole,
    spoof: enforce?.spoof ?? whole,
    suspicion: enforce?.suspicion ?? whole,
  };
  return new Set(ruleNames.filter((name) => states[name]));
}

function withRules(policy: JudgePolicy, acts: (rule: RuleName) => boolean): JudgePolicy {
  const { gates, rules } = policy;
  return {
    ...policy,
    mode: "observe",
    enforce: {
      blocks: acts("blocks"),
      dmarcReject: acts("dmarc_reject"),
      dmarcQuarantine: acts("dmarc_quarantine"),
      spoof: acts("spoof"),
      suspicion: acts("suspicion"),
    },
    enforceFilters: acts("filters"),
    ...(rules === undefined ? {} : { rules: rules.map((one) => ({ ...one, mode: acts("rules") ? "enforce" : "observe" })) }),
    ...(gates === undefined
      ? {}
      : {
          gates: {
            ...gates,
            from: { ...gates.from, mode: acts("from") ? "enforce" : "observe" },
            ipv6: { ...gates.ipv6, enforced: acts("ipv6") },
            nullMx: { ...gates.nullMx, enforced: acts("null_mx") },
          },
        }),
  };
}

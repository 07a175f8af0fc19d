/**
 * Which rules act: policy.mode for all of them, policy.enforce for one by one. The default mode acts on nothing.
 */
import type { PolicyConfig } from "./policy-keys.ts";

export type EnforcedRule = keyof PolicyConfig["enforce"];

/** In the order in which they are met along a message's way. */
export const enforcedRules: readonly EnforcedRule[] = [
  "ipv6",
  "null_mx",
  "from",
  "blocks",
  "rules",
  "filters",
  "dmarc_reject",
  "dmarc_quarantine",
  "spoof",
  "suspicion",
];

export function isEnforced({ mode, enforce }: Pick<PolicyConfig, "mode" | "enforce">, rule: EnforcedRule): boolean {
  return enforce[rule] ?? mode === "enforce";
}

/** Every rule's state. */
export function enforcedOf({
  policy,
}: {
  readonly policy: Pick<PolicyConfig, "mode" | "enforce">;
}): Readonly<Record<EnforcedRule, boolean>> {
  const acts = (rule: EnforcedRule): boolean => isEnforced(policy, rule);
  return {
    ipv6: acts("ipv6"),
    null_mx: acts("null_mx"),
    from: acts("from"),
    blocks: acts("blocks"),
    rules: acts("rules"),
    filters: acts("filters"),
    dmarc_reject: acts("dmarc_reject"),
    dmarc_quarantine: acts("dmarc_quarantine"),
    spoof: acts("spoof"),
    suspicion: acts("suspicion"),
  };
}

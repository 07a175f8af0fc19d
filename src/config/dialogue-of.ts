/**
 * The configuration as the SMTP dialogue reads it: the gates before and beside the verdict, what follows the text of a refusal, and who
 * may write what in From. Values for the pure functions of verdict/; it decides nothing.
 */
import type { FromPolicy } from "../verdict/from-enforcement.ts";
import type { Account } from "../verdict/from-ownership.ts";
import type { Ipv6GatePolicy } from "../verdict/ipv6-gate.ts";
import type { NullMxPolicy } from "../verdict/null-mx.ts";
import { acceptedOf } from "./accepted.ts";
import { type EnforcedRule, enforcedOf, isEnforced } from "./enforced.ts";
import type { Config } from "./schema.ts";

export type DialoguePolicy = {
  /** Which rules act; the others are evaluated, told of, and withheld. */
  readonly enforced: Readonly<Record<EnforcedRule, boolean>>;
  readonly ipv6: Ipv6GatePolicy;
  readonly nullMx: NullMxPolicy;
  readonly from: FromPolicy;
  readonly reply: { readonly traceId: boolean; readonly contact: string | null };
  readonly accounts: readonly ListedAccount[];
};

/** Known by its login, or by the address of a relay that does not log in. */
export type ListedAccount = Account & { readonly login: string | null; readonly networks: readonly string[] };

export function dialogueOf(config: Config): DialoguePolicy {
  const { policy, outbound } = config;
  return {
    enforced: enforcedOf(config),
    ipv6: { gate: policy.ipv6_gate, ptr: policy.ipv6_ptr === "valid" ? "named" : policy.ipv6_ptr },
    nullMx: { inbound: inboundNullMx(policy.null_mx_inbound) },
    from: {
      mode: isEnforced(policy, "from") ? "enforce" : "observe",
      profile: policy.profile,
      from: policy.from,
      fromEmpty: policy.from_empty,
    },
    reply: { traceId: policy.reply_trace_id, contact: policy.reply_contact },
    accounts: outbound.accounts.map(({ login, networks, addresses, domains }) => {
      return { name: login ?? networks.join(", "), login, networks, addresses, domains };
    }),
  };
}

/** For the gate of anonymous IPv6; null: nobody was asked to opt in, because no accepted domain is configured. */
export function acceptsIpv6(config: Pick<Config, "domains" | "tenants">, recipientDomain: string): boolean | null {
  const accepted = acceptedOf(config);
  return accepted.length === 0 ? null : (accepted.find(({ domain }) => domain === recipientDomain)?.ipv6 ?? false);
}

function inboundNullMx(value: Config["policy"]["null_mx_inbound"]): NonNullable<NullMxPolicy["inbound"]> {
  if (value === false) return "off";
  return value === true ? "mail-from" : value;
}

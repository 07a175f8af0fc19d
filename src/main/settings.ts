/** What the commands and the service read of a configuration, beside the policy: one place, so that both read the same. */
import { hash } from "node:crypto";
import { acceptedOf } from "../config/accepted.ts";
import type { Config } from "../config/schema.ts";
import type { Settings } from "../doors/cli/ports.ts";
import type { Rules } from "../gateway/dialogue/journey.ts";
import { judgePolicyOf } from "../gateway/judge-policy.ts";

export function settingsOf(config: Config): Settings {
  return {
    policy: judgePolicyOf(config),
    policyVersion: policyVersionOf(config),
    journal: journalOf(config),
    journalBounds: { days: config.journal.days, bytesMax: config.journal.bytes_max },
    authservId: config.authserv_id,
    dnsServers: config.dns.servers,
    trustNetworks: config.trust.networks,
    acceptedDomains: acceptedOf(config).map(({ domain }) => domain),
    memory: config.memory.url,
    holdAlarm: { messages: config.milter.hold_alarm_messages, ms: config.milter.hold_alarm_hours * 3_600_000 },
  };
}

/** As the dialogue reads it. */
export function rulesOf(config: Config, hostName: () => string): Rules {
  return {
    policy: judgePolicyOf(config),
    policyVersion: policyVersionOf(config),
    authservId: config.authserv_id ?? hostName(),
    journal: journalOf(config) ?? undefined,
    deferralsMax: config.serve.deferrals_max,
    messagesMax: config.serve.messages_max,
  };
}

function policyVersionOf(config: Config): string {
  return hash("sha256", JSON.stringify(config)).slice(0, 12);
}

function journalOf({ journal }: Config): Settings["journal"] {
  return journal.days === 0 ? null : journal.subject ? "with-subject" : "without-subject";
}

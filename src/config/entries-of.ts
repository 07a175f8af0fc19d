/**
 * The entries that stand in the configuration, as verdict/overrides/ reads them: other filters, mail flow rules, trusted forwarders. Their
 * author is the file, and none ends by itself; entries of the store are added by whoever asks it.
 */
import type { OverridePolicy } from "../verdict/overrides/claims.ts";
import type { Filter, FilterWord } from "../verdict/overrides/filters.ts";
import type { ListEntry, Subject } from "../verdict/overrides/list-entry.ts";
import type { NamedRule } from "../verdict/overrides/rule.ts";
import { isEnforced } from "./enforced.ts";
import type { Config } from "./schema.ts";

const author = "configuration";

/** For applyOverrides, besides the policy of the message's tenant. */
export function safeSendersOf({ policy }: Pick<Config, "policy">): NonNullable<OverridePolicy["safeSenders"]> {
  return policy.safe_senders;
}

export function filtersOf({ filters }: Pick<Config, "filters">): readonly Filter[] {
  return filters.map((filter) => {
    const words: Partial<Record<FilterWord, readonly string[]>> = {};
    for (const key of filterKeys) if (filter[key].length > 0) words[filterWordOf[key]] = filter[key];
    return { name: filter.name, header: filter.header.toLowerCase(), networks: filter.networks, words };
  });
}

const filterWordOf = {
  malware: "malware",
  high_confidence_phish: "high-confidence-phish",
  phish: "phish",
  spam: "spam",
  bulk: "bulk",
  clean: "clean",
} as const satisfies Record<string, FilterWord>;
export const filterKeys: readonly (keyof typeof filterWordOf)[] = ["malware", "high_confidence_phish", "phish", "spam", "bulk", "clean"];

/** In their order. */
export function rulesOf({ rules, policy }: Pick<Config, "rules" | "policy">): readonly NamedRule[] {
  const mode = isEnforced(policy, "rules") ? "enforce" : "observe";
  return rules.map((one) => ({ id: one.name, by: author, mode: one.mode ?? mode, rule: one.text }));
}

/** One entry for each mark of a forwarder and each domain of recipients; `place` is where in the forwarder's table the mark stands. */
export type ForwarderEntry = { readonly name: string; readonly place: string; readonly entry: ListEntry };

export function forwardersOf({ trust }: Pick<Config, "trust">): readonly ForwarderEntry[] {
  return trust.forwarders.flatMap(({ name, networks, ptr, dkim, recipient_domains }) => {
    const marks: readonly { readonly place: string; readonly subject: Subject }[] = [
      ...networks.map((network, index) => ({ place: `networks[${index}]`, subject: { kind: "network", network } as const })),
      ...ptr.map((domain, index) => ({ place: `ptr[${index}]`, subject: { kind: "ptr", domain } as const })),
      ...dkim.map((domain, index) => ({ place: `dkim[${index}]`, subject: { kind: "dkim", domain } as const })),
    ];
    const recipients = recipient_domains.length === 0 ? [null] : recipient_domains.map((domain) => ({ kind: "domain", domain }) as const);
    return marks.flatMap(({ place, subject }) =>
      recipients.map((recipient) => ({ name, place, entry: { ...permanent, id: name, subject, recipient } })),
    );
  });
}

const permanent = {
  kind: "forwarder",
  action: "allow",
  scopes: ["spoof"],
  needsAuthentication: false,
  note: null,
  by: author,
  madeDay: 0,
  matchedDay: null,
  expiry: { kind: "never" },
} as const;

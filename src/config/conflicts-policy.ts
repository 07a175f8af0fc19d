/**
 * Mistakes in what is to be done: switches that switch nothing, enforcement that lacks what it goes by, numbers in the wrong order,
 * filters and rules that cannot be read, doors on one another's place.
 */
import { limits } from "../base/limits.ts";
import type { Refusal } from "../verdict/overrides/refusal.ts";
import { ruleRefusals } from "../verdict/overrides/rule-check.ts";
import { acceptedOf } from "./accepted.ts";
import { type Conflict, eachOf, error, warning } from "./conflict.ts";
import { tooBroad } from "./conflicts-trust.ts";
import { type EnforcedRule, enforcedRules, isEnforced } from "./enforced.ts";
import { filterKeys } from "./entries-of.ts";
import type { Config } from "./schema.ts";
import type { Endpoint, HostPort } from "./values.ts";

/** Enforcement, and what it goes by. */
export function actionConflicts(config: Config): readonly Conflict[] {
  const { policy, memory } = config;
  const acting = enforcedRules.filter((rule) => isEnforced(policy, rule));
  if (acting.length === 0) return [];
  const at = policy.mode === "enforce" ? "policy.mode" : "policy.enforce";
  const found: Conflict[] = [];
  const accepted = acceptedOf(config);
  if (accepted.length === 0)
    found.push(warning(at, "No accepted domain is configured: forgeries of your own domains are not told from others."));
  if (memory.url === null && acting.some((rule) => byHistory.includes(rule))) {
    found.push(warning(at, "No memory.url is set: without history no sender is known to be good or suspicious."));
  }
  if (isEnforced(policy, "ipv6") && accepted.length > 0 && !accepted.some(({ ipv6 }) => ipv6)) {
    found.push(warning(at, "No accepted domain has ipv6 = true: anonymous mail over IPv6 is refused for all of them."));
  }
  return [...found, ...idleRules(config)];
}

const byHistory: readonly EnforcedRule[] = ["dmarc_reject", "dmarc_quarantine", "spoof", "suspicion"];

/** Rules that were switched on by name, where something else leaves them nothing to do. */
function idleRules({ policy, filters, rules }: Config): readonly Conflict[] {
  const idle: readonly [EnforcedRule, boolean, string][] = [
    ["from", policy.from === "off", 'policy.from = "off" leaves it nothing to refuse.'],
    ["spoof", !policy.spoof_intelligence, "policy.spoof_intelligence = false leaves it nothing to act on."],
    ["filters", filters.length === 0, "There are no [[filters]]."],
    ["rules", rules.length === 0, "There are no [[rules]]."],
  ];
  return idle.flatMap(([rule, isIdle, says]) => (isIdle && policy.enforce[rule] === true ? [warning(`policy.enforce.${rule}`, says)] : []));
}

export function historyConflicts({ history }: Config): readonly Conflict[] {
  return history.medium > history.high ? [error("history.medium", `at most history.high, which is ${history.high}`)] : [];
}

export function ruleConflicts({ filters, rules, policy }: Config): readonly Conflict[] {
  const context = { profile: policy.profile, localSuffixes: policy.local_suffixes };
  return [
    ...rules.flatMap(({ text }, index) => ruleRefusals(text, context).map((refusal) => error(`rules[${index}].text`, safeRule(refusal)))),
    ...filters.flatMap((filter, index) => filterConflicts(filter, `filters[${index}]`)),
    ...(rules.length > limits.rulesMax ? [error("rules", `at most ${limits.rulesMax} rules`)] : []),
  ];
}

function safeRule({ why, offer }: Refusal): string {
  return `a rule that is safe: ${why}${offer === null ? "" : `; this one would be: ${offer}`}`;
}

function filterConflicts(filter: Config["filters"][number], path: string): readonly Conflict[] {
  if (filter.networks.length === 0) return [error(path, "networks: the field is believed only on mail that the filter handed over")];
  const owner = new Map<string, string>();
  const patterns = filterKeys.flatMap((key) =>
    eachOf(filter[key], `${path}.${key}`, (pattern, place) => {
      const other = owner.get(pattern);
      owner.set(pattern, other ?? key);
      return other === undefined ? null : error(place, `each value once: it already means ${other}`);
    }),
  );
  if (owner.size === 0) return [error(path, 'values of its field, such as malware = ["infected*"]')];
  const known = /^(?:authentication-results|received|received-spf|from|arc-.*|dkim-.*|x-assay-.*)$/i.test(filter.header);
  return [
    ...(known ? [error(`${path}.header`, "a field of the filter's own")] : []),
    ...eachOf(filter.networks, `${path}.networks`, tooBroad),
    ...patterns,
  ];
}

export function listenConflicts({ listen, smtp: habits }: Config): readonly Conflict[] {
  const doors: readonly [string, Endpoint | null][] = [
    ["listen.milter", listen.milter],
    ["listen.submission_milter", listen.submission_milter],
    ["listen.smtp.address", inet(listen.smtp?.address)],
    ["listen.submission_smtp.address", inet(listen.submission_smtp?.address)],
    ["listen.http", inet(listen.http)],
  ];
  const taken = new Map<string, string>();
  const clashes = doors.flatMap(([path, at]) => {
    if (at === null || (at.kind === "inet" && at.port === 0)) return [];
    const place = placeOf(at);
    const other = taken.get(place);
    taken.set(place, other ?? path);
    return other === undefined ? [] : [error(path, `another ${at.kind === "inet" ? "port" : "path"}: ${other} has this one`)];
  });
  const loops = (["smtp", "submission_smtp"] as const).flatMap((door) => {
    const proxy = listen[door];
    const back = proxy === null ? undefined : taken.get(placeOf(proxy.next_hop.endpoint));
    return back === undefined ? [] : [error(`listen.${door}.next_hop`, `another server: mail would come back here, to ${back}`)];
  });
  const halfTls = (habits.tls_certificate === null) !== (habits.tls_key === null);
  const tls = halfTls
    ? [error(`smtp.${habits.tls_key === null ? "tls_key" : "tls_certificate"}`, "both or neither: STARTTLS needs both")]
    : [];
  return [...clashes, ...loops, ...tls];
}

function inet(at: HostPort | null | undefined): Endpoint | null {
  return at == null ? null : { kind: "inet", ...at };
}

function placeOf(at: Endpoint): string {
  return at.kind === "inet" ? `${at.host}:${at.port}` : `unix:${at.path}`;
}

export function stampConflicts({ stamp }: Config): readonly Conflict[] {
  if (stamp.eop_recipient_domain === null || stamp.format === "eop") return [];
  return [warning("stamp.eop_recipient_domain", 'It is used with stamp.format = "eop" only.')];
}

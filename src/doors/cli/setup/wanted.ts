/**
 * What a configuration means for the mail server in front of it or behind it: where Assay listens, what the server does when Assay does not
 * answer, and how long it waits. Made of the configuration alone.
 */
import { limits } from "../../../base/limits.ts";
import { type EnforcedRule, enforcedRules, isEnforced } from "../../../config/enforced.ts";
import type { Config } from "../../../config/schema.ts";
import type { Endpoint, HostPort } from "../../../config/values.ts";

export type Wanted = {
  readonly milter: Endpoint | null;
  readonly submissionMilter: Endpoint | null;
  readonly smtp: Config["listen"]["smtp"];
  readonly submissionSmtp: Config["listen"]["submission_smtp"];
  readonly outboundDaemons: readonly string[];
  readonly xclientFrom: readonly string[];
  readonly authservIds: readonly string[];
  readonly localMilters: readonly string[];
  /** Rules that act; none: everything is only observed. */
  readonly acting: readonly EnforcedRule[];
  /** accept while nothing acts: a fault of ours must not cost mail. tempfail after: nothing gets past the rules for as long as we are down. */
  readonly whenDown: "accept" | "tempfail";
};

export function wantedOf(config: Config): Wanted {
  const { listen, milter, smtp, policy, trust, authserv_id } = config;
  const acting = enforcedRules.filter((rule) => isEnforced(policy, rule));
  return {
    milter: listen.milter,
    submissionMilter: listen.submission_milter,
    smtp: listen.smtp,
    submissionSmtp: listen.submission_smtp,
    outboundDaemons: milter.outbound_daemons,
    xclientFrom: smtp.xclient_from,
    authservIds: [...(authserv_id === null ? [] : [authserv_id]), ...trust.authserv_ids],
    localMilters: trust.local_milters,
    acting,
    whenDown: acting.length === 0 ? "accept" : "tempfail",
  };
}

/** What the server waits for, in seconds: longer than we take at most, so that the reply is ours and not its time-out's. */
export const waits = {
  connect: 10,
  command: limits.stageMs / 1000 + 10,
  content: limits.dataStageMs / 1000 + 60,
  /** Behind the proxy the next hop takes its time too: as long as it may, below the ten minutes that a client waits (RFC 5321 §4.5.3.2.6). */
  proxy: (limits.dataStageMs + limits.nextHopEndMs) / 1000 + 10,
} as const;

/** Why, for whoever reads it. */
export function whenDownWords({ acting, whenDown }: Pick<Wanted, "acting" | "whenDown">): string {
  if (whenDown === "accept") return "nothing is enforced yet, so mail passes unmarked while Assay is down (accept)";
  const rules =
    acting.length === enforcedRules.length ? "rules are enforced" : `${acting.join(", ")} ${acting.length === 1 ? "is" : "are"} enforced`;
  return `${rules}, so mail waits at the sender while Assay is down (tempfail)`;
}

/** Where another program on this machine reaches a listener: an address that means all of them is none to connect to. */
export function reachable({ host, port }: HostPort): HostPort {
  return { host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host, port };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** `127.0.0.1:2525`, `[::1]:2525`. */
export function placeText({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * The state of one check_host() evaluation: who is asked about, what was spent of the limits of RFC 7208 §4.6.4 (one count for all
 * includes and redirects), and the questions to DNS. What the limits refuse is a reason, never an exception.
 */
import { limits } from "../../base/limits.ts";
import type { Answer, NotFound } from "../../dns/answer.ts";
import type { Dns } from "../../dns/budget.ts";
import type { Clock } from "../../dns/resolver.ts";
import type { IpAddress } from "../../mail/ip-address.ts";
import type { DomainSpec } from "./record.ts";
import type { SpfReason, SpfStep } from "./result.ts";
import type { Sender } from "./sender.ts";

export type Evaluation = {
  readonly client: IpAddress;
  readonly sender: Sender;
  readonly helo: string | null;
  readonly receiver: string;
  readonly dns: Dns;
  readonly clock: Clock;
  /** RFC 7208 §4.6.4: past this moment the result is temperror. */
  readonly until: number;
  readonly onTerm: ((step: SpfStep) => void) | undefined;
  lookups: number;
  voidLookups: number;
};

/** Why a term ended the evaluation, with the result that gives. */
export const errorResults = {
  "several-records": "permerror",
  syntax: "permerror",
  "include-none": "permerror",
  "redirect-none": "permerror",
  "term-limit": "permerror",
  "void-limit": "permerror",
  "mx-limit": "permerror",
  "record-too-long": "permerror",
  dns: "temperror",
  budget: "temperror",
  deadline: "temperror",
} as const satisfies Partial<Record<SpfReason, "permerror" | "temperror">>;
export type ErrorReason = keyof typeof errorResults;

/** RFC 7208 §4.6.4: charges a term that causes lookups, before it is evaluated; null where it may go on. */
export function chargeTerm(evaluation: Evaluation, spec: DomainSpec | null): ErrorReason | null {
  // §4.6.4: the PTR question of %{p} is included in the overall limit.
  const cost = spec?.usesName === true ? 2 : 1;
  if (evaluation.lookups + cost > limits.spfTermsMax) return "term-limit";
  evaluation.lookups += cost;
  return evaluation.clock() > evaluation.until ? "deadline" : null;
}

/**
 * RFC 7208 §4.6.4: counts a term whose questions brought nothing, and gives "void-limit" at once when that is one too many.
 * A term counts once, however many of its questions were void, as the section counts terms.
 */
export function countVoid(evaluation: Evaluation): false | "void-limit" {
  evaluation.voidLookups += 1;
  return evaluation.voidLookups > limits.spfVoidLookupsMax ? "void-limit" : false;
}

/** What an answer without records means: a temporary error, or null where the name or the type does not exist (RFC 7208 §5). */
export function troubleOf(answer: NotFound): ErrorReason | null {
  switch (answer.status) {
    case "nodata":
    case "nxdomain":
      return null;
    case "servfail":
    case "timeout":
    case "refused":
      // A name that DNS cannot carry does not exist.
      if (answer.withheld === "name") return null;
      return answer.withheld === undefined || answer.withheld === "breaker" ? "dns" : answer.withheld;
    default:
      return answer.status satisfies never;
  }
}

/** The client's kind of address records of a name (RFC 7208 §5: A for IPv4, AAAA for IPv6). */
export function queryAddresses(evaluation: Evaluation, name: string): Promise<Answer<"A" | "AAAA">> {
  return evaluation.client.family === 4 ? evaluation.dns.query(name, "A") : evaluation.dns.query(name, "AAAA");
}

/**
 * Null MX (RFC 7505): does a domain say that it accepts no mail? One question; what follows from the answer is verdict/null-mx.ts's.
 * It takes nothing but the documented form for one, and never makes a null MX of an error, of a missing record, or of a host that
 * does not answer: a wrong yes would lose mail for good.
 */
import type { Answer } from "../../dns/answer.ts";
import type { Resolver } from "../../dns/resolver.ts";

/**
 * null-mx: it accepts no mail. malformed: the exchange "." is there, but not alone or not with preference 0; mail is tried as ever.
 * other: it may receive, as far as this goes. unknown: DNS did not answer.
 */
export type NullMx = "null-mx" | "malformed" | "other" | "unknown";

/** `domain` as an A-label in lower case. */
export async function askNullMx(domain: string, dns: Resolver): Promise<NullMx> {
  return nullMxOf(await dns.query(domain, "MX"));
}

export function nullMxOf(answer: Answer<"MX">): NullMx {
  switch (answer.status) {
    case "found": {
      // RFC 7505 §3: a zero-length label, "."; some resolvers write the root as nothing at all.
      const [first, ...more] = answer.records;
      if (!answer.records.some(({ exchange }) => exchange === "." || exchange === "")) return "other";
      // RFC 7505 §3: a single MX record, its preference 0; it must not stand beside others.
      return more.length === 0 && first?.preference === 0 ? "null-mx" : "malformed";
    }
    // RFC 5321 §5.1: without an MX record the domain is its own.
    case "nodata":
    case "nxdomain":
      return "other";
    case "servfail":
    case "timeout":
    case "refused":
      return "unknown";
    default:
      return answer satisfies never;
  }
}

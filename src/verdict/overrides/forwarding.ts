/**
 * Does a failure look like forwarding (design: compauth.md "Looks forwarded")? Only then may the word of a trusted forwarder stand against it.
 * Signs that need no list: the author's signature still verifies over the header while the body changed; an ARC chain that holds, in
 * which somebody saw DMARC pass; MAIL FROM still the author's, which a forwarder's address cannot pass SPF for; an SRS address made from it.
 */
import { authorOf } from "../../evidence/from/author.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { organizationOf } from "../organization.ts";
import type { Policy } from "../policy.ts";
import type { DecisionInput } from "../verdict.ts";
import { domainOfAddress } from "./address-form.ts";

export type ForwardingSign = "body-changed" | "sealed" | "envelope-kept" | "envelope-rewritten";

/** Those that a stranger cannot make out of nothing: they need something of the author's. */
export const cryptographicSigns: ReadonlySet<ForwardingSign> = new Set<ForwardingSign>(["body-changed"]);

export function forwardingSigns(input: DecisionInput, policy: Pick<Policy, "localSuffixes"> = {}): readonly ForwardingSign[] {
  const { evidence, transaction } = input;
  const signs: ForwardingSign[] = [];
  const changed = evidence.dkim.some((one) => one.alignedBestGuess && one.headerResult === "pass" && one.bodyResult === "fail");
  if (changed) signs.push("body-changed");
  const [author] = authorOf(input.from).domains;
  if (author === undefined) return signs;
  if (evidence.arc.result === "pass" && evidence.arc.sets.some(({ results }) => saysPass(results, author))) signs.push("sealed");
  const own = organizationOf(author, policy);
  const envelope = evidence.spf.find(({ identity }) => identity === "mailfrom");
  const kept =
    envelope?.alignedBestGuess === true && (envelope.result === "fail" || envelope.result === "softfail" || envelope.result === "neutral");
  if (kept && transaction.mailFrom !== "") signs.push("envelope-kept");
  const rewritten = srsDomain(transaction.mailFrom);
  if (rewritten !== null && organizationOf(rewritten, policy) === own) signs.push("envelope-rewritten");
  return signs;
}

type Results = DecisionInput["evidence"]["arc"]["sets"][number]["results"];

function saysPass(results: Results, author: string): boolean {
  return (
    results?.results.some(({ method, result, properties }) => {
      const named = properties.find(({ ptype, property }) => ptype === "header" && property === "from")?.value;
      return (
        method === "dmarc" && result === "pass" && named !== undefined && domainToAscii(named.slice(named.lastIndexOf("@") + 1)) === author
      );
    }) ?? false
  );
}

/** `SRS0=hash=tt=contoso.com=ann@forwarder.example`: the domain that the path was made from; null where it is none. */
function srsDomain(mailFrom: string | null): string | null {
  const at = mailFrom?.lastIndexOf("@") ?? -1;
  if (mailFrom === null || at < 0) return null;
  const match = /^SRS0[=+-][^=]{1,64}=[^=]{1,8}=([^=]{1,253})=/i.exec(mailFrom.slice(0, at));
  return match?.[1] === undefined ? null : domainOfAddress(`x@${match[1]}`);
}

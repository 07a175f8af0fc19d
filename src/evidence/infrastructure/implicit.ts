/**
 * The questions of implicit authentication (design: compauth.md rows 14 to 17): asked only where nothing explicit decides, so that
 * mail that passes DMARC costs nothing more. They use what the other lanes left of the message's DNS budget.
 */
import type { Dns, SpareLane } from "../../dns/budget.ts";
import type { Clock } from "../../dns/resolver.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import type { Transaction } from "../../mail/transaction.ts";
import type { DkimResult } from "../dkim/result.ts";
import type { DmarcResult, IdentifierAlignment } from "../dmarc/result.ts";
import { checkHost } from "../spf/check-host.ts";
import type { SpfOutcome, SpfResult } from "../spf/result.ts";
import { askFromHosts } from "./from-hosts.ts";
import type { FromInfrastructure } from "./result.ts";

/** What the mechanisms found, and what DMARC made of it. */
export type Explicit = {
  readonly dmarc: {
    readonly dmarc: DmarcResult;
    readonly spf: readonly IdentifierAlignment[];
    readonly dkim: readonly IdentifierAlignment[];
  };
  readonly spf: readonly SpfResult[];
  readonly dkim: readonly DkimResult[];
};

export type ImplicitDeps = { readonly lane: (lane: SpareLane) => Dns; readonly clock: Clock; readonly receiver: string };

/** Does a row above 14 decide, so that nothing need be asked of the From domain's hosts? */
export function decidesExplicitly({ dmarc: { dmarc, spf: ofSpf, dkim: ofDkim }, spf, dkim }: Explicit): boolean {
  switch (dmarc.result) {
    case "pass":
    case "bestguesspass":
      return true;
    case "fail":
      return dmarc.policy === "quarantine" || dmarc.policy === "reject";
    case "none":
      return false;
    // Row 9: the record is unusable or unreachable, yet an aligned pass.
    case "permerror":
    case "temperror":
      return (
        dkim.some((one, i) => one.result === "pass" && one.bodyCovered !== false && ofDkim[i]?.alignedBestGuess === true) ||
        spf.some((one, i) => one.identity === "mailfrom" && one.result === "pass" && !one.broad && ofSpf[i]?.alignedBestGuess === true)
      );
    default:
      return dmarc.result satisfies never;
  }
}

/** Asks MX and addresses of the From domain, and SPF of the client for it. Null where there is no client to compare with. */
export async function askImplicit(
  domain: string,
  known: { readonly envelope: Transaction; readonly spf: readonly SpfResult[] },
  deps: ImplicitDeps,
): Promise<FromInfrastructure | null> {
  const client = known.envelope.ip === null ? null : parseIpAddress(known.envelope.ip);
  // Row 1 has decided about mail whose sender logged in.
  if (client === null || known.envelope.authenticatedAs !== null) return null;
  const [hosts, fromSpf] = await Promise.all([askFromHosts(domain, client, deps.lane("hosts")), spfOf(domain, known, deps)]);
  return { ...hosts, fromSpf };
}

/** SPF for the From domain; an identity of that domain was checked already in most honest mail. */
async function spfOf(
  domain: string,
  { envelope: { ip, helo }, spf }: { readonly envelope: Transaction; readonly spf: readonly SpfResult[] },
  { lane, clock, receiver }: ImplicitDeps,
): Promise<SpfOutcome> {
  const same = spf.find((one) => one.domain === domain && one.reason !== "path-syntax" && one.reason !== "no-domain");
  if (same !== undefined) return same.result;
  // RFC 7208 §4.3: postmaster stands in for a local part; the author's own is the attacker's to choose.
  const asked = { ip, sender: `postmaster@${domain}`, helo, identity: "mailfrom" } as const;
  return (await checkHost(asked, { dns: lane("fromspf"), clock, receiver })).result;
}

/**
 * What DNS says of domains that are to be accepted: whether the resolver answers at all, and what a domain lacks or has wrong. Told with a
 * way forward; nothing of it keeps a configuration from being written.
 */
import { nullMxOf } from "../../evidence/infrastructure/null-mx.ts";
import { evaluateDmarc, type MechanismDeps } from "../../gateway/mechanisms.ts";
import { acceptedDomainWarning } from "../../verdict/null-mx.ts";

export type DomainFinding = {
  readonly domain: string;
  /** DNS gave an answer, be it that there is nothing. */
  readonly answered: boolean;
  readonly says: readonly string[];
};

export function lookAtDomains(domains: readonly string[], deps: MechanismDeps): Promise<readonly DomainFinding[]> {
  return Promise.all(domains.map((domain) => lookAt(domain, deps)));
}

async function lookAt(domain: string, deps: MechanismDeps): Promise<DomainFinding> {
  const { resolver } = deps;
  const [mx, txt, dmarc] = await Promise.all([
    resolver.query(domain, "MX"),
    resolver.query(domain, "TXT"),
    evaluateDmarc({ from: domain, spf: [], dkim: [] }, deps),
  ]);
  const answered = [mx, txt].some(({ status }) => status === "found" || status === "nodata" || status === "nxdomain");
  if (!answered) return { domain, answered, says: [] };
  if (mx.status === "nxdomain") return { domain, answered, says: [`${domain} does not exist in DNS: is it spelt as meant?`] };
  const nullMx = acceptedDomainWarning(domain, nullMxOf(mx));
  const spf = txt.status === "found" && txt.records.some(isSpf);
  const policy = dmarc.result === "temperror" ? null : dmarc.publishedPolicy;
  return {
    domain,
    answered,
    says: [
      ...(nullMx === null ? [] : [nullMx]),
      ...(mx.status === "nodata" ? [`${domain} has no MX record: others send its mail to its own address, if it has one.`] : []),
      ...(spf || !settled(txt.status)
        ? []
        : [`${domain} publishes no SPF record. If it sends: ${domain}. IN TXT "v=spf1 mx -all", with all that send for it.`]),
      ...(dmarc.result === "none"
        ? [
            `${domain} publishes no DMARC policy: anybody may use its name. To begin: _dmarc.${domain}. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@${domain}"`,
          ]
        : []),
      ...(policy === "none"
        ? [`${domain} asks for p=none: forgeries of it are reported and let through. Once reports are clear, p=quarantine, then p=reject.`]
        : []),
    ],
  };
}

function settled(status: string): boolean {
  return status === "found" || status === "nodata";
}

/** RFC 7208 §4.5: the version, then a blank or nothing. */
function isSpf(record: Uint8Array): boolean {
  return /^v=spf1(?: |$)/i.test(Buffer.from(record).toString("latin1"));
}

/**
 * From a delivery (who wrote it, who handed it to us, what was signed and changed) to what the mechanisms would find: the very types
 * of the product, and its own functions wherever they are pure. No DNS is asked: what a domain publishes stands in the population.
 */

import type { ArcSet } from "../src/evidence/arc/result.ts";
import type { DmarcResult } from "../src/evidence/dmarc/result.ts";
import type { Evidence } from "../src/evidence/evidence.ts";
import { authorOf } from "../src/evidence/from/author.ts";
import type { FromResult } from "../src/evidence/from/result.ts";
import { infrastructureOf } from "../src/evidence/infrastructure/client.ts";
import { decidesExplicitly } from "../src/evidence/infrastructure/implicit.ts";
import type { FromInfrastructure } from "../src/evidence/infrastructure/result.ts";
import { isGenericName } from "../src/evidence/iprev/generic.ts";
import type { IprevResult } from "../src/evidence/iprev/result.ts";
import { outcomeOf, type SignatureReason } from "../src/evidence/signature/result.ts";
import type { SpfOutcome } from "../src/evidence/spf/result.ts";
import { parseIpAddress } from "../src/mail/ip-address.ts";
import { organizationalDomainByList } from "../src/mail/public-suffix.ts";
import type { Host } from "./network.ts";
import type { SpfRecord } from "./organization.ts";

export type Signature = { readonly domain: string; readonly reason: SignatureReason | null };

/** Everything about a message that the mechanisms look at. */
export type Delivery = {
  readonly author: string;
  /** p= that applies to the author domain; null without a record. */
  readonly policy: "none" | "quarantine" | "reject" | null;
  /** Hosts of the author domain's MX records, and of its address record. */
  readonly mx: readonly Host[];
  readonly web: readonly Host[];
  readonly host: Host;
  /** Domain of MAIL FROM; null is the null path. */
  readonly envelope: string | null;
  readonly signatures: readonly Signature[];
  readonly seal: { readonly domain: string; readonly trusted: boolean; readonly dmarc: DmarcResult["result"] } | null;
  /** The domains' name servers did not answer. */
  readonly dnsTrouble: boolean;
};

export type Found = { readonly delivery: Delivery; readonly from: FromResult; readonly evidence: Evidence };

/** What a domain publishes as SPF on the day in question. */
export type SpfOf = (domain: string) => SpfRecord | null;

export function find(delivery: Delivery, spfOf: SpfOf): Found {
  const { author, host, envelope } = delivery;
  const iprev = iprevOf(host);
  const spf = spfResults(delivery, spfOf);
  const dkim = delivery.signatures.map((signature) => dkimResult(signature, delivery));
  const from = fromOf(author);
  if (!authorOf(from).single) throw new RangeError(`no author domain: ${author}`);
  const dmarc = dmarcOf(delivery, { spf: envelope === null ? [] : spf, dkim });
  const explicit = decidesExplicitly({ dmarc: { dmarc, spf, dkim }, spf, dkim });
  return {
    delivery,
    from,
    evidence: {
      defects: [],
      iprev,
      spf,
      dkim,
      arc: arcOf(delivery),
      dmarc,
      infrastructure: infrastructureOf(host.ip, iprev, explicit ? null : hostsOfFrom(delivery, spfOf)),
      bounceOf: null,
    },
  };
}

/** What the From domain's own hosts say of the client: the same address, or the same /24 or /64 of it. */
function hostsOfFrom({ author, host, mx, web, dnsTrouble }: Delivery, spfOf: SpfOf): FromInfrastructure {
  const near = [...mx, ...web].filter(({ ip, block }) => block === host.block && ip !== host.ip);
  return {
    fromMxHosts: dnsTrouble ? [] : mx.filter(({ ip }) => ip === host.ip).map(({ helo }) => helo),
    fromNeighbours: dnsTrouble ? [] : [...near, ...web.filter(({ ip }) => ip === host.ip)].map(({ helo }) => helo),
    fromSpf: dnsTrouble ? "temperror" : spfOutcome(spfOf(author), host),
    fromHostsUnknown: dnsTrouble,
  };
}

function fromOf(author: string): FromResult {
  const address = `someone@${author}`;
  return { result: "valid", reason: null, address, domain: author, displayName: null, advice: [], domains: [author] };
}

function iprevOf({ ip, names, confirmed }: Host): IprevResult {
  const [name] = names;
  const client = parseIpAddress(ip);
  if (name === undefined || client === null) return { result: "permerror", reason: "no-ptr", names: [], confirmed: 0, generic: false };
  const generic = isGenericName(name, client);
  if (!confirmed) return { result: "fail", reason: "not-confirmed", names, confirmed: 0, generic };
  return { result: "pass", reason: null, names, confirmed: names.length, generic };
}

function belongsTo(domain: string, author: string): { readonly aligned: boolean; readonly alignedBestGuess: boolean } {
  const same = (organizationalDomainByList(domain) ?? domain) === (organizationalDomainByList(author) ?? author);
  return { aligned: same, alignedBestGuess: same };
}

function spfResults({ author, host, envelope, dnsTrouble }: Delivery, spfOf: SpfOf): Evidence["spf"] {
  const helo = host.helo.includes(".") ? host.helo : null;
  const one = (identity: "mailfrom" | "helo", domain: string | null): Evidence["spf"][number] => {
    const record = domain === null ? null : spfOf(domain);
    const outcome = dnsTrouble ? "temperror" : spfOutcome(record, host);
    return {
      identity,
      domain,
      result: outcome,
      reason: reasonOf(outcome, domain),
      mechanism: outcome === "pass" ? "include" : outcome === "fail" ? "-all" : outcome === "softfail" ? "~all" : null,
      explanation: null,
      lookups: record === null ? 0 : 2,
      voidLookups: 0,
      broad: false,
      ...(domain === null ? { aligned: false, alignedBestGuess: false } : belongsTo(domain, author)),
    };
  };
  // RFC 7208 §2.4: the null path is checked as postmaster@HELO.
  return envelope === null ? [one("mailfrom", helo)] : [one("mailfrom", envelope), one("helo", helo)];
}

function spfOutcome(record: SpfRecord | null, { ip, provider }: Host): SpfOutcome {
  if (record === null) return "none";
  if (record.hosts.has(ip) || (provider !== null && record.providers.has(provider))) return "pass";
  return record.all;
}

function reasonOf(outcome: SpfOutcome, domain: string | null): Evidence["spf"][number]["reason"] {
  if (outcome === "temperror") return "dns";
  if (outcome === "none") return domain === null ? "no-domain" : "no-record";
  return "matched";
}

function dkimResult({ domain, reason }: Signature, { author, dnsTrouble }: Delivery): Evidence["dkim"][number] {
  const why = dnsTrouble ? "dns" : reason;
  const verified = why === null || why === "body-hash";
  return {
    result: why === null ? "pass" : outcomeOf[why],
    reason: why,
    headerResult: verified ? "pass" : why === "signature" ? "fail" : "none",
    bodyResult: why === null ? "pass" : why === "body-hash" ? "fail" : "none",
    domain,
    selector: "s1",
    algorithm: "rsa-sha256",
    keyBits: 2048,
    bodyCovered: verified ? true : null,
    signatureStart: "AbCdEf12",
    comment: why,
    ...belongsTo(domain, author),
  };
}

function arcOf({ seal, author }: Delivery): Evidence["arc"] {
  if (seal === null) return { result: "none", reason: null, oldestPass: null, sets: [], trusted: false };
  const properties = [{ ptype: "header", property: "from", value: author }];
  // RFC 8601 §2.7.1 has no word for a best guess: a sealer writes none.
  const result = seal.dmarc === "bestguesspass" ? "none" : seal.dmarc;
  const set: ArcSet = {
    instance: 1,
    sealer: seal.domain,
    cv: "none",
    results: {
      authservId: `mx.${seal.domain}`,
      version: null,
      results: [{ method: "dmarc", version: null, result, reason: null, properties, comments: [] }],
    },
    bound: true,
  };
  return { result: "pass", reason: null, oldestPass: 0, sets: [set], trusted: seal.trusted };
}

/** RFC 9989 §5.3.5, and a best guess without a record. */
export function dmarcOf({ author, policy, dnsTrouble }: Delivery, found: Pick<Evidence, "spf" | "dkim">): DmarcResult {
  const byDkim = found.dkim.some(({ result, aligned }) => result === "pass" && aligned);
  const bySpf = found.spf.some(({ identity, result, aligned }) => identity === "mailfrom" && result === "pass" && aligned);
  const alignedBy = byDkim ? "dkim" : bySpf ? "spf" : null;
  const anyPassed = [...found.dkim, ...found.spf].some(({ result }) => result === "pass");
  const passed = alignedBy !== null;
  const walk = { domain: author, alternative: null, testing: false, walked: [author] } as const;
  const without = { ...walk, policyDomain: null, publishedPolicy: null, policy: null, action: "none" } as const;
  if (dnsTrouble) return { ...without, result: "temperror", reason: "record-timeout", alignedBy };
  if (policy === null) {
    return passed
      ? { ...without, result: "bestguesspass", reason: "aligned", alignedBy }
      : { ...without, result: "none", reason: "no-record", alignedBy };
  }
  const policyDomain = organizationalDomainByList(author) ?? author;
  const record = { ...walk, policyDomain, publishedPolicy: policy, policy, alignedBy } as const;
  if (passed) return { ...record, result: "pass", reason: "aligned", action: "none" };
  return { ...record, result: "fail", reason: anyPassed ? "not-aligned" : "nothing-passed", action: policy };
}

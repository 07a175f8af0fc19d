/**
 * Gathers the evidence about one message: every mechanism starts at once, asks DNS in its own lane, and the body is read once
 * while the answers come (house: transaction → evidence). It decides nothing.
 */
import type { Dns, Lane, SpareLane } from "../dns/budget.ts";
import type { Clock } from "../dns/resolver.ts";
import { readBody } from "../mail/body.ts";
import { type Defect, sortDefects } from "../mail/defect.ts";
import type { OpenMessage } from "../mail/message.ts";
import { shippedSuffixes } from "../mail/public-suffix.ts";
import { reportReader } from "../mail/report.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { TrustedSealer } from "./arc/result.ts";
import { prepareArc } from "./arc/verify.ts";
import type { DkimResult } from "./dkim/result.ts";
import { prepareDkim } from "./dkim/verify.ts";
import { type DmarcEvaluation, startDmarc } from "./dmarc/evaluate.ts";
import type { DmarcMode, DmarcResult } from "./dmarc/result.ts";
import type { Alignment, Evidence } from "./evidence.ts";
import { authorOf } from "./from/author.ts";
import type { FromProfile, FromResult } from "./from/result.ts";
import { validateFrom } from "./from/validate.ts";
import { infrastructureOf } from "./infrastructure/client.ts";
import { askImplicit, decidesExplicitly } from "./infrastructure/implicit.ts";
import { checkIprev } from "./iprev/check.ts";
import type { IprevResult } from "./iprev/result.ts";
import { bodyHashes } from "./signature/body-hash.ts";
import { checkHost } from "./spf/check-host.ts";
import type { SpfResult } from "./spf/result.ts";

/** What the client and its envelope alone lead to: it can be under way before the message comes. */
export type ClientEvidence = { readonly spf: readonly Promise<SpfResult>[]; readonly iprev: Promise<IprevResult> };

export type GatherDeps = {
  readonly lane: (lane: Lane | SpareLane) => Dns;
  readonly clock: Clock;
  readonly fromProfile?: FromProfile | undefined;
  readonly dmarcMode?: DmarcMode | undefined;
  readonly localSuffixes?: readonly string[] | undefined;
  readonly trustedSealers?: readonly TrustedSealer[] | undefined;
  /** Our name, for the SPF macro %{r}. */
  readonly receiver: string;
  /** Begun before, for the same envelope. */
  readonly begun?: ClientEvidence | null | undefined;
};

export type Gathered = { readonly from: FromResult; readonly evidence: Evidence; readonly size: number };

/** Reads the message to its end. Rejects only where the source of the message fails. */
export async function gather(message: OpenMessage, envelope: Transaction, deps: GatherDeps): Promise<Gathered> {
  const { header } = message;
  const from = validateFrom(header, deps.fromProfile);
  const author = authorOf(from);
  const dmarc = startDmarc(author.domains, {
    dns: deps.lane("author"),
    mode: deps.dmarcMode,
    localSuffixes: joinedSuffixes(deps.localSuffixes),
  });
  const dkim = prepareDkim(header, { authorDomains: author.domains, dns: deps.lane("dkim"), clock: deps.clock });
  expectIdentifiers(dmarc, envelope, dkim.domains);
  const arc = prepareArc(header, { dns: deps.lane("arc"), clock: deps.clock, trustedSealers: deps.trustedSealers ?? [] });
  const { spf, iprev } = deps.begun ?? beginClient(envelope, deps);
  const bodies = bodyHashes([...dkim.bodyHashes, ...arc.bodyHashes], header.lineEnd);
  const report = reportReader(header, envelope.mailFrom);
  const reading = readBody(message.body, header.lineEnd, report === null ? [bodies] : [bodies, report]);
  const read = reading instanceof Promise ? await reading : reading;
  const [dkimResults, arcResult, iprevResult, ...spfResults] = await Promise.all([dkim.finish(bodies), arc.finish(bodies), iprev, ...spf]);
  const judged = await dmarc.finish({ spf: spfResults, dkim: dkimResults });
  const undecided = author.single && !decidesExplicitly({ dmarc: judged, spf: spfResults, dkim: dkimResults });
  const implicit =
    undecided && author.domains[0] !== undefined ? askImplicit(author.domains[0], { envelope, spf: spfResults }, deps) : null;
  const ofFrom = implicit === null ? null : await implicit;
  const evidence: Evidence = {
    defects: defectsOf(message, read.defects),
    iprev: iprevResult,
    spf: spfResults.map((result, i) => alignedSpf(result, judged.spf[i] ?? unaligned)),
    dkim: dkimResults.map((result, i) => alignedDkim(result, judged.dkim[i] ?? unaligned)),
    arc: arcResult,
    dmarc: author.single ? judged.dmarc : withoutAuthor(judged.dmarc),
    infrastructure: infrastructureOf(envelope.ip, iprevResult, ofFrom),
    bounceOf: report?.returned ?? null,
  };
  return { from, evidence, size: message.headBytes + read.bytes };
}

/** Starts SPF and iprev. */
export function beginClient(envelope: Transaction, deps: Pick<GatherDeps, "lane" | "clock" | "receiver">): ClientEvidence {
  return { spf: checkIdentities(envelope, deps), iprev: checkIprev(envelope.ip, deps.lane("iprev")) };
}

/** The operator's suffixes come on top of those that ship with Assay. */
function joinedSuffixes(configured: readonly string[] | undefined): readonly string[] {
  return configured === undefined ? shippedSuffixes : [...shippedSuffixes, ...configured];
}

const unaligned = { aligned: false, alignedBestGuess: false } as const;

// Spelt out: each kind of result has one shape, whichever way it came about, and whoever reads it is compiled once.
function alignedSpf(found: SpfResult, { aligned, alignedBestGuess }: Alignment): SpfResult & Alignment {
  const { identity, domain, result, reason, mechanism, explanation, lookups, voidLookups, broad } = found;
  return { identity, domain, result, reason, mechanism, explanation, lookups, voidLookups, broad, aligned, alignedBestGuess };
}

function alignedDkim(found: DkimResult, { aligned, alignedBestGuess }: Alignment): DkimResult & Alignment {
  const { result, reason, headerResult, bodyResult, domain, selector, algorithm } = found;
  const { signatureStart, keyBits, bodyCovered, comment } = found;
  return {
    result,
    reason,
    headerResult,
    bodyResult,
    domain,
    selector,
    algorithm,
    signatureStart,
    keyBits,
    bodyCovered,
    comment,
    aligned,
    alignedBestGuess,
  };
}

/** RFC 9989 §5.3.1: without exactly one author domain there is no DMARC result; the strictest failing policy still drives the action. */
export function withoutAuthor(dmarc: DmarcResult): DmarcResult {
  const alternative = dmarc.alternative === null ? null : ({ ...dmarc.alternative, result: "permerror" } as const);
  return { ...dmarc, result: "permerror", reason: "author", alignedBy: null, alternative };
}

/** Tells DMARC ahead which identifiers may come, so that their walks are on the way while SPF and DKIM work. */
function expectIdentifiers(dmarc: DmarcEvaluation, { mailFrom, helo }: Transaction, signers: readonly string[]): void {
  for (const domain of signers) dmarc.expect(domain);
  const sender = mailFrom === "" ? helo : (mailFrom?.slice(mailFrom.lastIndexOf("@") + 1) ?? null);
  if (sender !== null) dmarc.expect(sender);
}

function checkIdentities(envelope: Transaction, deps: Pick<GatherDeps, "lane" | "clock" | "receiver">): readonly Promise<SpfResult>[] {
  const { ip, helo, mailFrom } = envelope;
  const mailfrom = checkHost(
    { ip, sender: mailFrom, helo, identity: "mailfrom" },
    { dns: deps.lane("mailfrom"), clock: deps.clock, receiver: deps.receiver },
  );
  // RFC 7208 §2.4: the null path is checked as postmaster@HELO; a second look at the same identity would say the same.
  if (helo === null || mailFrom === "") return [mailfrom];
  const second = checkHost(
    { ip, sender: `postmaster@${helo}`, helo, identity: "helo" },
    { dns: deps.lane("helo"), clock: deps.clock, receiver: deps.receiver },
  );
  return [mailfrom, second];
}

function defectsOf(message: OpenMessage, ofBody: ReadonlySet<Defect>): readonly Defect[] {
  const found = new Set(message.header.defects);
  if (!found.has("header-too-large")) {
    for (const defect of ofBody) found.add(defect);
    if (!message.separated) found.add("no-body-separator");
  }
  if (message.header.bytes.length === 0 && !message.separated) found.add("empty");
  return sortDefects(found);
}

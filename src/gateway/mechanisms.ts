/**
 * One mechanism at a time, for callers that want no more (contract: Library). Each call opens a DNS budget of its own; alone,
 * a mechanism may use the whole of a message's questions, within the limits of its RFC.
 */
import { limits } from "../base/limits.ts";
import { type Dns, type Lane, messageDns, type Question } from "../dns/budget.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import type { ArcResult, TrustedSealer } from "../evidence/arc/result.ts";
import { prepareArc } from "../evidence/arc/verify.ts";
import type { DkimResult } from "../evidence/dkim/result.ts";
import { prepareDkim } from "../evidence/dkim/verify.ts";
import { startDmarc } from "../evidence/dmarc/evaluate.ts";
import type { DmarcMode, DmarcResult } from "../evidence/dmarc/result.ts";
import { organizationalDomain as walk } from "../evidence/dmarc/tree-walk.ts";
import { authorOf } from "../evidence/from/author.ts";
import { validateFrom } from "../evidence/from/validate.ts";
import { bodyHashes } from "../evidence/signature/body-hash.ts";
import type { SignatureOutcome } from "../evidence/signature/result.ts";
import { checkHost as check } from "../evidence/spf/check-host.ts";
import type { SpfOutcome, SpfReason } from "../evidence/spf/result.ts";
import { readBody } from "../mail/body.ts";
import { domainToAscii } from "../mail/domain.ts";
import { type MessageSource, openMessage } from "../mail/message.ts";

export type MechanismDeps = {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** Our name, for the SPF macro %{r}. */
  readonly authservId?: string | undefined;
  readonly trustedSealers?: readonly TrustedSealer[] | undefined;
  readonly onQuestion?: ((question: Question) => void) | undefined;
};

export type CheckHostInput = { readonly ip: string; readonly sender: string; readonly helo: string };
export type CheckHostResult = {
  readonly result: SpfOutcome;
  readonly reason: SpfReason;
  readonly explanation: string | null;
  readonly lookups: number;
  readonly voidLookups: number;
  readonly mechanism: string | null;
  readonly domain: string | null;
  readonly broad: boolean;
  readonly trace: readonly Question[];
};

/** RFC 7208 §4: check_host() for MAIL FROM, or for HELO where `sender` is "" (§2.4). Never throws on content. */
export async function checkHost(input: CheckHostInput, deps: MechanismDeps): Promise<CheckHostResult> {
  const trace: Question[] = [];
  const dns = openAlone("mailfrom", deps, (question) => trace.push(question));
  const sender = input.sender === "<>" ? "" : input.sender;
  const { identity: _, ...found } = await check(
    { ip: input.ip, sender, helo: input.helo, identity: "mailfrom" },
    { dns, clock: deps.clock, receiver: deps.authservId ?? "unknown" },
  );
  return { ...found, trace };
}

/** RFC 6376 §6: every signature of the message, in the order of the header; an empty list without one. */
export async function verifyDkim(message: MessageSource, deps: MechanismDeps): Promise<readonly DkimResult[]> {
  const opened = await openMessage(message);
  const authorDomains = authorOf(validateFrom(opened.header)).domains;
  const dkim = prepareDkim(opened.header, { authorDomains, dns: openAlone("dkim", deps), clock: deps.clock });
  const bodies = bodyHashes(dkim.bodyHashes, opened.header.lineEnd);
  await readBody(opened.body, opened.header.lineEnd, [bodies]);
  return dkim.finish(bodies);
}

/** RFC 8617 §5.2: the chain of the message; result `none` without one. */
export async function verifyArc(message: MessageSource, deps: MechanismDeps): Promise<ArcResult> {
  const opened = await openMessage(message);
  const arc = prepareArc(opened.header, { dns: openAlone("arc", deps), clock: deps.clock, trustedSealers: deps.trustedSealers ?? [] });
  const bodies = bodyHashes(arc.bodyHashes, opened.header.lineEnd);
  await readBody(opened.body, opened.header.lineEnd, [bodies]);
  return arc.finish(bodies);
}

export type EvaluateDmarcInput = {
  /** The author domain (or domains): A-labels, U-labels, or a whole address. */
  readonly from: string | readonly string[];
  readonly spf: readonly { readonly result: SpfOutcome; readonly domain: string | null }[];
  readonly dkim: readonly { readonly result: SignatureOutcome; readonly domain: string | null }[];
  readonly mode?: DmarcMode | undefined;
};

/** RFC 9989 §4.10, §5.3 on results that are known already. */
export async function evaluateDmarc(input: EvaluateDmarcInput, deps: MechanismDeps): Promise<DmarcResult> {
  const domains = (typeof input.from === "string" ? [input.from] : input.from).map((domain) =>
    domainToAscii(domain.slice(domain.lastIndexOf("@") + 1)),
  );
  const readable = domains.filter((domain) => domain !== null);
  // An author that cannot be read leaves the others no single one: nothing is evaluated, and the result is permerror/author.
  const authors = readable.length === domains.length ? [...new Set(readable)] : [];
  const dmarc = startDmarc(authors.slice(0, limits.fromDomainsMax), { dns: openAlone("author", deps), mode: input.mode });
  const ascii = <R>(one: { result: R; domain: string | null }) => ({
    result: one.result,
    domain: one.domain === null ? null : domainToAscii(one.domain),
  });
  return (await dmarc.finish({ spf: input.spf.map(ascii), dkim: input.dkim.map(ascii) })).dmarc;
}

/** `domain` is null where a temporary error ended the walk, and where the name is none that DNS can carry. */
export type OrganizationalDomain = {
  readonly domain: string | null;
  readonly walked: readonly string[];
  readonly found: readonly string[];
};

/** RFC 9989 §4.10.2: the Organizational Domain by the tree walk, with the names asked and those that had a record. */
export async function organizationalDomain(name: string, deps: MechanismDeps): Promise<OrganizationalDomain> {
  const ascii = domainToAscii(name);
  // What is no domain name has no organization, and is no question for DNS.
  if (ascii === null) return { domain: null, walked: [], found: [] };
  const { domain, walked, found } = await walk(ascii, openAlone("author", deps));
  return { domain, walked, found };
}

function openAlone(lane: Lane, deps: MechanismDeps, onQuestion?: (question: Question) => void): Dns {
  const quota = { [lane]: alone[lane] };
  return messageDns(deps.resolver, { clock: deps.clock, onQuestion: both(deps.onQuestion, onQuestion), quotas: quota })(lane);
}

// RFC 7208 §4.6.4 bounds SPF by itself: ten terms of at most ten addresses each, and the record.
const alone: Readonly<Record<Lane, number>> = {
  author: limits.messageDnsQueriesMax,
  mailfrom: 2 * limits.messageDnsQueriesMax,
  helo: limits.messageDnsQueriesMax,
  iprev: limits.messageDnsQueriesMax,
  dkim: limits.messageDnsQueriesMax,
  arc: 2 * limits.messageDnsQueriesMax,
};

function both(
  one: ((question: Question) => void) | undefined,
  two: ((question: Question) => void) | undefined,
): ((question: Question) => void) | undefined {
  if (one === undefined || two === undefined) return one ?? two;
  return (question) => {
    one(question);
    two(question);
  };
}

/**
 * DMARC for one author domain, in whichever mode (RFC 9989 §5.3.2 to §5.3.5): its discovery starts at once, the walks of
 * identifiers as soon as they are expected. It gives the words, the policy and the alignment of each identifier; it enforces nothing.
 */
import type { Dns } from "../../dns/budget.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import { organizationalDomainByList } from "../../mail/public-suffix.ts";
import { type Aligned, type Identifier, type Judgement, judge } from "./alignment.ts";
import { type Discovery, discover } from "./discover.ts";
import { discoverLegacy } from "./legacy.ts";
import type { Lookup } from "./lookup.ts";
import type { DmarcMode, DmarcPolicy, DmarcResult, IdentifierAlignment } from "./result.ts";
import { namesToAsk, organizationOf, treeWalk, type Walk, walkNames } from "./tree-walk.ts";

export type AuthorDeps = {
  readonly dns: Dns;
  readonly lookup: Lookup;
  readonly mode: DmarcMode;
  readonly localSuffixes: readonly string[] | undefined;
  /** See DiscoverDeps. */
  readonly mayWalk: Promise<unknown> | undefined;
};

export type AuthorVerdict = { readonly dmarc: DmarcResult; readonly aligned: readonly IdentifierAlignment[] };

export interface AuthorDomain {
  /** Asks the walk of an identifier ahead, where the suffix list says that it may align. */
  expect(domain: string): void;
  finish(identifiers: readonly Identifier[]): Promise<AuthorVerdict>;
}

export function startAuthorDomain(author: string, deps: AuthorDeps): AuthorDomain {
  const { mode, lookup, localSuffixes } = deps;
  const listed = listing(author, localSuffixes);
  const discovery =
    mode === "rfc7489"
      ? discoverLegacy(author, listed, lookup)
      : discover(author, { lookup, dns: deps.dns, listed, mayWalk: deps.mayWalk });
  const otherDiscovery = mode === "compare" ? discoverLegacy(author, listed, lookup) : null;
  // Whoever finishes sees a failure; nobody has to.
  discovery.catch(ignore);
  otherDiscovery?.catch(ignore);
  const walks = openWalks(author, deps);
  const related = (domain: string): boolean => {
    // Relaxed alignment by the suffix list with its private section (design: compauth.md, "aligned").
    return domain === author || (listed() !== null && listed() === organizationalDomainByList(domain, localSuffixes));
  };
  const byList = (domain: string): Promise<Aligned> => Promise.resolve(related(domain) ? "yes" : "no");
  const expect = (domain: string): void => {
    if (mode !== "rfc7489" && domain !== author && related(domain)) walks.askAhead(domain);
  };
  const byWalk = (domain: string): Promise<Aligned> => {
    expect(domain);
    return walks.aligned(domain);
  };
  return {
    expect,
    async finish(identifiers) {
      const relaxed = mode === "rfc7489" ? byList : byWalk;
      const alternative = otherDiscovery === null ? null : await alternativeOf(await otherDiscovery);
      return conclude(await discovery, { author, identifiers, related, relaxed, walked: walks.walked, alternative });

      async function alternativeOf(found: Discovery): Promise<DmarcResult["alternative"]> {
        const { dmarc } = await conclude(found, { author, identifiers, related, relaxed: byList, walked: () => null, alternative: null });
        return { mode: "rfc7489", result: dmarc.result, policy: dmarc.policy };
      }
    },
  };
}

const ignore = (): void => {};

/** The author's organization by the list, looked up when first asked for. */
function listing(author: string, localSuffixes: readonly string[] | undefined): () => string | null {
  let known: string | null | undefined;
  return () => {
    if (known === undefined) known = organizationalDomainByList(author, localSuffixes);
    return known;
  };
}

/** The walks that alignment may need: the author's, once, and one for each identifier (RFC 9989 §4.10.2). */
function openWalks(author: string, { dns, lookup }: AuthorDeps) {
  let authorWalk: Promise<Walk> | null = null;
  let walked: readonly string[] | null = null;
  async function walkAuthor(): Promise<Walk> {
    const walk = await treeWalk(author, lookup);
    walked = walk.walked;
    return walk;
  }
  return {
    walked: () => walked,
    askAhead(domain: string): void {
      for (const name of namesToAsk(walkNames(author), lookup)) void lookup.at(name);
      const names = namesToAsk(walkNames(domain), lookup);
      // The author's questions are under way by now; one more is kept for the existence of the author domain.
      if (lookup.unasked(names) < dns.left) for (const name of names) void lookup.at(name);
    },
    async aligned(domain: string): Promise<Aligned> {
      authorWalk ??= walkAuthor();
      const organization = organizationOf(await authorWalk);
      if (organization === null) return "unknown";
      if (!isAtOrBelow(domain, organization)) return "no";
      const theirs = organizationOf(await treeWalk(domain, lookup));
      if (theirs === null) return "unknown";
      return theirs === organization ? "yes" : "no";
    },
  };
}

type Circumstances = {
  readonly author: string;
  readonly identifiers: readonly Identifier[];
  readonly related: (domain: string) => boolean;
  readonly relaxed: (domain: string) => Promise<Aligned>;
  /** The names of the author's whole walk, if alignment needed it. */
  readonly walked: () => readonly string[] | null;
  readonly alternative: DmarcResult["alternative"];
};

function conclude(discovery: Discovery, around: Circumstances): AuthorVerdict | Promise<AuthorVerdict> {
  const { author, identifiers, related, relaxed } = around;
  if (discovery.kind !== "policy") return withoutPolicy(discovery, around);
  const judgement = judge(identifiers, { author, record: discovery.record, relaxed, listed: related });
  return judgement instanceof Promise
    ? judgement.then((found) => underPolicy(discovery, found, around))
    : underPolicy(discovery, judgement, around);
}

type Applicable = Extract<Discovery, { kind: "policy" }>;

function underPolicy({ record, policyDomain, published, walked }: Applicable, judgement: Judgement, around: Circumstances): AuthorVerdict {
  const { author, alternative } = around;
  const policy = record.testing ? oneLevelBelow(published) : published;
  const { result, reason } = outcomeOf(judgement, published);
  const dmarc: DmarcResult = {
    result,
    reason,
    domain: author,
    policyDomain,
    publishedPolicy: published,
    policy,
    action: result === "fail" ? (policy ?? "none") : "none",
    alignedBy: judgement.alignedBy,
    alternative,
    testing: record.testing,
    walked: around.walked() ?? walked,
  };
  return { dmarc, aligned: alignments(around, (_, i) => judgement.aligned[i] === true) };
}

function withoutPolicy(discovery: Exclude<Discovery, { kind: "policy" }>, around: Circumstances): AuthorVerdict {
  const dmarc: DmarcResult = {
    ...wordsWithoutPolicy(discovery, around),
    domain: around.author,
    policyDomain: null,
    publishedPolicy: null,
    policy: null,
    action: "none",
    alternative: around.alternative,
    testing: false,
    walked: discovery.walked,
  };
  // Without a record nothing says strict or relaxed, and no walk has a result: the same name is all that aligns.
  return { dmarc, aligned: alignments(around, (one) => one.domain === around.author) };
}

type Words = Pick<DmarcResult, "result" | "reason" | "alignedBy">;

function wordsWithoutPolicy(discovery: Exclude<Discovery, { kind: "policy" }>, around: Circumstances): Words {
  switch (discovery.kind) {
    case "none":
      return bestGuess(around);
    case "unusable":
      return { result: "permerror", reason: "record", alignedBy: null };
    case "trouble":
      return { result: "temperror", reason: discovery.trouble === "timeout" ? "record-timeout" : "record-dns", alignedBy: null };
    default:
      return discovery satisfies never;
  }
}

function alignments({ identifiers, related }: Circumstances, aligned: (one: Identifier, i: number) => boolean): IdentifierAlignment[] {
  return identifiers.map((one, i) => ({ aligned: aligned(one, i), alignedBestGuess: one.domain !== null && related(one.domain) }));
}

/** design/compauth.md row 7: no record, yet an identifier that passed belongs to the author by the suffix list. */
function bestGuess({ identifiers, related }: Circumstances): Words {
  const vouching = identifiers.filter((one) => one.passes && !one.broad && one.domain !== null && related(one.domain));
  if (vouching.length === 0) return { result: "none", reason: "no-record", alignedBy: null };
  return { result: "bestguesspass", reason: "aligned", alignedBy: vouching.some((one) => one.by === "dkim") ? "dkim" : "spf" };
}

function outcomeOf({ result, anyPassed }: Judgement, published: DmarcPolicy | null): Pick<DmarcResult, "result" | "reason"> {
  switch (result) {
    case "pass":
      return { result, reason: "aligned" };
    case "temperror":
      return { result, reason: "identifier-dns" };
    case "fail":
      // RFC 9989 §5.3.6: with a question open that decides on the policy, no policy can be applied.
      if (published === null) return { result: "temperror", reason: "existence-dns" };
      return { result, reason: anyPassed ? "not-aligned" : "nothing-passed" };
    default:
      return result satisfies never;
  }
}

/** RFC 9989 §4.7 t: one level below the policy that is published. */
function oneLevelBelow(policy: DmarcPolicy | null): DmarcPolicy | null {
  if (policy === null) return null;
  return policy === "reject" ? "quarantine" : "none";
}

/**
 * Rows 14 to 19 of the decision table: implicit authentication, for domains that publish nothing that is enforced. By the names and
 * addresses of the From domain's own hosts, then by sender history. Where DMARC is temperror nothing here gives more than softpass.
 */
import { unreachable } from "../base/assert.ts";
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import type { SpfOutcome } from "../evidence/spf/result.ts";
import { isAtOrBelow } from "../mail/domain.ts";
import { confirmedNames } from "./facts.ts";
import { organizationOf } from "./organization.ts";
import { authorDomain, no, type Row, type RowContext, type Weighed, yes } from "./row.ts";
import { returnsOurs } from "./rows-enforced.ts";
import { scoreOf } from "./score.ts";
import { isSharedHost, isSharedPrefix } from "./shared.ts";
import type { DecisionInput } from "./verdict.ts";

export const implicitRows: readonly Row[] = [
  { number: 14, condition: "the client's confirmed name is the From domain's, and its SPF does not object", weigh: namedByAuthor },
  { number: 15, condition: "the client is an MX host of the From domain that others do not share", weigh: mxOfAuthor },
  { number: 16, condition: "sender history", weigh: byHistory },
  { number: 17, condition: "the client stands near the From domain's hosts", weigh: nearAuthor },
  {
    number: 18,
    condition: "a bounce of mail we sent",
    weigh: (context) => (returnsOurs(context) ? yes("502", "history.returnsOurs") : no("history.returnsOurs")),
  },
  {
    number: 19,
    condition: "otherwise",
    weigh: ({ input: { evidence } }) => yes("001", "evidence", nobodyVouches(evidence.dmarc)),
  },
];

/** While DMARC is undecided a full pass would rest on a question that was not answered. */
function atMostSoftly({ input }: RowContext): boolean {
  return input.evidence.dmarc.result === "temperror";
}

/** Row 14: a stranger cannot give his host a name within the From domain that resolves back to it. */
function namedByAuthor(context: RowContext): Weighed {
  const author = authorDomain(context);
  const names = confirmedNames(context.input);
  if (author === null || names.length === 0) return no("evidence.iprev");
  const { domain, organization } = author;
  const below = names.find((name) => isAtOrBelow(name, domain));
  const above = names.find((name) => isAtOrBelow(domain, name) && organizationOf(name, context.policy) === organization);
  const name = below ?? above;
  if (name === undefined) return no("evidence.iprev");
  const spf = authorSpf(context.input, domain);
  if (objects(spf)) return no("evidence.infrastructure", `SPF of ${domain} says ${spf}.`);
  if (atMostSoftly(context)) return no("evidence.dmarc", "DMARC is undecided.");
  return yes(below === undefined ? "104" : "103", "evidence.iprev", `The client is ${name}.`);
}

/** SPF of the client for the From domain itself: as it was asked, or as MAIL FROM was of that very domain; null: not known. */
export function authorSpf({ evidence: { infrastructure, spf } }: DecisionInput, domain: string): SpfOutcome | null {
  // A caller of the library may have evidence without this field.
  const asked: SpfOutcome | null | undefined = infrastructure.fromSpf;
  return asked ?? spf.find((one) => one.identity === "mailfrom" && one.domain === domain)?.result ?? null;
}

/** A temporary error may hide an objection. */
function objects(spf: SpfOutcome | null): boolean {
  switch (spf) {
    case "fail":
    case "softfail":
    case "temperror":
      return true;
    case "pass":
    case "neutral":
    case "none":
    case "permerror":
    case null:
      return false;
    default:
      return unreachable(spf);
  }
}

function mxOfAuthor(context: RowContext): Weighed {
  const hosts = context.input.evidence.infrastructure.fromMxHosts ?? [];
  const own = hosts.find((host) => !isSharedHost(host, context));
  if (own === undefined) return no("evidence.infrastructure", hosts.length > 0 ? "That host is shared, or nothing tells." : null);
  if (atMostSoftly(context)) return no("evidence.dmarc", "DMARC is undecided.");
  return yes("116", "evidence.infrastructure", `The client is ${own}.`);
}

function byHistory(context: RowContext): Weighed {
  if (context.history === null) return no("history");
  const score = scoreOf(context);
  const { terms } = score;
  switch (score.confidence) {
    case "high":
      return { ...yes(atMostSoftly(context) ? "200" : "105", "history", score.because), terms };
    case "medium":
    case "tier-2":
      return { ...yes("200", "history", score.because), terms };
    case "none":
      return { ...no("history", score.because), terms };
    default:
      return unreachable(score.confidence);
  }
}

function nearAuthor(context: RowContext): Weighed {
  const author = authorDomain(context);
  if (author === null) return no("from");
  const name = confirmedNames(context.input).find((one) => organizationOf(one, context.policy) === author.organization);
  if (name !== undefined) return yes("202", "evidence.iprev", `The client is ${name}, of the same organization.`);
  const { fromMxHosts, fromNeighbours } = context.input.evidence.infrastructure;
  const near = [...(fromNeighbours ?? []), ...(fromMxHosts ?? [])].find((host) => !isSharedHost(host, context));
  if (near === undefined || isSharedPrefix(context)) return no("evidence.infrastructure");
  return yes("201", "evidence.infrastructure", `${near} of the From domain is in the client's network.`);
}

function nobodyVouches(dmarc: DmarcResult): string | null {
  const domain = dmarc.domain ?? "the From domain";
  const nothing = `nothing that passed belongs to ${domain}.`;
  switch (dmarc.result) {
    case "none":
      return `${domain} publishes no DMARC policy, and ${nothing}`;
    case "fail":
      return `DMARC failed, and ${dmarc.policyDomain ?? domain} publishes p=${dmarc.publishedPolicy ?? "none"}${dmarc.testing ? " in test mode" : ""}.`;
    case "permerror":
      return `The DMARC record of ${domain} cannot be used, and ${nothing}`;
    case "temperror":
      return "A DNS question that could have changed this was not answered.";
    case "pass":
    case "bestguesspass":
      return null;
    default:
      return unreachable(dmarc.result);
  }
}

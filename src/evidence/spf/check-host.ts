/**
 * check_host() (RFC 7208 §4, with RFC 8616 for internationalized mail): is this client allowed to send for this identity?
 * Every DNS question goes through the lane it is given; the limits of §4.6.4 are counted over all includes and redirects.
 * It holds no policy: what a result is worth is decided elsewhere.
 */
import { limits } from "../../base/limits.ts";
import type { Dns } from "../../dns/budget.ts";
import type { Clock } from "../../dns/resolver.ts";
import { isInNetwork, parseIpAddress } from "../../mail/ip-address.ts";
import { matchPtr } from "./client-name.ts";
import { chargeTerm, type ErrorReason, type Evaluation, errorResults, troubleOf } from "./evaluation.ts";
import { matchesNothing, targetOf } from "./expansion.ts";
import { explain } from "./explanation.ts";
import { matchA, matchExists, matchMx } from "./mechanisms.ts";
import { type Directive, type DomainSpec, isSpfRecord, type Redirect, type SpfRecord } from "./record.ts";
import { readRecord } from "./record-cache.ts";
import type { SpfIdentity, SpfOutcome, SpfReason, SpfResult, SpfStep } from "./result.ts";
import { readSender } from "./sender.ts";

export type SpfQuery = {
  /** The client's address; null or unreadable: the result is none. */
  readonly ip: string | null;
  /** The reverse path without brackets, or `postmaster@helo` for the HELO identity; "" is the null path, null is unknown. */
  readonly sender: string | null;
  readonly helo: string | null;
  readonly identity: SpfIdentity;
};

export type SpfDeps = {
  readonly dns: Dns;
  readonly clock: Clock;
  /** Our name, for %{r} in explanations. */
  readonly receiver?: string | undefined;
  /** Sees each term after it was evaluated. */
  readonly onTerm?: ((step: SpfStep) => void) | undefined;
};

/** Evaluates one identity. Never throws on what mail or DNS says. */
export async function checkHost(query: SpfQuery, deps: SpfDeps): Promise<SpfResult> {
  const { identity, helo } = query;
  const sender = readSender(query.sender, helo);
  const client = query.ip === null ? null : parseIpAddress(query.ip);
  const unchecked = {
    identity,
    domain: sender.ascii,
    result: "none",
    mechanism: null,
    explanation: null,
    lookups: 0,
    voidLookups: 0,
    broad: false,
  } as const;
  if (client === null) return { ...unchecked, reason: "no-client" };
  if ("fault" in sender) return { ...unchecked, reason: sender.fault };
  const { dns, clock, receiver = "unknown", onTerm } = deps;
  const until = clock() + limits.spfTotalMs;
  const evaluation: Evaluation = { client, sender, helo, receiver, dns, clock, until, onTerm, lookups: 0, voidLookups: 0 };
  const { result, reason, terms, broad, exp } = await checkDomain(evaluation, sender.domain, 0);
  const explanation = exp === null ? null : await explain(evaluation, exp.spec, exp.domain);
  const { lookups, voidLookups } = evaluation;
  const mechanism = terms === null ? null : terms.slice(0, limits.spfMechanismCharactersMax);
  return { identity, domain: sender.ascii, result, reason, mechanism, explanation, lookups, voidLookups, broad };
}

/** What the record of one domain says, with the terms that led there. */
type Outcome = {
  readonly result: SpfOutcome;
  readonly reason: SpfReason;
  readonly terms: string | null;
  readonly broad: boolean;
  /** Where the explanation of a fail stands. */
  readonly exp: { readonly spec: DomainSpec; readonly domain: string } | null;
};

type Place = { readonly domain: string; readonly depth: number };

/** RFC 7208 §4.3 to §4.5: finds the domain's record, and evaluates it. */
async function checkDomain(evaluation: Evaluation, domain: string, depth: number): Promise<Outcome> {
  const answer = await evaluation.dns.query(domain, "TXT");
  if (answer.status !== "found") {
    const trouble = troubleOf(answer);
    return trouble === null ? noRecord : failure(trouble, null);
  }
  let selected: Uint8Array | null = null;
  for (const bytes of answer.records) {
    if (!isSpfRecord(bytes)) continue;
    if (selected !== null) return failure("several-records", null);
    selected = bytes;
  }
  if (selected === null) return noRecord;
  if (selected.length > limits.spfRecordBytesMax) return failure("record-too-long", null);
  const record = readRecord(selected);
  return "fault" in record ? failure("syntax", record.term) : evaluateRecord(evaluation, record, { domain, depth });
}

/** RFC 7208 §4.6.2, §4.7: the terms from left to right; then the redirect; then neutral. No promise where no term asks DNS. */
function evaluateRecord(evaluation: Evaluation, record: SpfRecord, place: Place): Outcome | Promise<Outcome> {
  let evaluated = 0;
  for (const directive of record.directives) {
    const found = matchHere(evaluation, directive);
    if (found === null) return evaluateByDns(evaluation, { record, from: evaluated }, place);
    const outcome = outcomeOf(evaluation, { directive, found }, { record, place });
    if (outcome !== null) return outcome;
    evaluated += 1;
  }
  return record.redirect === null ? neutral : evaluateByDns(evaluation, { record, from: evaluated }, place);
}

/** The rest of a record, from the first term on that asks DNS. */
async function evaluateByDns(
  evaluation: Evaluation,
  { record, from }: { record: SpfRecord; from: number },
  place: Place,
): Promise<Outcome> {
  for (let i = from; i < record.directives.length; i += 1) {
    const directive = record.directives[i];
    if (directive === undefined) break;
    const found = matchHere(evaluation, directive) ?? (await matchByDns(evaluation, directive, place));
    const outcome = outcomeOf(evaluation, { directive, found }, { record, place });
    if (outcome !== null) return outcome;
  }
  if (record.redirect === null) return neutral;
  const redirected = await followRedirect(evaluation, record.redirect, place);
  report(evaluation, place, { term: record.redirect.text, found: redirected });
  return redirected;
}

type Term = { readonly directive: Directive; readonly found: Found };

/** What a term that was evaluated makes of the record; null where the next one is to be asked. */
function outcomeOf(evaluation: Evaluation, { directive, found }: Term, at: { record: SpfRecord; place: Place }): Outcome | null {
  if (evaluation.onTerm !== undefined) report(evaluation, at.place, { term: directive.text, found });
  if (found === false) return null;
  if (typeof found === "string") return failure(found, directive.text);
  const inner = found === true ? null : found;
  // RFC 7208 §5.2: an error inside an include is the result of the whole.
  if (inner !== null && inner.result !== "pass") return { ...inner, terms: via(directive.text, inner), exp: null };
  return match(evaluation, directive, { ...at, inner });
}

/** The mechanisms that need no DNS; null for the others. */
function matchHere({ client }: Evaluation, directive: Directive): boolean | null {
  switch (directive.kind) {
    case "all":
      return true;
    case "ip4":
    case "ip6":
      return isInNetwork(client, directive.network, directive.bits);
    default:
      return null;
  }
}

/** The mechanisms that cost a term (RFC 7208 §4.6.4). An include that passed or failed with an error gives the inner outcome. */
function matchByDns(evaluation: Evaluation, directive: Directive, place: Place): Found | Promise<Found> {
  if (directive.kind === "all" || directive.kind === "ip4" || directive.kind === "ip6") return false;
  const refused = chargeTerm(evaluation, directive.domain);
  if (refused !== null) return refused;
  if (directive.domain !== null && matchesNothing(evaluation, directive.domain)) return false;
  const target = directive.domain?.target ?? targetOf(evaluation, directive.domain, place.domain);
  if (target instanceof Promise) return target.then((found) => matchTarget(evaluation, directive, { target: found, place }));
  return matchTarget(evaluation, directive, { target, place });
}

type Found = boolean | ErrorReason | Outcome;

function matchTarget(
  evaluation: Evaluation,
  directive: Exclude<Directive, { kind: "all" | "ip4" | "ip6" }>,
  { target, place }: { readonly target: string | null; readonly place: Place },
): Found | Promise<Found> {
  switch (directive.kind) {
    case "include":
      return matchInclude(evaluation, target, place);
    case "a":
      return target !== null && matchA(evaluation, target, directive);
    case "mx":
      return target !== null && matchMx(evaluation, target, directive);
    case "ptr":
      return target !== null && matchPtr(evaluation, target);
    case "exists":
      return target !== null && matchExists(evaluation, target);
    default:
      return directive satisfies never;
  }
}

/** RFC 7208 §5.2: pass matches; fail, softfail and neutral do not; none is a permerror. */
async function matchInclude(evaluation: Evaluation, target: string | null, place: Place): Promise<boolean | ErrorReason | Outcome> {
  // RFC 7208 §4.3: a malformed or single-label domain gives none.
  if (target?.includes(".") !== true) return "include-none";
  const inner = await checkDomain(evaluation, target, place.depth + 1);
  switch (inner.result) {
    case "pass":
    case "temperror":
    case "permerror":
      return inner;
    case "none":
      return "include-none";
    case "fail":
    case "softfail":
    case "neutral":
      return false;
    default:
      return inner.result satisfies never;
  }
}

/** RFC 7208 §6.1: the target's result is the result, but for none. */
async function followRedirect(evaluation: Evaluation, redirect: Redirect, place: Place): Promise<Outcome> {
  const refused = chargeTerm(evaluation, redirect.domain);
  if (refused !== null) return failure(refused, redirect.text);
  // RFC 8616 §4: a term that needs the ASCII form of the local part has no effect.
  if (matchesNothing(evaluation, redirect.domain)) return neutral;
  const target = await targetOf(evaluation, redirect.domain, place.domain);
  if (target?.includes(".") !== true) return failure("redirect-none", redirect.text);
  const inner = await checkDomain(evaluation, target, place.depth + 1);
  if (inner.result === "none") return failure("redirect-none", redirect.text);
  return { ...inner, terms: via(redirect.text, inner) };
}

function match(evaluation: Evaluation, directive: Directive, at: { record: SpfRecord; place: Place; inner: Outcome | null }): Outcome {
  const { record, place, inner } = at;
  const result = directive.qualifier;
  // RFC 7208 §6.2: the explanation of the record whose mechanism failed the client, never that of an included one.
  const exp = result === "fail" && record.exp !== null ? { spec: record.exp, domain: place.domain } : null;
  const broad = result === "pass" && (inner === null ? isBroad(evaluation, directive) : inner.broad);
  return { result, reason: "matched", terms: inner === null ? directive.text : via(directive.text, inner), broad, exp };
}

/** A match that says next to nothing about the client: +all, or a network of more than a 256th of all addresses. */
function isBroad({ client }: Evaluation, directive: Directive): boolean {
  switch (directive.kind) {
    case "all":
      return true;
    case "ip4":
    case "ip6":
      return directive.bits < limits.spfBroadBits;
    case "a":
    case "mx":
      return (client.family === 4 ? directive.bits4 : directive.bits6) < limits.spfBroadBits;
    default:
      return false;
  }
}

const neutral: Outcome = { result: "neutral", reason: "default", terms: null, broad: false, exp: null };
const noRecord: Outcome = { result: "none", reason: "no-record", terms: null, broad: false, exp: null };

function failure(reason: ErrorReason, terms: string | null): Outcome {
  return { result: errorResults[reason], reason, terms, broad: false, exp: null };
}

function via(text: string, inner: Outcome): string | null {
  if (inner.terms !== null) return `${text} > ${inner.terms}`;
  return inner.reason === "default" ? null : text;
}

function report(evaluation: Evaluation, { domain, depth }: Place, step: { term: string; found: boolean | ErrorReason | Outcome }): void {
  const { lookups, voidLookups, onTerm } = evaluation;
  onTerm?.({ domain, term: step.term, outcome: stepOutcome(step.found), depth, lookups, voidLookups });
}

function stepOutcome(found: boolean | ErrorReason | Outcome): SpfStep["outcome"] {
  if (typeof found === "boolean") return found ? "match" : "no-match";
  if (typeof found === "string") return errorResults[found];
  return found.result === "temperror" || found.result === "permerror" ? found.result : "match";
}

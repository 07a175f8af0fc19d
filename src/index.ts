/**
 * Assay as a library (contract: Library): inspect a message, or run one mechanism, with a resolver of your own or of ours.
 * No daemon code is loaded. Bad mail and bad DNS are values; only bad options and a failing message source throw.
 */

import type { Question } from "./dns/budget.ts";
import type { Clock, Resolver } from "./dns/resolver.ts";
import { type InspectInput, inspect as inspectWith } from "./gateway/inspect.ts";
import * as mechanisms from "./gateway/mechanisms.ts";
import type { Inspection } from "./stamp/inspection.ts";
import { hostName, systemClock, systemRandom } from "./system/surroundings.ts";
import type { History, Policy } from "./verdict/verdict.ts";

/** What every call takes; only `resolver` is required. */
export type Deps = {
  readonly resolver: Resolver;
  /** Milliseconds since 1970; default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** Numbers from 0 up to 1; default: the system's. */
  readonly random?: (() => number) | undefined;
  readonly policy?: Policy | undefined;
  readonly history?: History | null | undefined;
  /** Who stamps (RFC 8601 §2.5); default: the host's name. */
  readonly authservId?: string | undefined;
  /** Sees every DNS question with its answer. */
  readonly onQuestion?: ((question: Question) => void) | undefined;
};

/**
 * Inspects one message: evidence, verdict, what would be done and what to stamp. The message is bytes or a stream; a stream is
 * never held whole. `ip` and `helo` unknown: SPF and iprev are `none`.
 */
export function inspect(input: InspectInput, deps: Deps): Promise<Inspection> {
  // Spelt out: an object of one shape is what the message path reads fastest.
  return inspectWith(input, {
    resolver: deps.resolver,
    clock: deps.clock ?? systemClock,
    random: deps.random ?? systemRandom,
    authservId: deps.authservId ?? hostName(),
    policy: deps.policy,
    history: deps.history,
    onQuestion: deps.onQuestion,
  });
}

/** SPF: RFC 7208 check_host(). `sender` "" checks postmaster@helo. */
export function checkHost(input: mechanisms.CheckHostInput, deps: Deps): Promise<mechanisms.CheckHostResult> {
  return mechanisms.checkHost(input, { ...deps, ...complete(deps) });
}

/** DKIM: every signature's outcome (RFC 6376 §6), in the header's order. */
export function verifyDkim(message: InspectInput["message"], deps: Deps): ReturnType<typeof mechanisms.verifyDkim> {
  return mechanisms.verifyDkim(message, withSealers(deps));
}

/** ARC: the chain's outcome (RFC 8617 §5.2). */
export function verifyArc(message: InspectInput["message"], deps: Deps): ReturnType<typeof mechanisms.verifyArc> {
  return mechanisms.verifyArc(message, withSealers(deps));
}

/** DMARC on results that are known already (RFC 9989; `mode` for RFC 7489 or both). */
export function evaluateDmarc(input: mechanisms.EvaluateDmarcInput, deps: Deps): ReturnType<typeof mechanisms.evaluateDmarc> {
  return mechanisms.evaluateDmarc(input, { ...deps, ...complete(deps) });
}

/** The Organizational Domain by RFC 9989's tree walk (§4.10.2). */
export function organizationalDomain(name: string, deps: Deps): Promise<mechanisms.OrganizationalDomain> {
  return mechanisms.organizationalDomain(name, { ...deps, ...complete(deps) });
}

function complete(deps: Deps): { clock: Clock; authservId: string } {
  return { clock: deps.clock ?? systemClock, authservId: deps.authservId ?? hostName() };
}

function withSealers(deps: Deps): mechanisms.MechanismDeps {
  return { ...deps, ...complete(deps), trustedSealers: deps.policy?.trustedSealers };
}

export type { Answer, Found, MxRecord, NotFound, RecordOf, RecordType } from "./dns/answer.ts";
export type { Lane, Question, SpareLane } from "./dns/budget.ts";
export type { Clock, QueryOptions, Resolver } from "./dns/resolver.ts";
export type { ArcReason, ArcResult, ArcSet } from "./evidence/arc/result.ts";
export type { DkimResult } from "./evidence/dkim/result.ts";
export type { DmarcMode, DmarcPolicy, DmarcReason, DmarcResult } from "./evidence/dmarc/result.ts";
export type { Alignment, Evidence } from "./evidence/evidence.ts";
export type { FromAdvice, FromProfile, FromReason, FromResult, Mailbox } from "./evidence/from/result.ts";
export { parseFrom } from "./evidence/from/validate.ts";
export type { Infrastructure } from "./evidence/infrastructure/result.ts";
export type { IprevReason, IprevResult } from "./evidence/iprev/result.ts";
export type { SignatureOutcome, SignatureReason } from "./evidence/signature/result.ts";
export type { SpfIdentity, SpfOutcome, SpfReason, SpfResult } from "./evidence/spf/result.ts";
export type { InspectInput } from "./gateway/inspect.ts";
export type { CheckHostInput, CheckHostResult, EvaluateDmarcInput, OrganizationalDomain } from "./gateway/mechanisms.ts";
export type { AuthenticationResults, MethodResult, ResultProperty } from "./mail/authentication-results.ts";
export { parseAuthenticationResults } from "./mail/authentication-results.ts";
export type { Defect } from "./mail/defect.ts";
export type { MessageSource } from "./mail/message.ts";
export type { Transaction } from "./mail/transaction.ts";
export { formatAuthenticationResults } from "./stamp/authentication-results.ts";
export type { Inspection, Removal } from "./stamp/inspection.ts";
export type { DnsResolverOptions } from "./system/resolver.ts";
export { DnsOptionError, dnsResolver } from "./system/resolver.ts";
export type { Zone, ZoneResolverOptions } from "./system/zone-resolver.ts";
export { ZoneError, zoneResolver } from "./system/zone-resolver.ts";
export { decide } from "./verdict/decide.ts";
export type { DecisivePolicy } from "./verdict/decisive-policy.ts";
export type { KnownHistory, PairEntry, Token, TokenHistory } from "./verdict/history.ts";
export type { SenderHistoryPolicy } from "./verdict/policy.ts";
export type { Action, CompauthResult, DecisionInput, Fact, History, Override, Policy, Standing, Verdict } from "./verdict/verdict.ts";

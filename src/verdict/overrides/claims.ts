/**
 * What each matching override has to say about one message for one recipient: it stands against it (and would do so and so), it lifts what
 * others have against it, or it matches and may say nothing here, with why. Nothing is weighed against anything yet: resolve.ts does that.
 */
import { unreachable } from "../../base/assert.ts";
import { authorOf } from "../../evidence/from/author.ts";
import { authenticatesAsAuthor } from "../facts.ts";
import type { PairEntry } from "../history.ts";
import { organizationOf } from "../organization.ts";
import type { Policy } from "../policy.ts";
import type { Reply } from "../reply.ts";
import { acceptedFor } from "../rows-own-domain.ts";
import type { Action, DecisionInput, Override, Standing, Verdict } from "../verdict.ts";
import { domainOfAddress } from "./address-form.ts";
import { firstDecisive, type Matched } from "./before.ts";
import { type FilterVerdict, filterAction } from "./filters.ts";
import { cryptographicSigns, forwardingSigns } from "./forwarding.ts";
import type { ListEntry } from "./list-entry.ts";
import { concerns } from "./list-match.ts";
import { orderOf } from "./order.ts";
import { isEarly, type NamedRule, type RuleAction } from "./rule.ts";
import { type HeaderAnswers, holds, type RuleSubject } from "./rule-evaluate.ts";
import type { Objection, OverrideKind, OverrideScope } from "./scope.ts";

export type ClaimInput = {
  readonly input: DecisionInput;
  readonly verdict: Verdict;
  readonly standing: Standing;
  /** The operator's entries on pairs that match (history.entries). */
  readonly pairs: readonly PairEntry[];
  readonly answers: HeaderAnswers;
};

export type OverridePolicy = Pick<Policy, "profile" | "acceptedDomains" | "localSuffixes" | "mode" | "enforce"> & {
  /** Whether the verdicts of other filters act; default as the mode. Of rules each says for itself, of blocks `enforce.blocks`. */
  readonly enforceFilters?: boolean;
  /** Whether a mailbox's own safe sender of one address counts as documented, or only where the message authenticates. Default documented. */
  readonly safeSenders?: "documented" | "authenticated";
};

export type Effect =
  | { readonly kind: "object"; readonly objection: Objection; readonly to: Action["kind"]; readonly reply: Reply | null }
  | { readonly kind: "lift"; readonly lifts: readonly Objection[] }
  /** It matches and may say nothing here. */
  | { readonly kind: "idle"; readonly why: string };

export type Claim = {
  readonly override: Omit<Override, "applied">;
  readonly place: number;
  readonly effect: Effect;
  /** false: it is told what it would do, and does nothing. */
  readonly enforced: boolean;
};

type ClaimContext = { readonly decided: ClaimInput; readonly policy: OverridePolicy; readonly recipient: string | null };

/** Everything that matches, in the fixed order (order.ts). */
export function claimsOf(
  decided: ClaimInput,
  matched: Matched,
  about: { readonly recipient: string | null; readonly policy: OverridePolicy },
): readonly Claim[] {
  const context: ClaimContext = { decided, ...about };
  const claims = [
    ...matched.filters.flatMap((verdict) => filterClaim(verdict, context) ?? []),
    ...decided.pairs.map((entry) => pairClaim(entry, context)),
    ...ruleClaims(matched.rules, context),
    ...matched.lists.filter((entry) => concerns(entry, decided.input, about.recipient)).map((entry) => listClaim(entry, context)),
  ];
  const muted = decided.input.transaction.direction === "outbound" ? claims.map(outbound) : claims;
  const heard = about.policy.profile === "consumer" ? muted.map(consumer) : muted;
  return heard.toSorted((a, b) => a.place - b.place);
}

/** Outbound mail is not judged; what a filter holds for dangerous stays here all the same. */
function outbound(claim: Claim): Claim {
  const { effect } = claim;
  const dangerous = effect.kind === "object" && (effect.objection === "malware" || effect.objection === "high-confidence-phish");
  return dangerous ? claim : { ...claim, effect: idle("outbound mail is not judged") };
}

function consumer(claim: Claim): Claim {
  return claim.effect.kind === "lift" ? { ...claim, effect: idle("profile consumer has no entry that would accept") } : claim;
}

function filterClaim({ filter, verdict }: FilterVerdict, { policy }: ClaimContext): Claim | null {
  if (verdict === "clean") return null;
  const objection = verdict === "bulk" ? "spam" : verdict;
  const told = claim({ kind: "filter", action: "block" }, { entry: filter, by: filter }, object(objection, filterAction(verdict)));
  return { ...told, enforced: policy.enforceFilters ?? policy.mode === "enforce" };
}

function pairClaim({ id, by, action, evenIfAuthenticated }: PairEntry, { decided, policy }: ClaimContext): Claim {
  const entry = { entry: id, by };
  if (action !== "block")
    return claim({ kind: "pair", action: "allow" }, entry, { kind: "lift", lifts: orderOf("pair", "allow")?.lifts ?? [] });
  const overruled = !evenIfAuthenticated && authenticatesAsAuthor(decided.input.evidence);
  const effect = overruled ? idle("the message authenticates as the From domain") : object("pair-block", "quarantine");
  return { ...claim({ kind: "pair", action: "block" }, entry, effect), enforced: blocksAct(policy) };
}

/** The first enforced rule that decides, and those that are only observed: they end no search. */
function ruleClaims(rules: readonly NamedRule[], { decided, recipient }: ClaimContext): readonly Claim[] {
  const subject: RuleSubject = { transaction: decided.input.transaction, recipient, decided };
  const decisive = firstDecisive(rules, subject);
  const observed = rules.filter(({ mode, rule }) => mode === "observe" && holds(rule.condition, subject));
  return [...observed, ...(decisive === null ? [] : [decisive])].flatMap((named) =>
    named.rule.actions.flatMap((action) => {
      const one = ruleClaim(named, action);
      return one === null ? [] : [{ ...one, enforced: named.mode === "enforce" }];
    }),
  );
}

function ruleClaim({ id, by, rule }: NamedRule, action: RuleAction): Claim | null {
  const entry = { entry: id, by };
  const block = { kind: "rule", action: "block" } as const;
  switch (action.kind) {
    case "stamp":
      return null;
    case "junk":
    case "quarantine":
      return claim(block, entry, object("rule-block", action.kind));
    case "reject":
      return claim(block, entry, object("rule-reject", "reject", { id: "rule-refuses", text: action.text }));
    case "bypass": {
      // What happens to From is from-enforcement.ts' to say, and the IPv6 rules know no override.
      if (action.scope === "from-validation" || action.scope === "ipv6-gate") return null;
      const all = orderOf("rule", "allow")?.lifts ?? [];
      // An early rule takes the place of the decision; a late one finds it made, and lifts what DMARC asks for.
      const narrow = action.scope === "authentication" && !isEarly(rule);
      const lifts = narrow ? all.filter((objection) => objection !== "spoof" && objection !== "undecided") : all;
      return claim({ kind: "rule", action: "allow", scope: action.scope }, entry, { kind: "lift", lifts });
    }
    default:
      return unreachable(action);
  }
}

function listClaim(listed: ListEntry, context: ClaimContext): Claim {
  const { kind, action, id, by } = listed;
  // Who forgives a broken From is from-enforcement.ts' to tell; here an entry of that scope alone only stands against a block.
  const scope: OverrideScope = listed.scopes.find((one) => one !== "from-validation") ?? "action";
  const row = { kind, action, scope };
  if (action === "allow") return claim(row, { entry: id, by }, allowEffect(listed, context));
  return { ...claim(row, { entry: id, by }, blockEffect(listed, context)), enforced: blocksAct(context.policy) };
}

function blockEffect({ kind }: ListEntry, { decided, recipient }: ClaimContext): Effect {
  if (kind === "ip-block") {
    const { ip } = decided.input.transaction;
    return object("ip-block", "reject", { id: "ip-blocked", ip: ip ?? "unknown", domain: domainOfAddress(recipient) ?? "this server" });
  }
  return kind === "sender" ? object("sender-block", "quarantine") : object("spam", "junk");
}

function allowEffect(listed: ListEntry, context: ClaimContext): Effect {
  const { kind, scopes } = listed;
  const lifts = orderOf(kind, "allow")?.lifts ?? [];
  if (kind === "ip-allow" && !scopes.includes("authentication")) return { kind: "lift", lifts: lifts.filter((one) => one === "ip-block") };
  if (kind === "forwarder") return forwarderEffect(lifts, context);
  if (kind === "recipient" || kind === "ip-allow") return { kind: "lift", lifts };
  const { decided, policy } = context;
  const tied = listed.needsAuthentication || policy.safeSenders === "authenticated" || isOwn(context);
  const authenticates = decided.verdict.compauth === "pass" || authenticatesAsAuthor(decided.input.evidence);
  return tied && !authenticates ? idle("the message does not authenticate as the From domain") : { kind: "lift", lifts };
}

function forwarderEffect(lifts: readonly Objection[], context: ClaimContext): Effect {
  const signs = forwardingSigns(context.decided.input, context.policy);
  if (signs.length === 0) return idle("the failure does not look like forwarding");
  const proven = signs.some((sign) => cryptographicSigns.has(sign));
  return isOwn(context) && !proven ? idle("From is a domain of your own, and nothing of it is proven") : { kind: "lift", lifts };
}

/** Is From of an accepted domain? */
function isOwn({ decided, policy }: ClaimContext): boolean {
  return authorOf(decided.input.from).domains.some((domain) => acceptedFor(organizationOf(domain, policy), policy).length > 0);
}

function blocksAct({ mode, enforce }: OverridePolicy): boolean {
  return enforce?.blocks ?? mode === "enforce";
}

type Row = { readonly kind: OverrideKind; readonly action: "allow" | "block"; readonly scope?: OverrideScope };

function claim({ kind, action, scope }: Row, entry: { readonly entry: string; readonly by: string }, effect: Effect): Claim {
  const row = orderOf(kind, action);
  const override = { kind, scope: scope ?? row?.scopes[0] ?? "action", ...entry };
  return { override, place: row?.place ?? Number.MAX_SAFE_INTEGER, effect, enforced: true };
}

function object(objection: Objection, to: Action["kind"], reply: Reply | null = null): Effect {
  return { kind: "object", objection, to, reply };
}

function idle(why: string): Effect {
  return { kind: "idle", why };
}

/**
 * What overrides say before the decision: entries and rules on client, envelope and recipient alone (design: compauth.md "Overrides"). They
 * become the bypasses that row 3 of the decision reads; a pair block, row 2, stands before them. And who forgives a broken From: IP allow
 * entries and rules of scope `from-validation`, for verdict/from-enforcement.ts to weigh. Outbound mail has neither.
 */
import type { Bypass, Policy } from "../policy.ts";
import type { DecisionInput, Override } from "../verdict.ts";
import type { FilterVerdict } from "./filters.ts";
import type { ListEntry } from "./list-entry.ts";
import { concerns } from "./list-match.ts";
import { isDecisive, isEarly, type NamedRule } from "./rule.ts";
import { type Decided, holds, type RuleSubject } from "./rule-evaluate.ts";

/** What the store and the configuration have for this message; entries in force only (list-match.ts inForce). */
export type Matched = {
  readonly lists: readonly ListEntry[];
  /** In the operator's order. */
  readonly rules: readonly NamedRule[];
  readonly filters: readonly FilterVerdict[];
};

/** For `decide`, as Policy.bypasses: each holds for every recipient, so that nobody borrows another's entry. */
export function beforeDecision(input: DecisionInput, matched: Matched, policy: Pick<Policy, "profile">): readonly Bypass[] {
  const { transaction } = input;
  if (transaction.direction === "outbound" || policy.profile === "consumer") return [];
  return [...clientBypasses(input, matched), ...recipientBypass(input, matched), ...ruleBypasses(input, matched)];
}

/** Which entries and rules would forgive a broken From; whether they may, from-enforcement.ts says. */
export function fromOverrides(input: DecisionInput, matched: Matched, decided: Decided): readonly Omit<Override, "applied">[] {
  const scope = "from-validation";
  const clients = allows(matched, "ip-allow").filter((entry) => entry.scopes.includes(scope) && concerns(entry, input, null));
  const rules = matched.rules.filter(
    (named) =>
      named.mode === "enforce" &&
      bypasses(named, scope) &&
      forEveryRecipient(
        input,
        (recipient) => firstDecisive(matched.rules, { transaction: input.transaction, recipient, decided }) === named,
      ),
  );
  return [
    ...clients.map(({ id, by }) => ({ kind: "ip-allow", scope, entry: id, by })),
    ...rules.map(({ id, by }) => ({ kind: "rule", scope, entry: id, by })),
  ];
}

/** The rule that decides for this recipient: the first in the operator's order that holds, is enforced, and does more than stamp. */
export function firstDecisive(rules: readonly NamedRule[], subject: RuleSubject): NamedRule | null {
  return rules.find(({ mode, rule }) => mode === "enforce" && rule.actions.some(isDecisive) && holds(rule.condition, subject)) ?? null;
}

export function bypasses({ rule }: NamedRule, scope: string): boolean {
  return rule.actions.some((action) => action.kind === "bypass" && action.scope === scope);
}

function clientBypasses(input: DecisionInput, matched: Matched): readonly Bypass[] {
  return allows(matched, "ip-allow")
    .filter((entry) => entry.scopes.includes("authentication") && concerns(entry, input, null))
    .flatMap(({ id, by, subject }) => (subject.kind === "network" ? { id, kind: "ip-allow", client: [subject.network], by } : []));
}

/** One bypass that lists every recipient; none where one of them has no entry. */
function recipientBypass({ transaction, ...rest }: DecisionInput, matched: Matched): readonly Bypass[] {
  const entries = allows(matched, "recipient").filter(({ scopes }) => scopes.includes("authentication"));
  const found = transaction.rcptTo.map((recipient) => entries.find((entry) => concerns(entry, { transaction, ...rest }, recipient)));
  const [first] = found;
  if (first === undefined || found.includes(undefined)) return [];
  return [{ id: first.id, kind: "rule", recipient: transaction.rcptTo, by: first.by }];
}

/** A rule's condition has been evaluated here; the bypass names the client or path that it held for. */
function ruleBypasses(input: DecisionInput, { rules }: Matched): readonly Bypass[] {
  const { transaction } = input;
  const early = rules.filter((named) => isEarly(named.rule));
  const bound = boundTo(input);
  if (bound === null) return [];
  return early
    .filter((named) => bypasses(named, "authentication"))
    .filter((named) => forEveryRecipient(input, (recipient) => firstDecisive(early, { transaction, recipient, decided: null }) === named))
    .map(({ id, by }) => ({ id, kind: "rule", ...bound, by }));
}

function boundTo({ transaction }: DecisionInput): Pick<Bypass, "client" | "recipient"> | null {
  if (transaction.ip !== null) return { client: [transaction.ip] };
  return transaction.rcptTo.length > 0 ? { recipient: transaction.rcptTo } : null;
}

export function forEveryRecipient({ transaction }: DecisionInput, test: (recipient: string | null) => boolean): boolean {
  return transaction.rcptTo.length === 0 ? test(null) : transaction.rcptTo.every(test);
}

function allows({ lists }: Matched, kind: ListEntry["kind"]): readonly ListEntry[] {
  return lists.filter((entry) => entry.kind === kind && entry.action === "allow");
}

/**
 * From enforcement (RFC 5322 §3.6.2; design: compauth.md "Overrides"; reference: eop.md §6): refuse, stamp, or put the envelope's sender
 * into an empty From. What each reason means is the table of from-rules.ts. Inbound, an IP allow entry or a mail flow rule of scope
 * `from-validation` forgives the article's syntactic rules and nothing else; outbound nothing forgives, and From must belong to the
 * account. It changes no verdict: a message that is forgiven is judged as ever.
 */
import { domainToAscii } from "../mail/domain.ts";
import { parsePath } from "../mail/path.ts";
import type { Transaction } from "../mail/transaction.ts";
import { type Account, type ClaimedFrom, ownershipOf, ownsAddress } from "./from-ownership.ts";
import { type FromRule, fromRuleOf } from "./from-rules.ts";
import type { Policy } from "./policy.ts";
import type { Reply } from "./reply.ts";
import type { Fact, Override } from "./verdict.ts";

export type FromPolicy = Pick<Policy, "mode" | "profile"> & {
  /** `eop` refuses every broken rule, `ambiguous` only forms that readers disagree on. Default eop. */
  readonly from?: "eop" | "ambiguous" | "off";
  /** No From, or none with an address in it. Default refuse, as the article says; `assign-mail-from` as Exchange Online does since. */
  readonly fromEmpty?: "refuse" | "assign-mail-from";
};

export type FromQuestion = {
  readonly transaction: Pick<Transaction, "direction" | "mailFrom">;
  readonly from: ClaimedFrom;
  /** Entries that match this message: the store has compared. Those of other scopes are passed over. */
  readonly overrides: readonly Omit<Override, "applied">[];
  /** SPF passed for MAIL FROM: only a sender that is verified may become the author. */
  readonly envelopeVerified: boolean;
  /** Of outbound mail: what the account or relay network may write; null: nothing is laid down, and ownership is not checked. */
  readonly account: Account | null;
};

export type FromDecision = {
  readonly outcome: "accept" | "stamp" | "assign" | "refuse";
  readonly reply: Reply | null;
  /** With `assign`: the address that takes the place of From. */
  readonly assigned: string | null;
  /** Observe mode: the outcome is what would happen. */
  readonly withheld: boolean;
  /** Of scope from-validation, and whether each was what forgave. */
  readonly overrides: readonly Override[];
  readonly facts: readonly Fact[];
};

export function enforceFrom(question: FromQuestion, policy: FromPolicy): FromDecision {
  const form = formOf(question, policy);
  const owned = form.outcome === "refuse" ? form : withOwnership(question, form);
  const { outcome, reply, assigned, forgivenBy, fact, more } = owned;
  return {
    outcome,
    reply,
    assigned,
    withheld: policy.mode !== "enforce" && (outcome === "refuse" || outcome === "assign"),
    overrides: ofOurScope(question).map((entry) => ({ ...entry, applied: entry === forgivenBy })),
    facts: [
      { id: "from-enforcement", fact, value: question.from.reason, weight: null, source: "from" },
      ...(more === null ? [] : [{ id: "from-ownership", fact: more, value: question.account?.name ?? null, weight: null, source: "from" }]),
    ],
  };
}

type Entry = Omit<Override, "applied">;
type Form = Pick<FromDecision, "outcome" | "reply" | "assigned"> & {
  readonly forgivenBy: Entry | null;
  readonly fact: string;
  readonly more: string | null;
};

/** Is the field refused for its form? */
function formOf(question: FromQuestion, policy: FromPolicy): Form {
  const { from } = question;
  const enforced = policy.from ?? "eop";
  if (from.reason === null) return outcomeOf("accept", "From keeps the rules");
  if (enforced === "off") return outcomeOf("stamp", "From breaks a rule, and enforcement is off");
  const assigned = assignable(question, policy);
  if (assigned !== null) return { ...outcomeOf("assign", "From is empty, and MAIL FROM takes its place"), assigned };
  const rule = fromRuleOf(from);
  if (enforced === "ambiguous" && rule.readers === "agree") return outcomeOf("stamp", "From breaks a rule of form that misleads no reader");
  // RFC 5321 §4.5.5: notifications have the null path. Who loses one does not learn that his mail was lost.
  if (question.transaction.mailFrom === "" && rule.form === "cosmetic") return outcomeOf("stamp", "a bounce with a merely cosmetic fault");
  const forgivenBy = forgiving(question, rule, policy);
  if (forgivenBy !== null) return { ...outcomeOf("stamp", `entry ${forgivenBy.entry} by ${forgivenBy.by} forgives it`), forgivenBy };
  const reply: Reply = { id: "from-invalid", reason: from.reason };
  return { ...outcomeOf("refuse", refusal(question, rule, policy)), reply };
}

function outcomeOf(outcome: FromDecision["outcome"], fact: string): Form {
  return { outcome, reply: null, assigned: null, forgivenBy: null, fact, more: null };
}

/**
 * MAIL FROM as From; null where From is not empty, MAIL FROM is no mailbox with a domain (as the null path is none), or nobody vouches for
 * it: an author that readers see must not be one whom nothing was asked about. A local part that is no plain dot-atom is not written into a
 * field that readers could take apart in two ways.
 */
function assignable({ transaction, from, envelopeVerified }: FromQuestion, { fromEmpty }: FromPolicy): string | null {
  if (fromEmpty !== "assign-mail-from" || (from.reason !== "missing" && from.reason !== "empty")) return null;
  if (!envelopeVerified && transaction.direction === "inbound") return null;
  const path = transaction.mailFrom === null ? null : parsePath(transaction.mailFrom);
  if (path?.kind !== "mailbox" || path.domain === null) return null;
  const domain = domainToAscii(path.domain);
  return domain !== null && dotAtom.test(path.localPart) ? `${path.localPart}@${domain}` : null;
}
// RFC 5322 §3.2.3
const dotAtom = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;

function ofOurScope({ overrides }: FromQuestion): readonly Entry[] {
  return overrides.filter(({ scope }) => scope === "from-validation");
}

/** The entry that forgives: IP allow entries first, since nobody can forge what they rest on. */
function forgiving(question: FromQuestion, rule: FromRule, policy: FromPolicy): Entry | null {
  if (question.transaction.direction === "outbound" || rule.forgiven === "never" || policy.profile === "consumer") return null;
  const entries = ofOurScope(question);
  return entries.find(({ kind }) => kind === "ip-allow") ?? entries.find(({ kind }) => kind === "rule") ?? null;
}

function refusal(question: FromQuestion, rule: FromRule, policy: FromPolicy): string {
  const doubt = rule.readers === "disagree" ? "readers take different authors from this From" : "From breaks a rule of form";
  if (ofOurScope(question).length === 0) return doubt;
  if (question.transaction.direction === "outbound") return `${doubt}; outbound, no entry forgives it`;
  if (policy.profile === "consumer") return `${doubt}; the consumer profile knows no entry that forgives`;
  return rule.forgiven === "never" ? `${doubt}; no entry forgives this` : `${doubt}; only an IP allow entry or a rule could forgive it`;
}

/** Outbound: whoever may send still writes no stranger's From. */
function withOwnership({ transaction, from, account }: FromQuestion, form: Form): Form {
  if (transaction.direction === "inbound") return form;
  if (account === null) return { ...form, more: "nothing is laid down on what this sender may write in From" };
  const owned = form.assigned === null ? ownershipOf(from, account) : ownsAddress(account, form.assigned) ? "owned" : "not-owned";
  switch (owned) {
    case "owned":
      return { ...form, more: "From belongs to the account" };
    case "claims-nobody":
      return { ...form, more: "From names nobody" };
    case "not-owned":
      return { ...form, outcome: "refuse", reply: { id: "from-not-owned" }, assigned: null, more: "From does not belong to the account" };
    default:
      return owned satisfies never;
  }
}

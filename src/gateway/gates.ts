/**
 * The rules beside the verdict, as far as they can be told of a finished message: From enforcement, anonymous IPv6, null MX
 * (design: compauth.md). A door asks the same functions at their stage of the dialogue; here they are joined with the action of the
 * table and the overrides, so that check, journal and readiness know them. What is observed is told, and done by nobody.
 */
import { enforceFrom, type FromDecision, type FromPolicy } from "../verdict/from-enforcement.ts";
import type { Account } from "../verdict/from-ownership.ts";
import { type Ipv6GatePolicy, optInOf, stageAtData, stageAtRcpt } from "../verdict/ipv6-gate.ts";
import { inboundFromNullMx, type NullMxPolicy, outboundToNullMx, type SenderNullMx } from "../verdict/null-mx.ts";
import { domainOfAddress } from "../verdict/overrides/address-form.ts";
import type { Applied } from "../verdict/overrides/apply.ts";
import { fromOverrides, type Matched } from "../verdict/overrides/before.ts";
import { isInOneOf } from "../verdict/overrides/network-text.ts";
import { severity } from "../verdict/overrides/resolve.ts";
import type { Decided } from "../verdict/overrides/rule-evaluate.ts";
import type { Reply, ReplyId, StageResult } from "../verdict/reply.ts";
import { verifiedEnvelope } from "../verdict/tokens.ts";
import type { Action, DecisionInput, Fact, Override } from "../verdict/verdict.ts";

export type GatePolicy = {
  /** `mode` says whether it acts, as for all rules. */
  readonly from: FromPolicy;
  readonly ipv6: Ipv6GatePolicy & { readonly enforced: boolean };
  readonly nullMx: NullMxPolicy & { readonly enforced: boolean };
  /** Accepted domains, and whether each opted in to anonymous IPv6; none: nobody was asked. */
  readonly accepted: readonly { readonly domain: string; readonly ipv6: boolean }[];
  /** What senders of our own may write in From. */
  readonly accounts: readonly ListedAccount[];
};

export type ListedAccount = Account & { readonly login: string | null; readonly networks: readonly string[] };

export type GateInput = {
  readonly decided: Decided;
  readonly matched: Matched;
  /** Null: nobody asked. */
  readonly nullMx: SenderNullMx | null;
  /** What DNS has left open is not asked again. */
  readonly lastTry: boolean;
};

export type Gated = Pick<Applied, "action" | "reply"> & {
  readonly from: FromDecision;
  /** Of scope from-validation. */
  readonly overrides: readonly Override[];
  readonly facts: readonly Fact[];
};

/** `base` is what is done without these rules. */
export function gated(input: GateInput, base: Pick<Applied, "action" | "reply">, policy: GatePolicy): Gated {
  const message = input.decided.input;
  const from = fromDecision(input, policy);
  const all = [...ofFrom(from), ...ofIpv6(message, policy), ...ofNullMx(message, input.nullMx, policy)];
  const objections = input.lastTry ? all.filter(({ reply }) => !unanswered.has(reply.id)) : all;
  const told = [...(from.outcome === "accept" ? none : from.facts), ...objections.flatMap(({ facts }) => facts)];
  return { ...joined(base, objections, message.transaction.rcptTo), from, overrides: from.overrides, facts: told };
}

/** Where in the dialogue a rule answers. */
type Stage = "mail" | "rcpt" | "data";

/** What one of these rules has against the message, or against one of its recipients. */
type GateObjection = {
  readonly recipient: string | null;
  readonly stage: Stage;
  readonly kind: Action["kind"];
  readonly reply: Reply;
  readonly enforced: boolean;
  readonly facts: readonly Fact[];
};

function fromDecision({ decided, matched }: GateInput, policy: GatePolicy): FromDecision {
  const { transaction, from } = decided.input;
  const question = {
    transaction,
    from,
    overrides: fromOverrides(decided.input, matched, decided),
    envelopeVerified: verifiedEnvelope(transaction, decided.input.evidence) !== null,
    account: accountOf(decided.input, policy),
  };
  return enforceFrom(question, policy.from);
}

/** By its login, else by the address of a relay that does not log in. */
function accountOf({ transaction: { authenticatedAs, ip, direction } }: DecisionInput, { accounts }: GatePolicy): Account | null {
  if (direction === "inbound" || accounts.length === 0) return null;
  const byLogin = authenticatedAs === null ? undefined : accounts.find(({ login }) => login === authenticatedAs);
  if (byLogin !== undefined) return byLogin;
  return accounts.find(({ networks }) => isInOneOf(ip, networks)) ?? null;
}

function ofFrom({ outcome, reply, withheld }: FromDecision): readonly GateObjection[] {
  // Its facts are told once, with the decision.
  return outcome === "refuse" && reply !== null
    ? [objection({ reply, facts: [] }, { stage: "data", recipient: null, enforced: !withheld })]
    : [];
}

function ofIpv6(message: DecisionInput, { ipv6, accepted }: GatePolicy): readonly GateObjection[] {
  const { transaction, evidence } = message;
  // Nearly all mail: IPv4.
  if (transaction.ip === null || !transaction.ip.includes(":")) return none;
  const { enforced } = ipv6;
  const found = transaction.rcptTo.flatMap((recipient) => {
    const asked = { iprev: evidence.iprev, recipient: optInOf(recipient, accepted) };
    const { reply, facts } = stageAtRcpt(transaction, asked, ipv6);
    return reply === null ? [] : objection({ reply, facts }, { stage: "rcpt", recipient, enforced });
  });
  const { reply, facts } = stageAtData(transaction, evidence, ipv6);
  return reply === null ? found : [...found, objection({ reply, facts }, { stage: "data", recipient: null, enforced })];
}

function ofNullMx({ transaction }: DecisionInput, asked: SenderNullMx | null, { nullMx }: GatePolicy): readonly GateObjection[] {
  if (asked === null) return none;
  const { enforced } = nullMx;
  if (transaction.direction === "outbound") return ofRecipients(transaction, asked, enforced ? "enforced" : "observed");
  const { reply, facts } = inboundFromNullMx(transaction, asked, nullMx);
  return reply === null ? none : [objection({ reply, facts }, { stage: "mail", recipient: null, enforced })];
}

function ofRecipients(
  transaction: DecisionInput["transaction"],
  { recipients = none }: SenderNullMx,
  rule: "enforced" | "observed",
): readonly GateObjection[] {
  const answers = new Map(recipients.map(({ domain, answer }) => [domain, answer]));
  if (answers.size === 0) return none;
  return transaction.rcptTo.flatMap((recipient) => {
    const { reply, facts } = outboundToNullMx(transaction, answers.get(domainOfAddress(recipient) ?? "") ?? null);
    return reply === null ? [] : objection({ reply, facts }, { stage: "rcpt", recipient, enforced: rule === "enforced" });
  });
}

const none: readonly never[] = [];

function objection(
  { reply, facts }: StageResult & { readonly reply: Reply },
  { stage, recipient, enforced }: Pick<GateObjection, "stage" | "recipient" | "enforced">,
): GateObjection {
  return { stage, recipient, kind: temporary.has(reply.id) ? "tempfail" : "reject", reply, enforced, facts };
}

/** Not a rule's word: DNS did not answer. */
const unanswered: ReadonlySet<ReplyId> = new Set<ReplyId>(["ptr-temporary", "authentication-temporary"]);

const temporary: ReadonlySet<ReplyId> = new Set<ReplyId>([
  "ipv6-no-ptr",
  "ipv6-unauthenticated",
  "ptr-temporary",
  "authentication-temporary",
]);

/** As in resolve.ts: where something acts, what is only observed does nothing; else the hardest is what would be done. */
function joined(
  base: Pick<Applied, "action" | "reply">,
  objections: readonly GateObjection[],
  rcptTo: readonly string[],
): Pick<Applied, "action" | "reply"> {
  if (objections.length === 0) return base;
  const baseActs = !base.action.withheld && base.action.kind !== "deliver";
  const baseActsForAny = baseActs || (!base.action.withheld && base.action.perRecipient.some(({ kind }) => kind !== "deliver"));
  const acts = baseActsForAny || objections.some(({ enforced }) => enforced);
  const counting = acts ? objections.filter(({ enforced }) => enforced) : objections;
  const baseCounts = !acts || baseActsForAny;
  const recipients: readonly (string | null)[] = rcptTo.length === 0 ? [null] : rcptTo;
  // Looked up, not searched: a message may have thousands of recipients.
  const by = Map.groupBy(counting, ({ recipient }) => recipient);
  const told = new Map<string | null, Action["kind"]>(base.action.perRecipient.map(({ recipient, kind }) => [recipient, kind]));
  const outcomes = recipients.map((recipient) => {
    const kind = told.get(recipient) ?? base.action.kind;
    const own: Outcome = { recipient, kind: baseCounts ? kind : "deliver", reply: baseCounts ? base.reply : null };
    const mine = [...(by.get(null) ?? none), ...(recipient === null ? none : (by.get(recipient) ?? none))];
    // What is met first along the dialogue is answered, and nothing comes after it.
    const early = mine.find(({ stage }) => stage === "mail") ?? mine.find(({ stage }) => stage === "rcpt");
    if (early !== undefined) return { recipient, kind: early.kind, reply: early.reply };
    // At the end of DATA the hardest; one of these rules, where it is as hard as the rest.
    return mine.reduceRight(
      (hardest: Outcome, { kind, reply }) => (severity(kind) >= severity(hardest.kind) ? { recipient, kind, reply } : hardest),
      own,
    );
  });
  const mildest = outcomes.reduce((least, one) => (severity(one.kind) < severity(least.kind) ? one : least));
  const perRecipient = outcomes.flatMap(({ recipient, kind }) => (recipient === null ? [] : { recipient, kind }));
  return { action: { kind: mildest.kind, smtp: null, withheld: !acts, perRecipient }, reply: mildest.reply };
}

type Outcome = { readonly recipient: string | null; readonly kind: Action["kind"]; readonly reply: Reply | null };

/**
 * What is done about a message: the table of actions applied to verdict and standing, weighed where p=reject wants weighing (RFC 9989
 * §7.4: a published p=reject alone is no reason to refuse), moved to junk by strong suspicion. Overrides of lists and rules come after
 * it (overrides/apply.ts). It changes no compauth and sends nothing; in observe mode the action is what would be done.
 */
import { unreachable } from "../base/assert.ts";
import { type ActionLine, actionLines, actionTable, type Cell, type VerdictRow } from "./action-table.ts";
import { adverseFacts, forwardedFacts } from "./adverse.ts";
import type { History } from "./history.ts";
import type { EnforcedRule, Policy } from "./policy.ts";
import type { Reply } from "./reply.ts";
import { isStrong } from "./suspicion.ts";
import type { Action, DecisionInput, Fact, Standing, Verdict } from "./verdict.ts";

export { type ActionLine, actionLines };

/** An Inspection will do, its `suspicion` as facts. */
export type ActionInput = DecisionInput & {
  readonly verdict: Verdict;
  readonly standing: Standing;
  readonly suspicion: readonly Fact[];
  readonly history: History | null;
};

export type DecidedAction = {
  /** `smtp` is null: `reply` says what to answer. */
  readonly action: Action;
  readonly reply: Reply | null;
  /** The cell of the table, and what moved it. */
  readonly facts: readonly Fact[];
};

export function actionOf(input: ActionInput, policy: Policy): DecidedAction {
  const { transaction, evidence, standing } = input;
  if (transaction.direction === "outbound") return undone(policy);
  const row = verdictRow(input);
  const said = cellOf(row, standing, policy);
  const cell = said === "tempfail" && policy.lastTry === true ? "deliver-marked" : said;
  const facts: Fact[] = [tableFact(row, standing, cell)];
  const { kind, why } = done(cell, input, policy);
  facts.push(...why);
  // Suspicion moves what would be delivered; the operator's allowance is his word against it.
  const moved = kind === "deliver" && standing !== "allowed" && isStrong(input.suspicion);
  if (moved && cell !== "junk-on-suspicion") facts.push({ ...movedFact });
  const taken = moved ? "junk" : kind;
  const rule: EnforcedRule = moved ? "suspicion" : ruleOf(row, standing);
  const withheld = !(policy.enforce?.[rule] ?? policy.mode === "enforce");
  const perRecipient = transaction.rcptTo.map((recipient) => ({ recipient, kind: taken }));
  return {
    action: { kind: taken, smtp: null, withheld, perRecipient },
    reply: replyFor(taken, evidence.dmarc),
    facts,
  };
}

/** Mail of our own users is not acted on by a verdict about strangers. */
function undone({ mode }: Policy): DecidedAction {
  return { action: { kind: "deliver", smtp: null, withheld: mode !== "enforce", perRecipient: [] }, reply: null, facts: [] };
}

/** Several authors are judged by the strictest policy among them (design: row 5), which DMARC gives as its action. */
function verdictRow({ verdict, evidence: { dmarc } }: ActionInput): VerdictRow {
  switch (verdict.compauth) {
    case "pass":
    case "none":
      return "accepted";
    case "softpass":
      return "softpass";
    case "fail":
      if (verdict.reason === "002") return "unverified";
      // What is missing may come with the next try, and would decide.
      if (dmarc.result === "temperror") return dmarc.policy === "reject" ? "undecided" : "unanswered";
      if (dmarc.action === "none") return "unverified";
      return dmarc.action === "reject" ? "policy-reject" : "policy-quarantine";
    default:
      return unreachable(verdict.compauth);
  }
}

/** What the table says under this policy. */
export function cellOf(row: VerdictRow, standing: Standing, policy: Policy): Cell {
  const cell = actionTable[policy.preset ?? "standard"][row][standing];
  if (policy.spoofIntelligence === false && standing !== "blocked" && standing !== "allowed") {
    // Without spoof intelligence implicit failures are not acted on, and both policies lead to the same.
    if (row === "unverified" || row === "softpass") return "deliver";
    if (row === "unanswered") return "tempfail";
    if (row === "policy-reject") return "quarantine-action";
  }
  return cell === "weighed-reject" && policy.honorReject === "always" ? "reject" : cell;
}

function done(cell: Cell, input: ActionInput, policy: Policy): { readonly kind: Action["kind"]; readonly why: readonly Fact[] } {
  switch (cell) {
    case "deliver":
    case "deliver-marked":
    case "junk-on-suspicion":
      return { kind: "deliver", why: [] };
    case "junk":
    case "quarantine":
    case "reject":
    case "tempfail":
      return { kind: cell, why: [] };
    case "quarantine-action":
      return { kind: policy.quarantineAction ?? "junk", why: [] };
    case "weighed-reject": {
      const forwarded = forwardedFacts(input, input.history, policy);
      if (forwarded.length > 0) return { kind: "junk", why: forwarded };
      const adverse = adverseFacts(input, input.history);
      return adverse.length > 0 ? { kind: "reject", why: adverse } : { kind: policy.quarantineAction ?? "junk", why: [] };
    }
    default:
      return unreachable(cell);
  }
}

/** Which of the operator's rules an action belongs to: each can be enforced by itself. */
function ruleOf(row: VerdictRow, standing: Standing): EnforcedRule {
  if (standing === "blocked") return "blocks";
  switch (row) {
    case "unverified":
    case "softpass":
      return "spoof";
    case "policy-quarantine":
      return "dmarcQuarantine";
    case "policy-reject":
    case "undecided":
    case "unanswered":
      return "dmarcReject";
    case "accepted":
      return "suspicion";
    default:
      return unreachable(row);
  }
}

function replyFor(kind: Action["kind"], { policyDomain, domain, reason }: DecisionInput["evidence"]["dmarc"]): Reply | null {
  // The record is there: what is missing is SPF's or a signature's answer.
  if (kind === "tempfail" && reason === "identifier-dns") return { id: "authentication-temporary" };
  const whose = policyDomain ?? domain;
  if (whose === null) return null;
  if (kind === "reject") return { id: "dmarc-reject", domain: whose };
  return kind === "tempfail" ? { id: "dmarc-temporary", domain: whose } : null;
}

function tableFact(row: VerdictRow, standing: Standing, cell: Cell): Fact {
  return { id: "action-table", fact: `${row} mail of a pair that is ${standing}`, value: cell, weight: null, source: "policy" };
}

const movedFact: Fact = { id: "action-suspicion", fact: "moved to junk by suspicion", value: true, weight: null, source: "suspicion" };

/**
 * Composite authentication (design: compauth.md): walks the decision table from the top; the first row that applies decides,
 * and every row that was weighed is a fact of the explanation. Pure: no DNS, no clock, no store. It never acts.
 */
import { AssertionError, unreachable } from "../base/assert.ts";
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import { authorOf } from "../evidence/from/author.ts";
import { bestAlignedPass, evidenceFacts, type Weighed } from "./facts.ts";
import { type ReasonCode, reasons } from "./reasons.ts";
import type { DecisionInput, Fact, History, Policy, Verdict } from "./verdict.ts";

/** Decides one message. `history` is null where no store is configured. */
export function decide(input: DecisionInput, _history: History | null, _policy: Policy): Verdict {
  const facts: Fact[] = evidenceFacts(input);
  for (const row of table) {
    const weighed = row.weigh(input);
    facts.push({ id: `row-${row.number}`, fact: row.condition, value: weighed.code !== null, weight: null, source: weighed.source });
    if (weighed.code === null) continue;
    const { compauth, cause, meaning } = reasons[weighed.code];
    return { compauth, reason: weighed.code, explanation: `${meaning} ${weighed.because ?? cause}`, facts };
  }
  throw new AssertionError("row 19 applies to every message");
}

type Row = { readonly number: number; readonly condition: string; readonly weigh: (input: DecisionInput) => Weighed };

const no = (source: string): Weighed => ({ code: null, because: null, source });
const yes = (code: ReasonCode, source: string, because: string | null = null): Weighed => ({ code, because, source });

/** The rows whose evidence exists; their order is the design's. */
const table: readonly Row[] = [
  {
    number: 1,
    condition: "the sender logged in",
    weigh: ({ transaction }) => (transaction.authenticatedAs === null ? no("transaction") : yes("300", "transaction")),
  },
  {
    number: 5,
    condition: "From does not yield exactly one author domain",
    weigh: ({ from }) => (authorOf(from).single ? no("from") : yes("001", "from", noAuthor(from.reason))),
  },
  {
    number: 6,
    condition: "DMARC passed",
    weigh: ({ evidence }) =>
      evidence.dmarc.result === "pass" ? yes("100", "evidence.dmarc", passedBy(evidence.dmarc)) : no("evidence.dmarc"),
  },
  {
    number: 7,
    condition: "no DMARC record, an aligned SPF or DKIM pass",
    weigh: ({ evidence }) =>
      evidence.dmarc.result === "bestguesspass" ? yes("109", "evidence.dmarc", passedBy(evidence.dmarc)) : no("evidence.dmarc"),
  },
  { number: 9, condition: "the DMARC record is unusable or unreachable, yet an aligned SPF or DKIM pass", weigh: unusableRecord },
  {
    number: 13,
    condition: "DMARC failed under a policy of quarantine or reject",
    weigh: ({ evidence: { dmarc } }) =>
      dmarc.result === "fail" && (dmarc.policy === "quarantine" || dmarc.policy === "reject")
        ? yes("000", "evidence.dmarc", enforced(dmarc))
        : no("evidence.dmarc"),
  },
  { number: 19, condition: "otherwise", weigh: ({ evidence }) => yes("001", "evidence", nobodyVouches(evidence.dmarc)) },
];

function unusableRecord(input: DecisionInput): Weighed {
  const { dmarc } = input.evidence;
  if (!hasUnusableRecord(dmarc)) return no("evidence.dmarc");
  const by = bestAlignedPass(input.evidence);
  if (by === null) return no("evidence.dmarc");
  return yes(dmarc.reason === "record-timeout" ? "112" : "111", "evidence.dmarc", by);
}

/** An error of the record itself: not of the author, an identifier, or the question whether the domain exists. */
function hasUnusableRecord({ result, reason }: DmarcResult): boolean {
  if (result !== "permerror" && result !== "temperror") return false;
  return reason !== "author" && reason !== "identifier-dns" && reason !== "existence-dns";
}

function noAuthor(reason: string | null): string {
  return `The From field does not name exactly one author domain${reason === null ? "" : ` (${reason})`}.`;
}

function passedBy({ alignedBy, domain }: DmarcResult): string | null {
  if (alignedBy === null) return null;
  const whose = `${domain ?? "the From domain"} or its organization`;
  return alignedBy === "dkim" ? `A DKIM signature of ${whose} verified.` : `SPF passed for ${whose}.`;
}

function enforced({ domain, policyDomain, publishedPolicy, policy }: DmarcResult): string {
  return `DMARC failed, and ${policyDomain ?? domain ?? "the domain"} publishes p=${publishedPolicy ?? policy ?? "none"}.`;
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

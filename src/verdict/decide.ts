/**
 * Composite authentication (design: compauth.md): walks the decision table from the top; the first row that applies decides,
 * and every row that was weighed is a fact of the explanation. Pure: no DNS, no clock, no store. It never acts.
 */
import { AssertionError } from "../base/assert.ts";
import { evidenceFacts } from "./facts.ts";
import { reasons } from "./reasons.ts";
import { contextOf, type Row, type Weighed } from "./row.ts";
import { enforcedRows } from "./rows-enforced.ts";
import { explicitRows } from "./rows-explicit.ts";
import { implicitRows } from "./rows-implicit.ts";
import { operatorRows } from "./rows-operator.ts";
import { ownDomainRow } from "./rows-own-domain.ts";
import type { DecisionInput, Fact, History, Policy, Verdict } from "./verdict.ts";

/** Decides one message. `history` is null where no store is configured. */
export function decide(input: DecisionInput, history: History | null, policy: Policy): Verdict {
  const context = contextOf(input, history, policy);
  const facts: Fact[] = evidenceFacts(input);
  if (history?.status === "unavailable") facts.push(unavailable);
  for (const row of decisionTable) {
    const weighed = row.weigh(context);
    if (weighed.terms !== undefined) facts.push(...weighed.terms);
    facts.push(rowFact(row, weighed));
    if (weighed.code === null) continue;
    const { compauth, cause, meaning } = reasons[weighed.code];
    return { compauth, reason: weighed.code, explanation: `${meaning} ${weighed.because ?? cause}`, facts };
  }
  throw new AssertionError("row 19 applies to every message");
}

/** The design's table in its order; the first row that applies decides. */
export const decisionTable: readonly Row[] = [...operatorRows, ...explicitRows, ownDomainRow, ...enforcedRows, ...implicitRows];

const unavailable: Fact = { id: "history", fact: "history unavailable", value: null, weight: null, source: "history" };

function rowFact({ number, condition }: Row, { code, because, source }: Weighed): Fact {
  const fact = code === null && because !== null ? `${condition}: no. ${because}` : condition;
  return { id: `row-${number}`, fact, value: code !== null, weight: null, source };
}

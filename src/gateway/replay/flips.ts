/**
 * What another policy would have done differently, counted in bounded memory: by rule (what the table of decisions said, and what was done),
 * and by sender. A flip is another verdict, or another action for any recipient; an action that is withheld is told as such.
 */
import { limits } from "../../base/limits.ts";
import type { Decision } from "../../memory/journal.ts";
import { shownInfrastructure } from "../../verdict/overrides/pair-shown.ts";
import type { Policy } from "../../verdict/policy.ts";
import type { Action } from "../../verdict/verdict.ts";
import type { DecidedInspection } from "../decided.ts";
import { largest } from "./largest.ts";
import type { NotReplayable, Redecided } from "./redecide.ts";

/** `fail 000`, and what was done: `reject`, `reject (observed)`, `deliver + junk` where recipients differ. */
export type Outcome = { readonly verdict: string; readonly action: string };
export type Change = { readonly before: Outcome; readonly after: Outcome; messages: number };

export type SenderFlips = {
  /** From domain; "" where none can be read. */
  readonly from: string;
  readonly infrastructure: string;
  messages: number;
  readonly changes: Change[];
  readonly samples: FlipSample[];
};

/** Enough to find the message again. */
export type FlipSample = { readonly id: string; readonly at: string; readonly messageId: string | null; readonly mailFrom: string | null };

export type Flips = {
  add(decision: Decision, redecided: Redecided): void;
  unreadable(): void;
  report(): FlipReport;
};

export type FlipReport = {
  readonly decisions: number;
  /** To the last field. */
  readonly identical: number;
  /** Same verdict, same action; something of the explanation differs. */
  readonly explained: number;
  readonly flipped: number;
  readonly notReplayable: Readonly<Partial<Record<NotReplayable, number>>>;
  readonly unreadable: number;
  readonly rules: readonly Change[];
  readonly senders: readonly SenderFlips[];
  /** Flips of senders that are not listed. */
  readonly otherSenders: number;
};

export function countFlips({ localSuffixes }: Pick<Policy, "localSuffixes">): Flips {
  const rules = largest<Change>();
  const senders = largest<SenderFlips>();
  const notReplayable: Partial<Record<NotReplayable, number>> = {};
  const counts = { decisions: 0, identical: 0, explained: 0, flipped: 0, unreadable: 0 };
  const flip = ({ inspection }: Decision, before: Outcome, after: Outcome): void => {
    counts.flipped += 1;
    const name = nameOf(before, after);
    rules.at(name, () => ({ before, after, messages: 0 })).messages += 1;
    const from = inspection.from.domain ?? "";
    const infrastructure = shownInfrastructure(inspection, { localSuffixes })?.infrastructure ?? "unknown";
    const sender = senders.at(`${from} ${infrastructure}`, () => ({ from, infrastructure, messages: 0, changes: [], samples: [] }));
    sender.messages += 1;
    const known = sender.changes.find((one) => nameOf(one.before, one.after) === name);
    if (known !== undefined) known.messages += 1;
    else if (sender.changes.length < changesMax) sender.changes.push({ before, after, messages: 1 });
    if (sender.samples.length < limits.journalSamplesMax) sender.samples.push(sampleOf(inspection));
  };
  return {
    add: (decision, redecided) => {
      counts.decisions += 1;
      if (redecided.status === "not-replayable") {
        notReplayable[redecided.why] = (notReplayable[redecided.why] ?? 0) + 1;
        return;
      }
      const [before, after] = [outcomeOf(decision.inspection), outcomeOf(redecided.inspection)];
      if (nameOf(before, before) !== nameOf(after, after)) flip(decision, before, after);
      else if (isIdentical(decision.inspection, redecided.inspection)) counts.identical += 1;
      else counts.explained += 1;
    },
    unreadable: () => {
      counts.unreadable += 1;
    },
    report: () => ({
      ...counts,
      notReplayable: { ...notReplayable },
      rules: rules.sorted(),
      senders: senders.sorted(),
      otherSenders: senders.others(),
    }),
  };
}

/** Kinds of change of one sender that are told apart. */
const changesMax = 8;

function nameOf(before: Outcome, after: Outcome): string {
  return `${before.verdict}, ${before.action} → ${after.verdict}, ${after.action}`;
}

export function outcomeOf({ verdict, action }: Pick<DecidedInspection, "verdict" | "action">): Outcome {
  return { verdict: `${verdict.compauth} ${verdict.reason}`, action: actionText(action) };
}

const kinds: readonly Action["kind"][] = ["deliver", "junk", "quarantine", "tempfail", "reject"];

/** Of several recipients each thing that is done, from the mildest to the hardest. */
export function actionText({ kind, withheld, perRecipient }: Action): string {
  const done = kinds.filter((one) => (perRecipient.length === 0 ? one === kind : perRecipient.some((each) => each.kind === one)));
  const text = done.join(" + ");
  return withheld && text !== "deliver" ? `${text} (observed)` : text;
}

function sampleOf({ id, at, transaction: { messageId, mailFrom } }: DecidedInspection): FlipSample {
  return { id, at, messageId, mailFrom };
}

/** Both are JSON of the same maker, so that equal values are equal texts. Which policy and version decided is no difference. */
function isIdentical(one: DecidedInspection, other: DecidedInspection): boolean {
  return judgedParts.every((part) => {
    const [a, b] = [one[part], other[part]];
    return a === b || JSON.stringify(a) === JSON.stringify(b);
  });
}

const judgedParts = [
  "evidence",
  "policy",
  "verdict",
  "standing",
  "suspicion",
  "marks",
  "overrides",
  "action",
  "actionFacts",
] as const satisfies readonly (keyof DecidedInspection)[];

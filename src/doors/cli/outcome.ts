/** What one item of the walk gave, as printable text: an inspection rendered or as JSON, or why there is none. */
import type { Question } from "../../dns/budget.ts";
import type { JudgePolicy } from "../../gateway/judge.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import { type ExitStatus, isUndecided, statusOf, worse } from "./exit-status.ts";
import { line, print } from "./lines.ts";
import type { Given, Read } from "./read-envelope.ts";
import { inspectionLines } from "./render.ts";
import { jsonLine } from "./shown.ts";
import type { Source, Trouble } from "./sources.ts";
import { questionJson } from "./trace.ts";

/** How to inspect and print: plain data, so that it can be sent to a worker. */
export type Setup = {
  readonly given: Given;
  readonly policy: JudgePolicy;
  /** Null without a configuration. */
  readonly policyVersion: string | null;
  readonly journal: "without-subject" | "with-subject" | null;
  readonly authservId: string;
  readonly trustNetworks: readonly string[];
  readonly json: boolean;
  readonly trace: boolean;
  readonly colour: boolean;
  /** Many messages: each with its file's name, and those that pass in one line unless `verbose`. */
  readonly batch: boolean;
  readonly verbose: boolean;
};

/** What one item gave, or several together, ready to be written: `text` to stdout, `diagnostic` to stderr, a tally each for the totals. */
export type Outcome = {
  readonly text: string;
  readonly diagnostic: string;
  readonly status: ExitStatus;
  readonly tallies: readonly string[];
};

type Inspected = {
  readonly source: Source;
  readonly inspection: Inspection;
  readonly read: Read;
  readonly questions: readonly Question[] | null;
};

export function inspectedOutcome({ source, inspection, read, questions }: Inspected, setup: Setup): Outcome {
  const status = statusOf(inspection);
  const tally = isUndecided(inspection) ? "undecided" : `${inspection.verdict.compauth} ${inspection.verdict.reason}`;
  if (setup.json) {
    const value = {
      source,
      ...inspection,
      read,
      ...(questions === null ? {} : { trace: questions.map(questionJson) }),
    };
    return { text: jsonLine(value), diagnostic: "", status, tallies: [tally] };
  }
  const brief = setup.batch && !setup.verbose && questions === null && inspection.verdict.compauth === "pass";
  const lines = inspectionLines({ inspection, read, questions, brief });
  const heading = setup.batch ? [line(placeOf(source), "faint")] : [];
  return { text: `${print([...heading, ...lines], setup)}${setup.batch ? "\n" : ""}`, diagnostic: "", status, tallies: [tally] };
}

export function troubleOutcome(source: Source, error: Trouble, setup: Setup): Outcome {
  // A bug is answered as a temporary failure (house rule 5); everything else here is an input that cannot be read.
  const status = error.code === "internal" ? 3 : 2;
  const tally = error.code === "internal" ? "a fault of ours" : "unreadable";
  if (setup.json) return { text: jsonLine({ source, error }), diagnostic: "", status, tallies: [tally] };
  return {
    text: "",
    diagnostic: print([line(`assay: ${placeOf(source)}: ${error.message}`, "plain")], { colour: false }),
    status,
    tallies: [tally],
  };
}

/** Several outcomes as one, in order. */
export function together(outcomes: readonly Outcome[]): Outcome {
  return {
    text: outcomes.map(({ text }) => text).join(""),
    diagnostic: outcomes.map(({ diagnostic }) => diagnostic).join(""),
    status: outcomes.reduce<ExitStatus>((status, outcome) => worse(status, outcome.status), 0),
    tallies: outcomes.flatMap(({ tallies }) => tallies),
  };
}

/** The file, with the place of a message in it. */
function placeOf({ file, index }: Source): string {
  const name = file === "-" ? "standard input" : file;
  return index === 0 ? name : `${name}[${index}]`;
}

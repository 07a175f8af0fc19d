/**
 * One item of the walk through to printable text: opened, its envelope read, inspected, rendered. The same on the main thread and in a
 * worker. A message that cannot be read, and a fault of ours, are results too: nothing here throws for one bad message.
 */
import type { Question } from "../../dns/budget.ts";
import type { Clock, Resolver } from "../../dns/resolver.ts";
import { inspect } from "../../gateway/inspect.ts";
import { type IpNetwork, parseIpNetwork } from "../../mail/ip-address.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import type { Policy } from "../../verdict/verdict.ts";
import { type ExitStatus, isUndecided, statusOf } from "./exit-status.ts";
import { openItem } from "./open-item.ts";
import { type Given, type Read, readEnvelope } from "./read-envelope.ts";
import { inspectionLines, line, print } from "./render.ts";
import { jsonLine } from "./shown.ts";
import { fileTrouble, type Item, type Source, type Trouble } from "./sources.ts";
import { questionJson } from "./trace.ts";

/** How to inspect and print: plain data, so that it can be sent to a worker. */
export type Setup = {
  readonly given: Given;
  readonly policy: Policy;
  readonly authservId: string;
  readonly trustNetworks: readonly string[];
  readonly json: boolean;
  readonly trace: boolean;
  readonly colour: boolean;
  /** Many messages: each with its file's name, and those that pass in one line unless `verbose`. */
  readonly batch: boolean;
  readonly verbose: boolean;
};

export type Means = { readonly resolver: Resolver; readonly clock: Clock; readonly random: () => number };

/** What one item gave, ready to be written: `text` to stdout, `diagnostic` to stderr, `tally` for the totals. */
export type Outcome = {
  readonly text: string;
  readonly diagnostic: string;
  readonly status: ExitStatus;
  readonly tally: string;
};

export async function inspectItem(item: Item, setup: Setup, means: Means): Promise<Outcome> {
  if (item.kind === "trouble") return troubleOutcome(item.source, item.error, setup);
  const opened = await openItem(item);
  if (!opened.ok) return troubleOutcome(item.source, opened.error, setup);
  const questions: Question[] = [];
  const stored = { header: opened.header, sender: opened.sender, trustNetworks: networks(setup.trustNetworks) };
  try {
    const { envelope, read } = readEnvelope(setup.given, stored);
    const inspection = await inspect(
      { ...envelope, message: opened.message },
      {
        ...means,
        policy: setup.policy,
        authservId: setup.authservId,
        ...(setup.trace ? { onQuestion: (question: Question) => questions.push(question) } : {}),
      },
    );
    return inspectedOutcome({ source: item.source, inspection, read, questions: setup.trace ? questions : null }, setup);
  } catch (error) {
    return troubleOutcome(item.source, troubleOf(item.source, error), setup);
  }
}

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
    const known = Object.fromEntries(Object.entries(read).filter(([, from]) => from !== null));
    const value = {
      source: Object.keys(known).length === 0 ? source : { ...source, read: known },
      ...inspection,
      ...(questions === null ? {} : { trace: questions.map(questionJson) }),
    };
    return { text: jsonLine(value), diagnostic: "", status, tally };
  }
  const brief = setup.batch && !setup.verbose && questions === null && inspection.verdict.compauth === "pass";
  const lines = inspectionLines({ inspection, read, questions, brief });
  const heading = setup.batch ? [line(placeOf(source), "faint")] : [];
  return { text: `${print([...heading, ...lines], setup)}${setup.batch ? "\n" : ""}`, diagnostic: "", status, tally };
}

export function troubleOutcome(source: Source, error: Trouble, setup: Setup): Outcome {
  // A bug is answered as a temporary failure (house rule 5); everything else here is an input that cannot be read.
  const status = error.code === "internal" ? 3 : 2;
  const tally = error.code === "internal" ? "a fault of ours" : "unreadable";
  if (setup.json) return { text: jsonLine({ source, error }), diagnostic: "", status, tally };
  return { text: "", diagnostic: print([line(`assay: ${placeOf(source)}: ${error.message}`, "plain")], { colour: false }), status, tally };
}

/** The file, with the place of a message in it. */
function placeOf({ file, index }: Source): string {
  const name = file === "-" ? "standard input" : file;
  return index === 0 ? name : `${name}[${index}]`;
}

function troubleOf(source: Source, error: unknown): Trouble {
  // An error of the file system while the message was read: the file's fault. Anything else is ours.
  if (error instanceof Error && "syscall" in error && "code" in error) return fileTrouble(source.file, error).error;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "internal", message: `a fault of ours while inspecting: ${what}` };
}

function networks(list: readonly string[]): readonly IpNetwork[] {
  return list.flatMap((text) => parseIpNetwork(text) ?? []);
}

/**
 * What `assay spf`, `dkim`, `arc` and `dmarc` share: a resolver, a trace of every DNS question, and the way out. Exit status: 0 passed,
 * or nothing to judge; 1 did not pass; 2 usage or unreadable input; 3 a temporary error.
 */
import type { Question } from "../../dns/budget.ts";
import type { MechanismDeps } from "../../gateway/mechanisms.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Line, print, type Style } from "./lines.ts";
import { type Opened, openItem } from "./open-item.ts";
import { type Ports, type Settings, UsageError } from "./ports.ts";
import { resolverChoice } from "./resolver-choice.ts";
import { jsonLine } from "./shown.ts";
import { type Source, walk } from "./sources.ts";
import { questionJson, traceLines } from "./trace.ts";

export type MechanismOptions = {
  readonly zone?: string;
  readonly dns?: string;
  readonly config?: string;
  readonly authservId?: string;
  readonly json?: boolean;
};

export type Tracing = {
  readonly deps: MechanismDeps & { readonly authservId: string };
  readonly settings: Settings | null;
  readonly questions: readonly Question[];
};

export async function openTracing(options: MechanismOptions, ports: Ports): Promise<Tracing> {
  const settings = options.config === undefined ? null : await ports.loadSettings(options.config);
  const resolver = await ports.openResolver(resolverChoice(options, settings));
  const questions: Question[] = [];
  const deps = {
    resolver,
    clock: ports.clock,
    authservId: options.authservId ?? settings?.authservId ?? ports.hostName(),
    trustedSealers: settings?.policy.trustedSealers,
    onQuestion: (question: Question) => questions.push(question),
  };
  return { deps, settings, questions };
}

export type Report = {
  readonly json: object;
  readonly lines: readonly Line[];
  readonly status: ExitStatus;
};

/** Prints a report with its trace: one JSON object on a line, or lines for a person. */
export async function writeReport(
  report: Report,
  { questions }: Tracing,
  io: { options: MechanismOptions; ports: Ports },
): Promise<ExitStatus> {
  const { options, ports } = io;
  const text = options.json
    ? jsonLine({ ...report.json, trace: questions.map(questionJson) })
    : print([...report.lines, ...traceLines(questions)], ports.out);
  await ports.out.write(text);
  return report.status;
}

export type OpenedFile = Opened & { readonly source: Source };

/** The one message that a mechanism looks at: a file, or standard input. Throws UsageError for what is no message. */
export async function openMessageFile(file: string | undefined, ports: Ports): Promise<OpenedFile> {
  if (file === undefined && ports.stdinIsTerminal) throw new UsageError("nothing to read: name a message file, or pipe a message in");
  for await (const item of walk([file ?? "-"], ports.stdin())) {
    const opened = item.kind === "trouble" ? { ok: false as const, error: item.error } : await openItem(item);
    if (!opened.ok) throw new UsageError(`${item.source.file}: ${opened.error.message}`);
    return { ...opened, source: item.source };
  }
  throw new UsageError(`${file ?? "-"}: no message in it`);
}

/** `✓ pass   contoso.com   for 192.0.2.1` */
export function headline(result: string, ...parts: readonly (string | null)[]): Line {
  const status = statusOfWord(result);
  const style: Style = status === 1 ? "bad" : status === 3 || result === "none" || result === "neutral" ? "unsure" : "good";
  const mark = { good: "✓", bad: "✗", unsure: status === 3 ? "?" : "–" }[style];
  return [
    { text: `${mark} ${result}`, style },
    ...parts
      .filter((part) => part !== null)
      .map((part, i) => ({ text: `   ${part}`, style: i === 0 ? ("strong" as const) : ("plain" as const) })),
  ];
}

/** By RFC 8601's words. */
export function statusOfWord(result: string): ExitStatus {
  if (result === "temperror") return 3;
  return result === "pass" || result === "bestguesspass" || result === "none" || result === "neutral" ? 0 : 1;
}

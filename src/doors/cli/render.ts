/**
 * One inspection for a person at a terminal: the answer first, then why, then what to do; one screen. It renders the Inspection's
 * verdict, evidence and facts, and derives nothing.
 */
import type { Question } from "../../dns/budget.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import { adviceFor } from "./advice.ts";
import { isUndecided } from "./exit-status.ts";
import { type Line, line, plain, type Style, tableLines } from "./lines.ts";
import type { Read } from "./read-envelope.ts";
import { rowsOf } from "./rows.ts";
import { columns, cut, padded, shown } from "./shown.ts";
import { traceLines } from "./trace.ts";

export type Rendering = {
  readonly inspection: Inspection;
  readonly read: Read;
  /** Given for --trace. */
  readonly questions: readonly Question[] | null;
  /** Only the answer, for messages of a batch that pass. */
  readonly brief: boolean;
};

export function inspectionLines({ inspection, read, questions, brief }: Rendering): readonly Line[] {
  const answer = answerLine(inspection);
  if (brief) return [answer];
  const advice = adviceFor(inspection);
  const notes = readingNotes(read);
  return [
    answer,
    plain(`  ${cut(inspection.verdict.explanation, 600)}`),
    ...tableLines(rowsOf(inspection)),
    ...overrideLines(inspection),
    ...actionLines(inspection),
    ...(advice === null ? [] : [plain(`  ${advice.text}`)]),
    ...(advice === null || advice.command === null ? [] : [plain(`    ${cut(advice.command, 300)}`)]),
    ...(notes === null ? [] : [line(`  ${notes}`, "faint")]),
    ...(questions === null ? [] : [...factLines(inspection), ...traceLines(questions)]),
  ];
}

/** `✗ fail 001   ceo@contoso.com   via 198.51.100.7 (mail.evil.example)` */
function answerLine(inspection: Inspection): Line {
  const { verdict, from, transaction } = inspection;
  const { mark, style } = markOf(inspection);
  const name =
    transaction.ptr !== null ? ` (${cut(transaction.ptr, 80)})` : transaction.helo !== null ? ` (HELO ${cut(transaction.helo, 80)})` : "";
  const via = transaction.ip === null ? "client unknown" : `via ${transaction.ip}${name}`;
  return [
    { text: `${mark} ${verdict.compauth} ${verdict.reason}`, style },
    { text: `   ${from.address === null ? "no readable author" : cut(from.address, 80)}`, style: "strong" },
    { text: `   ${via}`, style: "plain" },
  ];
}

function markOf(inspection: Inspection): { mark: string; style: Style } {
  if (isUndecided(inspection)) return { mark: "?", style: "unsure" };
  switch (inspection.verdict.compauth) {
    case "pass":
      return { mark: "✓", style: "good" };
    case "softpass":
      return { mark: "✓", style: "unsure" };
    case "none":
      return { mark: "–", style: "unsure" };
    case "fail":
      return { mark: "✗", style: "bad" };
    default:
      return inspection.verdict.compauth satisfies never;
  }
}

/** Entries and rules that matched, and what each did. */
function overrideLines({ actionFacts }: Inspection): readonly Line[] {
  return actionFacts
    .filter(({ id }) => id.startsWith("override-"))
    .map(({ fact }) => plain(`  ${cut(`${fact.slice(0, 1).toUpperCase()}${fact.slice(1)}`, 300)}.`));
}

function actionLines({ action, actionFacts, standing }: Inspection): readonly Line[] {
  switch (action.kind) {
    case "deliver": {
      const marked = actionFacts.some(({ id, value }) => id === "action-table" && value === "deliver-marked");
      const known =
        standing === "good" ? "history speaks for this pair, nothing in the message does" : "too little is known about this pair";
      return [plain(marked ? `  Would be delivered, marked as unverified (${known}).` : "  Would be delivered.")];
    }
    case "junk":
    case "quarantine":
    case "reject":
    case "tempfail": {
      const what = { junk: "moved to junk", quarantine: "quarantined", reject: "rejected", tempfail: "deferred" }[action.kind];
      // The trail of a reply names this very inspection: of use in a log, noise on a screen.
      const text = action.smtp?.text.replace(/ \[id [0-9a-f]+\].*$/, "") ?? "";
      const reply = action.smtp === null ? "" : `: ${action.smtp.code} ${action.smtp.enhanced} ${text}`;
      const said = cut(reply, 200);
      return [plain(`  Would be ${what}${said}${said.endsWith(".") ? "" : "."}`)];
    }
    default:
      return action.kind satisfies never;
  }
}

/** `Read from the message: client and HELO from …; sender from Return-Path.` */
function readingNotes(read: Read): string | null {
  const client = read.ip !== null ? (read.helo !== null ? "client and HELO" : "client") : read.helo !== null ? "HELO" : null;
  const parts = [
    client === null ? null : `${client} from ${cut(read.ip ?? read.helo ?? "", 100)}`,
    read.mailFrom === null ? null : `envelope sender from ${read.mailFrom}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : `Read from the message: ${parts.join("; ")}.`;
}

function factLines({ verdict, actionFacts }: Inspection): readonly Line[] {
  const facts = [...verdict.facts, ...actionFacts].map((fact) => ({
    text: cut(shown(fact.fact), 72),
    value: cut(shown(String(fact.value ?? "–")), 60),
  }));
  const width = Math.max(0, ...facts.map(({ text }) => columns(text)));
  return [line("  Weighed", "strong"), ...facts.map(({ text, value }) => plain(`    ${padded(text, width)}  ${value}`))];
}

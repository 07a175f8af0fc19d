/**
 * One inspection for a person at a terminal: the answer first, then why, then what to do; one screen. It renders the Inspection's
 * verdict, evidence and facts, and derives nothing. Every piece of text is made harmless on its way out, whatever it came from.
 */
import { styleText } from "node:util";
import type { Question } from "../../dns/budget.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import { adviceFor } from "./advice.ts";
import { isUndecided } from "./exit-status.ts";
import type { Read } from "./read-envelope.ts";
import { type Row, rowsOf } from "./rows.ts";
import { columns, cut, padded, shown } from "./shown.ts";
import { traceLines } from "./trace.ts";

export type Style = "plain" | "strong" | "good" | "bad" | "unsure" | "faint";
export type Piece = { readonly text: string; readonly style: Style };
/** Pieces side by side; a line has no final line end. */
export type Line = readonly Piece[];

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
    ...actionLines(inspection),
    ...(advice === null ? [] : [plain(`  ${advice}`)]),
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

/** Label, result, subject and detail in columns; a very long subject leaves its column rather than widen it for all. */
export function tableLines(rows: readonly Row[]): readonly Line[] {
  const subjects = rows.map((row) => (row.subject === null ? null : shown(cut(row.subject, 72))));
  const resultWidth = Math.max(...rows.map((row) => row.result.length));
  const subjectWidth = Math.max(0, ...subjects.map((subject) => (subject === null ? 0 : columns(subject))).filter((width) => width <= 32));
  return rows.map((row, i) => {
    const subject = subjects[i];
    const rest = subject == null ? row.detail : row.detail === "" ? subject : `${padded(subject, subjectWidth)}   ${row.detail}`;
    return [
      { text: `    ${row.label.padEnd(5)}  `, style: "plain" },
      { text: row.result.padEnd(resultWidth), style: resultStyle(row.result) },
      { text: rest === "" ? "" : `  ${rest}`, style: "plain" },
    ];
  });
}

function resultStyle(result: string): Style {
  if (result === "pass" || result === "valid" || result === "bestguesspass") return "good";
  if (result === "fail" || result === "invalid" || result === "permerror") return "bad";
  return result === "none" || result === "" ? "faint" : "unsure";
}

function actionLines({ action }: Inspection): readonly Line[] {
  switch (action.kind) {
    case "deliver":
      return [plain("  Would be delivered.")];
    case "junk":
    case "quarantine":
    case "reject":
    case "tempfail": {
      const what = { junk: "moved to junk", quarantine: "quarantined", reject: "rejected", tempfail: "deferred" }[action.kind];
      const reply = action.smtp === null ? "" : `: ${action.smtp.code} ${action.smtp.enhanced} ${action.smtp.text}`;
      return [plain(`  Would be ${what}${cut(reply, 200)}.`)];
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

function factLines({ verdict }: Inspection): readonly Line[] {
  const facts = verdict.facts.map((fact) => ({ text: cut(shown(fact.fact), 72), value: cut(shown(String(fact.value ?? "–")), 60) }));
  const width = Math.max(0, ...facts.map(({ text }) => columns(text)));
  return [line("  Weighed", "strong"), ...facts.map(({ text, value }) => plain(`    ${padded(text, width)}  ${value}`))];
}

export function line(text: string, style: Style): Line {
  return [{ text, style }];
}

export function plain(text: string): Line {
  return line(text, "plain");
}

type Format = Parameters<typeof styleText>[0];
const formats: Readonly<Record<Style, Format | null>> = {
  plain: null,
  strong: "bold",
  good: "green",
  bad: "red",
  unsure: "yellow",
  faint: "dim",
};

/** Lines as text to print. Only our own styles become escape sequences: the text is made harmless first. */
export function print(lines: readonly Line[], style: { readonly colour: boolean }): string {
  const piece = ({ text, style: name }: Piece): string => {
    const format = formats[name];
    return !style.colour || format === null || text === "" ? shown(text) : styleText(format, shown(text), { validateStream: false });
  };
  return lines.map((pieces) => `${pieces.map(piece).join("").trimEnd()}\n`).join("");
}

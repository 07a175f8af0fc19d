/**
 * Lines of styled text, and the only way they are printed: every piece is made harmless first, whatever it came from, and only our own
 * styles become escape sequences.
 */
import { styleText } from "node:util";
import type { Row } from "./rows.ts";
import { columns, cut, padded, shown } from "./shown.ts";

export type Style = "plain" | "strong" | "good" | "bad" | "unsure" | "faint";
export type Piece = { readonly text: string; readonly style: Style };
/** Pieces side by side; a line has no final line end. */
export type Line = readonly Piece[];

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

/** Label, result, subject and detail in columns; a very long subject leaves its column rather than widen it for all. */
export function tableLines(rows: readonly Row[]): readonly Line[] {
  const subjects = rows.map((row) => (row.subject === null ? null : shown(cut(row.subject, 72))));
  const resultWidth = Math.max(...rows.map((row) => row.result.length));
  const subjectWidth = Math.max(0, ...subjects.map((subject) => (subject === null ? 0 : columns(subject))).filter((width) => width <= 32));
  return rows.map((row, i) => {
    const subject = subjects[i];
    const rest = subject == null ? row.detail : row.detail === "" ? subject : `${padded(subject, subjectWidth)}   ${row.detail}`;
    return [
      { text: `    ${row.label.padEnd(6)} `, style: "plain" },
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

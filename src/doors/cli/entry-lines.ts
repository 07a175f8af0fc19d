/**
 * The operator's entries, and what was done to them, for a person at a terminal: an entry is one line with its id first, since that is
 * what every other command asks for.
 */
import type { Entry, EntryChange } from "../../memory/entries.ts";
import { formatPair } from "../../verdict/overrides/entry.ts";
import { formatExpiry, isExpired } from "../../verdict/overrides/expiry.ts";
import { entryText } from "../../verdict/overrides/list-check.ts";
import { dateOf } from "./entry-store.ts";
import { type Line, line, type Piece, plain } from "./lines.ts";
import { cut, padded } from "./shown.ts";

export type EntryView = { readonly today: number; readonly profile: "organization" | "consumer" | undefined };

/** `contoso.com, fabrikam.com`; of a list entry its kind and whom it is about. */
export function aboutOf(entry: Entry): string {
  return entry.shape === "pair" ? formatPair(entry.entry) : entryText(entry.entry);
}

/** What an entry says, in a sentence. */
export function saidOf(entry: Entry): string {
  return entry.shape === "pair" ? `${entry.entry.action} ${aboutOf(entry)}` : aboutOf(entry);
}

/** `P12   allow contoso.com, fabrikam.com   ends after 90 days without a match   ada, 2026-11-22` */
export function entryLine(entry: Entry, view: EntryView): Line {
  const { id, action, by, madeDay, note } = entry.entry;
  const state = stateOf(entry, view);
  return [
    { text: padded(id, 6), style: "strong" },
    { text: padded(cut(saidOf(entry), 90), 44), style: action === "block" ? "bad" : "good" },
    { text: `  ${state.text}`, style: state.style },
    { text: `  ${by}, ${dateOf(madeDay)}${note === null ? "" : `: “${cut(note, 80)}”`}`, style: "faint" },
  ];
}

/** All that is known of one. */
export function entryDetails(entry: Entry, view: EntryView): readonly Line[] {
  const { madeDay, matchedDay, by, note } = entry.entry;
  const row = (label: string, text: string): Line => plain(`  ${label.padEnd(10)}${text}`);
  return [
    [
      { text: `${entry.entry.id}  `, style: "strong" },
      { text: saidOf(entry), style: entry.entry.action === "block" ? "bad" : "good" },
    ],
    row("state", stateOf(entry, view).text),
    row("made", `${dateOf(madeDay)} by ${by}`),
    row("matched", matchedDay === null ? "no message yet" : `last on ${dateOf(matchedDay)}`),
    ...rulesOf(entry).map((text) => row("rule", text)),
    ...(note === null ? [] : [row("note", cut(note, 500))]),
  ];
}

function rulesOf(entry: Entry): readonly string[] {
  if (entry.shape === "pair") {
    if (entry.entry.action !== "block") return ["the verdict stays compauth=fail; that this pair may send is what is added"];
    return [
      entry.entry.evenIfAuthenticated ? "also where the message authenticates" : "not where the message authenticates as the From domain",
    ];
  }
  const { scopes, needsAuthentication } = entry.entry;
  return [
    ...(scopes.length === 0 ? [] : [`bypasses ${scopes.join(", ")}`]),
    ...(needsAuthentication ? ["only where the message authenticates as the From domain"] : []),
  ];
}

function stateOf({ entry }: Entry, { today, profile }: EntryView): Piece {
  if (entry.action !== "block" && profile === "consumer") return { text: "not in force: profile consumer", style: "unsure" };
  const lastDay = entry.matchedDay ?? entry.madeDay;
  if (isExpired(entry.expiry, lastDay, today)) return { text: "has ended", style: "unsure" };
  switch (entry.expiry.kind) {
    case "never":
      return { text: "does not end", style: "plain" };
    case "idle":
      return { text: `ends after ${entry.expiry.days} days without a match`, style: "plain" };
    case "day":
      return { text: `ends with ${dateOf(entry.expiry.day)}`, style: "plain" };
    default:
      return entry.expiry satisfies never;
  }
}

/** `   12  2026-11-22 10:00  ada   made P12: allow contoso.com, fabrikam.com` */
export function changeLine(change: EntryChange): Line {
  const { number, at, by } = change;
  return [
    { text: String(number).padStart(6), style: "strong" },
    { text: `  ${at.slice(0, 16).replace("T", " ")}  ${padded(cut(by, 24), 10)}  ${changeText(change)}`, style: "plain" },
  ];
}

/** What was done, in words. */
export function changeText({ before, after, undoes }: EntryChange): string {
  const entry = after ?? before;
  if (entry === null) return "nothing";
  const verb = before === null ? (undoes === null ? "made" : "put back") : after === null ? "removed" : "changed";
  const what = before === null || after === null ? [] : differences(before, after);
  const undone = undoes === null ? [] : [`which undoes ${undoes}`];
  return [`${verb} ${entry.entry.id}: ${cut(saidOf(entry), 120)}`, ...what, ...undone].join("; ");
}

/** What became of an entry that was changed. */
function differences(before: Entry, after: Entry): readonly string[] {
  const rows = (entry: Entry): ReadonlyMap<string, string> => {
    const { expiry, note } = entry.entry;
    const common: [string, string][] = [
      ["expiry", formatExpiry(expiry)],
      ["note", note === null ? "none" : `“${cut(note, 60)}”`],
    ];
    if (entry.shape === "pair") return new Map([...common, ["even if authenticated", entry.entry.evenIfAuthenticated ? "yes" : "no"]]);
    const { scopes, needsAuthentication } = entry.entry;
    return new Map([...common, ["bypasses", scopes.join(", ")], ["only authenticated", needsAuthentication ? "yes" : "no"]]);
  };
  const then = rows(before);
  return [...rows(after)]
    .filter(([name, value]) => then.get(name) !== value)
    .map(([name, value]) => `${name} ${then.get(name)} → ${value}`);
}

export function noneLine(what: string): Line {
  return line(what, "faint");
}

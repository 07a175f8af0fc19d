/**
 * Changes to configuration files as marked blocks, written and taken back. A block stands between two comment lines of ours, the first with
 * a digest of what follows: writing it again changes nothing, taking it back leaves the file byte for byte as it was, and a block that
 * somebody has changed since is left alone, with what to do. Files that are ours as a whole carry the digest in their first line.
 */
import { hash } from "node:crypto";
import { UsageError } from "../ports.ts";
import type { Machine } from "./machine.ts";

/** Where something of ours may stand. `comment` begins a comment in that file. */
export type Place = { readonly kind: "block" | "file"; readonly path: string; readonly comment: string };

export type Edit =
  | (Place & {
      readonly kind: "block";
      readonly lines: readonly string[];
      /** Before or below the first line that matches one of the patterns, tried in this order; null: at the end. */
      readonly at: { readonly side: "before" | "below"; readonly patterns: readonly RegExp[] } | null;
    })
  | (Place & { readonly kind: "file"; readonly text: string });

/** The paths that were written; none: everything was so already. */
export function applyEdits(edits: readonly Edit[], machine: Machine): readonly string[] {
  const texts = edits.map((edit) => {
    const now = machine.read(edit.path);
    return { path: edit.path, now, text: edit.kind === "file" ? fileAfter(edit, now) : blockAfter(edit, now) };
  });
  const changed = texts.filter(({ now, text }) => now !== text);
  for (const { path, text } of changed) machine.replace(path, text);
  return changed.map(({ path }) => path);
}

/** Takes back everything, or nothing. The paths that were changed. */
export function undoEdits(places: readonly Place[], machine: Machine): readonly string[] {
  const found = places.flatMap((place) => {
    const now = machine.read(place.path);
    return now === null ? [] : [{ place, now, left: place.kind === "file" ? fileLeft(now, place) : blockLeft(now, place) }];
  });
  const foreign = found.filter(({ left }) => left.state === "changed");
  if (foreign.length > 0) throw changedSince(foreign.map(({ place }) => place));
  const ours = found.flatMap(({ place, left }) => (left.state === "ours" ? [{ path: place.path, text: left.without }] : []));
  for (const { path, text } of ours) {
    if (text === null) machine.remove(path);
    else machine.replace(path, text);
  }
  return ours.map(({ path }) => path);
}

/** What stands at a place: nothing of ours, what we left, or something that was made of it. */
export type Left = { readonly state: "none" } | { readonly state: "changed" } | { readonly state: "ours"; readonly without: string | null };

const begin = "BEGIN assay setup";
const end = "END assay setup";
const whole = "Written by assay setup";

/** A whole file of ours. Null: there is none, or it is not as we left it. */
export function ownFile(text: string | null, { comment }: Pick<Place, "comment">): string | null {
  if (text === null) return null;
  const at = text.indexOf("\n") + 1;
  return text.slice(0, at) === ownHead(text.slice(at), comment) ? text.slice(at) : null;
}

function ownHead(text: string, comment: string): string {
  return `${comment} ${whole} ${digest(text)}; assay setup --undo takes it out again.\n`;
}

function fileAfter({ text, comment, path, kind }: Extract<Edit, { kind: "file" }>, now: string | null): string {
  if (now !== null && ownFile(now, { comment }) === null) throw changedSince([{ kind, path, comment }]);
  return `${ownHead(text, comment)}${text}`;
}

function fileLeft(now: string, place: Place): Left {
  return ownFile(now, place) === null ? { state: "changed" } : { state: "ours", without: null };
}

function blockAfter(edit: Extract<Edit, { kind: "block" }>, now: string | null): string {
  if (now === null) throw new UsageError(`there is no ${edit.path}`);
  const left = blockLeft(now, edit);
  if (left.state === "changed") throw changedSince([edit]);
  const bare = left.state === "ours" ? (left.without ?? "") : now;
  const at = edit.at === null ? bare.length : placeIn(bare, edit.at);
  if (at === null) throw new UsageError(`${edit.path} has no line to put this by: copy the lines to where they belong`);
  const ended = at === 0 || bare[at - 1] === "\n";
  const lines = edit.lines.map((line) => `${line}\n`).join("");
  const block = `${edit.comment} ${begin} ${digest(lines)}${ended ? "" : "+"}\n${lines}${edit.comment} ${end}\n`;
  return `${bare.slice(0, at)}${ended ? "" : "\n"}${block}${bare.slice(at)}`;
}

function blockLeft(text: string, { comment }: Pick<Place, "comment">): Left {
  const first = `${comment} ${begin} `;
  const start = text.startsWith(first) ? 0 : text.indexOf(`\n${first}`) + 1;
  if (start === 0 && !text.startsWith(first)) return { state: "none" };
  const last = `\n${comment} ${end}\n`;
  const stop = text.indexOf(last, start);
  if (stop === -1) return { state: "changed" };
  const body = text.indexOf("\n", start) + 1;
  const mark = text.slice(start + first.length, body - 1);
  if (mark.replace("+", "") !== digest(text.slice(body, stop + 1))) return { state: "changed" };
  // Where the file had no last line end, one was put in front of the block.
  return { state: "ours", without: `${text.slice(0, mark.endsWith("+") ? start - 1 : start)}${text.slice(stop + last.length)}` };
}

function placeIn(text: string, { side, patterns }: NonNullable<Extract<Edit, { kind: "block" }>["at"]>): number | null {
  for (const pattern of patterns) {
    let start = 0;
    for (const line of text.split("\n")) {
      const next = Math.min(text.length, start + line.length + 1);
      if (pattern.test(line)) return side === "before" ? start : next;
      start = next;
    }
  }
  return null;
}

function changedSince(places: readonly Place[]): UsageError {
  const names = places.map(({ kind, path }) => `\n  ${path}${kind === "block" ? `, between “${begin}” and “${end}”` : ""}`);
  return new UsageError(
    `nothing was changed, since somebody else has changed what assay setup wrote, or wrote it:${names.join("")}\nlook at it, take it out by hand, and run this again`,
  );
}

function digest(text: string): string {
  return hash("sha256", text).slice(0, 12);
}

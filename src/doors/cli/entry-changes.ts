/** Removing entries, undoing a change, and the audit log: the same on every command that has entries. */
import type { Author, EntryBook, EntryResult } from "../../memory/entries.ts";
import { changeLine, changeText, noneLine } from "./entry-lines.ts";
import type { Configured } from "./entry-store.ts";
import type { ExitStatus } from "./exit-status.ts";
import { plain, print } from "./lines.ts";
import type { Ports } from "./ports.ts";
import { jsonLine, shown } from "./shown.ts";

export type ChangingOptions = { readonly remove?: readonly string[]; readonly undo?: number; readonly json?: boolean };

export function isChanging({ remove, undo }: ChangingOptions): boolean {
  return remove !== undefined || undo !== undefined;
}

type By = { readonly configured: Configured; readonly author: Author };

/** --remove and --undo. Exit status 2 where one of them could not be. */
export async function changeEntries(
  { remove = [], undo, json }: ChangingOptions,
  { configured, author }: By,
  ports: Ports,
): Promise<ExitStatus> {
  const book = await ports.openEntries(configured.url);
  try {
    let status: ExitStatus = 0;
    const told = { configured, json: json === true };
    for (const text of remove) {
      const id = idOf(text);
      if (!(await tell(await book.remove(id, author), { ...told, missing: `there is no entry ${id}` }, ports))) status = 2;
    }
    if (undo !== undefined && !(await tell(await book.undo(undo, author), { ...told, missing: `there is no change ${undo}` }, ports)))
      status = 2;
    return status;
  } finally {
    await book.close();
  }
}

/** The newest first, `limit` of them. */
export async function tellChanges(
  book: EntryBook,
  asked: { readonly configured: Configured; readonly id: string | undefined; readonly limit: number; readonly json: boolean },
  { out }: Ports,
): Promise<ExitStatus> {
  const { configured, id, limit, json } = asked;
  let count = 0;
  for await (const change of book.changes({ tenant: configured.tenant, id })) {
    if (count >= limit) {
      if (!json) await out.write(print([noneLine(`and earlier ones: --limit shows more than ${limit}`)], out));
      break;
    }
    count += 1;
    if (!(await out.write(json ? jsonLine(change) : print([changeLine(change)], out)))) break;
  }
  if (count === 0 && !json)
    await out.write(print([noneLine(id === undefined ? "no entry was ever made" : `nothing was ever done to ${id}`)], out));
  return 0;
}

/** As the store writes them. */
export function idOf(text: string): string {
  return /^[pl][0-9]+$/.test(text) ? text.toUpperCase() : text;
}

type Told = { readonly configured: Configured; readonly json: boolean; readonly missing: string };

async function tell(result: EntryResult, { configured, json, missing }: Told, { out, err }: Ports): Promise<boolean> {
  if (result.status === "done") {
    const { change } = result;
    const undo = `  (change ${change.number}; to undo: assay pairs --undo ${change.number}${configured.options})`;
    await out.write(json ? jsonLine(change) : print([[...plain(changeText(change)), { text: undo, style: "faint" }]], out));
    return true;
  }
  await err.write(`assay: ${shown(whyNot(result, missing))}\n`);
  return false;
}

function whyNot(result: Exclude<EntryResult, { status: "done" }>, missing: string): string {
  switch (result.status) {
    case "missing":
      return missing;
    case "changed-since":
      return "the entry was changed since: undo the later changes first (assay pairs --changes lists them)";
    case "exists":
      return `${result.existing.entry.id} says the same by now: remove it first`;
    case "full":
      return `there are ${result.max} entries of this kind, and no more fit`;
    default:
      return result satisfies never;
  }
}

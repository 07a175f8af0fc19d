/**
 * `assay senders [ID|TEXT]`: what the operator has decided, pairs and lists alike, the newest first: who is allowed, who is blocked, until
 * when, by whom and why. With an id all about that entry and what was done to it. Exit status: 0, 2 nothing there by that id, 3 no store.
 */
import type { Entry, EntryBook } from "../../memory/entries.ts";
import { type ChangingOptions, changeEntries, idOf, isChanging, tellChanges } from "./entry-changes.ts";
import { changeLine, type EntryView, entryDetails, entryLine, noneLine } from "./entry-lines.ts";
import { authorOf, type Configured, onStore, type StoreOptions } from "./entry-store.ts";
import type { ExitStatus } from "./exit-status.ts";
import { line, print } from "./lines.ts";
import type { Ports } from "./ports.ts";
import { jsonLine, shown } from "./shown.ts";

export type SendersOptions = StoreOptions &
  ChangingOptions & {
    readonly allowed?: boolean;
    readonly blocked?: boolean;
    readonly pairs?: boolean;
    readonly lists?: boolean;
    readonly changes?: boolean;
    readonly limit?: number;
  };

const limitDefault = 200;

export function senders(what: string | undefined, options: SendersOptions, ports: Ports): Promise<ExitStatus> {
  return onStore(options, ports, async (configured) => {
    if (isChanging(options)) return changeEntries(options, { configured, author: authorOf(options, configured, ports) }, ports);
    const book = await ports.openEntries(configured.url);
    try {
      const limit = options.limit ?? limitDefault;
      const id = what === undefined ? undefined : idOf(what);
      if (options.changes === true) return await tellChanges(book, { configured, id, limit, json: options.json === true }, ports);
      if (id !== undefined && /^[PL][0-9]+$/.test(id)) return await tellOne(book, id, { configured, options }, ports);
      return await tellAll(book, what, { configured, options, limit }, ports);
    } finally {
      await book.close();
    }
  });
}

type Asked = { readonly configured: Configured; readonly options: SendersOptions };

function viewOf({ today, settings }: Configured): EntryView {
  return { today, profile: settings.policy.profile };
}

async function tellOne(book: EntryBook, id: string, { configured, options }: Asked, { out, err }: Ports): Promise<ExitStatus> {
  const entry = await book.get(id, configured.tenant);
  if (entry === null) {
    await err.write(
      `assay: there is no entry ${shown(id)}; what was done to it: assay senders ${shown(id)} --changes${shown(configured.options)}\n`,
    );
    return 2;
  }
  if (options.json === true) {
    await out.write(jsonLine(entry));
    return 0;
  }
  await out.write(print([...entryDetails(entry, viewOf(configured)), line("  What was done to it:", "faint")], out));
  for await (const change of book.changes({ tenant: configured.tenant, id })) await out.write(print([changeLine(change)], out));
  return 0;
}

async function tellAll(
  book: EntryBook,
  text: string | undefined,
  { configured, options, limit }: Asked & { readonly limit: number },
  { out }: Ports,
): Promise<ExitStatus> {
  const shape = options.pairs === options.lists ? undefined : options.pairs === true ? "pair" : "list";
  const action = options.allowed === options.blocked ? undefined : options.allowed === true ? "allow" : "block";
  const view = viewOf(configured);
  let count = 0;
  for await (const entry of book.list({ tenant: configured.tenant, shape, action, text })) {
    if (options.json !== true && count >= limit) {
      await out.write(print([noneLine(`and more: --limit shows more than ${limit}, TEXT finds one`)], out));
      return 0;
    }
    count += 1;
    if (!(await out.write(told(entry, view, options.json === true ? null : out)))) return 0;
  }
  if (count === 0 && options.json !== true) await out.write(print([noneLine("no entry")], out));
  return 0;
}

function told(entry: Entry, view: EntryView, style: { readonly colour: boolean } | null): string {
  return style === null ? jsonLine(entry) : print([entryLine(entry, view)], style);
}

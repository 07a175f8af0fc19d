/**
 * `assay allow` and `assay block`: makes entries of the operator, on a pair or of a list, from a terminal. What would be unsafe is
 * refused with the safe form offered, and then nothing is made. What is there already is changed, and said so; each change has a number
 * by which it is undone. Exit status: 0 done, 2 refused, 3 a store that cannot be used.
 */
import type { Author, Entry, EntryBook, EntryResult } from "../../memory/entries.ts";
import { isExpired } from "../../verdict/overrides/expiry.ts";
import { type RefusedEntry, refusedEntries } from "./allow-check.ts";
import { type WantedOptions, wantedEntries } from "./allow-wanted.ts";
import { type ChangingOptions, changeEntries, isChanging } from "./entry-changes.ts";
import { aboutOf, entryLine, saidOf } from "./entry-lines.ts";
import { argument, authorOf, type Configured, onStore, type StoreOptions } from "./entry-store.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Line, line, plain, print } from "./lines.ts";
import { type Ports, UsageError } from "./ports.ts";
import { jsonLine, shown } from "./shown.ts";

export type AllowOptions = StoreOptions & WantedOptions & ChangingOptions & { readonly dryRun?: boolean };

export function allow(words: readonly string[], options: AllowOptions, ports: Ports): Promise<ExitStatus> {
  return decideOn("allow", { words, options }, ports);
}

export function block(words: readonly string[], options: AllowOptions, ports: Ports): Promise<ExitStatus> {
  return decideOn("block", { words, options }, ports);
}

type Given = { readonly words: readonly string[]; readonly options: AllowOptions };

function decideOn(action: "allow" | "block", { words, options }: Given, ports: Ports): Promise<ExitStatus> {
  return onStore(options, ports, async (configured) => {
    const author = authorOf(options, configured, ports);
    if (isChanging(options)) {
      if (words.length > 0) throw new UsageError("--remove and --undo stand alone: nothing else is made with them");
      return changeEntries(options, { configured, author }, ports);
    }
    const entries = wantedEntries(words, options, { action, by: author.by, today: configured.today });
    const refused = await refusedEntries(entries, configured, ports);
    if (refused.length > 0) return await refuse(refused, { configured, json: options.json === true }, ports);
    if (options.dryRun === true) return await dryRun(entries, { configured, json: options.json === true }, ports);
    const book = await ports.openEntries(configured.url);
    try {
      let status: ExitStatus = 0;
      for (const entry of entries) {
        const done = await put(book, entry, { options, author, today: configured.today });
        if (done.kind === "full") status = 2;
        await tell(done, { configured, book, options }, ports);
      }
      return status;
    } finally {
      await book.close();
    }
  });
}

type Told = { readonly configured: Configured; readonly json: boolean };

async function refuse(refused: readonly RefusedEntry[], { configured, json }: Told, { out, err }: Ports): Promise<ExitStatus> {
  for (const { entry, refusal } of refused) {
    if (json) await out.write(jsonLine({ status: "refused", about: aboutOf(entry), ...refusal }));
    await err.write(`assay: refused: ${shown(aboutOf(entry))}: ${shown(refusal.why)}\n`);
    if (refusal.offer === null) continue;
    const stands = refusal.offer.includes("signer.invalid") ? ", where signer.invalid stands for the domain that signs" : "";
    await err.write(`  The safe form${stands}:\n    assay ${entry.entry.action} ${pairWords(refusal.offer)}${shown(configured.options)}\n`);
  }
  await err.write("Nothing was made.\n");
  return 2;
}

function pairWords(pair: string): string {
  const comma = pair.lastIndexOf(",");
  return `${argument(pair.slice(0, comma).trim())} ${argument(pair.slice(comma + 1).trim())}`;
}

async function dryRun(entries: readonly Entry[], { configured, json }: Told, { out }: Ports): Promise<ExitStatus> {
  for (const entry of entries) {
    if (json) await out.write(jsonLine({ status: "would-make", entry }));
    else await out.write(print([plain(`would ${saidOf(entry)}: ${aboutExpiry(entry, configured)}; nothing was made (--dry-run)`)], out));
  }
  return 0;
}

function aboutExpiry(entry: Entry, { settings, today }: Configured): string {
  return entryLine(entry, { today, profile: settings.policy.profile })[2]?.text.trim() ?? "";
}

type Put =
  | { readonly kind: "made" | "changed" | "renewed"; readonly entry: Entry; readonly change: number }
  | { readonly kind: "known"; readonly entry: Entry }
  | { readonly kind: "full"; readonly entry: Entry; readonly max: number };

type Putting = { readonly options: AllowOptions; readonly author: Author; readonly today: number };

/** An entry that is there is changed to what is wanted; one that has ended makes room for a new one. */
async function put(book: EntryBook, wanted: Entry, { options, author, today }: Putting): Promise<Put> {
  const made = await book.make(wanted, author);
  if (made.status === "full") return { kind: "full", entry: wanted, max: made.max };
  if (made.status !== "exists") return outcome(made, "made");
  const { existing } = made;
  const { expiry, madeDay, matchedDay } = existing.entry;
  if (isExpired(expiry, matchedDay ?? madeDay, today)) {
    await book.remove(existing.entry.id, author);
    return outcome(await book.make(wanted, author), "renewed");
  }
  const merged = mergedWith(existing, wanted, options);
  if (JSON.stringify(merged) === JSON.stringify(existing)) return { kind: "known", entry: existing };
  return outcome(await book.change(merged, author), "changed");
}

function outcome(result: EntryResult, kind: "made" | "changed" | "renewed"): Put {
  if (result.status === "done" && result.change.after !== null) return { kind, entry: result.change.after, change: result.change.number };
  if (result.status === "full") throw new UsageError(`the tenant has ${result.max} entries of this kind, and no more fit`);
  throw new UsageError("somebody else changed this entry at the same moment: look at it, and try again");
}

/** What was not said stays as it is. */
function mergedWith(existing: Entry, wanted: Entry, options: WantedOptions): Entry {
  const said = {
    ...(options.note === undefined ? {} : { note: wanted.entry.note }),
    ...(options.expires === undefined ? {} : { expiry: wanted.entry.expiry }),
  };
  if (existing.shape === "pair" && wanted.shape === "pair") {
    const even = options.evenIfAuthenticated === undefined ? {} : { evenIfAuthenticated: wanted.entry.evenIfAuthenticated };
    return { shape: "pair", entry: { ...existing.entry, ...said, ...even } };
  }
  if (existing.shape !== "list" || wanted.shape !== "list") return existing;
  const scopes = options.scope === undefined ? {} : { scopes: wanted.entry.scopes };
  const tied = options.authenticated === undefined ? {} : { needsAuthentication: wanted.entry.needsAuthentication };
  return { shape: "list", entry: { ...existing.entry, ...said, ...scopes, ...tied } };
}

type Telling = { readonly configured: Configured; readonly book: EntryBook; readonly options: AllowOptions };

async function tell(done: Put, { configured, book, options }: Telling, { out, err }: Ports): Promise<void> {
  const { settings, today } = configured;
  if (done.kind === "full") {
    await err.write(`assay: ${shown(aboutOf(done.entry))}: the list is full (${done.max} entries): remove some, or write a rule\n`);
    return;
  }
  const warnings = await warningsOf(done.entry, { book, configured });
  if (options.json === true) {
    await out.write(jsonLine({ status: done.kind, change: done.kind === "known" ? null : done.change, entry: done.entry, warnings }));
    return;
  }
  const lines: Line[] = [entryLine(done.entry, { today, profile: settings.policy.profile })];
  if (done.kind === "known") lines.push(line("      is there already: nothing was changed", "faint"));
  else {
    const how = { made: "made", changed: "changed", renewed: "made anew; the one before had ended" }[done.kind];
    const verb = done.entry.entry.action === "block" ? "block" : "allow";
    lines.push(line(`      ${how}; to undo: assay ${verb} --undo ${done.change}${configured.options}`, "faint"));
  }
  await out.write(print([...lines, ...warnings.map((text) => line(`      ${text}`, "unsure"))], out));
}

/** What stands against the entry's having an effect. */
async function warningsOf(
  entry: Entry,
  { book, configured }: { readonly book: EntryBook; readonly configured: Configured },
): Promise<readonly string[]> {
  const { tenant, today, options } = configured;
  const { policy } = configured.settings;
  const warnings: string[] = [];
  const { action } = entry.entry;
  if (entry.shape === "pair" && action !== "block") {
    const about = aboutOf(entry);
    for await (const other of book.list({ tenant, shape: "pair", action: "block", text: about })) {
      const { id, expiry, matchedDay, madeDay } = other.entry;
      if (aboutOf(other) !== about || isExpired(expiry, matchedDay ?? madeDay, today)) continue;
      warnings.push(`${id} blocks the same pair, and a block wins; to remove it: assay block --remove ${id}${options}`);
    }
  }
  const acts = action === "block" ? (policy.enforce?.blocks ?? policy.mode === "enforce") : true;
  if (!acts) warnings.push('it is stamped and recorded, and acts on nothing yet: policy.mode is "observe" (policy.enforce.blocks)');
  return warnings;
}

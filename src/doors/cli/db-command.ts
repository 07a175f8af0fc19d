/**
 * `assay db migrate`, `assay db backup` and `assay db copy`: operations on a store as a whole, also while a server uses it.
 * Exit status: 0 done, 2 not done, with why.
 */
import { existsSync } from "node:fs";
import { type MemoryUrl, memoryUrl } from "../../config/values.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type CopyProgress, type Maintenance, type Ports, UsageError } from "./ports.ts";
import { shown } from "./shown.ts";
import { progress } from "./totals.ts";

export type DbOptions = { readonly config: string };
export type DbCopyOptions = { readonly replace?: boolean };

export async function dbMigrate({ config }: DbOptions, ports: Ports): Promise<ExitStatus> {
  const { store, name } = await storeOf(config, ports);
  const { from, to } = await store.migrate();
  const what =
    from === to ? `schema version ${to}, nothing to do` : from === 0 ? `made, schema version ${to}` : `schema version ${from} → ${to}`;
  await ports.out.write(`${name}: ${what}\n`);
  return 0;
}

export async function dbBackup(target: string, { config }: DbOptions, ports: Ports): Promise<ExitStatus> {
  const { store, name } = await storeOf(config, ports);
  if (existsSync(target)) throw new UsageError(`${target} exists already: name a file that does not`);
  await store.backupTo(target);
  await ports.out.write(`${name}: copied to ${shown(target)}\n`);
  return 0;
}

/** `from` and `to`: URLs as in memory.url. */
export async function dbCopy(
  { from, to }: { readonly from: string; readonly to: string },
  options: DbCopyOptions,
  ports: Ports,
): Promise<ExitStatus> {
  const source = urlOf(from, "first");
  const target = urlOf(to, "second");
  if (source.kind === "sqlite" && !existsSync(source.path)) throw new UsageError(`${source.path}: there is no such store`);
  const store = ports.openMaintenance(source);
  const watch = progress(ports.err, { ...ports.out, isTerminal: false }, ports.clock);
  const onProgress = async ({ table, rows, of }: CopyProgress): Promise<void> => {
    await watch.show(() => `${table}: ${rows} of ${of} rows`);
    // Where nobody watches the line change, each table leaves one.
    if (rows !== of) return;
    await watch.clear();
    await ports.err.write(`${table}: ${rows} ${rows === 1 ? "row" : "rows"}\n`);
  };
  const { tables, rows } = await store.copyTo(target, { replace: options.replace === true, onProgress });
  const [first, second] = [await store.name(), await ports.openMaintenance(target).name()];
  await ports.out.write(`${shown(first)}: ${rows} rows of ${tables} tables copied to ${shown(second)}\n`);
  return 0;
}

/** What is no URL is not repeated: it may hold a password. */
function urlOf(text: string, which: string): MemoryUrl {
  const url = memoryUrl(text);
  if (url === null) throw new UsageError(`the ${which} URL is neither sqlite:PATH nor postgres://…`);
  return url;
}

async function storeOf(config: string, ports: Ports): Promise<{ store: Maintenance; name: string }> {
  const { memory } = await ports.loadSettings(config);
  if (memory === null) throw new UsageError(`configuration file ${config} names no store (memory.url)`);
  const store = ports.openMaintenance(memory);
  return { store, name: shown(await store.name()) };
}

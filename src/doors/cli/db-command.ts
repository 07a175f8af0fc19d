/**
 * `assay db migrate` and `assay db backup`: operations on the store that the configuration names. Both work while a server uses it.
 * Exit status: 0 done, 2 not done, with why.
 */
import { existsSync } from "node:fs";
import type { ExitStatus } from "./exit-status.ts";
import { type Maintenance, type Ports, UsageError } from "./ports.ts";
import { shown } from "./shown.ts";

export type DbOptions = { readonly config: string };

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

async function storeOf(config: string, ports: Ports): Promise<{ store: Maintenance; name: string }> {
  const { memory } = await ports.loadSettings(config);
  if (memory === null) throw new UsageError(`configuration file ${config} names no store (memory.url)`);
  return { store: ports.openMaintenance(memory), name: shown(memory.kind === "sqlite" ? memory.path : "the store") };
}

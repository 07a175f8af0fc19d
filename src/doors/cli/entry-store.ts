/**
 * What every command on entries begins with: the configuration, the store that it names, whose entries they are and who is at work.
 * A store that cannot be used is one line and exit status 3.
 */
import type { MemoryUrl } from "../../config/values.ts";
import type { Author } from "../../memory/entries.ts";
import { StoreFault } from "../../memory/store-fault.ts";
import { noteOf } from "../../verdict/overrides/entry.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Ports, type Settings, UsageError } from "./ports.ts";
import { shown } from "./shown.ts";

export type StoreOptions = { readonly config?: string; readonly tenant?: string; readonly by?: string; readonly json?: boolean };

/** The configuration and its store. */
export type Configured = {
  readonly settings: Settings;
  readonly url: MemoryUrl;
  readonly tenant: string;
  readonly now: number;
  /** Days since 1970-01-01. */
  readonly today: number;
  /** ` --config FILE`, and the tenant where there is a choice: what a command that is offered needs too. */
  readonly options: string;
};

/** Runs `work` on what the configuration names. */
export async function onStore(
  options: StoreOptions,
  ports: Ports,
  work: (configured: Configured) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const { config } = options;
  if (config === undefined) throw new UsageError("name the store: --config FILE with memory.url");
  const settings = await ports.loadSettings(config);
  if (settings.memory === null) throw new UsageError(`${config}: memory.url is not set, so there is no store`);
  const tenant = tenantOf(options, settings);
  const now = ports.clock();
  const more = ` --config ${argument(config)}${tenant === "" ? "" : ` --tenant ${tenant}`}`;
  try {
    return await work({ settings, url: settings.memory, tenant, now, today: Math.floor(now / dayMs), options: more });
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    await ports.err.write(`assay: ${shown(error.message)}\n`);
    return 3;
  }
}

export function authorOf({ by }: StoreOptions, { tenant, now }: Configured, ports: Ports): Author {
  const name = noteOf(by ?? ports.userName());
  if (name === null) throw new UsageError("--by wants a name, such as ada");
  return { tenant, by: name.slice(0, authorCharactersMax), now };
}

const authorCharactersMax = 64;

/** Without tenants in the configuration there is one, and it has no name. */
function tenantOf({ tenant }: StoreOptions, { policy }: Settings): string {
  const ids = (policy.tenants ?? []).map(({ id }) => id).filter((id) => id !== "");
  if (ids.length === 0) {
    if (tenant === undefined || tenant === "") return "";
    throw new UsageError(`--tenant: the configuration names no tenants, and “${tenant}” is none`);
  }
  const named = ids.slice(0, 20).join(", ");
  if (tenant === undefined) throw new UsageError(`say whose: --tenant ID (${named})`);
  if (!ids.includes(tenant)) throw new UsageError(`--tenant: the configuration has no tenant “${tenant}” (it has ${named})`);
  return tenant;
}

/** A word as a shell reads it. */
export function argument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `2026-11-22`. */
export function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

const dayMs = 86_400_000;

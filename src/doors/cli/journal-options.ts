/** What `assay replay`, `readiness` and `db erase` begin with: moments and days as text, and the journal that a configuration names. */
import type { Journal } from "../../memory/journal.ts";
import { StoreFault } from "../../memory/store-fault.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Ports, type Settings, UsageError } from "./ports.ts";
import { cut, shown } from "./shown.ts";

/** Milliseconds since 1970: `7d`, `12h`, `8w` back from now, `2026-01-31`, `2026-01-31T08:00:00Z`. */
export function readMoment(option: string, text: string, now: number): number {
  const [, count = "", unit = "d"] = /^([0-9]{1,5})([hdwy])?$/.exec(text) ?? [];
  if (count !== "") return now - Number(count) * (hours[unit] ?? 24) * 3_600_000;
  const at = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(
    `${option} wants a time back such as 7d or 12h, or a day such as 2026-01-31; this is none: “${cut(shown(text), 80)}”`,
  );
}

const hours: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24, y: 365 * 24 };

export function readDays(option: string, text: string): number {
  const days = Number(/^([0-9]{1,4})d?$/.exec(text)?.[1] ?? 0);
  if (days >= 1) return days;
  throw new UsageError(`${option} wants a number of days, such as 7 or 30; this is none: “${cut(shown(text), 80)}”`);
}

/** Runs `work` on the journal; a store that cannot be used is one line and exit status 3. */
export async function onJournal(
  { config, settings, purpose }: { readonly config: string; readonly settings: Settings; readonly purpose: "read" | "change" },
  ports: Ports,
  work: (journal: Journal) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  if (settings.memory === null) throw new UsageError(`${config}: memory.url is not set, so there is no store`);
  try {
    const journal = await ports.openJournal(settings.memory, purpose);
    try {
      return await work(journal);
    } finally {
      await journal.close();
    }
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    await ports.err.write(`assay: ${shown(error.message)}\n`);
    return 3;
  }
}

/** Undefined: all of them. */
export function tenantIn(tenant: string | undefined, { policy }: Settings): string | undefined {
  const ids = (policy.tenants ?? []).map(({ id }) => id);
  if (tenant === undefined || ids.includes(tenant)) return tenant;
  throw new UsageError(`--tenant: the configuration has no tenant “${cut(shown(tenant), 63)}”`);
}

/** `2026-11-22`. */
export function dayText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** `1,204`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

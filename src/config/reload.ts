/**
 * Reading the configuration again while mail flows: the new file is read whole, and takes the old one's place at once or not at all. A
 * file with a mistake leaves the old one in force and says so. Pure but for the one reference that is swapped: whoever reads the file
 * calls it, and whoever handles a message takes `current` once.
 */
import { type ConfigError, type ConfigWarning, formatConfigError, formatConfigWarning, loadConfig } from "./load.ts";
import type { Config } from "./schema.ts";

export type Reload =
  | { readonly kind: "same" }
  | {
      readonly kind: "new";
      readonly config: Config;
      /** `policy.mode`; a list and `[[tables]]` as one key. */
      readonly changed: readonly string[];
      /** Of these, what counts when Assay is started again: where it listens and with how many processes, its DNS servers and its store. */
      readonly restart: readonly string[];
      readonly warnings: readonly ConfigWarning[];
    }
  | { readonly kind: "refused"; readonly errors: readonly ConfigError[] };

export function reloadConfig(old: Config, bytes: Uint8Array): Reload {
  const loaded = loadConfig(bytes);
  if (!loaded.ok) return { kind: "refused", errors: loaded.errors };
  const changed = changedKeys(old, loaded.config, "");
  if (changed.length === 0) return { kind: "same" };
  const restart = changed.filter((path) => atStart.test(path) || (ofTls.test(path) && isOffered(old) !== isOffered(loaded.config)));
  return { kind: "new", config: loaded.config, changed, restart, warnings: loaded.warnings };
}

const atStart =
  /^(?:listen\.|memory\.|journal\.(?:days|bytes_max)$|dns\.|policy\.local_suffixes$|serve\.(?:workers|connections_max)$|smtp\.hostname$|log\.)/;
const ofTls = /^smtp\.tls_(?:certificate|key)$/;

/** STARTTLS is there from the start or not at all; a certificate in the place of another counts at once. */
function isOffered({ smtp }: Config): boolean {
  return smtp.tls_certificate !== null;
}

/** What is in force. `generation` counts the files that were taken, so that a log line can say by which one a message was decided. */
export type InForce = { readonly config: Config; readonly generation: number };

export class ConfigInForce {
  #current: InForce;
  #refused: readonly ConfigError[] | null = null;

  constructor(config: Config) {
    this.#current = { config, generation: 1 };
  }

  get current(): InForce {
    return this.#current;
  }

  /** Mistakes of the file that was offered last; null: it is in force. For health and console. */
  get refused(): readonly ConfigError[] | null {
    return this.#refused;
  }

  /** Takes the file, or leaves everything as it is. */
  offer(bytes: Uint8Array): Reload {
    const reload = reloadConfig(this.#current.config, bytes);
    this.#refused = reload.kind === "refused" ? reload.errors : null;
    if (reload.kind === "new") this.#current = { config: reload.config, generation: this.#current.generation + 1 };
    return reload;
  }
}

/** For the log. */
export function describeReload(reload: Reload): readonly string[] {
  switch (reload.kind) {
    case "same":
      return ["configuration read again: nothing has changed"];
    case "new":
      return [
        `new configuration in force; changed: ${reload.changed.join(", ")}`,
        ...(reload.restart.length === 0 ? [] : [`in force after the next start only: ${reload.restart.join(", ")}`]),
        ...reload.warnings.map((warning) => `warning: ${formatConfigWarning(warning)}`),
      ];
    case "refused":
      return ["configuration refused, the old one stays in force:", ...reload.errors.map((error) => `  ${formatConfigError(error)}`)];
    default:
      return reload satisfies never;
  }
}

function changedKeys(old: object, next: object, path: string): readonly string[] {
  return Object.entries(next).flatMap(([name, value]: [string, unknown]) => {
    const here = path === "" ? name : `${path}.${name}`;
    const before: unknown = Reflect.get(old, name);
    if (isTable(before) && isTable(value)) return changedKeys(before, value, here);
    return JSON.stringify(before) === JSON.stringify(value) ? [] : [here];
  });
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

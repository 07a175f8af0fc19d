/**
 * Bytes of a TOML file → the configuration, or everything that is wrong in it at once: each fault with path, line, what was found,
 * what was wanted, and the key that was probably meant. Total: it never throws on content. Reading the file is main.ts's.
 */
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { keyLines, lineOf } from "./key-lines.ts";
import { nearestKey } from "./nearest-key.ts";
import { type Config, configSchema, knownKeys } from "./schema.ts";

export type ConfigError = {
  /** `trust.networks[1]`; "" for the file as a whole. */
  readonly path: string;
  readonly line: number | null;
  /** As written, cut to 80 characters, without passwords; null where nothing stands there. */
  readonly value: string | null;
  readonly wanted: string;
  /** Of an unknown key: the known one that was probably meant. */
  readonly nearest: string | null;
};
export type Loaded = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads a configuration. An empty file is one: every key has a default. */
export function loadConfig(bytes: Uint8Array): Loaded {
  const text = decoded(bytes);
  if (text === null) return broken("UTF-8 text", null);
  const document = parsed(text);
  if (document instanceof TomlError) return broken(`TOML: ${document.message.split("\n")[0]}`, document.line);
  const result = configSchema.safeParse(document);
  if (result.success) return { ok: true, config: result.data };
  const lines = keyLines(text);
  const errors = result.error.issues
    .flatMap((issue) => errorsOf(issue, document))
    .map((error) => ({ ...error, line: lineOf(lines, error.path) }));
  return { ok: false, errors: errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

/** One line for a person: `line 3: trust.netwroks: no such key; did you mean trust.networks?` */
export function formatConfigError({ path, line, value, wanted, nearest }: ConfigError): string {
  const where = [line === null ? "" : `line ${line}`, path].filter((part) => part !== "");
  const found = value === null ? "" : `, found ${value}`;
  const hint = nearest === null ? "" : `; did you mean ${nearest}?`;
  return `${[...where, ""].join(": ")}wanted ${wanted}${found}${hint}`;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) return error;
    throw error;
  }
}

function broken(wanted: string, line: number | null): Loaded {
  return { ok: false, errors: [{ path: "", line, value: null, wanted, nearest: null }] };
}

function errorsOf(issue: z.core.$ZodIssue, document: unknown): readonly Omit<ConfigError, "line">[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = pathOf([...issue.path, key]);
      const nearest = nearestKey(path, knownKeys().keys());
      return { path, value: null, wanted: "a key that exists", nearest };
    });
  }
  return [{ path: pathOf(issue.path), value: shown(valueAt(document, issue.path)), wanted: issue.message, nearest: null }];
}

function pathOf(parts: readonly PropertyKey[]): string {
  return parts.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`)).join("");
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    document,
  );
}

function shown(value: unknown): string | null {
  if (value === undefined) return null;
  const text = (JSON.stringify(value) ?? String(value)).replaceAll(/:\/\/[^/@"]*@/g, "://…@");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/**
 * Bytes of a TOML file → the configuration with its warnings, or everything that is wrong in it at once: each fault with path, line,
 * what was found, what was wanted, and the key that was probably meant. Total: it never throws on content. Reading the file is main.ts's.
 */
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { type Conflict, conflictsOf } from "./conflicts.ts";
import { keyLines, lineOf } from "./key-lines.ts";
import { knownKeys } from "./known-keys.ts";
import { nearestKey } from "./nearest-key.ts";
import { type Config, configSchema } from "./schema.ts";

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
/** What holds, and yet is probably not meant. */
export type ConfigWarning = { readonly path: string; readonly line: number | null; readonly says: string };

export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigWarning[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Reads a configuration. An empty file is one: every key has a default. */
export function loadConfig(bytes: Uint8Array): Loaded {
  const read = readDocument(bytes);
  if (!read.ok) return read;
  const { document, text } = read;
  const result = configSchema.safeParse(document);
  const conflicts = conflictsOf(result.success ? result.data : readablePart(document, result.error.issues));
  const errors = [
    ...(result.success ? [] : result.error.issues.flatMap((issue) => errorsOf(issue, document))),
    ...conflicts
      .filter(isError)
      .map(({ path, says }) => ({ path, value: shown(valueAt(document, partsOf(path))), wanted: says, nearest: null })),
  ];
  const lines = keyLines(text);
  const placed = <T extends { readonly path: string }>(list: readonly T[]): readonly (T & { readonly line: number | null })[] =>
    list.map((one) => ({ ...one, line: lineOf(lines, one.path) })).sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (errors.length > 0 || !result.success) return { ok: false, errors: placed(errors) };
  return { ok: true, config: result.data, warnings: placed(conflicts.map(({ path, says }) => ({ path, says }))) };
}

export type ReadDocument =
  | { readonly ok: true; readonly document: Readonly<Record<string, unknown>>; readonly text: string }
  | Extract<Loaded, { readonly ok: false }>;

/** The file as TOML has it, before any key is looked at. */
export function readDocument(bytes: Uint8Array): ReadDocument {
  const text = decoded(bytes);
  if (text === null) return broken("UTF-8 text", null);
  const document = parsed(text);
  if (document instanceof TomlError) return broken(`TOML: ${document.message.split("\n")[0]}`, document.line);
  return { ok: true, document, text };
}

/** What is left of the file without what is wrong in it: so that a mistake in one key does not hide what is wrong between two others. */
function readablePart(document: Readonly<Record<string, unknown>>, issues: readonly z.core.$ZodIssue[]): Config {
  const left = structuredClone(document);
  for (const key of faultyKeys(issues)) remove(left, key);
  const first = configSchema.safeParse(left);
  if (first.success) return first.data;
  // What is still wrong is a table that lacks a key it must have.
  for (const key of faultyKeys(first.error.issues)) remove(left, key.slice(0, -1));
  const second = configSchema.safeParse(left);
  return second.success ? second.data : configSchema.parse({});
}

/** A list counts as a whole: without one of its items the places of the others would be wrong. */
function faultyKeys(issues: readonly z.core.$ZodIssue[]): readonly (readonly PropertyKey[])[] {
  const paths = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path],
  );
  return paths.map((path) => {
    const item = path.findIndex((part) => typeof part === "number");
    return item === -1 ? path : path.slice(0, item);
  });
}

function remove(document: unknown, path: readonly PropertyKey[]): void {
  const [last, table] = [path.at(-1), valueAt(document, path.slice(0, -1))];
  if (last !== undefined && typeof table === "object" && table !== null) Reflect.deleteProperty(table, last);
}

function isError({ severity }: Conflict): boolean {
  return severity === "error";
}

/** One line for a person: `line 3: trust.netwroks: no such key; did you mean trust.networks?` */
export function formatConfigError({ path, line, value, wanted, nearest }: ConfigError): string {
  const where = [line === null ? "" : `line ${line}`, path].filter((part) => part !== "");
  const found = value === null ? "" : `, found ${value}`;
  const hint = nearest === null ? "" : `; did you mean ${nearest}?`;
  return `${[...where, ""].join(": ")}wanted ${wanted}${found}${hint}`;
}

/** `line 3: policy.mode: no memory.url is set…` */
export function formatConfigWarning({ path, line, says }: ConfigWarning): string {
  return `${[line === null ? "" : `line ${line}`, path].filter((part) => part !== "").join(": ")}: ${says}`;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | TomlError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) return error;
    throw error;
  }
}

function broken(wanted: string, line: number | null): Extract<Loaded, { readonly ok: false }> {
  return { ok: false, errors: [{ path: "", line, value: null, wanted, nearest: null }] };
}

function errorsOf(issue: z.core.$ZodIssue, document: unknown): readonly Omit<ConfigError, "line">[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = pathOf([...issue.path, key]);
      const nearest = nearestKey(path, knownKeys.keys());
      return { path, value: null, wanted: "a key that exists", nearest };
    });
  }
  if (issue.code === "invalid_union") {
    const inner = innerIssues(issue);
    if (inner !== null) return inner.flatMap((one) => errorsOf(one, document));
  }
  return [{ path: pathOf(issue.path), value: shown(valueAt(document, issue.path)), wanted: issue.message, nearest: null }];
}

/** The faults of the option that was meant: the one whose own form the value has. Null: none has it. */
function innerIssues({ errors, path }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | null {
  const meant = errors.find((issues) => !issues.some((one) => one.code === "invalid_type" && one.path.length === 0));
  return meant === undefined ? null : meant.map((one) => ({ ...one, path: [...path, ...one.path] }));
}

/** The inverse of pathOf: `a.b[0]` → a, b, 0. */
function partsOf(path: string): readonly PropertyKey[] {
  return path.split(/[.[\]]+/).flatMap((part) => (part === "" ? [] : [/^[0-9]+$/.test(part) ? Number(part) : part]));
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

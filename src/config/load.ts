/**
 * Reads the text of assay.toml into a Config, or lists everything that is wrong in it: each fault with its path, the value found, what
 * was wanted, and for an unknown key the nearest known one. It opens no file and guesses nothing.
 */
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { type Config, configSchema } from "./schema.ts";

/** One fault. `path` as in `trust.networks[0]`; "" for the file as a whole. */
export type ConfigFault = { readonly path: string; readonly message: string };
export type LoadedConfig = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly faults: readonly ConfigFault[] };

export function loadConfig(text: string): LoadedConfig {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { ok: false, faults: [{ path: "", message: `line ${error.line}: not TOML: ${firstLine(error.message)}` }] };
  }
  const read = configSchema.safeParse(value);
  if (read.success) return { ok: true, config: read.data };
  return { ok: false, faults: read.error.issues.flatMap((issue) => faultsOf(issue, value)) };
}

/** One line for a person: `trust.networks[0] = "10.0.0/8": wants an address or a network, …`. */
export function describeConfigFault({ path, message }: ConfigFault): string {
  return path === "" ? message : `${path}${message}`;
}

function faultsOf(issue: z.core.$ZodIssue, root: unknown): readonly ConfigFault[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(issue.path, key));
  const found = issue.path.reduce<unknown>((value, part) => childOf(value, part), root);
  const wanted =
    issue.code === "invalid_type" ? articleOf(issue.expected) : issue.code === "too_big" ? `at most ${issue.maximum}` : issue.message;
  return [{ path: pathText(issue.path), message: ` = ${shortValue(found)}: wants ${wanted}` }];
}

function unknownKey(path: readonly PropertyKey[], key: string): ConfigFault {
  const near = nearest(key, keysAt(path));
  return { path: pathText([...path, key]), message: `: no such key${near === null ? "" : `; did you mean ${pathText([...path, near])}?`}` };
}

/** The keys that the schema knows in a table. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = configSchema;
  for (const part of path) {
    const inner = schema instanceof z.ZodObject ? (schema.shape as Record<string, unknown>)[String(part)] : undefined;
    schema = inner instanceof z.ZodOptional ? inner.unwrap() : inner;
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function childOf(value: unknown, part: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`)).join("");
}

function shortValue(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function articleOf(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: "a text in quotes",
    array: "a list",
    object: "a table",
    boolean: "true or false",
  };
  return words[type] ?? type;
}

/** The known word at most two letters away. */
function nearest(word: string, known: readonly string[]): string | null {
  const ranked = known.map((one) => ({ one, far: distance(word.slice(0, 40), one) })).sort((a, b) => a.far - b.far);
  return ranked[0] !== undefined && ranked[0].far <= 2 ? ranked[0].one : null;
}

/** Letters to insert, delete or replace. */
function distance(from: string, to: string): number {
  let before = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (before[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min((before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced));
    }
    before = row;
  }
  return before[to.length] ?? 0;
}

function firstLine(message: string): string {
  return (message.split("\n", 1)[0] ?? "").replace(/^Invalid TOML document: /, "");
}

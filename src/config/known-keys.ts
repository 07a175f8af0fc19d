/**
 * The schema as a list: every key that a file can hold, in the order of the schema, with its help, what is wanted there, its default and
 * an example. Errors, the sample, `config print` and the documentation are made of it.
 */
import { z } from "zod";
import { wantedWords } from "./forms.ts";
import { configSchema } from "./schema.ts";

export type KnownKey = {
  /** `trust.networks`, `domains[].name`. */
  readonly path: string;
  /** One sentence or two. */
  readonly help: string;
  /** `value`: a setting. `table`: [name]. `tables`: [[name]]. */
  readonly kind: "value" | "table" | "tables";
  readonly wanted: string;
  /** As written in a file; undefined: the key must be given. Null: nothing is set. */
  readonly initial: unknown;
  /** TOML of a value that makes an example; null: the default is one. */
  readonly sample: string | null;
  /** In words, what holds where nothing is set. */
  readonly unset: string | null;
};

/** Every key, tables before what is in them. */
export const allKeys: readonly KnownKey[] = keysOf(configSchema, "");

/** The keys by path. */
export const knownKeys: ReadonlyMap<string, KnownKey> = new Map(allKeys.map((key) => [key.path, key]));

function keysOf(schema: unknown, parent: string): readonly KnownKey[] {
  return Object.entries(shapeOf(schema)).flatMap(([name, member]) => {
    const path = parent === "" ? name : `${parent}.${name}`;
    const inner = unwrapped(member).schema;
    const items = inner instanceof z.ZodArray ? inner.element : null;
    return [keyOf(member, path), ...keysOf(member, path), ...(items === null ? [] : keysOf(items, `${path}[]`))];
  });
}

function keyOf(member: unknown, path: string): KnownKey {
  const { schema, initial } = unwrapped(member);
  const { description = "", sample, unset } = member instanceof z.ZodType ? (member.meta() ?? {}) : {};
  const wanted = schema instanceof z.ZodType ? (wantedWords.get(schema)?.wanted ?? "a table") : "";
  return { path, help: description, kind: kindOf(schema, initial), wanted, initial, sample: textOf(sample), unset: textOf(unset) };
}

function kindOf(schema: unknown, initial: unknown): KnownKey["kind"] {
  if (schema instanceof z.ZodArray) return unwrapped(schema.element).schema instanceof z.ZodObject ? "tables" : "value";
  // A table that may be left out altogether is written in one line.
  return schema instanceof z.ZodObject && initial !== null ? "table" : "value";
}

/** The members of a table, or of the table among a union's options. */
function shapeOf(schema: unknown): z.core.$ZodShape {
  const { schema: inner } = unwrapped(schema);
  if (inner instanceof z.ZodObject) return inner.shape;
  return inner instanceof z.ZodUnion ? Object.assign({}, ...inner.options.map(shapeOf)) : {};
}

/** What is inside of defaults and the like, and the outermost default. */
function unwrapped(schema: unknown): { readonly schema: unknown; readonly initial: unknown } {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly) return unwrapped(schema.unwrap());
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) return { schema, initial: undefined };
  return { schema: unwrapped(schema.unwrap()).schema, initial: schema.def.defaultValue };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

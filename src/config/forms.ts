/**
 * The forms of which the schema is built: a text that a parser understands, a word of a list, a number, a list, a table. Each carries
 * in words what is wanted there; errors, the sample and the documentation show those words. A form reads values, never a file.
 */
import { z } from "zod";

/** What is wanted at a place, in words: of the innermost schema of each form. */
export const wantedWords = z.registry<{ readonly wanted: string }>();

/** A text that `parse` understands. */
export function text<T>(wanted: string, parse: (text: string) => T | null) {
  return z
    .string({ error: wanted })
    .transform((input, context): T => {
      const value = parse(input);
      if (value !== null) return value;
      context.issues.push({ code: "custom", message: wanted, input });
      return z.NEVER;
    })
    .register(wantedWords, { wanted });
}

/** One of these words, or of these words and switches. */
export function oneOf<const T extends readonly [string | boolean, ...(string | boolean)[]]>(words: T) {
  const wanted = words.map((word) => JSON.stringify(word)).join(" or ");
  return noted(z.literal([...words], { error: wanted }), wanted);
}

function noted<T extends z.ZodType>(schema: T, wanted: string): T {
  wantedWords.add(schema, { wanted });
  return schema;
}

export function yesOrNo() {
  return z.boolean({ error: "true or false" }).register(wantedWords, { wanted: "true or false" });
}

/** A whole number, ends included. */
export function whole({ min, max }: { readonly min: number; readonly max: number }) {
  const wanted = `a whole number from ${min} to ${max}`;
  return z.int({ error: wanted }).min(min, { error: wanted }).max(max, { error: wanted }).register(wantedWords, { wanted });
}

/** A number, ends included. */
export function decimal({ min, max }: { readonly min: number; readonly max: number }) {
  const wanted = `a number from ${min} to ${max}`;
  return z.number({ error: wanted }).min(min, { error: wanted }).max(max, { error: wanted }).register(wantedWords, { wanted });
}

export function listOf<T extends z.ZodType>(item: T, wanted: string) {
  return z.array(item, { error: wanted }).register(wantedWords, { wanted }).readonly().default([]);
}

export function table<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, { error: "a table" }).readonly();
}

/** Tables `[[name]]`, of which no two agree in any key of `unique`. */
export function tablesOf<T extends z.ZodType>(item: T, name: string, unique: readonly string[] = []) {
  const wanted = `tables [[${name}]]`;
  return z
    .array(item, { error: wanted })
    .superRefine((list, context) => {
      for (const key of unique) {
        const values = list.map((one) => keyValue(one, key));
        values.forEach((value, index) => {
          if (value == null || values.indexOf(value) === index) return;
          context.addIssue({ code: "custom", message: `each ${key} once`, path: [index, key], input: value });
        });
      }
    })
    .register(wantedWords, { wanted })
    .readonly()
    .default([]);
}

function keyValue(one: unknown, key: string): unknown {
  return typeof one === "object" && one !== null ? Reflect.get(one, key) : undefined;
}

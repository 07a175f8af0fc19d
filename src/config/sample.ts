/**
 * A whole assay.toml, made of the schema: every key with its help and its default. What is commented out with `#` and no blank behind it
 * is a setting that can be taken in as it stands; a file of this text is the defaults.
 */
import { allKeys, type KnownKey } from "./known-keys.ts";
import { tomlText, tomlValue } from "./toml-text.ts";

const lineMax = 110;

export function sampleText(): string {
  const head = [
    "# The configuration of Assay. Every key has its default; take the # from a line to set it.",
    "# `assay config check FILE` lists all mistakes, `assay config print FILE` what is in force.",
    "",
  ];
  const root = allKeys.filter(({ path }) => !path.includes("."));
  const lines = [...root.filter(isValue).flatMap(setting), ...root.filter((key) => !isValue(key)).flatMap(tableText)];
  return `${[...head, ...lines].join("\n")}\n`;
}

/** The literal a reader meets: the example where the default says nothing. */
export function exampleOf({ initial, sample }: Pick<KnownKey, "initial" | "sample">): string {
  const value = tomlValue(initial);
  const empty = value === null || (Array.isArray(value) && value.length === 0);
  return empty ? (sample ?? "[]") : tomlText(value);
}

/** The default in words: a literal, "nothing", or that there is none. */
export function defaultWords({ initial, unset }: Pick<KnownKey, "initial" | "unset">): string {
  if (initial === undefined) return "must be given";
  const value = tomlValue(initial);
  return value === null ? (unset ?? "not set") : tomlText(value);
}

function tableText(table: KnownKey): readonly string[] {
  const parent = table.kind === "tables" ? `${table.path}[]` : table.path;
  const members = allKeys.filter(({ path }) => path.startsWith(`${parent}.`) && !path.slice(parent.length + 1).includes("."));
  const header = table.kind === "tables" ? `#[[${table.path}]]` : `[${table.path}]`;
  const inner = members.filter((key) => !isValue(key));
  return ["", ...comment(table.help), header, ...members.filter(isValue).flatMap(setting), ...inner.flatMap(tableText)];
}

function setting(key: KnownKey): readonly string[] {
  const name = key.path.slice(key.path.lastIndexOf(".") + 1);
  const wanted =
    key.kind === "value" && !key.wanted.startsWith("a table") ? ` ${upperFirst(key.wanted)}; default: ${defaultWords(key)}.` : "";
  return [...comment(`${key.help}${wanted}`), `#${name} = ${exampleOf(key)}`];
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function comment(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= lineMax) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function isValue({ kind }: KnownKey): boolean {
  return kind === "value";
}

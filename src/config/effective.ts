/**
 * The configuration in force, key by key, each with where its value comes from: the file and its line, or the default. Printed as TOML
 * that reads as the same configuration, but for passwords, which are not printed.
 */
import { keyLines, lineOf } from "./key-lines.ts";
import { allKeys, type KnownKey } from "./known-keys.ts";
import { type Loaded, loadConfig, readDocument } from "./load.ts";
import { type TomlValue, tomlText, tomlValue } from "./toml-text.ts";

export type EffectiveKey = {
  /** `policy.mode`, `domains[0].name`. */
  readonly path: string;
  /** As written in the file, or the default; null where nothing is set. */
  readonly value: TomlValue | null;
  readonly origin: { readonly kind: "default" } | { readonly kind: "file"; readonly line: number | null };
  /** What holds where nothing is set. */
  readonly unset: string | null;
};

export type Effective = { readonly ok: true; readonly keys: readonly EffectiveKey[] } | Extract<Loaded, { readonly ok: false }>;

export function effectiveKeys(bytes: Uint8Array): Effective {
  const loaded = loadConfig(bytes);
  if (!loaded.ok) return loaded;
  const read = readDocument(bytes);
  return read.ok ? { ok: true, keys: keysUnder(read.document, { known: "", path: "", lines: keyLines(read.text) }) } : read;
}

type Place = { readonly known: string; readonly path: string; readonly lines: ReadonlyMap<string, number> };

/** Settings of a table first, then the tables in it: as TOML must write them. */
function keysUnder(table: unknown, place: Place): readonly EffectiveKey[] {
  const members = membersOf(place.known);
  return [
    ...members.filter(({ kind }) => kind === "value").map((key) => settingOf(key, table, place)),
    ...members.filter(({ kind }) => kind !== "value").flatMap((key) => tablesIn(key, table, place)),
  ];
}

function membersOf(parent: string): readonly KnownKey[] {
  return allKeys.filter(({ path }) => parentOf(path) === parent);
}

function settingOf(key: KnownKey, table: unknown, { path, lines }: Place): EffectiveKey {
  const name = nameOf(key.path);
  const here = path === "" ? name : `${path}.${name}`;
  const written = tomlValue(memberOf(table, name));
  const { unset } = key;
  if (written === null) return { path: here, value: tomlValue(key.initial), origin: { kind: "default" }, unset };
  return { path: here, value: withoutPassword(written), origin: { kind: "file", line: lineOf(lines, here) }, unset };
}

function tablesIn(key: KnownKey, table: unknown, { path, lines }: Place): readonly EffectiveKey[] {
  const name = nameOf(key.path);
  const here = path === "" ? name : `${path}.${name}`;
  const written = memberOf(table, name);
  if (key.kind === "table") return keysUnder(written, { known: key.path, path: here, lines });
  const items: readonly unknown[] = Array.isArray(written) ? written : [];
  return items.flatMap((item, index) => keysUnder(item, { known: `${key.path}[]`, path: `${here}[${index}]`, lines }));
}

/** TOML, with the origin of each value behind it. */
export function printEffective(keys: readonly EffectiveKey[]): string {
  let table = "";
  const lines = keys.flatMap((key) => {
    const parent = parentOf(key.path);
    const opened = parent === table ? [] : ["", parent.endsWith("]") ? `[[${parent.replaceAll(/\[\d+\]/g, "")}]]` : `[${parent}]`];
    table = parent;
    return [...opened, settingLine(key)];
  });
  return `${lines.join("\n")}\n`;
}

function settingLine({ path, value, origin, unset }: EffectiveKey): string {
  const from = origin.kind === "default" ? "default" : origin.line === null ? "file" : `line ${origin.line}`;
  if (value === null) return `# ${nameOf(path)}: ${unset ?? "not set"}`;
  return `${`${nameOf(path)} = ${tomlText(value)}`.padEnd(48)} # ${from}`;
}

function withoutPassword(value: TomlValue): TomlValue {
  if (typeof value !== "string" || !/^postgres(?:ql)?:/.test(value)) return value;
  return value.replace(/(:\/\/[^/@:]*):[^/@]*@/, "$1:…@").replace(/([?&]password=)[^&#]*/g, "$1…");
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function memberOf(table: unknown, name: string): unknown {
  return typeof table === "object" && table !== null && Object.hasOwn(table, name) ? Reflect.get(table, name) : undefined;
}

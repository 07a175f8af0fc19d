/**
 * Values as TOML writes them (TOML 1.0): on one line, strings quoted, tables inline. For values that were read from TOML, or that JSON
 * could hold; null has no form in TOML and is refused by the type.
 */
export type TomlValue = string | number | boolean | readonly TomlValue[] | { readonly [key: string]: TomlValue };

export function tomlText(value: TomlValue): string {
  if (typeof value === "string") return stringText(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(tomlText).join(", ")}]`;
  const members = Object.entries(value).map(([key, member]) => `${keyText(key)} = ${tomlText(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** What TOML can write of a value that is not known; null: nothing, such as a date. */
export function tomlValue(value: unknown): TomlValue | null {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null || value instanceof Date) return null;
  if (Array.isArray(value)) return value.flatMap((item) => tomlValue(item) ?? []);
  const members = Object.entries(value).flatMap(([key, member]): [string, TomlValue][] => {
    const written = tomlValue(member);
    return written === null ? [] : [[key, written]];
  });
  return Object.fromEntries(members);
}

function isList(value: Exclude<TomlValue, string | number | boolean>): value is readonly TomlValue[] {
  return Array.isArray(value);
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : stringText(key);
}

/** JSON's escapes are TOML's; DEL and what acts on a terminal are escaped too. */
function stringText(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (char) => {
    return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * On which line each key of a TOML text stands: the parser gives values without their places. Reads text that has parsed, so it
 * checks nothing; where it cannot tell (keys inside an inline table) the line of the nearest key around it is the answer.
 */

/** Paths as errors name them (`trust.networks`, `domains[0].name`) → line, the first being 1. */
export function keyLines(toml: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = "";
  let line = 1;
  let at = 0;
  while (at < toml.length) {
    const end = endOfStatement(toml, at);
    const statement = toml.slice(at, end);
    const start = line + countNewlines(/^\s*/.exec(statement)?.[0] ?? "");
    const text = statement.trim();
    if (text.startsWith("[[")) {
      const name = join("", keyParts(text.slice(2)));
      const index = counts.get(name) ?? 0;
      counts.set(name, index + 1);
      table = `${name}[${index}]`;
    } else if (text.startsWith("[")) table = join("", keyParts(text.slice(1)));
    if (text.startsWith("[")) note(lines, table, start);
    else if (text !== "" && !text.startsWith("#")) note(lines, join(table, keyParts(text)), start);
    line += countNewlines(statement);
    at = end;
  }
  return lines;
}

/** The line of a path or of the nearest key around it; null at the top. */
export function lineOf(lines: ReadonlyMap<string, number>, path: string): number | null {
  for (let around = path; around !== ""; around = around.replace(/(?:\.[^.[\]]*|\[\d+\]|^[^.[\]]+)$/, "")) {
    const line = lines.get(around);
    if (line !== undefined) return line;
  }
  return null;
}

function note(lines: Map<string, number>, path: string, line: number): void {
  if (!lines.has(path)) lines.set(path, line);
}

function join(table: string, parts: readonly string[]): string {
  return [table, ...parts].filter((part) => part !== "").join(".");
}

function countNewlines(text: string): number {
  return text.split("\n").length - 1;
}

/** The parts of a key, bare or quoted, up to "=" or "]". */
function keyParts(text: string): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const match = /^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*/.exec(rest);
    if (match === null) return parts;
    parts.push(match[1] ?? match[2] ?? match[3] ?? "");
    rest = rest.slice(match[0].length);
    if (!rest.startsWith(".")) return parts;
    rest = rest.slice(1);
  }
}

/** Behind the line end that closes a statement: one outside of strings, brackets and comments. */
function endOfStatement(toml: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < toml.length) {
    const one = toml[at] ?? "";
    if (one === "#") at = endOfLine(toml, at);
    else if (one === '"' || one === "'") at = endOfString(toml, at);
    else {
      if (one === "[" || one === "{") depth += 1;
      else if (one === "]" || one === "}") depth -= 1;
      at += 1;
      if (one === "\n" && depth <= 0) return at;
    }
  }
  return toml.length;
}

function endOfLine(toml: string, from: number): number {
  const found = toml.indexOf("\n", from);
  return found === -1 ? toml.length : found;
}

function endOfString(toml: string, from: number): number {
  const quote = toml[from] ?? "";
  const long = toml.startsWith(quote.repeat(3), from) ? 3 : 1;
  for (let at = from + long; at < toml.length; at += 1) {
    if (quote === '"' && toml[at] === "\\") at += 1;
    else if (toml.startsWith(quote.repeat(long), at)) return at + long;
  }
  return toml.length;
}

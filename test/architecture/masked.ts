/**
 * TypeScript source with the contents of comments, strings, templates and regular expressions blanked out: same length, same
 * lines, so that a plain search on what is left sees code only. TypeScript 7 has no parser to call; this scanner is enough
 * for source that the formatter has laid out. It refuses nothing: on broken source it blanks too much or too little.
 */
export function masked(source: string): string {
  const out = source.split("");
  /** Brace depths at which a template's `${` was opened. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) if (out[i] !== "\n") out[i] = " ";
  };
  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const one = source[at];
    let end = at + 1;
    if (two === "//") {
      end = endOf(source, "\n", at);
      blank(at, end);
    } else if (two === "/*") {
      end = endOf(source, "*/", at + 2) + 2;
      blank(at, end);
    } else if (one === '"' || one === "'") {
      end = endOfQuoted(source, at, one);
      blank(at + 1, end - 1);
    } else if (one === "`" || (one === "}" && templates.at(-1) === depth)) {
      if (one === "}") templates.pop();
      end = endOfTemplatePart(source, at + 1);
      const opens = source[end - 1] === "{";
      if (opens) templates.push(depth);
      blank(at + 1, opens ? end - 2 : end - 1);
      if (one === "}") out[at] = " ";
      if (opens) blank(end - 2, end);
    } else if (one === "/" && startsRegExp(out, at)) {
      end = endOfRegExp(source, at);
      blank(at + 1, end - 1);
    } else if (one === "{") depth += 1;
    else if (one === "}") depth -= 1;
    at = end;
  }
  return out.join("");
}

function endOf(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from);
  return found === -1 ? source.length : found;
}

function endOfQuoted(source: string, start: number, quote: string): number {
  for (let at = start + 1; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === quote || source[at] === "\n") return at + 1;
  }
  return source.length;
}

/** Behind the closing backtick or behind `${`. */
function endOfTemplatePart(source: string, start: number): number {
  for (let at = start; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "`") return at + 1;
    else if (source.startsWith("${", at)) return at + 2;
  }
  return source.length;
}

/** A slash begins a regular expression where no value stands before it. */
function startsRegExp(out: readonly string[], at: number): boolean {
  let before = at - 1;
  while (before >= 0 && /\s/.test(out[before] ?? "")) before -= 1;
  if (before < 0 || "(,=:[!&|?{};+-*%<>~^".includes(out[before] ?? "")) return true;
  const word = /(?:^|[^\w$.])(\w+)$/.exec(out.slice(Math.max(0, before - 12), before + 1).join(""))?.[1] ?? "";
  return ["return", "typeof", "case", "in", "of", "yield", "await"].includes(word);
}

function endOfRegExp(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at += 1) {
    const one = source[at];
    if (one === "\\") at += 1;
    else if (one === "\n") return at;
    else if (one === "[") inClass = true;
    else if (one === "]") inClass = false;
    else if (one === "/" && !inClass) return at + 1;
  }
  return source.length;
}

/**
 * main.cf and master.cf of Postfix, as postconf(5) and master(5) have them: text → settings and services. Values stay as written, with
 * `$name` in them; line ends within a value become blanks, as postconf shows them. It reads; postconf writes.
 */
export type MainCf = ReadonlyMap<string, string>;

export type Service = {
  /** `submission/inet`, as postconf -P names it. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Column chroot: y, n or -. */
  readonly chroot: string;
  readonly program: string;
  /** `-o name=value`, the last of a name. */
  readonly overrides: ReadonlyMap<string, string>;
};

/** postconf(5): a line that begins with white space continues the one before; comments may stand between. The last value of a name holds. */
export function parseMainCf(text: string): MainCf {
  const settings = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const at = line.indexOf("=");
    if (at > 0) settings.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return settings;
}

export function parseMasterCf(text: string): readonly Service[] {
  return logicalLines(text).flatMap((line) => {
    const [name, type, , , chroot, , , program, ...args] = words(line);
    if (name === undefined || type === undefined || chroot === undefined || program === undefined) return [];
    return [{ id: `${name}/${type}`, name, type, chroot, program, overrides: overridesOf(args) }];
  });
}

/** `$name`, `${name}` and `$(name)` replaced by their values, as far as they are known. */
export function expanded(text: string, main: MainCf, depth = 0): string {
  if (depth > 8) return text;
  return text.replace(/\$(?:\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\)|([A-Za-z0-9_]+))/g, (whole, ...names: (string | undefined)[]) => {
    const value = main.get(names.slice(0, 3).find((name) => name !== undefined) ?? "");
    return value === undefined ? whole : expanded(value, main, depth + 1);
  });
}

/** The items of a list, at commas and blanks; what stands in braces is one item. */
export function listItems(text: string): readonly string[] {
  const items: string[] = [];
  let depth = 0;
  let item = "";
  for (const character of text) {
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    if (depth <= 0 && /[,\s]/.test(character)) {
      items.push(item);
      item = "";
    } else item += character;
  }
  return [...items, item].filter((one) => one !== "");
}

function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const last = lines.at(-1);
    if (/^\s/.test(line) && last !== undefined) lines[lines.length - 1] = `${last} ${line.trim()}`;
    else lines.push(line.trim());
  }
  return lines;
}

/** At blanks; `{ name = value }` is one word. */
function words(line: string): readonly string[] {
  return line.match(/\{[^{}]*\}|[^\s{}]+(?:\{[^{}\s]*\}[^\s{}]*)*/g) ?? [];
}

function overridesOf(args: readonly string[]): ReadonlyMap<string, string> {
  const overrides = new Map<string, string>();
  args.forEach((arg, index) => {
    if (arg !== "-o") return;
    const setting = (args[index + 1] ?? "").replace(/^\{\s*|\s*\}$/g, "");
    const at = setting.indexOf("=");
    if (at > 0) overrides.set(setting.slice(0, at).trim(), setting.slice(at + 1).trim());
  });
  return overrides;
}

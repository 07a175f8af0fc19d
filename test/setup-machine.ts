/** A machine of files in memory, with a postconf that edits them as Postfix's does: enough for `assay setup` in tests. */
import type { Machine, Ownership, Ran } from "../src/doors/cli/setup/machine.ts";

export type FakeMachine = Machine & {
  readonly files: Map<string, string>;
  readonly ran: string[];
  /** Instead of the fake's own answer. */
  readonly answers: Map<string, Ran>;
};

export function fakeMachine(files: Readonly<Record<string, string>>): FakeMachine {
  const held = new Map(Object.entries(files));
  const modes = new Map<string, Ownership>(Object.keys(files).map((path) => [path, { mode: 0o640, uid: 7, gid: 8 }]));
  const ran: string[] = [];
  const answers = new Map<string, Ran>();
  return {
    files: held,
    ran,
    answers,
    read: (path) => held.get(path) ?? null,
    list: (folder) =>
      [...held.keys()].flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1).split("/")[0] ?? ""] : [])).sort(),
    ownership: (path) => modes.get(path) ?? null,
    own: (path, ownership) => void modes.set(path, ownership),
    replace: (path, text, mode = 0o644) => {
      held.set(path, text);
      if (!modes.has(path)) modes.set(path, { mode, uid: 0, gid: 0 });
    },
    remove: (path) => void held.delete(path),
    run: (program, args) => {
      ran.push([program, ...args].join(" "));
      const answer = answers.get(program);
      if (answer !== undefined) return answer;
      if (program !== "postconf") return { status: null, output: "" };
      const [, directory = "", ...rest] = args;
      const fault = postconf(directory, rest, held);
      // It writes the file anew.
      for (const name of ["main.cf", "master.cf"]) modes.set(`${directory}/${name}`, { mode: 0o644, uid: 0, gid: 0 });
      return fault === null ? { status: 0, output: "" } : { status: 1, output: fault };
    },
  };
}

function postconf(directory: string, [what = "", ...settings]: readonly string[], files: Map<string, string>): string | null {
  const main = `${directory}/main.cf`;
  const master = `${directory}/master.cf`;
  const entries = (path: string): string[] => (files.get(path) ?? "").split(/\n(?=[^\s])/).filter((entry) => entry.trim() !== "");
  for (const setting of settings) {
    const at = setting.indexOf("=");
    const name = at === -1 ? setting : setting.slice(0, at);
    const value = at === -1 ? null : setting.slice(at + 1);
    if (what === "-e" || what === "-X") {
      const left = entries(main).filter((entry) => !new RegExp(`^${name}\\s*=`).test(entry));
      files.set(main, `${[...left.map((entry) => entry.trimEnd()), ...(value === null ? [] : [`${name} = ${value}`])].join("\n")}\n`);
      continue;
    }
    const [service = "", type = "", override] = what.startsWith("-P") ? splitOverride(name) : splitService(name);
    if (what === "-P" && /\s/.test(value ?? "")) return "-P does not accept whitespace in parameter value";
    const changed = entries(master).flatMap((entry) => {
      if (!new RegExp(`^${service.replace(/[.[\]]/g, "\\$&")}\\s+${type}\\s`).test(entry)) return [entry.trimEnd()];
      if (what === "-M" || what === "-MX") return [];
      const kept = entry
        .trimEnd()
        .split(/\n\s*(?=-o )/)
        .filter((part) => !part.startsWith(`-o ${override}=`));
      return [[...kept, ...(value === null ? [] : [`-o ${override}=${value}`])].join("\n    ")];
    });
    files.set(master, `${[...changed, ...(what === "-M" ? [(value ?? "").replaceAll(" -o ", "\n    -o ")] : [])].join("\n")}\n`);
  }
  return null;
}

function splitService(name: string): readonly string[] {
  const at = name.lastIndexOf("/");
  return [name.slice(0, at), name.slice(at + 1)];
}

function splitOverride(name: string): readonly string[] {
  const at = name.lastIndexOf("/");
  return [...splitService(name.slice(0, at)), name.slice(at + 1)];
}

/**
 * Writes a plan for Postfix with postconf(1), and takes it back. What stood there is saved first, beside main.cf in assay-setup.json: as
 * whole files, to be put back byte for byte while nobody else has changed them since, and setting by setting for when somebody has. A
 * setting of ours that somebody else changed is never overwritten: then nothing is taken back, and it is said what to do.
 */
import { hash } from "node:crypto";
import { join } from "node:path";
import { UsageError } from "../ports.ts";
import type { Machine, Ownership } from "./machine.ts";
import type { PostfixChange, PostfixFound } from "./postfix.ts";
import { parseMainCf, parseMasterCf } from "./postfix-files.ts";

export type Written = { readonly done: readonly string[] };

const fileNames = ["main.cf", "master.cf"] as const;
type FileName = (typeof fileNames)[number];

/** `before` and `after` of a setting as written in the file; null: not set. */
type SavedKey = { readonly change: PostfixChange; readonly before: string | null };
/** `before`: the whole file, or null once it cannot be put back whole. `after`: digest of the file as we left it. */
type SavedFile = { readonly before: string | null; readonly after: string | null };
type Saved = {
  readonly version: 1;
  readonly server: "postfix";
  readonly files: Readonly<Record<FileName, SavedFile>>;
  readonly keys: readonly SavedKey[];
};

export function readPostfix(directory: string, machine: Pick<Machine, "read">): PostfixFound {
  const [main, master] = fileNames.map((name) => machine.read(join(directory, name)) ?? "");
  return { directory, main: parseMainCf(main ?? ""), services: parseMasterCf(master ?? "") };
}

/** As it would be without us: what was written for Assay and is still as written counts as not there. A plan is made of this, so that it is the same each time. */
export function readPostfixWithoutUs(directory: string, machine: Pick<Machine, "read">): PostfixFound {
  const found = readPostfix(directory, machine);
  const main = new Map(found.main);
  let services = found.services;
  for (const { change, before } of savedIn(directory, machine)?.keys ?? []) {
    if (settingNow(change, found) !== change.value) continue;
    if (change.kind === "main") put(main, change.name, before);
    else if (change.kind === "service") services = services.filter(({ id }) => id !== change.service || before !== null);
    else {
      services = services.map((service) => {
        if (service.id !== change.service) return service;
        const overrides = new Map(service.overrides);
        put(overrides, change.name, before);
        return { ...service, overrides };
      });
    }
  }
  return { directory, main, services };
}

function put(map: Map<string, string>, name: string, value: string | null): void {
  if (value === null) map.delete(name);
  else map.set(name, value);
}

/** Sets what is not as planned. Does nothing where everything is. */
export function applyPostfix(changes: readonly PostfixChange[], directory: string, machine: Machine): Written {
  const before = readPostfix(directory, machine);
  const texts = textsOf(directory, machine);
  const saved = savedIn(directory, machine);
  const stale = (saved?.keys ?? []).filter(({ change }) => !changes.some((one) => keyOf(one) === keyOf(change)));
  const back = stale
    .filter(({ change }) => settingNow(change, before) === change.value)
    .map(({ change, before: value }) => ({ ...change, value }));
  const todo = [...back, ...changes.filter((change) => settingNow(change, before) !== change.value)];
  if (todo.length === 0) return { done: [] };
  const keys = changes.map((change): SavedKey => {
    const known = saved?.keys.find((one) => keyOf(one.change) === keyOf(change));
    return { change, before: known === undefined ? settingNow(change, before) : known.before };
  });
  const files = filesOf(texts, saved);
  save(directory, { version: 1, server: "postfix", files: withoutDigests(files), keys }, machine);
  try {
    edit(todo, directory, machine);
    const after = readPostfix(directory, machine);
    const wrong = changes.find((change) => settingNow(change, after) !== change.value);
    if (wrong !== undefined) throw new UsageError(`postconf has not set ${nameOf(wrong)} as asked`);
  } catch (error) {
    for (const name of fileNames) machine.replace(join(directory, name), texts[name]);
    if (saved === null) machine.remove(manifest(directory));
    else save(directory, saved, machine);
    throw error;
  }
  save(directory, { version: 1, server: "postfix", files: withDigests(files, textsOf(directory, machine)), keys }, machine);
  return { done: todo.map(described) };
}

/** Takes back everything, or nothing. */
export function undoPostfix(directory: string, machine: Machine): Written {
  const saved = savedIn(directory, machine);
  if (saved === null) throw new UsageError(`there is nothing to take back: ${manifest(directory)} is not there`);
  const texts = textsOf(directory, machine);
  const now = readPostfix(directory, machine);
  const whole = fileNames.filter((name) => saved.files[name].before !== null && saved.files[name].after === digest(texts[name]));
  const single = saved.keys.filter(({ change }) => !whole.includes(fileOf(change)) && settingNow(change, now) !== beforeOf(change, saved));
  const foreign = single.filter(({ change }) => settingNow(change, now) !== change.value);
  if (foreign.length > 0) throw new UsageError(refusal(foreign, directory));
  const done: string[] = [];
  for (const name of whole) {
    const text = saved.files[name].before;
    if (text === null || text === texts[name]) continue;
    machine.replace(join(directory, name), text);
    done.push(`${join(directory, name)}: as it was`);
  }
  const todo = single.map(({ change, before }) => ({ ...change, value: before }));
  edit(todo, directory, machine);
  machine.remove(manifest(directory));
  return { done: [...done, ...todo.map(described)] };
}

function refusal(foreign: readonly SavedKey[], directory: string): string {
  const lines = foreign.map(({ change, before }) => {
    return `\n  ${nameOf(change)}: before Assay ${before === null ? "it was not set" : `it was ${before === "" ? "empty" : before}`}`;
  });
  return `nothing was taken back, since somebody has changed what was written for Assay:${lines.join("")}\nset that by hand, then remove ${manifest(directory)}`;
}

/** By postconf: main.cf with -e and -X, master.cf with -P and -M. It writes a file anew, so mode and owner are put back after it. */
function edit(changes: readonly PostfixChange[], directory: string, machine: Machine): void {
  const owners = new Map(fileNames.map((name) => [name, machine.ownership(join(directory, name))] as const));
  for (const args of calls(changes)) {
    const { status, output } = machine.run("postconf", ["-c", directory, ...args]);
    if (status === null)
      throw new UsageError("there is no postconf here: --apply needs Postfix on this machine; without it, copy the lines");
    if (status !== 0) throw new UsageError(`postconf ${args.join(" ")} failed: ${output.trim()}`);
  }
  for (const [name, ownership] of owners) if (ownership !== null) keep(join(directory, name), ownership, machine);
}

function keep(path: string, ownership: Ownership, machine: Machine): void {
  machine.own(path, ownership);
}

function calls(changes: readonly PostfixChange[]): readonly (readonly string[])[] {
  const of = (kind: PostfixChange["kind"], set: "set" | "unset"): readonly PostfixChange[] =>
    changes.filter((change) => change.kind === kind && (change.value === null) === (set === "unset"));
  const main = of("main", "set").flatMap((change) => (change.kind === "main" ? [`${change.name}=${change.value}`] : []));
  const unset = of("main", "unset").flatMap((change) => (change.kind === "main" ? [change.name] : []));
  const services = of("service", "set").map((change) => ["-M", `${nameOf(change)}=${change.value}`]);
  const overrides = of("override", "set").map((change) => ["-P", `${nameOf(change)}=${change.value}`]);
  const noOverrides = of("override", "unset").map((change) => ["-PX", nameOf(change)]);
  const noServices = of("service", "unset").map((change) => ["-MX", nameOf(change)]);
  return [
    ...services,
    ...(main.length === 0 ? [] : [["-e", ...main]]),
    ...overrides,
    ...noOverrides,
    ...noServices,
    ...(unset.length === 0 ? [] : [["-X", ...unset]]),
  ];
}

/** `smtpd_milters`, `submission/inet/smtpd_milters`, `127.0.0.1:2526/inet`. */
export function nameOf(change: PostfixChange): string {
  if (change.kind === "main") return change.name;
  return change.kind === "service" ? change.service : `${change.service}/${change.name}`;
}

export function described(change: PostfixChange): string {
  const where = fileOf(change);
  return change.value === null ? `${where}: ${nameOf(change)} taken out` : `${where}: ${nameOf(change)} = ${change.value}`;
}

function fileOf(change: PostfixChange): FileName {
  return change.kind === "main" ? "main.cf" : "master.cf";
}

function keyOf(change: PostfixChange): string {
  return `${change.kind} ${nameOf(change)}`;
}

/** As written in the files; of a service whole: its words with single blanks. */
export function settingNow(change: PostfixChange, { main, services }: Pick<PostfixFound, "main" | "services">): string | null {
  if (change.kind === "main") return main.get(change.name) ?? null;
  const service = services.find(({ id }) => id === change.service);
  if (service === undefined) return null;
  if (change.kind === "override") return service.overrides.get(change.name) ?? null;
  const [name = "", type = "", priv = "-", unpriv = "-"] = (change.value ?? "").split(" ");
  const overrides = [...service.overrides].map(([key, value]) => `-o ${key}=${value}`);
  return [name, type, priv, unpriv, service.chroot, "-", "-", service.program, ...overrides].join(" ");
}

function beforeOf(change: PostfixChange, saved: Saved): string | null {
  return saved.keys.find((one) => keyOf(one.change) === keyOf(change))?.before ?? null;
}

function textsOf(directory: string, machine: Pick<Machine, "read">): Readonly<Record<FileName, string>> {
  const text = (name: FileName): string => {
    const read = machine.read(join(directory, name));
    if (read === null)
      throw new UsageError(`there is no ${name} in ${directory}: is Postfix's configuration elsewhere? --postfix-config DIR names it`);
    return read;
  };
  return { "main.cf": text("main.cf"), "master.cf": text("master.cf") };
}

/** What is to be put back whole: the files as they are now, or as they were saved if nobody has touched them since. */
function filesOf(texts: Readonly<Record<FileName, string>>, saved: Saved | null): Saved["files"] {
  const one = (name: FileName): SavedFile => {
    const known = saved?.files[name];
    if (known === undefined) return { before: texts[name], after: null };
    return known.after === digest(texts[name]) ? known : { before: null, after: null };
  };
  return { "main.cf": one("main.cf"), "master.cf": one("master.cf") };
}

function withoutDigests(files: Saved["files"]): Saved["files"] {
  const one = (name: FileName): SavedFile => ({ before: files[name].before, after: null });
  return { "main.cf": one("main.cf"), "master.cf": one("master.cf") };
}

function withDigests(files: Saved["files"], texts: Readonly<Record<FileName, string>>): Saved["files"] {
  const one = (name: FileName): SavedFile => ({ before: files[name].before, after: digest(texts[name]) });
  return { "main.cf": one("main.cf"), "master.cf": one("master.cf") };
}

function manifest(directory: string): string {
  return join(directory, "assay-setup.json");
}

function savedIn(directory: string, { read }: Pick<Machine, "read">): Saved | null {
  const text = read(manifest(directory));
  if (text === null) return null;
  try {
    const saved: unknown = JSON.parse(text);
    // Written by this file, below: nobody else's format is read here.
    if (typeof saved === "object" && saved !== null && Reflect.get(saved, "server") === "postfix" && Reflect.get(saved, "version") === 1)
      return saved as Saved;
  } catch {
    // Told below.
  }
  throw new UsageError(`${manifest(directory)} is not what assay setup writes: look at it, and move it away`);
}

function save(directory: string, saved: Saved, machine: Machine): void {
  machine.replace(manifest(directory), `${JSON.stringify(saved, null, 2)}\n`, 0o600);
}

function digest(text: string): string {
  return hash("sha256", text);
}

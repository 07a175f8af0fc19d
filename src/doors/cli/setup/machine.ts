/**
 * What `assay setup` and `assay init` need of the machine: files, and the programs of the mail servers. A file is replaced at once or not at
 * all, and keeps its mode and owner. Nothing here starts, stops or reloads a server.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../ports.ts";

export type Ran = {
  /** Null: there is no such program. */
  readonly status: number | null;
  readonly output: string;
};

export type Ownership = { readonly mode: number; readonly uid: number; readonly gid: number };

export type Machine = {
  /** Null: there is no such file. */
  readonly read: (path: string) => string | null;
  /** Names in a folder, sorted; none where there is no such folder. */
  readonly list: (folder: string) => readonly string[];
  readonly ownership: (path: string) => Ownership | null;
  readonly own: (path: string, ownership: Ownership) => void;
  /** `mode` is a new file's; one that is there keeps its own, and its owner. */
  readonly replace: (path: string, text: string, mode?: number) => void;
  readonly remove: (path: string) => void;
  readonly run: (program: string, args: readonly string[]) => Ran;
};

/** This machine. What cannot be done is told as wrong use: who runs the command may lack the right. */
export const thisMachine: Machine = {
  read: (path) => orNull(path, () => readFileSync(path, "utf8")),
  list: (folder) => orNull(folder, () => readdirSync(folder).sort()) ?? [],
  ownership,
  own: (path, wanted) => told(path, () => own(path, wanted)),
  replace: (path, text, mode = 0o644) => told(path, () => replace(path, text, mode)),
  remove: (path) => told(path, () => rmSync(path, { force: true })),
  run,
};

function ownership(path: string): Ownership | null {
  return orNull(path, () => {
    const { mode, uid, gid } = statSync(path);
    return { mode: mode & 0o7777, uid, gid };
  });
}

function own(path: string, wanted: Ownership): void {
  const now = ownership(path);
  if (now === null) return;
  if (now.uid !== wanted.uid || now.gid !== wanted.gid) chownSync(path, wanted.uid, wanted.gid);
  // chown takes set-id bits off.
  if (ownership(path)?.mode !== wanted.mode) chmodSync(path, wanted.mode);
}

function replace(path: string, text: string, mode: number): void {
  const before = ownership(path);
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.assay-new`;
  rmSync(beside, { force: true });
  try {
    writeFileSync(beside, text, { flag: "wx", mode: before?.mode ?? mode });
    if (before !== null) own(beside, before);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}

function run(program: string, args: readonly string[]): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000, maxBuffer: 1 << 24 });
  if (error !== undefined && "code" in error && error.code === "ENOENT") return { status: null, output: "" };
  return { status: status ?? 1, output: `${stdout ?? ""}${stderr ?? ""}` };
}

function orNull<T>(path: string, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new UsageError(`cannot read ${path}: ${code}`);
  }
}

function told(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const code = codeOf(error);
    const hint = code === "EACCES" || code === "EPERM" ? "; run this as the user who owns it, mostly root" : "";
    throw new UsageError(`cannot write ${path}: ${code}${hint}`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

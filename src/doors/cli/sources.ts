/**
 * What there is to inspect: message files, standard input, directories of *.eml, mbox files, maildirs (cur/ and new/).
 * The walk is lazy and in a fixed order: operands as given, names in a directory by their code units. Nothing is opened that is
 * not mail by its place or name; only a file that was named is read whatever its name. What cannot be read is an item too, so
 * that one bad file never stops the rest. Directory loops are seen by device and inode.
 */
import { closeSync, createReadStream, openSync, readdirSync, readSync, type Stats, statSync } from "node:fs";
import { limits } from "../../base/limits.ts";
import { mboxMessages, mboxSlices, startsMbox } from "./mbox.ts";

/** Which message: the file as the user named it, and its place in it, counted from 0. */
export type Source = { readonly file: string; readonly index: number };

export type TroubleCode =
  | "not-found"
  | "unreadable"
  | "empty" // not one byte
  | "no-header" // not one header field: no mail
  | "no-message" // a named directory without mail
  | "directory-loop"
  | "directory-depth"
  | "internal"; // a fault of ours
export type Trouble = { readonly code: TroubleCode; readonly message: string };

export type FileItem = { readonly kind: "file"; readonly source: Source; readonly path: string };
export type SliceItem = {
  readonly kind: "slice";
  readonly source: Source;
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly sender: string | null;
};
/** Can be read once, and before the next item is asked for. */
export type StreamItem = {
  readonly kind: "stream";
  readonly source: Source;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Out of an mbox: From lines are quoted. */
  readonly quoted: boolean;
  readonly sender: string | null;
};
export type TroubleItem = { readonly kind: "trouble"; readonly source: Source; readonly error: Trouble };
export type Item = FileItem | SliceItem | StreamItem | TroubleItem;

/** Everything the operands lead to, in order. `-` is standard input. */
export async function* walk(operands: readonly string[], stdin: AsyncIterable<Uint8Array>): AsyncGenerator<Item> {
  for (const operand of operands) {
    if (operand === "-") yield* streamed("-", stdin);
    else yield* named(operand);
  }
}

async function* named(path: string): AsyncGenerator<Item> {
  const stats = look(path);
  if ("kind" in stats) yield stats;
  else if (stats.isDirectory()) {
    let found = false;
    for await (const item of directory(path, stats, { ancestors: [], visited: new Set() })) {
      found = true;
      yield item;
    }
    if (!found && !isMaildir(path)) yield trouble(path, "no-message", "no file named *.eml in this directory, and it is no maildir");
  } else if (stats.isFile()) yield* file(path);
  else yield* streamed(path, createReadStream(path));
}

type Trail = { readonly ancestors: readonly string[]; readonly visited: Set<string> };

async function* directory(path: string, stats: Stats, trail: Trail): AsyncGenerator<Item> {
  const identity = `${stats.dev}:${stats.ino}`;
  if (trail.ancestors.includes(identity)) {
    yield trouble(path, "directory-loop", "a link back to a directory that contains it: not followed");
    return;
  }
  // A second way to a directory already read shows the same messages again.
  if (trail.visited.has(identity)) return;
  trail.visited.add(identity);
  if (trail.ancestors.length === limits.directoryDepthMax) {
    yield trouble(path, "directory-depth", `more than ${limits.directoryDepthMax} directories deep: not read`);
    return;
  }
  const inner = { ancestors: [...trail.ancestors, identity], visited: trail.visited };
  const maildir = isMaildir(path);
  for (const name of maildir ? ["cur", "new"] : []) yield* entries(join(path, name), inner, isVisible);
  yield* entries(path, inner, isEml, maildir ? maildirParts : []);
}

const maildirParts: readonly string[] = ["cur", "new", "tmp"];

/** The wanted files and all directories of one directory, in order. */
async function* entries(
  path: string,
  trail: Trail,
  wanted: (name: string) => boolean,
  skipped: readonly string[] = [],
): AsyncGenerator<Item> {
  let names: string[];
  try {
    names = readdirSync(path).sort();
  } catch (error) {
    yield fileTrouble(path, error);
    return;
  }
  for (const name of names) {
    if (skipped.includes(name)) continue;
    const inner = join(path, name);
    const stats = look(inner);
    if ("kind" in stats) {
      if (wanted(name)) yield stats;
    } else if (stats.isDirectory()) yield* directory(inner, stats, trail);
    // Pipes and devices would keep us waiting: in a directory only files are mail.
    else if (stats.isFile() && wanted(name)) yield* file(inner);
  }
}

async function* file(path: string): AsyncGenerator<Item> {
  let head: Uint8Array;
  try {
    head = readHead(path);
  } catch (error) {
    yield fileTrouble(path, error);
    return;
  }
  if (!startsMbox(head)) {
    yield { kind: "file", source: { file: path, index: 0 }, path };
    return;
  }
  let index = 0;
  try {
    for await (const slice of mboxSlices(createReadStream(path, { highWaterMark: chunkBytes }))) {
      yield { kind: "slice", source: { file: path, index }, path, ...slice };
      index += 1;
    }
    if (index === 0) yield trouble(path, "no-header", "an mbox line, and no message after it");
  } catch (error) {
    yield fileTrouble(path, error, index);
  }
}

export async function* streamed(name: string, input: AsyncIterable<Uint8Array>): AsyncGenerator<Item> {
  let index = 0;
  try {
    const { head, chunks } = await peek(input);
    if (!startsMbox(head)) {
      yield { kind: "stream", source: { file: name, index }, chunks, quoted: false, sender: null };
      return;
    }
    for await (const message of mboxMessages(chunks)) {
      yield { kind: "stream", source: { file: name, index }, quoted: true, ...message };
      index += 1;
    }
  } catch (error) {
    yield fileTrouble(name, error, index);
  }
}

/** The first bytes of a stream, and the whole stream still. */
async function peek(input: AsyncIterable<Uint8Array>): Promise<{ head: Uint8Array; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = input[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let next = await iterator.next();
  while (next.done !== true) {
    head = Buffer.concat([head, next.value]);
    if (head.length >= 5) break;
    next = await iterator.next();
  }
  return { head, chunks: replayed() };

  async function* replayed(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (let more = await iterator.next(); more.done !== true; more = await iterator.next()) yield more.value;
  }
}

export const chunkBytes = 256 * 1024;

function readHead(path: string): Uint8Array {
  const fd = openSync(path, "r");
  try {
    const head = Buffer.alloc(5);
    return head.subarray(0, readSync(fd, head, 0, 5, 0));
  } finally {
    closeSync(fd);
  }
}

function look(path: string): Stats | TroubleItem {
  try {
    return statSync(path);
  } catch (error) {
    return fileTrouble(path, error);
  }
}

function isMaildir(path: string): boolean {
  return ["cur", "new"].every((name) => {
    const stats = look(join(path, name));
    return !("kind" in stats) && stats.isDirectory();
  });
}

function isEml(name: string): boolean {
  return name.toLowerCase().endsWith(".eml");
}

function isVisible(name: string): boolean {
  return !name.startsWith(".");
}

/** Keeps the directory as the user wrote it: `./mail` stays `./mail/a.eml`. */
function join(directory: string, name: string): string {
  return directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`;
}

function trouble(file: string, code: TroubleCode, message: string, index = 0): TroubleItem {
  return { kind: "trouble", source: { file, index }, error: { code, message } };
}

const systemWords: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a directory",
  ELOOP: "a link that leads back to itself",
  EMFILE: "too many open files",
  EIO: "input/output error",
  ENAMETOOLONG: "the name is too long",
};

/** An error of the file system as an item. */
export function fileTrouble(file: string, error: unknown, index = 0): TroubleItem {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
  if (code === "ENOENT" || code === "ENOTDIR") return trouble(file, "not-found", "no such file or directory", index);
  if (code === "ELOOP") return trouble(file, "directory-loop", systemWords["ELOOP"] ?? code, index);
  return trouble(file, "unreadable", (code === null ? null : systemWords[code]) ?? `cannot be read (${code ?? String(error)})`, index);
}

/**
 * The files that `assay learn` is given: logs, which it tells by their first line, and mail, which is walked as `assay check` walks it;
 * either may be compressed with gzip. A folder is ours that sent (`--sent`, or by its name), one of mail that came in, or passed over.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { createGunzip, gunzipSync } from "node:zlib";
import { type FolderUse, folderUse } from "../../gateway/learn/folders.ts";
import { logLineBytesMax, startsMailLog } from "../../gateway/learn/mail-log.ts";
import { chunkBytes, fileTrouble, type Item, streamed, type TroubleItem, walk } from "./sources.ts";

export type Operand = { readonly path: string; readonly isSent: boolean };

/** What a file that was named is; a directory is mail. */
export function isMailLog(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return false;
  try {
    return startsMailLog(headOf(path).toString("latin1"));
  } catch {
    return false; // what cannot be read is trouble, which the walk tells
  }
}

/** Every message of an operand, with what its folder is for. */
export async function* storedItems({ path, isSent }: Operand): AsyncGenerator<{ readonly item: Item; readonly use: FolderUse }> {
  // The folder's name counts where it was named itself, and not the names above it.
  const above = dirname(path.replace(/\/+$/, "")).length;
  for await (const item of isGzip(path) ? streamed(path, unzipped(path)) : walk([path], nothing())) {
    const { file } = item.source;
    const folder = item.kind === "slice" || item.kind === "stream" ? file : dirname(file);
    yield { item, use: isSent ? "sent" : folderUse(folder.length < above ? folder : folder.slice(above)) };
  }
}

/** The lines of a log, those that are too long left out. Trouble is the last. */
export async function* logLines(path: string): AsyncGenerator<string | TroubleItem> {
  let rest = "";
  let skipping = false;
  try {
    for await (const chunk of isGzip(path) ? unzipped(path) : createReadStream(path, { highWaterMark: chunkBytes })) {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!skipping) yield line;
        skipping = false;
      }
      if (rest.length <= logLineBytesMax) continue;
      rest = "";
      skipping = true;
    }
    if (rest !== "" && !skipping) yield rest;
  } catch (error) {
    yield fileTrouble(path, error);
  }
}

function unzipped(path: string): AsyncIterable<Buffer> {
  const input = createReadStream(path, { highWaterMark: chunkBytes });
  const unzip = createGunzip();
  input.on("error", (error) => unzip.destroy(error));
  return input.pipe(unzip);
}

function isGzip(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    const head = readHead(path, 2);
    return head[0] === 0x1f && head[1] === 0x8b;
  } catch {
    return false;
  }
}

function headOf(path: string): Buffer {
  const head = readHead(path, 16 * 1024);
  // RFC 1952 §2.2; a piece of the file is enough.
  return isGzip(path) ? gunzipSync(head, { finishFlush: syncFlush, maxOutputLength: 4 * 1024 * 1024 }) : head;
}
const syncFlush = 2; // Z_SYNC_FLUSH: the end may be missing

function readHead(path: string, bytes: number): Buffer {
  const fd = openSync(path, "r");
  try {
    const head = Buffer.alloc(bytes);
    return head.subarray(0, readSync(fd, head, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

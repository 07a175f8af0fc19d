/**
 * Of a stored message `assay learn` reads the header and when it was put where it is, by our own clocks: the name of a maildir file,
 * the From_ line of an mbox, the time of the file. At most limits.headerBytesMax and a little are read. Bodies stay unread.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { limits } from "../../base/limits.ts";
import { fromLineDay } from "../../gateway/learn/received-day.ts";
import type { Header } from "../../mail/header.ts";
import { openMessage } from "../../mail/message.ts";
import { type FileItem, fileTrouble, type SliceItem, type StreamItem, type TroubleItem } from "./sources.ts";

export type StoredHeader = { readonly header: Header; readonly day: number };

const headMax = limits.headerBytesMax + 2;
const msPerDay = 86_400_000;

export async function readStoredHeader(item: FileItem | SliceItem | StreamItem): Promise<StoredHeader | TroubleItem> {
  try {
    const bytes = item.kind === "stream" ? await headOf(item.chunks) : readRange(item.path, rangeOf(item));
    const { header } = openMessage(bytes);
    if (header.fields.some(({ name, nameDefect }) => name !== "" && nameDefect === null)) return { header, day: dayOf(item) };
    const error = { code: bytes.length === 0 ? "empty" : "no-header", message: "not one header field: this is no mail" } as const;
    return { kind: "trouble", source: item.source, error };
  } catch (error) {
    return fileTrouble(item.source.file, error, item.source.index);
  }
}

/** The first bytes of a stream; what is left of it is its reader's to skip. */
async function headOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const head: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    if (bytes < headMax) head.push(chunk.subarray(0, headMax - bytes));
    bytes += chunk.length;
  }
  return Buffer.concat(head);
}

type Range = { readonly start: number; readonly bytes: number };

function rangeOf(item: FileItem | SliceItem): Range {
  return item.kind === "file" ? { start: 0, bytes: headMax } : { start: item.start, bytes: Math.min(headMax, item.end - item.start) };
}

function readRange(path: string, { start, bytes }: Range): Buffer {
  const fd = openSync(path, "r");
  try {
    let head = Buffer.alloc(0);
    // Most headers are short: a small piece first, then what is missing.
    for (let size = Math.min(bytes, firstBytes); ; size = bytes) {
      const more = Buffer.allocUnsafe(size - head.length);
      const read = readSync(fd, more, 0, more.length, start + head.length);
      head = Buffer.concat([head, more.subarray(0, read)]);
      if (read === 0 || head.length >= bytes || head.includes("\n\n") || head.includes("\n\r\n")) return head;
    }
  } finally {
    closeSync(fd);
  }
}
const firstBytes = 16 * 1024;

function dayOf(item: FileItem | SliceItem | StreamItem): number {
  const written = (path: string): number => Math.floor(statSync(path).mtimeMs / msPerDay);
  switch (item.kind) {
    case "file": {
      // Maildir: a name begins with the second of its delivery.
      const seconds = /^([0-9]{9,10})\.[^/]/.exec(basename(item.path))?.[1];
      return seconds === undefined ? written(item.path) : Math.floor(Number(seconds) / 86_400);
    }
    case "slice":
      return fromLineDay(lineBefore(item.path, item.start)) ?? written(item.path);
    case "stream":
      return written(item.source.file);
    default:
      return item satisfies never;
  }
}

function lineBefore(path: string, end: number): string {
  const bytes = Math.min(end, limits.mboxFromLineBytesMax);
  const text = readRange(path, { start: end - bytes, bytes })
    .toString("latin1")
    .trimEnd();
  return text.slice(text.lastIndexOf("\n") + 1);
}

/**
 * Opens one item of the walk: its header, to read the envelope from, and the whole message still to come. Small files are read
 * at once, large ones streamed. It says here, once, what is no mail: nothing at all, or not one header field.
 */
import { closeSync, createReadStream, openSync, readFileSync, readSync, statSync } from "node:fs";
import type { Header } from "../../mail/header.ts";
import { type MessageSource, openMessage } from "../../mail/message.ts";
import { unquotedFromLines, unquoteFromLines } from "./mbox.ts";
import { chunkBytes, type FileItem, fileTrouble, type SliceItem, type StreamItem, type Trouble } from "./sources.ts";

export type Opened = {
  readonly ok: true;
  readonly header: Header;
  readonly message: MessageSource;
  /** The envelope sender that an mbox names. */
  readonly sender: string | null;
};

/** Opens an item; `ok: false` says why it is an error and no message. */
export async function openItem(item: FileItem | SliceItem | StreamItem): Promise<Opened | { readonly ok: false; readonly error: Trouble }> {
  try {
    const { header, headBytes, message, close } = await lookAhead(sourceOf(item));
    if (headBytes > 0 && hasField(header)) return { ok: true, header, message, sender: item.kind === "file" ? null : item.sender };
    await close();
    return { ok: false, error: headBytes === 0 ? nothingThere : noMail };
  } catch (error) {
    return { ok: false, error: fileTrouble(item.source.file, error).error };
  }
}

const wholeBytesMax = 1024 * 1024;

function sourceOf(item: FileItem | SliceItem | StreamItem): MessageSource {
  switch (item.kind) {
    case "file":
      return statSync(item.path).size <= wholeBytesMax
        ? readFileSync(item.path)
        : createReadStream(item.path, { highWaterMark: chunkBytes });
    case "slice":
      return item.end - item.start <= wholeBytesMax ? unquotedFromLines(wholeSlice(item)) : unquoteFromLines(slice(item));
    case "stream":
      return item.quoted ? unquoteFromLines(item.chunks) : item.chunks;
  }
}

function slice({ path, start, end }: SliceItem): AsyncIterable<Uint8Array> {
  return createReadStream(path, { start, end: end - 1, highWaterMark: chunkBytes });
}

function wholeSlice({ path, start, end }: SliceItem): Uint8Array {
  const bytes = Buffer.allocUnsafe(end - start);
  const fd = openSync(path, "r");
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, start + length);
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

type Ahead = {
  readonly header: Header;
  readonly headBytes: number;
  readonly message: MessageSource;
  readonly close: () => Promise<unknown>;
};

/** Reads the header section ahead; what was read for it is given again with the message. */
async function lookAhead(source: MessageSource): Promise<Ahead> {
  if (source instanceof Uint8Array) return { ...(await openMessage(source)), message: source, close: () => Promise.resolve() };
  const iterator = source[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  const { header, headBytes } = await openMessage(remembered());
  return { header, headBytes, message: replayed(), close: () => iterator.return?.() ?? Promise.resolve() };

  async function* remembered(): AsyncGenerator<Uint8Array> {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      seen.push(next.value);
      yield next.value;
    }
  }
  async function* replayed(): AsyncGenerator<Uint8Array> {
    for (let chunk = seen.shift(); chunk !== undefined; chunk = seen.shift()) yield chunk;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
}

// Bytes that are no mail have by chance a line that looks like a field; with NUL bytes around, only a name that mail knows counts.
const knownNames: ReadonlySet<string> = new Set([
  "from",
  "to",
  "cc",
  "date",
  "subject",
  "received",
  "return-path",
  "message-id",
  "mime-version",
  "content-type",
  "sender",
  "dkim-signature",
]);

function hasField(header: Header): boolean {
  // Past a limit of the header the field itself may be missing from the list.
  if (header.fields.length === 0 && header.defects.has("header-too-large"))
    return /^[!-9;-~]{1,998}[ \t]{0,998}:/.test(header.text.slice(0, 2000));
  const named = header.fields.filter(
    (field) => field.name !== "" && field.nameDefect !== "no-colon" && field.nameDefect !== "illegal-name",
  );
  return named.some((field) => !header.defects.has("nul") || knownNames.has(field.name));
}

const nothingThere: Trouble = { code: "empty", message: "empty: there is nothing to inspect" };
const noMail: Trouble = { code: "no-header", message: "not one header field: this is no mail" };

/** Reads what was delivered into a maildir. It takes only what lies in new/ and cur/: what is still being written is in tmp/. */
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every message of every maildir below the folder, whole, in no order. */
export function messagesBelow(folder: string): readonly Buffer[] {
  const found: Buffer[] = [];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) continue;
    if (entry.name === "new" || entry.name === "cur") {
      for (const file of entriesOf(path)) if (file.isFile()) found.push(readFileSync(join(path, file.name)));
    } else if (entry.name !== "tmp") found.push(...messagesBelow(path));
  }
  return found;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A delivered message as its parts: header fields unfolded nowhere, each without its final line end, and the body; lines end with LF. */
export function parted(message: Buffer): { readonly fields: readonly string[]; readonly body: string } {
  const text = message.toString("latin1").replaceAll("\r\n", "\n");
  const end = text.indexOf("\n\n");
  const header = end < 0 ? text : text.slice(0, end);
  return { fields: header.split(/\n(?![ \t])/), body: end < 0 ? "" : text.slice(end + 2) };
}

/** The values of all fields with this name, top to bottom, as they stand. */
export function valuesOf(message: Buffer, name: string): readonly string[] {
  const start = `${name.toLowerCase()}:`;
  return parted(message)
    .fields.filter((field) => field.toLowerCase().startsWith(start))
    .map((field) => field.slice(start.length));
}

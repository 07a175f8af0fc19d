/**
 * Parsed records, so that the records that most mail leads to are parsed once. Keyed by the record's own text, so that an entry
 * can never be wrong or stale; bounded by the text it holds, and the record used longest ago goes first.
 */
import { limits } from "../../base/limits.ts";
import { memoizedByObject } from "../../base/memo.ts";
import { parseRecord, type RecordFault, type SpfRecord } from "./record.ts";

/** Reads the bytes of a record, from memory where the same bytes were read before: at once if they are the very same answer. */
export const readRecord: (bytes: Uint8Array) => SpfRecord | RecordFault = memoizedByObject((bytes) => {
  const text = latin1(bytes);
  const known = parsed.get(text);
  if (known !== undefined) {
    parsed.delete(text);
    parsed.set(text, known);
    return known;
  }
  const record = parseRecord(text);
  remember(text, record);
  return record;
});

const parsed = new Map<string, SpfRecord | RecordFault>();
let held = 0;

function remember(text: string, record: SpfRecord | RecordFault): void {
  parsed.set(text, record);
  held += text.length;
  for (const oldest of parsed.keys()) {
    if (held <= limits.spfCachedBytesMax) break;
    parsed.delete(oldest);
    held -= oldest.length;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

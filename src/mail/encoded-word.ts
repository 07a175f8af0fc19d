/**
 * Encoded words (RFC 2047 §2, with the language tag of RFC 2231 §5), decoded for reading only: never before parsing, and never
 * to find syntax. Lenient where mail programs are (blanks inside a word, a character split over two words), because what
 * matters is what a reader is shown. It refuses charsets it does not know: such a word stays as it is. So do words past the limit.
 */
import { limits } from "../base/limits.ts";

const word = /=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=/gi;

/** Replaces each encoded word by its text. White space between two of them disappears (RFC 2047 §6.2). */
export function decodeEncodedWords(text: string): string {
  if (!text.includes("=?")) return text;
  let out = "";
  let end = 0;
  let pending: Pending | null = null;
  let words = 0;
  for (const match of text.matchAll(word)) {
    if (words++ === limits.encodedWordsMax) break;
    const [whole, charset = "", encoding = "", payload = ""] = match;
    const decoder = decoderOf(charset);
    if (decoder === null) continue;
    const gap = text.slice(end, match.index);
    const adjoining = pending !== null && gap.trim() === "";
    const bytes = encoding.toLowerCase() === "b" ? Buffer.from(payload, "base64") : decodeQ(payload);
    if (pending !== null && adjoining && pending.decoder === decoder) pending.parts.push(bytes);
    else {
      out += flush(pending) + (adjoining ? "" : gap);
      pending = { decoder, parts: [bytes] };
    }
    end = match.index + whole.length;
  }
  return out + flush(pending) + text.slice(end);
}

/** Does the text carry an encoded word, decodable or not? */
export function hasEncodedWord(text: string): boolean {
  return text.includes("=?") && text.search(word) !== -1;
}

type Decoder = InstanceType<typeof TextDecoder>;

/** Words of one charset side by side: their bytes are joined first, as a character may be split between them. */
type Pending = { readonly decoder: Decoder; readonly parts: Uint8Array[] };

function flush(pending: Pending | null): string {
  return pending === null ? "" : pending.decoder.decode(Buffer.concat(pending.parts));
}

/** RFC 2047 §4.2: "_" is a blank, "=XX" an octet. */
function decodeQ(payload: string): Buffer {
  const octets = payload
    .replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  // Raw characters beyond Latin-1 have no place in a word; UTF-8 keeps what was meant.
  return beyondLatin1.test(octets) ? Buffer.from(octets, "utf8") : Buffer.from(octets, "latin1");
}
const beyondLatin1 = /[^\0-\xff]/;

// The labels of the Encoding Standard are a closed list, so the cache is bounded.
const decoders = new Map<string, Decoder>();

function decoderOf(charset: string): Decoder | null {
  const label = charset.toLowerCase();
  const known = decoders.get(label);
  if (known !== undefined) return known;
  try {
    const decoder = new TextDecoder(label, { ignoreBOM: true });
    decoders.set(label, decoder);
    return decoder;
  } catch {
    return null;
  }
}

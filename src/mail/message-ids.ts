/**
 * Message-IDs as header fields carry them (RFC 5322 §3.6.4), without their angle brackets: the form in which they are compared and
 * kept. Tolerant of what stands around them; bounded. It refuses to read one that is empty, over-long or has white space inside.
 */
import { limits } from "../base/limits.ts";
import { fieldsNamed, type Header, rawValue } from "./header.ts";

/** The Message-IDs that In-Reply-To and References name, each once, oldest first: the last limits.referencesMax ones. */
export function messageIdsOf(header: Header): readonly string[] {
  const newestFirst: string[] = [];
  // RFC 5322 §3.6.4: References ends with the parent, which In-Reply-To names too.
  for (const name of ["in-reply-to", "references"]) {
    for (const field of fieldsNamed(header, name).toReversed()) collect(rawValue(header, field), newestFirst, limits.referencesMax);
  }
  return newestFirst.reverse();
}

/** The message's own Message-ID; null without one, and where there are several to choose from. */
export function messageIdOf(header: Header): string | null {
  const ids: string[] = [];
  for (const field of fieldsNamed(header, "message-id")) collect(rawValue(header, field), ids, 2);
  return ids.length === 1 ? (ids[0] ?? null) : null;
}

/** A Message-ID as programs and logs write it, with or without its brackets. Null: it is none. */
export function readMessageId(text: string): string | null {
  const trimmed = text.trim();
  const bare = trimmed.startsWith("<") && trimmed.endsWith(">") ? trimmed.slice(1, -1) : trimmed;
  return isId(bare) ? bare : null;
}

/** Adds the ids of one field, the last first, until `into` holds `max`. */
function collect(text: string, into: string[], max: number): void {
  let at = text.length;
  while (into.length < max && at > 0) {
    const close = text.lastIndexOf(">", at - 1);
    const open = close === -1 ? -1 : text.lastIndexOf("<", close);
    if (open === -1) return;
    const id = text.slice(open + 1, close);
    if (isId(id) && !into.includes(id)) into.push(id);
    at = open;
  }
}

function isId(text: string): boolean {
  return text.length > 0 && text.length <= limits.messageIdCharactersMax && idCharacters.test(text);
}

// RFC 5322 §3.6.4 asks for dot-atoms around an at-sign. DEVIATION: real ones have neither always; RFC 6532 adds octets above ASCII.
const idCharacters = /^[!-;=?-~\x80-\xff]+$/;

/**
 * Where a rule's tokens are read, and what the parsers of its parts share: looking, taking, and saying what was wanted. A part that
 * cannot be read is a value with the token that stood in the way; nothing is thrown.
 */
import type { RuleToken } from "./rule-lexer.ts";

export type Reader = { readonly tokens: readonly RuleToken[]; at: number; tests: number };
/** What stood in the way: the token, what was wanted there, and the words to compare it with. */
export type Unread = { readonly unread: true; readonly token: RuleToken; readonly wanted: string; readonly words: readonly string[] };

export function isFault<T extends object>(value: T | Unread): value is Unread {
  return "unread" in value;
}

export function peek({ tokens, at }: Reader): RuleToken {
  return tokens[at] ?? { kind: "end", text: "", at: 0 };
}

export function unread(reader: Reader, wanted: string, words: readonly string[] = []): Unread {
  return { unread: true, token: peek(reader), wanted, words };
}

/** Takes the token if it is this word or sign; keywords know no case. */
export function take(reader: Reader, word: string): boolean {
  const token = peek(reader);
  const same = token.kind === "word" ? token.text.toLowerCase() === word : token.kind !== "text" && token.text === word;
  if (!same || token.kind === "end") return false;
  reader.at++;
  return true;
}

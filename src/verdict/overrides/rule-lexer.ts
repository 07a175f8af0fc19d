/**
 * The words of a rule's text: bare words, quoted texts with \" and \\, parentheses and commas; `#` begins a comment up to the line's end.
 * One pass, at most limits.ruleCharactersMax characters. It knows no keyword.
 */
import { limits } from "../../base/limits.ts";

export type RuleToken = {
  readonly kind: "word" | "text" | "(" | ")" | "," | "end";
  /** Of a quoted text what is between the quotes, undone. */
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
};

export type Lexed =
  | { readonly status: "read"; readonly tokens: readonly RuleToken[] }
  | { readonly status: "fault"; readonly why: string; readonly at: number };

export function lexRule(source: string): Lexed {
  if (source.length > limits.ruleCharactersMax)
    return fault(`a rule is at most ${limits.ruleCharactersMax} characters long`, limits.ruleCharactersMax);
  const tokens: RuleToken[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (blank.includes(char)) at++;
    else if (char === "#") at = lineEnd(source, at);
    else if (char === "(" || char === ")" || char === ",") tokens.push({ kind: char, text: char, at: at++ });
    else if (char === '"') {
      const quoted = readQuoted(source, at);
      if (typeof quoted === "string") return fault(quoted, at);
      tokens.push({ kind: "text", text: quoted.text, at });
      at = quoted.end;
    } else {
      const end = wordEnd(source, at);
      tokens.push({ kind: "word", text: source.slice(at, end), at });
      at = end;
    }
  }
  tokens.push({ kind: "end", text: "", at: source.length });
  return { status: "read", tokens };
}

const blank = " \t\r\n";
const ends = ' \t\r\n(),"#';

function wordEnd(source: string, from: number): number {
  let at = from + 1;
  // A `#` inside a word belongs to it: it may stand in a local part.
  while (at < source.length && (source.charAt(at) === "#" || !ends.includes(source.charAt(at)))) at++;
  return at;
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end === -1 ? source.length : end;
}

function readQuoted(source: string, open: number): { readonly text: string; readonly end: number } | string {
  let text = "";
  for (let at = open + 1; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === '"') return text.length > limits.ruleTextCharactersMax ? tooLong : { text, end: at + 1 };
    if (char < " " || char === "\x7f") return "a quoted text stands on one line, without control characters";
    if (char !== "\\") text += char;
    else {
      const escaped = source.charAt(++at);
      if (escaped !== '"' && escaped !== "\\") return 'in a quoted text only \\" and \\\\ may follow a backslash';
      text += escaped;
    }
  }
  return "the quote does not close";
}
const tooLong = `a quoted text is at most ${limits.ruleTextCharactersMax} characters long`;

function fault(why: string, at: number): Lexed {
  return { status: "fault", why, at };
}

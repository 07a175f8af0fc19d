/**
 * Command lines of a client (RFC 5321 §4.1.1): the verb, and of MAIL and RCPT the path and its parameters. A path is read as far as its
 * brackets and no further: whether it is a good one the next hop says, in its own words. It repairs nothing and drops nothing.
 */
import { isUtf8 } from "node:buffer";

/** `octets`: of the whole line, without its end; every part of it that is kept keeps all of it in memory. */
export type Command = { readonly verb: string; readonly rest: string; readonly octets: number };

/** Null: a control character, or octets that are neither ASCII nor UTF-8. */
export function readCommand(line: Buffer): Command | null {
  if (!isUtf8(line)) return null;
  const text = line.toString("utf8");
  if (/[\x00-\x1f\x7f]/.test(text)) return null;
  const [, verb = "", rest = ""] = /^([^ ]*) *(.*)$/s.exec(text) ?? [];
  return { verb: verb.toUpperCase(), rest: rest.trimEnd(), octets: line.length };
}

export type Parameters = ReadonlyMap<string, string | null>;
/** `path` is what stands between the brackets. */
export type Address = { readonly path: string; readonly parameters: Parameters };

/** `FROM:<path> KEYWORD=value …`, or with `TO`. Null where it is not of that form, or a keyword comes twice. */
export function readAddress(word: "FROM" | "TO", rest: string): Address | null {
  const head = /^(FROM|TO) *: */i.exec(rest);
  if (head?.[1]?.toUpperCase() !== word) return null;
  const from = head[0].length;
  const end = rest.startsWith("<", from) ? closing(rest, from + 1) : -1;
  if (end === -1) return null;
  const parameters = readParameters(rest.slice(end + 1));
  return parameters === null ? null : { path: rest.slice(from + 1, end), parameters };
}

/** The bracket that closes a path: none inside a quoted local part does. */
function closing(text: string, from: number): number {
  let isQuoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') isQuoted = !isQuoted;
    else if (char === "\\" && isQuoted) at++;
    else if (!isQuoted && char === ">") return at;
    else if (!isQuoted && (char === "<" || char === " ")) return -1;
  }
  return -1;
}

/** RFC 5321 §4.1.2: esmtp-keyword, and esmtp-value without `=` and blanks. */
function readParameters(text: string): Parameters | null {
  const parameters = new Map<string, string | null>();
  if (text !== "" && !text.startsWith(" ")) return null;
  for (const word of text.split(" ").filter((each) => each !== "")) {
    const [, keyword, value = null] = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^= ]+))?$/.exec(word) ?? [];
    if (keyword === undefined || parameters.has(keyword.toUpperCase())) return null;
    parameters.set(keyword.toUpperCase(), value);
  }
  return parameters;
}

export function isPlainAscii(text: string): boolean {
  return !/[^\x20-\x7e]/.test(text);
}

/** The command as it is said to the next hop. */
export function addressLine(verb: "MAIL FROM" | "RCPT TO", { path, parameters }: Address): string {
  const words = [...parameters].map(([keyword, value]) => (value === null ? ` ${keyword}` : ` ${keyword}=${value}`));
  return `${verb}:<${path}>${words.join("")}`;
}

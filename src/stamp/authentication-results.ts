/**
 * Writes an Authentication-Results value (RFC 8601 §2.2), the inverse of mail/authentication-results.ts. Injection-proof: every
 * text that is not a plain token or address is a quoted-string, control characters and line ends become "?", lengths are
 * capped, and nothing from outside can end a string, a comment or the field. It refuses names that are no keywords: they are left out.
 */
import { limits } from "../base/limits.ts";
import { memoized } from "../base/memo.ts";
import type { AuthenticationResults, MethodResult, ResultProperty } from "../mail/authentication-results.ts";
import { isKeywordText } from "../mail/field-scanner.ts";

/** The value, folded with CRLF and a space at 78 columns where it can be, for a line that begins `Authentication-Results: `. */
export function formatAuthenticationResults({ authservId, version, results }: AuthenticationResults): string {
  const clauses = results.map(clauseOf).filter((clause) => clause !== null);
  return formatClauses(authservId === null ? null : { authservId, version }, clauses);
}

type Head = Pick<AuthenticationResults, "version"> & { readonly authservId: string };

/** The same of results that are text already; their values as formatValue writes them. */
export function formatClauses(head: Head | null, clauses: readonly string[]): string {
  const lines = head === null ? [] : [headOf(head.authservId, head.version)];
  let bytes = 0;
  for (const clause of clauses) {
    bytes += Buffer.byteLength(clause) + separatorBytes;
    // What we write we can read back: the parser has the same limit.
    if (bytes > limits.authenticationResultsBytesMax - headBytesMax) break;
    lines.push(clause);
  }
  // RFC 8601 §2.2: no result at all is said with `none`; without an authserv-id either there is nothing that could be read back.
  if (bytes === 0) return [...lines, "none"].join("; ");
  return fold(lines);
}

const separatorBytes = 16; // ";", CRLF and space, and the folds within a clause
const headBytesMax = 1024;
const nameBytes = "Authentication-Results: ".length;
const lineBytes = 78; // RFC 5322 §2.1.1

function headOf(authservId: string, version: number | null): string {
  const id = clean(authservId);
  return (token.test(id) ? id : quoted(id)) + (isVersion(version) ? ` ${version}` : "");
}

function clauseOf({ method, version, result, reason, properties, comments }: MethodResult): string | null {
  if (!isWord(method) || !isWord(result)) return null;
  let clause = `${method}${isVersion(version) ? `/${version}` : ""}=${result}`.toLowerCase();
  for (const comment of comments) clause += ` ${commentOf(comment)}`;
  if (reason !== null) clause += ` reason=${formatValue(reason)}`;
  for (const property of properties) if (isWritable(property)) clause += ` ${propertyOf(property)}`;
  return clause;
}

const isWord = memoized(isKeywordText);

function isVersion(version: number | null): version is number {
  return Number.isInteger(version) && Number(version) >= 0 && Number(version) <= 999_999_999;
}

function isWritable({ ptype, property }: ResultProperty): boolean {
  return isWord(property) && (ptype === "" ? !property.includes(".") : isWord(ptype) && !ptype.includes("."));
}

function propertyOf({ ptype, property, value }: ResultProperty): string {
  const name = ptype === "" ? property : `${ptype}.${property}`;
  return `${name.toLowerCase()}=${formatValue(value)}`;
}

// RFC 2045 §5.1 token: printable ASCII without tspecials.
const token = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]+$/;
// RFC 8601 §2.2: [[local-part] "@"] domain-name, the local part a dot-atom or a quoted-string.
const address = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]*@[A-Za-z0-9._-]+$/;
const quotedAddress = /^"(?:[^"\\]|\\.)*"@[A-Za-z0-9._-]+$/;

/** A value as it stands in the field: a token, an address, or a quoted-string. */
export function formatValue(text: string): string {
  // Most values are tokens, and short: one look tells that nothing in them needs care.
  if (text.length <= limits.authenticationResultsValueBytesMax && token.test(text)) return text;
  const value = clean(text);
  return token.test(value) || address.test(value) || quotedAddress.test(value) ? value : quoted(value);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function commentOf(text: string): string {
  const value = clean(text);
  return `(${value.replace(isBalanced(value) ? /\\/g : /[()\\]/g, "\\$&")})`;
}

/** Do its parentheses pair up, no deeper than the parser reads them inside a comment? */
function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    if (depth < 0 || depth >= limits.commentDepthMax) return false;
  }
  return depth === 0;
}

/** No control character, line or paragraph separator, lone surrogate or direction override; no longer than the limit once escaped. */
function clean(text: string): string {
  if (text.length <= limits.authenticationResultsValueBytesMax && plain.test(text)) return text;
  const bounded = text.length > limits.authenticationResultsValueBytesMax ? text.slice(0, limits.authenticationResultsValueBytesMax) : text;
  const harmless = bounded.replace(harmful, "?");
  if (plain.test(harmless)) return harmless;
  let bytes = 0;
  let end = 0;
  for (const character of harmless) {
    bytes += Buffer.byteLength(character) + ('"\\()'.includes(character) ? 1 : 0);
    if (bytes > limits.authenticationResultsValueBytesMax) break;
    end += character.length;
  }
  return harmless.slice(0, end);
}
const plain = /^[ !#-'*-[\]-~]*$/;
const harmful = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** One clause a line; longer ones are broken before a space that a word follows, which unfolding restores exactly. */
function fold(clauses: readonly string[]): string {
  let text = "";
  for (let i = 0; i < clauses.length; i += 1) {
    const clause = clauses[i] ?? "";
    const room = i === 0 ? lineBytes - nameBytes : lineBytes - 1;
    const line = i + 1 < clauses.length ? `${clause};` : clause;
    if (i > 0) text += "\r\n ";
    text += line.length <= room ? line : foldedClause(line, room);
  }
  return text;
}

/** `room`: columns of the first line; those that follow begin with a space. */
function foldedClause(text: string, room: number): string {
  let folded = "";
  let start = 0;
  let fits = -1; // the last space at which the line could end
  for (let at = spaceAfter(text, 0); ; at = spaceAfter(text, at)) {
    const columns = folded === "" ? room : lineBytes - 1;
    if (at - start > columns && fits > start) {
      folded += `${text.slice(start, fits)}\r\n `;
      start = fits + 1;
    }
    if (at === text.length) return folded + text.slice(start);
    fits = at;
  }
}

/** The next space that a word follows, else the end. */
function spaceAfter(text: string, at: number): number {
  for (let next = text.indexOf(" ", at + 1); next >= 0; next = text.indexOf(" ", next + 1)) if (text[next + 1] !== " ") return next;
  return text.length;
}

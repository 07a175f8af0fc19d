/**
 * Authentication-Results as a value, and its parser (RFC 8601 §2.2, whose grammar RFC 7601 has too; RFC 8617 §4.1.1 for ARC's
 * form; RFC 8616 §5 for characters beyond ASCII). It takes the field's value or the whole field, folded or not. Tolerated beyond
 * the grammar, because large senders write it: no authserv-id at all, lone names between semicolons (Microsoft), properties
 * without a type (`action=none`), unquoted characters, empty values. Names and results are given in lower case.
 * One pass, bounded, never throws; what it cannot read is null. It refuses control characters, unfinished strings and comments.
 */
import { limits } from "../base/limits.ts";
import { atEnd, openScanner, peek, readAtom, readDigits, readKeyword, readQuoted, type Scanner, skipCfws, take } from "./field-scanner.ts";

/** `ptype` is "" where the field has none. */
export type ResultProperty = { readonly ptype: string; readonly property: string; readonly value: string };

/** One method's result: `dkim=pass reason="…" header.d=example.com`. Comments are kept apart, in order. */
export type MethodResult = {
  readonly method: string;
  readonly version: number | null;
  readonly result: string;
  readonly reason: string | null;
  readonly properties: readonly ResultProperty[];
  readonly comments: readonly string[];
};

export type AuthenticationResults = {
  /** As written, quotes removed. Null in Microsoft's form, which has none. */
  readonly authservId: string | null;
  readonly version: number | null;
  /** Empty for `none`. */
  readonly results: readonly MethodResult[];
};

/**
 * Reads the value of an Authentication-Results field, or the field itself; ARC's form too, without its instance. Text beyond ASCII
 * is expected as characters, not as octets. Of another version than 1 nothing is read. For values whose names are keywords and
 * whose texts hold no control characters it is the inverse of formatAuthenticationResults.
 */
export function parseAuthenticationResults(text: string): AuthenticationResults | null {
  const scanner = open(text);
  if (scanner === null) return null;
  skipInstance(scanner);
  return readResults(scanner);
}

export type ArcAuthenticationResults = { readonly instance: number; readonly results: AuthenticationResults };

/** RFC 8617 §4.1.1: `i=1; authserv-id; …`. Null without a readable instance. */
export function parseArcAuthenticationResults(text: string): ArcAuthenticationResults | null {
  const scanner = open(text);
  if (scanner === null) return null;
  const instance = readInstance(scanner);
  const results = instance === null ? null : readResults(scanner);
  return instance === null || results === null ? null : { instance, results };
}

/** The domains alone between semicolons, such as the recipient's in Microsoft's older form; null where unparsable. */
export function loneDomains(text: string): readonly string[] | null {
  const scanner = open(text);
  if (scanner === null) return null;
  const lone: string[] = [];
  return readResults(scanner, lone) === null ? null : lone;
}

export type AuthservHead = { readonly authservId: string | null; readonly version: number | null };

/** What stands before the first semicolon, also where the rest cannot be read; null where that part cannot. */
export function authservHead(text: string): AuthservHead | null {
  const scanner = open(text);
  if (scanner === null) return null;
  skipInstance(scanner);
  return readHead(scanner);
}

function open(text: string): Scanner | null {
  if (text.length > limits.authenticationResultsBytesMax) return null;
  const name = fieldName.exec(text);
  // RFC 5322 §2.2.3: unfolding takes the line end away and leaves the white space. Any other line end is no more than space.
  const flat = (name === null ? text : text.slice(name[0].length)).replace(/\r?\n(?=[ \t])/g, "").replace(/\r\n|[\r\n\t]/g, " ");
  return control.test(flat) ? null : openScanner(flat);
}
const fieldName = /^(?:arc-|x-ms-exchange-|original-)?authentication-results(?:-original)?[ \t]*:/i;
const control = /[\x00-\x1f\x7f]/;

function readInstance(scanner: Scanner): number | null {
  if (!skipCfws(scanner) || readKeyword(scanner)?.toLowerCase() !== "i") return null;
  if (!skipCfws(scanner) || !take(scanner, "=") || !skipCfws(scanner)) return null;
  const instance = readDigits(scanner);
  return instance !== null && skipCfws(scanner) && take(scanner, ";") ? instance : null;
}

function skipInstance(scanner: Scanner): void {
  const start = scanner.at;
  if (readInstance(scanner) === null) scanner.at = start;
}

function readResults(scanner: Scanner, lone: string[] = []): AuthenticationResults | null {
  const head = readHead(scanner);
  // RFC 8601 §2.6: what follows a version that is not known may mean anything.
  if (head === null || (head.version ?? 1) !== 1) return null;
  const results: MethodResult[] = [];
  let none = false;
  for (;;) {
    scanner.comments.length = 0;
    if (!skipCfws(scanner)) return null;
    if (atEnd(scanner)) break;
    if (take(scanner, ";")) continue;
    const clause = readClause(scanner);
    if (clause === null) return null;
    if (typeof clause !== "string") results.push(clause);
    else if (clause.toLowerCase() === "none") none = true;
    else if (clause.includes(".")) lone.push(clause);
    else return null;
    if (!atEnd(scanner) && !take(scanner, ";")) return null;
  }
  // RFC 8601 §2.2: `none`, and then nothing else, or at least one result.
  return none === (results.length === 0) ? { ...head, results } : null;
}

const withoutId: AuthservHead = { authservId: null, version: null };

/** RFC 8601 §2.2: authserv-id and version, up to the semicolon, which is left. Without an authserv-id nothing is consumed. */
function readHead(scanner: Scanner): AuthservHead | null {
  const start = scanner.at;
  if (!skipCfws(scanner) || peek(scanner) === ";") return null;
  const authservId = peek(scanner) === '"' ? readQuoted(scanner) : readAtom(scanner, "=");
  if (authservId !== null && skipCfws(scanner)) {
    const version = readDigits(scanner);
    if (skipCfws(scanner) && (atEnd(scanner) || peek(scanner) === ";")) return { authservId, version };
  }
  scanner.at = start;
  return withoutId;
}

/** RFC 8601 §2.2 resinfo without its semicolon; a string where there is a name alone. */
function readClause(scanner: Scanner): MethodResult | string | null {
  const method = readKeyword(scanner);
  if (method === null || !skipCfws(scanner)) return null;
  if (atEnd(scanner) || peek(scanner) === ";") return method;
  let version: number | null = null;
  if (take(scanner, "/")) {
    if (!skipCfws(scanner)) return null;
    version = readDigits(scanner);
    if (version === null || !skipCfws(scanner)) return null;
  }
  if (!take(scanner, "=") || !skipCfws(scanner)) return null;
  const result = readKeyword(scanner);
  if (result === null) return null;
  const rest = readProperties(scanner);
  if (rest === null) return null;
  return { method: method.toLowerCase(), version, result: result.toLowerCase(), ...rest, comments: [...scanner.comments] };
}

function readProperties(scanner: Scanner): Pick<MethodResult, "reason" | "properties"> | null {
  let reason: string | null = null;
  const properties: ResultProperty[] = [];
  for (;;) {
    if (!skipCfws(scanner)) return null;
    if (atEnd(scanner) || peek(scanner) === ";") return { reason, properties };
    const property = readProperty(scanner);
    if (property === null) return null;
    const isReason = property.ptype === "" && property.property === "reason";
    if (isReason && reason === null && property.value === "" && scanner.text[scanner.at - 1] !== '"') return null;
    if (isReason && reason === null) reason = property.value;
    else properties.push(property);
  }
}

/** RFC 8601 §2.2 propspec or reasonspec: white space and comments may stand at every joint. */
function readProperty(scanner: Scanner): ResultProperty | null {
  let ptype = "";
  let property = readKeyword(scanner, ".");
  if (property === null || !skipCfws(scanner)) return null;
  if (take(scanner, ".")) {
    ptype = property;
    if (!skipCfws(scanner)) return null;
    property = readKeyword(scanner);
    if (property === null || !skipCfws(scanner)) return null;
  }
  if (!take(scanner, "=")) return null;
  const value = readValue(scanner);
  return value === null ? null : { ptype: ptype.toLowerCase(), property: property.toLowerCase(), value };
}

/**
 * RFC 8601 §2.2 pvalue: token, quoted-string or [[local-part] "@"] domain. A quoted-string alone is given without its quotes;
 * a quoted local part keeps them, being part of an address.
 */
function readValue(scanner: Scanner): string | null {
  const afterEquals = scanner.at;
  if (!skipCfws(scanner)) return null;
  const start = scanner.at;
  // `smtp.mailfrom= header.from=x`: an empty value, not one that contains the next property.
  if (start > afterEquals && nextProperty.test(scanner.text.slice(start, start + 64))) return "";
  if (peek(scanner) !== '"') {
    readAtom(scanner, "");
    if (peek(scanner) !== '"') return scanner.text.slice(start, scanner.at);
  }
  const quoted = readQuoted(scanner);
  if (quoted === null) return null;
  const alone = scanner.text[start] === '"';
  const end = scanner.at;
  readAtom(scanner, "");
  return alone && scanner.at === end ? quoted : scanner.text.slice(start, scanner.at);
}
const nextProperty = /^[A-Za-z][A-Za-z0-9-]*\.[A-Za-z0-9.-]+=/;

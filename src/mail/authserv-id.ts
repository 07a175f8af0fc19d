/**
 * Which fields speak in the name of an authserv-id (RFC 8601 §2.5, §5): compared without regard to case, a final dot, or the form
 * of an internationalized name. Results are read only from ids that the operator lists, and only from fields that are sound.
 */
import { toUnicode } from "tr46";
import { type AuthenticationResults, parseAuthenticationResults } from "./authentication-results.ts";
import { domainToAscii } from "./domain.ts";
import { fieldsNamed, type Header, rawValue } from "./header.ts";
import { decodeUtf8 } from "./utf8-text.ts";

export const fieldName = "authentication-results";

/** The form in which authserv-ids are compared. */
export function canonicalAuthservId(id: string): string {
  const bare = id.trim();
  return domainToAscii(bare) ?? bare.toLowerCase();
}

/** The ways to spell an id that compares equal to itself, in lower case: A-labels, and U-labels where there are any. */
export function spellings(id: string): readonly string[] {
  const ascii = canonicalAuthservId(id);
  if (!ascii.includes("xn--")) return [ascii];
  const { domain, error } = toUnicode(ascii);
  return error || domain === ascii ? [ascii] : [ascii, domain];
}

/**
 * The Authentication-Results of authserv-ids the operator trusts, topmost first. Only as true as whoever strips forged ones on
 * the way in. Fields with a malformed name, unparsable, or of another version are not among them.
 */
export function trustedResults(header: Header, authservIds: readonly string[]): readonly AuthenticationResults[] {
  const trusted = new Set(authservIds.map(canonicalAuthservId));
  const results: AuthenticationResults[] = [];
  if (trusted.size === 0) return results;
  for (const field of fieldsNamed(header, fieldName)) {
    if (field.nameDefect !== null) continue;
    const parsed = parseAuthenticationResults(decodeUtf8(rawValue(header, field)).text);
    if (parsed === null || parsed.authservId === null) continue;
    if (trusted.has(canonicalAuthservId(parsed.authservId))) results.push(parsed);
  }
  return results;
}
